"""What a scan gives: judged tunnels in a stable order, and what was read, skipped and lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from licet.model.tunnel import Timeline, Tunnel
from licet.model.verdict import Verdict


class JudgedTunnel(NamedTuple):
    """service_title, service_operator: of the registration that decided, as the registry file names them, else ""."""

    tunnel: Tunnel
    verdict: Verdict
    service_title: str = ""
    service_operator: str = ""


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """One capture: path as given; problem: why reading stopped early, in one sentence, or None; packets and flows read;
    skipped: packets that were counted but not used, by reason; evicted: what a bound threw away, by its name;
    timeline: all IP bytes over time, None where no packet was read; nested: IP-in-IP and 6in4 packets looked into."""

    path: str
    problem: str | None
    packets: int
    flows: int
    bytes: int
    skipped: Mapping[str, int]
    evicted: Mapping[str, int]
    timeline: Timeline | None
    nested: int = 0


@dataclass(frozen=True, slots=True)
class ScanResult:
    """tunnels: by capture in the order read, then server address, transport, port, family; seconds: wall time."""

    tunnels: tuple[JudgedTunnel, ...]
    captures: tuple[CaptureReport, ...]
    seconds: float
    notes: tuple[str, ...] = field(default=())
