"""The kernel and its plain twin side by side: the same input, and everything that came of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from licet.app.catalogue import RECOGNISERS
from licet.flow.engine import read_capture
from licet.flow.kernel import Kernel
from licet.flow.listed import Listed
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.table import Candidate, FlowTable, Limits
from licet.model.sieve import Sieve, only_listed

SIEVES = [recogniser.sieve for recogniser in RECOGNISERS]
NO_KERNEL = "the compiled kernel was not built; install a C compiler and run `make clean test`"


class Bytes(io.BytesIO):
    """A capture in memory, for both engines."""

    def readinto(self, space: Any, /) -> int:
        return super().readinto(space)


def sieves_for(listed: Listed | None) -> list[Sieve]:
    """All sieves; where endpoints are listed, each looking at these alone."""
    return SIEVES if listed is None else [only_listed(sieve) for sieve in SIEVES]


def spelled(candidate: Candidate | tuple[Any, ...], sieves: Sequence[Sieve] = SIEVES) -> tuple[Any, ...]:
    """A candidate with all that was kept of it, to be compared: a flow's own fields, its messages, its streams, and of
    each line and direction the first match and how many there were."""
    owners, ends, first_packet = candidate
    flows = [
        (owner, flow[:9], flow.kept.messages(), flow.kept.streams(), flow.timeline,
         [(line.name, way, flow.kept.first_match(line.name, way), flow.kept.matches(line.name, way))
          for line in sieves[owner] for way in (True, False)])
        for owner, flow in owners
    ]
    return flows, ends, first_packet


def outcome(
    data: bytes, *, twin: bool, limits: Limits | None = None, listed: Listed | None = None, **bounds: Any
) -> tuple[Any, ...]:
    """What reading a capture gives: counts, timeline, problem, candidates."""
    reading = read_capture(Bytes(data), sieves_for(listed), limits or Limits(), twin=twin, listed=listed, **bounds)
    return reading.counts, reading.timeline, reading.problem, list(map(spelled, reading.candidates))


def of_packets(
    packets: Sequence[Record], limits: Limits, *, twin: bool, listed: Listed | None = None
) -> tuple[Any, ...]:
    """What packets give without a file around them: the counts as plain numbers, and the candidates."""
    if twin:
        table = FlowTable(sieves_for(listed), limits, listed)
        for packet in packets:
            table.add(packet)
        found = [spelled(candidate) for candidate in table.candidates()]
        counts = table.counts
        numbers = (counts.packets, counts.bytes, counts.flows, counts.nested,
                   {int(skip): count for skip, count in counts.skipped.items()}, dict(counts.link_types),
                   dict(counts.evicted))
        return numbers, found
    kernel = Kernel(ReadySieves(sieves_for(listed)), limits, listed=listed)
    for packet in packets:
        kernel.add(*packet)
    numbers = kernel.counts()
    pairs: dict[tuple[bytes, bytes], int] = {}
    return numbers, [spelled(kernel.candidate(number, pairs)) for number in range(kernel.settle())]
