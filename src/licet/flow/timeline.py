"""Bytes over time in a fixed number of bins: when a capture outgrows them, two bins become one."""

from __future__ import annotations

from licet.model.tunnel import Timeline

BINS = 64
SECOND_NS = 1_000_000_000
WIDTH_S_MAX = 1 << 40  # beyond any clock; keeps damaged times from doubling for ever


class TimelineCounter:
    """Counts bytes from start_ns on. Packets before the start (clocks do jump) count in the first bin."""

    __slots__ = ("_bins", "_start_ns", "_width_s")

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._width_s = 1
        self._bins = [0] * BINS

    def add(self, time_ns: int, count: int) -> None:
        at = (time_ns - self._start_ns) // (self._width_s * SECOND_NS)
        if 0 <= at < BINS:
            self._bins[at] += count
            return
        if at < 0:
            self._bins[0] += count
            return
        while at >= BINS and self._width_s < WIDTH_S_MAX:
            bins = self._bins
            self._bins = [bins[i] + bins[i + 1] for i in range(0, BINS, 2)] + [0] * (BINS // 2)
            self._width_s *= 2
            at //= 2
        self._bins[min(at, BINS - 1)] += count

    def value(self) -> Timeline:
        return Timeline(self._start_ns, self._width_s, tuple(self._bins))


def widen(timeline: Timeline, width_s: int) -> Timeline:
    """The same counts in wider bins; width_s is the timeline's own width times a power of two."""
    bins, width = list(timeline.bytes), timeline.width_s
    while width < width_s:
        bins = [bins[i] + bins[i + 1] for i in range(0, BINS, 2)] + [0] * (BINS // 2)
        width *= 2
    return Timeline(timeline.start_ns, width, tuple(bins))


def add_up(timelines: list[Timeline]) -> Timeline | None:
    """The sum of timelines that share one start; None for none."""
    if len(timelines) < 2:
        return timelines[0] if timelines else None
    width_s = max(timeline.width_s for timeline in timelines)
    wide = [widen(timeline, width_s) for timeline in timelines]
    return Timeline(wide[0].start_ns, width_s, tuple(sum(bins) for bins in zip(*(t.bytes for t in wide), strict=True)))
