"""The messages of a piece of evidence as a ladder: two lifelines, an arrow a message, brackets for what is echoed.

     packet      time   client                            server
          1   0.000 s     │── handshake initiation, 148 ───▶│ ─┐ sender index
          2   0.021 s     │◀── handshake response, 92 ──────│ ◀┘ echoes sender index

The lifelines have names, never addresses; the value that is echoed is named, never shown. Where it is not known which
end serves, the left lifeline is the end that sent the flow's first packet.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.app.report.words import cell_width, fit, pad, printable
from licet.model.evidence import Evidence, Step

STEPS_MAX = 24  # drawn; the rest is counted
_LEFT = 11 + 10 + 2  # ordinal, time, gap
_INNER_MIN = 20
LABELS_BESIDE_MIN = 90  # narrower than this, what is echoed is written below


@dataclass(frozen=True, slots=True)
class _Echo:
    """A bracket from one row to a later one, in a lane: 0 is nearest to the lifeline."""

    start: int
    end: int
    lane: int


def ladder_lines(evidence: Evidence, width: int = 100) -> list[str]:
    """The drawing, at most `width` columns wide; nothing if the evidence has no steps."""
    steps = sorted(evidence.steps, key=lambda step: step.packet)[:STEPS_MAX]
    if not steps:
        return []
    echoes = _lanes(steps)
    brackets = _brackets(steps, echoes)
    bracket_width = max(len(bracket) for bracket in brackets)
    is_wide = width >= LABELS_BESIDE_MIN
    labels = [_label(step) if is_wide else "" for step in steps]
    names = [_name(step) for step in steps]
    left, right = _lifelines(steps)
    beside = max(bracket_width + max(map(cell_width, labels)) + 2, cell_width(right))
    inner = _inner(names, width - beside)
    lines = [f"{'packet':>11}{'time':>10}  {pad(left, inner + 1)}{right}"]
    for step, name, bracket, label in zip(steps, names, brackets, labels, strict=True):
        row = f"{step.packet:>11,}{_time(step, steps[0]):>10}  {_arrow(step, name, inner)}"
        lines.append(fit(f"{row} {pad(bracket, bracket_width)} {label}".rstrip(), width))
    if not is_wide:
        lines += [fit(f"    packet {step.packet:,} {_label(step)}", width) for step in steps if step.echoes is not None]
    if len(evidence.steps) > STEPS_MAX:
        lines.append(f"    and {len(evidence.steps) - STEPS_MAX:,} more")
    return lines


def _inner(names: list[str], width: int) -> int:
    """Columns between the lifelines: as many as the longest name and its arrow want, if there are so many."""
    wanted = max(map(cell_width, names)) + 8
    return max(min(wanted, width - _LEFT - 2), _INNER_MIN)


def _lifelines(steps: list[Step]) -> tuple[str, str]:
    if any(step.to_server is None for step in steps):
        return "one end", "other end"
    return "client", "server"


def _goes_right(step: Step) -> bool:
    return step.forward if step.to_server is None else step.to_server


def _name(step: Step) -> str:
    unit = "byte" if step.length_bytes == 1 else "bytes"
    return printable(f"{step.name}, {step.length_bytes:,} {unit}")


def _time(step: Step, first: Step) -> str:
    """Seconds since the first message drawn."""
    return f"{(step.time_ns - first.time_ns) / 1e9:.3f} s"


def _label(step: Step) -> str:
    if step.value is None:
        return ""
    return printable(step.value if step.echoes is None else f"echoes {step.value}")


def _arrow(step: Step, name: str, inner: int) -> str:
    """`│── name ──▶│`; inner: columns between the lifelines."""
    name = fit(name, inner - 6)
    rest = inner - cell_width(name) - 5
    if _goes_right(step):
        return f"│── {name} {'─' * rest}▶│"
    return f"│◀{'─' * rest} {name} ──│"


def _lanes(steps: list[Step]) -> list[_Echo]:
    """One bracket for each message that echoes one drawn above it; brackets that would touch take different lanes."""
    rows = {step.packet: row for row, step in reversed(list(enumerate(steps)))}
    echoes: list[_Echo] = []
    for row, step in enumerate(steps):
        start = rows.get(step.echoes) if step.echoes is not None else None
        if start is None or start >= row:
            continue
        taken = {echo.lane for echo in echoes if echo.start <= row and start <= echo.end}
        lane = next(lane for lane in range(len(steps)) if lane not in taken)
        echoes.append(_Echo(start, row, lane))
    return echoes


def _brackets(steps: list[Step], echoes: list[_Echo]) -> list[str]:
    """The columns to the right of the ladder, one text a row."""
    width = 2 * max((echo.lane + 1 for echo in echoes), default=0)
    grid = [[" "] * width for _ in steps]
    for echo in sorted(echoes, key=lambda echo: echo.lane):
        corner = 2 * echo.lane + 1
        for row in range(echo.start + 1, echo.end):
            grid[row][corner] = _crossed(grid[row][corner], "│")
        for row, turn in ((echo.start, "┐"), (echo.end, "┘")):
            for column in range(corner):
                grid[row][column] = _crossed(grid[row][column], "─")
            grid[row][corner] = turn
        grid[echo.end][0] = "◀"
    return ["".join(row).rstrip() for row in grid]


def _crossed(there: str, comes: str) -> str:
    """The character for a line that comes where another one is."""
    if there == " ":
        return comes
    return {("┘", "─"): "┴", ("┐", "─"): "┬", ("│", "─"): "┼", ("◀", "─"): "◀"}.get((there, comes), there)
