"""When this enforcer was switched off by hand: by the notes that `licet enforce off` left, and by the mark itself.

    offs.txt    2026-03-02T12:00:00.000000Z, one a line

The mark alone tells when too, by its time: it may have been put there by hand, or on a disk that was full. What it says
is noted as soon as somebody looks, and before the mark is taken away. Notes are never taken away, so that a registry is
told of each, however late.
"""

from __future__ import annotations

import os

from licet.app.enforce.state import Folder
from licet.app.enforce.switch import MICROSECOND_NS, NOTES, note
from licet.model.canonical import parse_time

NOTES_BYTES_MAX = 64 * 1024  # of the newest
LINE_LENGTH_MAX = 40
SAME_NS = 2 * 1_000_000_000  # file systems keep the time of a mark to two seconds


def noted_offs(folder: Folder) -> tuple[int, ...]:
    """The times of all notes and of the mark, sorted, in nanoseconds. What the mark alone says is noted, if it can
    be."""
    found = {time_ns for place in folder.places() for time_ns in _read(os.path.join(place, NOTES))}
    for mark in folder.marks():
        time_ns = _time_of(mark)
        if time_ns is not None and not any(abs(time_ns - one) <= SAME_NS for one in found):
            found.add(time_ns)
            if folder.keeps:
                note(folder.path, time_ns)
    return tuple(sorted(found))


def _time_of(mark: str) -> int | None:
    """When a mark was put, or None where there is none."""
    try:
        return max(0, os.stat(mark).st_mtime_ns // MICROSECOND_NS * MICROSECOND_NS)
    except OSError:
        return None


def _read(path: str) -> list[int]:
    """The times of a file of notes; a line that is none is passed over."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - NOTES_BYTES_MAX))
            lines = file.read(NOTES_BYTES_MAX).decode("ascii", "replace").split("\n")
    except OSError:
        return []
    return [time_ns for line in lines if (time_ns := _time(line)) is not None]


def _time(line: str) -> int | None:
    try:
        time_ns = parse_time(line) if len(line) <= LINE_LENGTH_MAX and line.endswith("Z") else -1
    except (ValueError, OverflowError):
        return None
    return time_ns if time_ns >= 0 else None
