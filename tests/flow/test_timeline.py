"""Bytes over time in a fixed number of bins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from licet.flow.timeline import BINS, SECOND_NS, TimelineCounter, add_up, widen


@given(st.lists(st.tuples(st.integers(-(10**18), 2**62), st.integers(0, 10**6)), max_size=50))
def test_no_byte_is_lost_however_the_clock_jumps(packets: list[tuple[int, int]]) -> None:
    counter = TimelineCounter(0)
    for time_ns, count in packets:
        counter.add(time_ns, count)
    timeline = counter.value()
    assert sum(timeline.bytes) == sum(count for _, count in packets)
    assert len(timeline.bytes) == BINS


def test_bins_double_when_the_time_outgrows_them() -> None:
    counter = TimelineCounter(0)
    counter.add(0, 1)
    counter.add(63 * SECOND_NS, 2)
    assert counter.value().width_s == 1
    counter.add(64 * SECOND_NS, 4)
    timeline = counter.value()
    assert timeline.width_s == 2
    assert (timeline.bytes[0], timeline.bytes[31], timeline.bytes[32]) == (1, 2, 4)


def test_timelines_of_different_widths_add_up() -> None:
    short, long = TimelineCounter(0), TimelineCounter(0)
    short.add(3 * SECOND_NS, 1)
    long.add(200 * SECOND_NS, 2)
    total = add_up([short.value(), long.value()])
    assert total is not None
    assert (total.width_s, total.bytes[0], total.bytes[50]) == (4, 1, 2)
    assert sum(widen(short.value(), 64).bytes) == 1
    assert add_up([]) is None
