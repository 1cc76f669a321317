"""The geometry of the report's two pictures, as plain numbers and text; the template only prints it.

Each picture is made twice, for a wide and for a narrow page, so that its text keeps a readable size. Nothing here knows
HTML. A verdict is told by colour, by pattern, and by a glyph beside its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from licet.app.report.timeline import Traffic
from licet.app.report.words import GLYPHS, family_title
from licet.app.results import JudgedTunnel
from licet.model.canonical import time_text
from licet.model.verdict import VERDICT_TITLES, VERDICTS

WIDE, NARROW = 880, 360  # widths of the two drawings, in their own units, which are CSS pixels at full size
_CHARACTER = 7.6  # generous width of a character of the labels, in the same units


@dataclass(frozen=True, slots=True)
class Shape:
    """path: SVG path data; kind: the class that gives it colour and pattern."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Label:
    """x, y: of the text's baseline; anchor: start, middle or end; kind: the class that styles it."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    kind: str = "label"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture at one width. size: wide or narrow, the class that a page width chooses by."""

    size: str
    width: int
    height: int
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class ProtocolRow:
    """One protocol's tunnels; counts: by verdict, in the order of VERDICTS."""

    title: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)

    def words(self) -> str:
        """`WireGuard: 2 registered, 1 not registered`."""
        parts = [f"{n:,} {VERDICT_TITLES[verdict]}" for verdict, n in zip(VERDICTS, self.counts, strict=True) if n]
        return f"{self.title}: {', '.join(parts)}"

    def glyphs(self) -> str:
        """`✓ 2  ○ 1`."""
        return "   ".join(f"{GLYPHS[verdict]} {n:,}" for verdict, n in zip(VERDICTS, self.counts, strict=True) if n)


def protocol_rows(tunnels: Sequence[JudgedTunnel]) -> list[ProtocolRow]:
    """Tunnels by protocol and verdict, the commonest protocol first."""
    counts: dict[str, list[int]] = {}
    for judged in tunnels:
        row = counts.setdefault(judged.tunnel.family, [0] * len(VERDICTS))
        row[VERDICTS.index(judged.verdict.verdict)] += 1
    rows = [ProtocolRow(family_title(family), tuple(row)) for family, row in counts.items()]
    return sorted(rows, key=lambda row: (-row.total, row.title))


def draw_protocols(rows: Sequence[ProtocolRow]) -> tuple[Drawing, ...]:
    """Stacked bars, one a protocol; beside a bar on a wide page, above it on a narrow one, stand name and numbers."""
    return _protocols_wide(rows), _protocols_narrow(rows)


def _protocols_wide(rows: Sequence[ProtocolRow]) -> Drawing:
    left, pitch, thickness = 160, 40, 24  # multiples of 8: every bar begins where the patterns do
    right = 24 + _CHARACTER * max((len(row.glyphs()) for row in rows), default=0)
    scale = (WIDE - left - right) / max((row.total for row in rows), default=1)
    shapes, labels = [], []
    for number, row in enumerate(rows):
        top = number * pitch + 8
        shapes += _stack(row, left, top, scale, thickness)
        labels.append(Label(left - 14, top + 16, row.title, "end", "label name"))
        labels.append(Label(round(left + row.total * scale + 12, 1), top + 16, row.glyphs()))
    return Drawing("wide", WIDE, len(rows) * pitch, tuple(shapes), tuple(labels))


def _protocols_narrow(rows: Sequence[ProtocolRow]) -> Drawing:
    pitch, thickness = 56, 24
    scale = NARROW / max((row.total for row in rows), default=1)
    shapes, labels = [], []
    for number, row in enumerate(rows):
        top = number * pitch + 24
        shapes += _stack(row, 0, top, scale, thickness)
        labels.append(Label(0, top - 8, row.title, "start", "label name"))
        labels.append(Label(NARROW, top - 8, row.glyphs(), "end"))
    return Drawing("narrow", NARROW, len(rows) * pitch, tuple(shapes), tuple(labels))


def _stack(row: ProtocolRow, left: float, top: float, scale: float, thickness: float) -> list[Shape]:
    """One bar: a segment a verdict, parted by a hair of background."""
    shapes, x = [], left
    for verdict, count in zip(VERDICTS, row.counts, strict=True):
        if count:
            width = count * scale
            shapes.append(Shape(_box(x, top, max(width - 1.5, 1.0), thickness), verdict))
            x += width
    return shapes


def draw_traffic(traffic: Traffic) -> tuple[Drawing, ...]:
    """Columns over time, stacked: registered tunnels below, then other tunnels, then all other traffic."""
    return _traffic("wide", WIDE, 260, traffic), _traffic("narrow", NARROW, 220, traffic)


def _traffic(size: str, width: int, height: int, traffic: Traffic) -> Drawing:
    top, bottom = 24, 30
    peak = max(traffic.totals(), default=0) or 1
    step = nice_step(peak * 8 / traffic.width_s)
    ceiling_bytes = peak * 1.04
    scale = (height - top - bottom) / ceiling_bytes
    base = height - bottom
    shapes, labels = _grid(width, base, scale * traffic.width_s / 8, step, peak * 8 / traffic.width_s)
    shapes += _columns(traffic, width, base, scale)
    shapes.append(Shape(f"M0 {base}h{width}", "axis"))
    return Drawing(size, width, height, tuple(shapes), (*labels, *_time_labels(width, height, traffic)))


def _grid(width: int, base: float, scale: float, step: float, peak: float) -> tuple[list[Shape], list[Label]]:
    """Lines at round rates; scale: units a bit/s. The rate stands on its line, at the left, above the columns."""
    shapes, labels = [], []
    for number in range(1, int(peak / step) + 1):
        y = round(base - number * step * scale, 1)
        shapes.append(Shape(f"M0 {y}h{width}", "grid"))
        labels.append(Label(0, y - 5, rate_text(number * step), "start", "label rate"))
    return shapes, labels


def _columns(traffic: Traffic, width: int, base: float, scale: float) -> list[Shape]:
    """One path a series. Tunnels that carried anything are never thinner than a line."""
    pitch = width / len(traffic.other)
    gap = 1 if pitch >= 4 else 0
    tops = [base] * len(traffic.other)
    shapes = []
    for kind, series in (("registered", traffic.registered), ("tunnels", traffic.tunnels), ("other", traffic.other)):
        boxes = []
        for index, size_bytes in enumerate(series):
            if size_bytes:
                height = max(size_bytes * scale, 1.5)
                tops[index] -= height
                boxes.append(_box(index * pitch, tops[index], pitch - gap, height))
        if boxes:
            shapes.append(Shape("".join(boxes), kind))
    return shapes


def _time_labels(width: int, height: int, traffic: Traffic) -> list[Label]:
    """Begin, middle and end of the time axis: times of day, or dates where the picture spans days."""
    span_ns = traffic.width_s * len(traffic.other) * 1_000_000_000
    cut = slice(11, 19) if span_ns <= 86_400 * 1_000_000_000 else slice(0, 10)
    moments = [time_text(traffic.start_ns + part, 0)[cut] for part in (0, span_ns // 2, span_ns)]
    places = ((0, "start"), (width / 2, "middle"), (width, "end"))
    return [Label(x, height - 8, text, anchor) for (x, anchor), text in zip(places, moments, strict=True)]


def _box(x: float, y: float, width: float, height: float) -> str:
    """Path data of a rectangle, to a tenth of a unit."""
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"


def nice_step(peak: float) -> float:
    """A round distance (1, 2 or 5 times a power of ten) of which two to five fit below the peak."""
    power = 1.0
    while power * 10 <= peak:
        power *= 10
    for factor in (0.2, 0.5, 1.0, 2.0):
        if peak / (power * factor) < 5:
            return power * factor
    return power * 2


def rate_text(bits_per_second: float) -> str:
    """`200 bit/s`, `4 kbit/s`, `1.5 Gbit/s`."""
    for unit in ("bit/s", "kbit/s", "Mbit/s", "Gbit/s"):
        if bits_per_second < 1000:
            return f"{bits_per_second:g} {unit}"
        bits_per_second /= 1000
    return f"{bits_per_second:g} Tbit/s"
