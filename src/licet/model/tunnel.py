"""A tunnel: all flows of one family at one server endpoint, in one capture (design §4, `licet.tunnel/1`).

A named tuple, as flows are and for the same reason: a large capture has tens of thousands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from licet.model.endpoint import Endpoint
from licet.model.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bytes over time: bytes[i] were seen in the width_s seconds that begin at start_ns + i · width_s."""

    start_ns: int
    width_s: int
    bytes: tuple[int, ...]


class Tunnel(NamedTuple):
    """server: None for class mesh, whose peers are people's machines; initiator: `client` where the wire shows that
    the other end opened, else None; clients: how many distinct other ends; bytes: IP packets by their headers' length;
    first_seen_ns, last_seen_ns: nanoseconds since the epoch, of the flows' packets; matched_key: handle of the
    service whose registered key was matched, or None; evidence: best first, at most EVIDENCE_PER_TUNNEL_MAX; timeline:
    for pictures, written in no record."""

    capture: str
    server: Endpoint | None
    transport: str
    family: str
    variant: str | None
    tunnel_class: str
    grade: str
    initiator: str | None
    clients: int
    flows: int
    packets: int
    bytes: int
    first_seen_ns: int
    last_seen_ns: int
    evidence: tuple[Evidence, ...]
    matched_key: str | None = None
    timeline: Timeline | None = None


EVIDENCE_PER_TUNNEL_MAX = 3
