"""Geometry of the pictures: the parts add up, and the sums are those of the result."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sample_results import START_NS, WIREGUARD, full_result, judge, make_report, make_result, make_tunnel
from licet.app.report.charts import draw_protocols, draw_traffic, nice_step, protocol_rows, rate_text
from licet.app.report.timeline import COLUMNS_MAX, traffic_over_time
from licet.model.tunnel import Timeline
from licet.model.verdict import REGISTERED

BOX = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z")


def boxes(drawing) -> list[tuple[float, ...]]:
    return [tuple(map(float, found)) for shape in drawing.shapes for found in BOX.findall(shape.path)]


@pytest.mark.parametrize("result", [full_result(), make_result(full_result().tunnels[0])])
def test_everything_is_drawn_inside_the_picture(result):
    for drawing in (*draw_protocols(protocol_rows(result.tunnels)), *draw_traffic(traffic_over_time(result))):
        assert boxes(drawing)
        for x, y, width, height in boxes(drawing):
            assert 0 <= x <= x + width <= drawing.width + 0.2
            assert 0 <= y <= y + height <= drawing.height
        for label in drawing.labels:
            assert 0 <= label.x <= drawing.width
            assert 0 <= label.y <= drawing.height


def test_protocols_are_counted_by_verdict_commonest_first():
    rows = protocol_rows(full_result().tunnels)
    assert rows[0].words() == "WireGuard: 2 registered, 1 not registered"
    assert sum(row.total for row in rows) == len(full_result().tunnels)


def test_the_series_add_up_to_all_traffic():
    result = full_result()
    traffic = traffic_over_time(result)
    assert sum(traffic.totals()) == result.captures[0].bytes
    assert sum(traffic.registered) == sum(j.tunnel.bytes for j in result.tunnels if j.verdict.verdict == REGISTERED)


def test_empty_columns_at_the_end_are_not_drawn():
    captures = (make_report(timeline=Timeline(START_NS, 1, (5, 0, 5, 0, 0, 0))),)
    assert traffic_over_time(make_result(captures=captures)).other == (5, 0, 5)
    assert traffic_over_time(make_result(captures=(make_report(timeline=Timeline(START_NS, 1, (0, 0))),))) is None


def test_without_packets_there_is_no_picture():
    assert traffic_over_time(make_result(captures=())) is None
    assert traffic_over_time(make_result(captures=(make_report(timeline=None),))) is None


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 4000), st.integers(1, 300)), min_size=1, max_size=4),
)
def test_any_timelines_fit_one_grid_and_lose_no_byte(sources):
    captures = tuple(
        make_report(timeline=Timeline(START_NS + start * 10**9, width, (7,) * count)) for start, width, count in sources
    )
    traffic = traffic_over_time(make_result(captures=captures))
    assert 1 <= len(traffic.other) <= COLUMNS_MAX
    assert sum(traffic.totals()) == sum(7 * count for _, _, count in sources)


def test_a_tunnel_of_one_byte_is_still_visible():
    tunnel = make_tunnel("192.0.2.1:1/udp", WIREGUARD)._replace(timeline=Timeline(START_NS, 10, (1,)))
    drawing = draw_traffic(traffic_over_time(make_result(judge(tunnel, REGISTERED))))[0]
    [shape] = [shape for shape in drawing.shapes if shape.kind == "registered"]
    assert BOX.findall(shape.path)[0][3] == "1.5"


@given(st.floats(1, 1e13))
def test_steps_are_round_and_few(peak):
    step = nice_step(peak)
    assert 1 <= peak / step <= 5.001
    assert f"{step:e}"[0] in "125"


def test_rates():
    assert [rate_text(rate) for rate in (200, 4000, 1.5e9, 2e12)] == ["200 bit/s", "4 kbit/s", "1.5 Gbit/s", "2 Tbit/s"]
