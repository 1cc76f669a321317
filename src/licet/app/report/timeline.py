"""Traffic over time for a picture: the timelines of captures and tunnels, brought onto one grid.

Captures and tunnels may have timelines of different widths and beginnings. A source's column falls into the column of
the picture in which it begins, so the picture is exact to one column and the sums stay exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from licet.app.results import ScanResult
from licet.model.tunnel import Timeline
from licet.model.verdict import REGISTERED

COLUMNS_MAX = 96

_SECOND_NS = 1_000_000_000
# Widths that people can name: seconds, minutes, hours, days, a week, thirty days, a year.
_WIDTHS_S = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 2_592_000, 31_536_000, 315_360_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes a column of width_s seconds, from start_ns: of registered tunnels, other tunnels, and all other traffic."""

    start_ns: int
    width_s: int
    registered: tuple[int, ...]
    tunnels: tuple[int, ...]
    other: tuple[int, ...]

    def totals(self) -> list[int]:
        """Bytes of all traffic, a column each."""
        return [sum(column) for column in zip(self.registered, self.tunnels, self.other, strict=True)]


def traffic_over_time(result: ScanResult) -> Traffic | None:
    """The traffic of all captures of a result, or None where no packet was read."""
    all_traffic = [trimmed(capture.timeline) for capture in result.captures if capture.timeline]
    all_traffic = [timeline for timeline in all_traffic if timeline.bytes]
    if not all_traffic:
        return None
    start_ns = min(timeline.start_ns for timeline in all_traffic)
    last_ns = max(end_ns(timeline) for timeline in all_traffic)
    width_s = _width_s(last_ns - start_ns, all_traffic)
    columns = min(COLUMNS_MAX, -(-(last_ns - start_ns) // (width_s * _SECOND_NS)))
    total = _sum(all_traffic, start_ns, width_s, columns)
    registered = _sum(_tunnel_timelines(result, is_registered=True), start_ns, width_s, columns)
    tunnels = _sum(_tunnel_timelines(result, is_registered=False), start_ns, width_s, columns)
    # Timelines begin at different moments, so that a tunnel's bytes can fall one column beside the capture's.
    other = [max(0, total[i] - registered[i] - tunnels[i]) for i in range(columns)]
    return Traffic(start_ns, width_s, tuple(registered), tuple(tunnels), tuple(other))


def _tunnel_timelines(result: ScanResult, *, is_registered: bool) -> Iterable[Timeline]:
    for judged in result.tunnels:
        timeline = judged.tunnel.timeline
        if timeline is not None and (judged.verdict.verdict == REGISTERED) is is_registered:
            yield timeline


def trimmed(timeline: Timeline) -> Timeline:
    """The timeline without the empty columns at its end: they are room that was kept, not time that was seen."""
    count = len(timeline.bytes)
    while count and not timeline.bytes[count - 1]:
        count -= 1
    return replace(timeline, bytes=timeline.bytes[:count])


def end_ns(timeline: Timeline) -> int:
    """The end of the last column, nanoseconds since the epoch."""
    return timeline.start_ns + timeline.width_s * len(timeline.bytes) * _SECOND_NS


def _width_s(span_ns: int, timelines: Sequence[Timeline]) -> int:
    """The smallest nameable width that is no finer than the sources and needs at most COLUMNS_MAX columns."""
    source_s = max(timeline.width_s for timeline in timelines)
    for width_s in _WIDTHS_S:
        if width_s % source_s == 0 and width_s * COLUMNS_MAX * _SECOND_NS >= span_ns:
            return width_s
    columns_a_source = -(-span_ns // (source_s * COLUMNS_MAX * _SECOND_NS))
    return source_s * max(1, columns_a_source)


def _sum(timelines: Iterable[Timeline], start_ns: int, width_s: int, columns: int) -> list[int]:
    """Bytes of all timelines, each source column added to the picture's column in which it begins."""
    sums = [0] * columns
    for timeline in timelines:
        for index, size_bytes in enumerate(timeline.bytes):
            at_ns = timeline.start_ns + index * timeline.width_s * _SECOND_NS
            column = (at_ns - start_ns) // (width_s * _SECOND_NS)
            sums[min(max(column, 0), columns - 1)] += size_bytes
    return sums
