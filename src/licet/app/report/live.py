"""A watch on a terminal: a table refreshed in place.

Above it stands how much is coming in the present window and what was lost, always. The table is that of a scan: the
tunnels of the last whole window with their figures, so that it does not begin empty with each window, and those that
are new since. When the watch ends, the last table stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from licet.app.report.table import table_text
from licet.app.report.terminal import text_width, wants_color, write_text
from licet.app.report.words import cell_width, count_text, fit, printable, size_text
from licet.app.results import CaptureReport, JudgedTunnel, ScanResult
from licet.app.watch.judging import JudgedWindow
from licet.model.canonical import time_text
from licet.model.endpoint import Endpoint

if TYPE_CHECKING:
    from rich.live import Live


class LiveTable:
    """out: the terminal; every_ns: length of a whole window."""

    def __init__(self, out: TextIO, every_ns: int) -> None:
        self._out, self._every_ns = out, every_ns
        self._last: dict[str, tuple[JudgedTunnel, ...]] = {}  # of the last window, by interface
        self._live: Live | None = None
        self._text = ""
        self._lost = 0

    def show(self, windows: Sequence[JudgedWindow], *, is_over: bool) -> None:
        """Show windows, one an interface; is_over: that they will not change any more."""
        shown = [judged if is_over and self._is_whole(judged) else self._with_last(judged) for judged in windows]
        self._text = window_text(shown, self._out, self._lost)
        if is_over:
            self._lost += sum(judged.window.lost for judged in windows)
            self._last = {judged.window.interface: judged.tunnels for judged in windows}
        self._draw()

    def _is_whole(self, judged: JudgedWindow) -> bool:
        return judged.window.end_ns - judged.window.start_ns >= self._every_ns

    def _with_last(self, judged: JudgedWindow) -> JudgedWindow:
        """The tunnels of the interface's last window, and those of this one that were not in it."""
        last = self._last.get(judged.window.interface, ())
        known = {_identity(one) for one in last}
        return replace(judged, tunnels=(*last, *(one for one in judged.tunnels if _identity(one) not in known)))

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


def _identity(judged: JudgedTunnel) -> tuple[Endpoint | None, str, str]:
    return judged.tunnel.server, judged.tunnel.family, judged.tunnel.grade


def preload() -> None:
    """Draw once to nowhere, while what drawing imports can be read: see `licet.app.watch.run`. Rich imports its table
    of characters only when one is measured that is not ASCII."""
    from io import StringIO

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(file=StringIO(), force_terminal=True, width=40), auto_refresh=False, screen=True) as live:
        live.update(Text.from_ansi("\x1b[32m✓\x1b[0m —…", no_wrap=True), refresh=True)


def fitted(text: str, lines: int) -> str:
    """The text cut to so many lines of a terminal, the last of which then says how many more there are."""
    rows = text.rstrip("\n").split("\n")
    if len(rows) <= lines:
        return "\n".join(rows)
    room = max(1, lines - 1)
    return "\n".join([*rows[:room], f"… and {count_text(len(rows) - room, 'line')} more; a taller window shows them"])


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
