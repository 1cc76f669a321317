"""Columns over months: inside their picture, each with its number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.server.public.charts import HEIGHT, Series, draw_beside, draw_stacked, short


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=12))
def test_columns_stay_inside_their_picture(values: list[tuple[int, int]]) -> None:
    series = [Series("one", "good", tuple(float(one) for one, _ in values)),
              Series("two", "other", tuple(float(two) for _, two in values))]
    for drawing in (*draw_stacked(["x"] * len(values), series), *draw_beside(["x"] * len(values), series)):
        for label in drawing.labels:
            assert 0 <= label.x <= drawing.width
            assert 0 < label.y < HEIGHT
        numbers = [label for label in drawing.labels if label.kind == "label value"]
        assert len(numbers) == len(values)


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.5, "0.5"), (7, "7"), (7.0, "7"), (12.4, "12"), (999, "999"),
                                             (1_200, "1.2k"), (25_000, "25k")])
def test_numbers_above_columns_are_short(value: float, text: str) -> None:
    assert short(value) == text
