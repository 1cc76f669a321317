"""The kernel and its plain twin side by side: the same input, and everything that came of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from licet.app.catalogue import RECOGNISERS
from licet.flow.engine import read_capture
from licet.flow.kernel import Kernel
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.table import FlowTable, Limits

SIEVES = [recogniser.sieve for recogniser in RECOGNISERS]
NO_KERNEL = "the compiled kernel was not built; install a C compiler and run `make clean test`"


class Bytes(io.BytesIO):
    """A capture in memory, for both engines."""

    def readinto(self, space: Any, /) -> int:
        return super().readinto(space)


def outcome(data: bytes, *, twin: bool, limits: Limits | None = None, **bounds: Any) -> tuple[Any, ...]:
    """What reading a capture gives: counts, timeline, problem, candidates."""
    reading = read_capture(Bytes(data), SIEVES, limits or Limits(), twin=twin, **bounds)
    return reading.counts, reading.timeline, reading.problem, list(reading.candidates)


def of_packets(packets: Sequence[Record], limits: Limits, *, twin: bool) -> tuple[Any, ...]:
    """What packets give without a file around them: the counts as plain numbers, and the candidates."""
    if twin:
        table = FlowTable(SIEVES, limits)
        for packet in packets:
            table.add(packet)
        found = [(c.owners, c.ends, c.first_packet) for c in table.candidates()]
        counts = table.counts
        numbers = (counts.packets, counts.bytes, counts.flows, counts.nested,
                   {int(skip): count for skip, count in counts.skipped.items()}, dict(counts.link_types),
                   dict(counts.evicted))
        return numbers, found
    kernel = Kernel(ReadySieves(SIEVES), limits)
    for packet in packets:
        kernel.add(*packet)
    numbers = kernel.counts()
    pairs: dict[tuple[bytes, bytes], int] = {}
    return numbers, [kernel.candidate(number, pairs) for number in range(kernel.settle())]
