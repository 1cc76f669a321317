"""How far a scan has come, on a terminal, for runs that take longer than a second.

Nothing is shown where standard error is no terminal, and nothing stays there when the run is over. Rich draws it and is
imported only when there is something to draw: most scans are over sooner.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

QUIET_S = 1.0  # a run that is shorter shows nothing


class Progress(Protocol):
    """What a scan tells: bytes_done of the captures' own size (compressed, if they are), and packets so far."""

    def update(self, bytes_done: int, packets: int) -> None: ...

    def close(self) -> None: ...


class NullProgress:
    """Shows nothing."""

    def update(self, bytes_done: int, packets: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TerminalProgress:
    """A bar with bytes, packets per second and the time left; without the two last parts where the size is unknown.

    size_bytes: of all captures together, None for a stream; err: the terminal to draw on.
    """

    def __init__(self, size_bytes: int | None, err: TextIO) -> None:
        self._size_bytes, self._err = size_bytes, err
        self._started_s = time.monotonic()
        self._bar: tuple[RichProgress, TaskID] | None = None

    def update(self, bytes_done: int, packets: int) -> None:
        """Draw, unless the run is still young."""
        elapsed_s = time.monotonic() - self._started_s
        if elapsed_s < QUIET_S:
            return
        if self._bar is None:
            self._bar = self._draw()
        bar, task = self._bar
        bar.update(task, completed=bytes_done, speed=f"{packets / elapsed_s:,.0f} packets/s")

    def close(self) -> None:
        """Take the bar away. Harmless if there is none."""
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None

    def _draw(self) -> tuple[RichProgress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            BarColumn(), DownloadColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn(),
            console=Console(file=self._err), transient=True,
        )  # fmt: skip
        bar.start()
        return bar, bar.add_task("", total=self._size_bytes, speed="")


@contextmanager
def open_progress(size_bytes: int | None, *, quiet: bool = False, err: TextIO | None = None) -> Iterator[Progress]:
    """A progress display that is taken away at the end, whatever ends it.

    size_bytes: None where it is not known; quiet: show nothing; err: standard error unless given.
    """
    stream = sys.stderr if err is None else err
    is_shown = not quiet and stream.isatty()
    progress: Progress = TerminalProgress(size_bytes, stream) if is_shown else NullProgress()
    try:
        yield progress
    finally:
        progress.close()
