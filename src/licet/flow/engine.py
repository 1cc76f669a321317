"""One capture through the flow table: by the compiled kernel where there is one, else by its plain twin.

Both give the same flows, the same kept bytes and the same counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from licet.errors import BadInput
from licet.flow.damage import Damage, damage
from licet.flow.kernel import Kernel
from licet.flow.listed import Listed
from licet.flow.matching import ReadySieves
from licet.flow.records import Record, read_records
from licet.flow.table import Candidate, Counts, FlowTable, Limits
from licet.model.sieve import Sieve
from licet.model.tunnel import Timeline
from licet.wire.skip import Skip

TWIN_PROGRESS_PACKETS = 8_192  # how often the plain twin says how far it has come

# The twin pays a kilobyte for a flow and the kernel 192 bytes; both stay under a quarter of a gigabyte for flows.
TWIN_LIMITS = Limits(flows=250_000)
KERNEL_LIMITS = Limits(flows=1 << 20, messages=1 << 20)

Progress = Callable[[int], None]


class Source(Protocol):
    """A capture: `read` for the twin, `readinto` for the kernel. Both may raise BadInput."""

    def read(self, size: int, /) -> bytes: ...

    def readinto(self, space: memoryview, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one capture. candidates: to be taken once; problem: why reading stopped early, in one sentence, or
    None."""

    counts: Counts
    timeline: Timeline | None
    candidates: Iterator[Candidate]
    problem: str | None


def has_kernel() -> bool:
    """True if the compiled kernel was built."""
    return Kernel is not None


def read_capture(
    source: Source, sieves: Sequence[Sieve], limits: Limits | None = None, *, since_ns: int | None = None,
    until_ns: int | None = None, progress: Progress | None = None, timelines: bool = True, twin: bool = False,
    listed: Listed | None = None,
) -> Reading:
    """Read a capture to its end, or to where it breaks off.

    limits: KERNEL_LIMITS or TWIN_LIMITS unless given; since_ns (included), until_ns (excluded): which packets count;
    progress: told now and then how many packets were read; timelines: whether flows are wanted with theirs, by the
    kernel, which can leave them out; twin: use the plain one, whatever was built; listed: where lines that are
    `only_listed` are looked for.
    """
    if twin or Kernel is None:
        return _read_plain(source, FlowTable(sieves, limits or TWIN_LIMITS, listed), since_ns, until_ns, progress)
    kernel = Kernel(ReadySieves(sieves), limits or KERNEL_LIMITS, since_ns, until_ns, timelines, listed)
    return _read_compiled(source, kernel, progress)


def _read_compiled(source: Source, kernel: Kernel, progress: Progress | None) -> Reading:
    problem = None
    try:
        while size := source.readinto(kernel.space()):
            if not kernel.filled(size):
                break
            if progress is not None:
                progress(kernel.packets)
    except BadInput as error:
        problem = str(error)
    if problem is None:
        kind, packet, number = kernel.end()
        if kind:
            problem = str(damage(Damage(kind), packet, number))
    return Reading(kernel_counts(kernel), kernel.timeline(), _candidates(kernel), problem)


def _candidates(kernel: Kernel) -> Iterator[Candidate]:
    """One after another: what a recogniser has done with may go before the next is made."""
    pairs: dict[tuple[bytes, bytes], int] = {}
    for number in range(kernel.settle()):
        yield Candidate(*kernel.candidate(number, pairs))


def kernel_counts(kernel: Kernel) -> Counts:
    """What a kernel has counted so far."""
    packets, size, flows, nested, skipped, link_types, evicted = kernel.counts()
    return Counts(
        packets, size, flows, nested, Counter({Skip(number): count for number, count in skipped.items()}),
        Counter(link_types), Counter(evicted),
    )


def _read_plain(
    source: Source, table: FlowTable, since_ns: int | None, until_ns: int | None, progress: Progress | None
) -> Reading:
    problem = None
    try:
        for record in _within_time(read_records(source), table.counts, since_ns, until_ns):
            table.add(record)
            if progress is not None and record.ordinal % TWIN_PROGRESS_PACKETS == 0:
                progress(table.counts.packets)
    except BadInput as error:
        problem = str(error)
    timeline = None if table.timeline is None else table.timeline.value()
    return Reading(table.counts, timeline, iter(list(table.candidates())), problem)


def _within_time(
    records: Iterator[Record], counts: Counts, since_ns: int | None, until_ns: int | None
) -> Iterator[Record]:
    if since_ns is None and until_ns is None:
        yield from records
        return
    for record in records:
        if (since_ns is None or record.time_ns >= since_ns) and (until_ns is None or record.time_ns < until_ns):
            yield record
        else:
            counts.packets += 1
            counts.skipped[Skip.OUTSIDE_TIME] += 1
