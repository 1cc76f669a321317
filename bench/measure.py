"""Run one program on one capture and say what it cost: CPU seconds, wall seconds, peak memory.

CPU time is the program's own, user and system, as the system accounts for it; wall time is told beside it. On Linux the
program is pinned to one core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.programs import Program

READ_BYTES = 1 << 20

_LAUNCH = Path(__file__).with_name("launch.py")


class DidNotRun(Exception):
    """A program left with a status other than zero."""


@dataclass(frozen=True, slots=True)
class Cost:
    """cpu_s: of the program, or of the part of it that counts; wall_s: always the whole; peak_bytes: of memory."""

    cpu_s: float
    wall_s: float
    peak_bytes: int


def measure(program: Program, capture: str, core: int | None) -> Cost:
    """Run a program once; its output is thrown away. Raises DidNotRun."""
    command = program.command(capture)
    with tempfile.NamedTemporaryFile() as said:
        out = said.name if program.is_inside else os.devnull
        launch = [sys.executable, "-I", "-S", str(_LAUNCH), "-" if core is None else str(core), out, *command]
        figures = subprocess.run(launch, check=True, capture_output=True, text=True).stdout.split()
        status, cpu_s, wall_s, peak_bytes = int(figures[0]), float(figures[1]), float(figures[2]), int(figures[3])
        if status != 0:
            raise DidNotRun(f"{' '.join(command)} left with status {status}")
        if program.is_inside:
            cpu_s = float(said.read().split()[-1])
    return Cost(cpu_s, wall_s, peak_bytes)


def warm(capture: Path) -> None:
    """Bring a capture into the page cache."""
    buffer = bytearray(READ_BYTES)
    with open(capture, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
