"""Columns over months as plain geometry; the template only prints it, and each picture has its table beside it.

Made twice, for a wide and for a narrow page, so that its text keeps a readable size. Series are told apart by colour,
by pattern and by the numbers above the columns; a month of nothing has its 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from licet.app.report.charts import NARROW, WIDE, Drawing, Label, Shape, nice_step

HEIGHT, TOP, BOTTOM = 190, 22, 26


@dataclass(frozen=True, slots=True)
class Series:
    """kind: the class that colours it; values: one a month, None where there is nothing to measure."""

    title: str
    kind: str
    values: tuple[float | None, ...]


def draw_stacked(months: Sequence[str], series: Sequence[Series]) -> tuple[Drawing, ...]:
    """One column a month, the first series lowest; above it stands the sum."""
    return tuple(_draw(size, width, months, series, stacked=True) for size, width in _SIZES)


def draw_beside(months: Sequence[str], series: Sequence[Series]) -> tuple[Drawing, ...]:
    """The series of a month beside each other."""
    return tuple(_draw(size, width, months, series, stacked=False) for size, width in _SIZES)


_SIZES = (("wide", WIDE), ("narrow", NARROW))


def short(value: float) -> str:
    """`0`, `7`, `3.5`, `1.2k`: as much as fits above a column."""
    if value >= 10_000:
        return f"{value / 1_000:.0f}k"
    if value >= 1_000:
        return f"{value / 1_000:.1f}k"
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:.0f}"


def _draw(size: str, width: int, months: Sequence[str], series: Sequence[Series], *, stacked: bool) -> Drawing:
    base = HEIGHT - BOTTOM
    columns = list(zip(*(one.values for one in series), strict=True))
    heights = [sum(value or 0 for value in values) if stacked else max((value or 0 for value in values), default=0)
               for values in columns]
    peak = max(heights, default=0) or 1
    scale = (base - TOP) / peak
    pitch = width / max(1, len(months))
    shapes = _grid(width, base, scale, peak)
    labels = []
    for index, values in enumerate(columns):
        left = index * pitch + pitch * 0.16
        shapes += (_stack if stacked else _beside)(values, series, left, pitch * 0.68, base, scale)
        middle = round((index + 0.5) * pitch, 1)
        is_known = any(value is not None for value in values)
        top = base - heights[index] * scale
        number = short(heights[index]) if is_known else "–"
        labels.append(Label(middle, round(top - 6, 1), number, "middle", "label value"))
        labels.append(Label(middle, HEIGHT - 8, months[index], "middle"))
    shapes.append(Shape(f"M0 {base}h{width}", "axis"))
    return Drawing(size, width, HEIGHT, tuple(shapes), tuple(labels))


def _grid(width: int, base: float, scale: float, peak: float) -> list[Shape]:
    step = max(1.0, nice_step(peak))
    lines = [round(base - number * step * scale, 1) for number in range(1, int(peak / step) + 1)]
    return [Shape(f"M0 {y}h{width}", "grid") for y in lines]


def _stack(values: Sequence[float | None], series: Sequence[Series], left: float, width: float, base: float,
           scale: float) -> list[Shape]:
    shapes, top = [], base
    for value, one in zip(values, series, strict=True):
        if value:
            height = max(value * scale, 1.5)
            top -= height
            shapes.append(Shape(_box(left, top, width, height), one.kind))
    return shapes


def _beside(values: Sequence[float | None], series: Sequence[Series], left: float, width: float, base: float,
            scale: float) -> list[Shape]:
    each = width / len(series)
    shapes = []
    for index, (value, one) in enumerate(zip(values, series, strict=True)):
        if value:
            height = max(value * scale, 1.5)
            shapes.append(Shape(_box(left + index * each, base - height, each - 1, height), one.kind))
    return shapes


def _box(x: float, y: float, width: float, height: float) -> str:
    """Path data of a rectangle, to a tenth of a unit."""
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
