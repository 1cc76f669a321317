"""A watch on a terminal: the table of the present window, refreshed in place.

The table is that of a scan; above it stands how much is coming and what was lost, always. When the watch ends, the
last table stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from licet.app.report.table import table_text
from licet.app.report.terminal import text_width, wants_color, write_text
from licet.app.report.words import cell_width, count_text, fit, printable, size_text
from licet.app.results import CaptureReport, ScanResult
from licet.app.watch.judging import JudgedWindow
from licet.model.canonical import time_text

if TYPE_CHECKING:
    from rich.live import Live


class LiveTable:
    """out: the terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live: Live | None = None
        self._text = ""
        self._lost = 0

    def show(self, windows: Sequence[JudgedWindow], *, is_over: bool) -> None:
        """Show windows, one an interface; is_over: that they will not change any more."""
        self._text = window_text(windows, self._out, self._lost)
        if is_over:
            self._lost += sum(judged.window.lost for judged in windows)
        self._draw()

    def _draw(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._live is None:
            self._live = Live(console=Console(file=self._out), auto_refresh=False, screen=True)
            self._live.start()
        text = fitted(self._text, shutil.get_terminal_size().lines)
        self._live.update(Text.from_ansi(text, no_wrap=True), refresh=True)

    def close(self) -> None:
        """Give the terminal back, with the last table on it."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._text:
            write_text(self._text, self._out)


def preload() -> None:
    """Import what drawing needs, while it can be read: see `licet.app.watch.run`."""
    import rich.ansi
    import rich.console
    import rich.live
    import rich.text  # noqa: F401


def fitted(text: str, lines: int) -> str:
    """The text cut to so many lines of a terminal, the last of which then says how many more there are."""
    rows = text.rstrip("\n").split("\n")
    if len(rows) <= lines:
        return "\n".join(rows)
    room = max(1, lines - 1)
    return "\n".join([*rows[:room], f"… and {count_text(len(rows) - room, 'line')} more: make the window taller, or "
                      "write with --format jsonl"])


def window_text(windows: Sequence[JudgedWindow], out: TextIO, lost_before: int = 0) -> str:
    """Windows of one start as text: a line about each interface, then the tunnels of all."""
    heads = [line for judged in windows for line in head_lines(judged, text_width(out), lost_before)]
    return "\n".join([*heads, "", table_text(_result(windows), text_width(out), color=wants_color(out))])


def head_lines(judged: JudgedWindow, width: int, lost_before: int = 0) -> list[str]:
    """`eth0  12:00:10 +10 s  300,012 packets/s  210 MB/s  12,345 new flows  nothing lost`, on as many lines of `width`
    columns as that takes."""
    window = judged.window
    seconds = max((window.end_ns - window.start_ns) / 1e9, 0.001)
    lost = window.lost + lost_before
    parts = [
        printable(window.interface),
        f"{time_text(window.start_ns, 0)[11:19]} +{seconds:.0f} s",
        f"{window.packets / seconds:,.0f} packets/s",
        f"{size_text(int(window.bytes / seconds))}/s",
        count_text(window.flows, "new flow"),
        f"{count_text(lost, 'packet')} lost" if lost else "nothing lost",
    ]
    if window.evicted:
        parts.append("evicted " + ", ".join(f"{number:,} {name}" for name, number in window.evicted.items()))
    if window.problem:
        parts.append(window.problem)
    lines: list[str] = []
    for part in parts:
        if lines and cell_width(lines[-1]) + 2 + cell_width(part) <= width:
            lines[-1] += "  " + part
        else:
            lines.append(fit(part, width))
    return lines


def _result(windows: Sequence[JudgedWindow]) -> ScanResult:
    """Windows in the form that the table takes."""
    captures = tuple(
        CaptureReport(judged.window.interface, None, judged.window.packets, judged.window.flows, judged.window.bytes,
                      judged.window.skipped, judged.window.evicted, None)
        for judged in windows
    )
    return ScanResult(tuple(tunnel for judged in windows for tunnel in judged.tunnels), captures, 0.0)
