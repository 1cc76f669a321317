"""A clock that a test moves, for processes that go on meanwhile: a small library, compiled here, that is loaded before
their own (`moved_clock.c`). libfaketime cannot be used: sleeping fails under it in Python 3.11.

What the kernel stamps (packets of a capture) keeps the real time; `move_capture` moves that. How long things take is
not touched: only what time it is.
"""

from __future__ import annotations

import mmap
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from lab.process import run

SOURCE = Path(__file__).with_suffix(".c")
HOUR_S = 3_600
_RECORD_BYTES = 16


def missing() -> str:
    """What to install, or ""."""
    return "" if shutil.which("cc") else "cc is missing: apt-get install gcc libc6-dev"


@dataclass
class MovedClock:
    """library, file: for `words`; hours: since the test began."""

    library: Path
    file: Path
    hours: int = 0

    def move(self, hours: int) -> None:
        """Let so many hours go by, for every process that was started with `words`."""
        self.hours += hours
        with self.file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as page:
            page[:8] = struct.pack("=q", self.hours * HOUR_S)

    @property
    def words(self) -> tuple[str, ...]:
        """Before a program, so that it has this clock."""
        return ("env", f"LD_PRELOAD={self.library}", f"LICET_TEST_CLOCK={self.file}")


def moved_clock(folder: Path) -> MovedClock:
    """A clock that was not moved yet. folder: for its files."""
    library, file = folder / "moved-clock.so", folder / "moved-clock"
    run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(SOURCE)])
    file.write_bytes(bytes(8))
    return MovedClock(library, file)


def move_capture(path: Path, hours: int) -> None:
    """Move every packet of a classic pcap (little-endian, microseconds) by so many hours."""
    raw, at = bytearray(path.read_bytes()), 24
    while at + _RECORD_BYTES <= len(raw):
        seconds = int.from_bytes(raw[at : at + 4], "little") + hours * HOUR_S
        raw[at : at + 4] = seconds.to_bytes(4, "little")
        at += _RECORD_BYTES + int.from_bytes(raw[at + 8 : at + 12], "little")
    path.write_bytes(raw)
