"""SIGINT and SIGTERM end a watch with its last window written; SIGHUP reads the registries again.

A handler only notes what came and wakes the loop, by a pipe that the loop polls beside its rings.
"""

from __future__ import annotations

import contextlib
import os
import signal


class Signals:
    """Installed when made. is_stopping: whether to stop."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._is_reloading = False
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._reload)

    def _stop(self, number: int, frame: object) -> None:
        self.is_stopping = True
        self._wake()

    def _reload(self, number: int, frame: object) -> None:
        self._is_reloading = True
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"!")  # A full pipe wakes the loop as well.

    def fileno(self) -> int:
        """For poll."""
        return self._read

    def take(self) -> None:
        """Empty the pipe: what came is noted."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._read, 64):
                pass

    def take_reload(self) -> bool:
        """True once for each time that the registries are to be read again."""
        was, self._is_reloading = self._is_reloading, False
        return was
