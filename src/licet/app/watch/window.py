"""What was seen on one interface from one moment to another: nouns, without a judgement and without any client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from licet.app.tunnels import Served
from licet.model.endpoint import Endpoint


class Other(NamedTuple):
    """What the server of a tunnel served beside it: protocol not looked at. clients: how many distinct other ends."""

    endpoint: Endpoint
    clients: int
    flows: int
    packets: int
    bytes: int


class Window(NamedTuple):
    """What came of one interface in one stretch of time.

    start_ns (included), end_ns (excluded): by the clock; served: the flows of tunnels with their server's end, counted
    within the window; others: what else these servers served; transports: flows, packets and bytes of each, without
    those of tunnels; packets, bytes: all that was read; lost: frames for which the system had no room; tagged: with a
    VLAN tag; skipped: packets that were not used, evicted: what a bound threw away, both by name; problem: what ails
    the interface, or None.
    """

    interface: str
    start_ns: int
    end_ns: int
    served: tuple[Served, ...]
    others: tuple[Other, ...]
    transports: Mapping[str, tuple[int, int, int]]
    packets: int
    bytes: int
    flows: int
    lost: int
    tagged: int
    skipped: Mapping[str, int]
    evicted: Mapping[str, int]
    problem: str | None = None
