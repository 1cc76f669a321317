"""States over time as plain geometry: one lane for each kind of subject, made for a wide and for a narrow page.

A span is told apart by its colour, and where it is wide enough by its name; the list of entries beside the picture says
the same in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format

from licet.app.report.charts import NARROW, WIDE, Drawing, Label, Shape
from licet.server.public.words import Text

LANE, TITLE, GAP, AXIS = 30, 18, 8, 24
CHARACTER = 7.2  # a generous width of a character of a label, in the units of the picture
INSET = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A state from begin to end. tone: the class that colours it."""

    begin: datetime
    end: datetime
    text: Text
    tone: str


@dataclass(frozen=True, slots=True)
class Lane:
    """spans: in order, without gaps; at least one."""

    title: Text
    spans: tuple[Span, ...]


def draw_strip(lanes: Sequence[Lane]) -> tuple[Drawing, ...]:
    """The lanes below each other on one time axis, twice; none of nothing."""
    if not lanes:
        return ()
    return tuple(_draw(size, width, lanes) for size, width in (("wide", WIDE), ("narrow", NARROW)))


def _draw(size: str, width: int, lanes: Sequence[Lane]) -> Drawing:
    begin = min(lane.spans[0].begin for lane in lanes)
    end = max(lane.spans[-1].end for lane in lanes)
    length_s = max(1.0, (end - begin).total_seconds())
    shapes: list[Shape] = []
    labels: list[Label] = []
    top = 0
    for lane in lanes:
        labels.append(Label(0, top + TITLE - 5, str(lane.title), "start", "label name"))
        for span in lane.spans:
            left = (span.begin - begin).total_seconds() / length_s * width
            right = (span.end - begin).total_seconds() / length_s * width
            box = max(1.5, right - left - 1)
            shapes.append(Shape(f"M{left:.1f} {top + TITLE}h{box:.1f}v{LANE}h-{box:.1f}z", span.tone))
            text = str(span.text)
            if len(text) * CHARACTER + 2 * INSET <= box:
                labels.append(Label(round(left + INSET, 1), top + TITLE + LANE - 10, text, "start",
                                    "label span"))
        top += TITLE + LANE + GAP
    labels.append(Label(0, top + AXIS - 10, date_format(begin, "DATE_FORMAT"), "start"))
    labels.append(Label(width, top + AXIS - 10, date_format(end, "DATE_FORMAT"), "end"))
    return Drawing(size, width, top + AXIS, tuple(shapes), tuple(labels))
