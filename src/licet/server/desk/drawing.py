"""Coordinates for the desk's drawings. The server draws them as SVG, with a table of the same figures beside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from licet.server.registry.decision_times import DecisionTimes

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 68, 12, 14, 30
DAY_S = 86_400
HOUR_S = 3_600
GRID_LINES = 4
STEPS = (1, 2, 5, 10, 15, 20, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


@dataclass(frozen=True, slots=True)
class Bar:
    """One month. x, width, middle: of its column; median_y, p90_y: of the marks, None where nothing was decided."""

    month: date
    times: DecisionTimes
    x: float
    width: float
    middle: float
    median_y: float | None
    p90_y: float | None

    @property
    def median_height(self) -> float:
        """From the floor to the mark."""
        return HEIGHT - BOTTOM - (self.median_y or HEIGHT - BOTTOM)

    @property
    def p90_height(self) -> float:
        """From the floor to the mark."""
        return HEIGHT - BOTTOM - (self.p90_y or HEIGHT - BOTTOM)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of months. grid: (y, text) of each line; unit: what the text counts."""

    bars: tuple[Bar, ...]
    grid: tuple[tuple[float, str], ...]
    unit: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def newest_first(self) -> tuple[Bar, ...]:
        """For the table."""
        return self.bars[::-1]


def decision_chart(months: Sequence[tuple[date, DecisionTimes]]) -> Chart:
    """Median and 90th percentile a month, in hours or, where they are long, in days."""
    longest = max((times.p90_s or 0 for _month, times in months), default=0)
    unit_s, unit = (DAY_S, "d") if longest > 4 * DAY_S else (HOUR_S, "h")
    top, grid = _scale(longest / unit_s)
    column = (WIDTH - LEFT - RIGHT) / max(1, len(months))

    def y(seconds: int | None) -> float | None:
        return None if seconds is None else _y(seconds / unit_s, top)

    bars = tuple(
        Bar(month, times, round(LEFT + index * column + column * 0.2, 1), round(column * 0.6, 1),
            round(LEFT + (index + 0.5) * column, 1), y(times.median_s), y(times.p90_s))
        for index, (month, times) in enumerate(months))
    return Chart(bars, grid, unit)


@dataclass(frozen=True, slots=True)
class Column:
    """One month of the calendar. total, review: how many end, and how many of those are reviews; y, review_y: tops."""

    month: date
    total: int
    review: int
    x: float
    width: float
    middle: float
    y: float
    review_y: float

    @property
    def height(self) -> float:
        """From the floor to the top."""
        return HEIGHT - BOTTOM - self.y

    @property
    def review_height(self) -> float:
        """The same for the reviews."""
        return HEIGHT - BOTTOM - self.review_y


@dataclass(frozen=True, slots=True)
class Columns:
    """A drawing of how many end in each month."""

    columns: tuple[Column, ...]
    grid: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def calendar_chart(months: Sequence[tuple[date, int, int]]) -> Columns:
    """months: first day, how many end, how many of them are reviews."""
    top, grid = _scale(max((total for _month, total, _review in months), default=0))
    column = (WIDTH - LEFT - RIGHT) / max(1, len(months))
    return Columns(tuple(
        Column(month, total, review, round(LEFT + index * column + column * 0.2, 1), round(column * 0.6, 1),
               round(LEFT + (index + 0.5) * column, 1), _y(total, top), _y(review, top))
        for index, (month, total, review) in enumerate(months)), grid)


def _scale(most: float) -> tuple[float, tuple[tuple[float, str], ...]]:
    """The top of the axis in round steps, and its lines."""
    step = next((one for one in STEPS if one * GRID_LINES >= most), STEPS[-1])
    while step * GRID_LINES < most:
        step *= 2
    top = step * GRID_LINES
    return top, tuple((_y(number * step, top), f"{number * step:,}") for number in range(GRID_LINES + 1))


def _y(value: float, top: float) -> float:
    floor = HEIGHT - BOTTOM
    return round(floor - (floor - TOP) * value / top, 1)
