"""A flow as recognisers and links see it: without addresses.

Named tuples, not dataclasses: a large capture makes a million of them, and they cost a third.

A flow is an unordered pair of (address, port) and a transport (RFC 7011's sense, both directions together); for ESP,
AH and GRE it is the address pair and the protocol number. `forward` is the direction of the flow's first packet.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, Protocol

from licet.model.tunnel import Timeline


class Message(NamedTuple):
    """A kept datagram. line: name of the sieve line that kept it; packet: ordinal in the capture, from one;
    length: payload bytes by the packet's headers; data: its first bytes, as many as were kept and captured."""

    line: str
    forward: bool
    packet: int
    time_ns: int
    length: int
    data: bytes


class Stream(NamedTuple):
    """The first bytes of one direction of a TCP flow, in order and without holes.

    from_syn: whether the direction's SYN was seen, so that `data` is the start of the stream; marks: (offset, packet,
    time_ns) of each segment that brought new bytes, by offset.
    """

    forward: bool
    data: bytes
    from_syn: bool
    marks: tuple[tuple[int, int, int], ...]

    def mark_at(self, offset: int) -> tuple[int, int]:
        """(packet, time_ns) of the segment that brought the byte at `offset`; offset must lie inside `data`."""
        found = self.marks[0]
        for mark in self.marks:
            if mark[0] > offset:
                break
            found = mark
        return found[1], found[2]


class Kept(Protocol):
    """What the sieves kept of a candidate flow, for one recogniser. It is read where it lies, while the flow is being
    recognised: a recogniser that needs three messages of twenty should not pay for the rest. Line names are those of
    the recogniser's own sieve."""

    def messages(self, *lines: str) -> list[Message]:
        """The messages of these lines by packet, of all lines where none is named. One that two lines kept comes
        twice."""

    def streams(self) -> tuple[Stream, ...]:
        """TCP only: the directions in which a line matched."""

    def first_match(self, line: str, forward: bool) -> int | None:
        """The packet with which a line matched first in a direction."""

    def matches(self, line: str, forward: bool) -> int:
        """How often a line matched in a direction: of the last run, where its bytes must stay the same."""


class NothingKept:
    """Of a flow that was recognised, and in which nothing is left to read."""

    def messages(self, *lines: str) -> list[Message]:
        return []

    def streams(self) -> tuple[Stream, ...]:
        return ()

    def first_match(self, line: str, forward: bool) -> int | None:
        return None

    def matches(self, line: str, forward: bool) -> int:
        return 0

    def __reduce__(self) -> str:
        return "NOTHING_KEPT"  # One for all processes: flows that were recognised are sent between them, and compared.


NOTHING_KEPT = NothingKept()


class Flow(NamedTuple):
    """A candidate flow, for one recogniser.

    number: of the flow, and pair: of its address pair, without meaning outside the run; from_low: whether the first
    packet came from the pair's lower address, so that two flows of a pair can be laid side by side; packets, bytes:
    (forward, backward); syn_forward: direction of the SYN that had no ACK, None where none was seen; kept: what the
    sieves kept of it; timeline: None where it was not asked for.
    """

    transport: str
    number: int
    pair: int
    from_low: bool
    packets: tuple[int, int]
    bytes: tuple[int, int]
    first_ns: int
    last_ns: int
    syn_forward: bool | None
    kept: Kept
    timeline: Timeline | None

    def bare(self) -> Flow:
        """The same flow without what the sieves kept of it: for after it was recognised."""
        return _make_flow((*self[:9], NOTHING_KEPT, self[10]))


_make_flow = partial(tuple.__new__, Flow)  # without a step through Python
