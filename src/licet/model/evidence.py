"""What a recogniser concluded from one flow, in a form that can be contested and holds nothing personal.

Grades (design §3): `certain` is valid structure in both directions and a cross-link, or a registered-key check with a
response; `likely` is anything less that still names the protocol. Otherwise nothing is said.

Named tuples, as flows are and for the same reason: each flow of a large capture has some.
"""

from __future__ import annotations

from typing import NamedTuple

CERTAIN = "certain"
LIKELY = "likely"


class Step(NamedTuple):
    """One message of the evidence, for the ladder of `licet explain`; written nowhere else.

    packet: its ordinal in the capture, from one; time_ns: since the epoch; forward: True if sent by the end that sent
    the flow's first packet; to_server: its direction, None where the server end is not known; name: the protocol's
    word for it; length_bytes: payload by its header; echoes: ordinal of the packet whose value it repeats, or None;
    value: what the echoed value is called ("sender index"), never the value.
    """

    packet: int
    time_ns: int
    forward: bool
    to_server: bool | None
    name: str
    length_bytes: int
    echoes: int | None = None
    value: str | None = None


class Evidence(NamedTuple):
    """family and variant: as in tunnels; rule: `wireguard/handshake@1`, with its version; link: the kind of cross-link
    or what stands in for it, never its value; packets: ordinals in the capture, from one, in order."""

    family: str
    variant: str | None
    grade: str
    rule: str
    link: str | None
    packets: tuple[int, ...]
    steps: tuple[Step, ...] = ()
