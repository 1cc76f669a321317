r"""What leads from one numbered snapshot to the next, as a normal diff (POSIX.1-2017, `diff`, "Default Output Format").

    1c1                      the header changed: it holds the number
    < {"published":…,"serial":11}
    ---
    > {"published":…,"serial":12}
    7041a7042                after line 7041 of the old comes one line
    > {"address":"192.0.2.10",…}

`patch` applies it too. Both sides are sorted by the same key, so that one walk finds the difference, and lines that
both have are never looked into. A delta proves nothing by itself: whoever applies one checks the digest of the result,
which is signed. Reading is bounded and raises nothing but Malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from licet.errors import Malformed
from licet.snapshot.lines import RECORDS_MAX, read_one
from licet.snapshot.record_line import LINE_BYTES_MAX, SortKey, sort_key

DELTA_BYTES_MAX = 64 * 1024 * 1024
LINES_MAX = RECORDS_MAX + 1  # records and the header

_COMMAND = re.compile(rb"([0-9]{1,9})(?:,([0-9]{1,9}))?([acd])[0-9]{1,9}(?:,[0-9]{1,9})?\n")


@dataclass(frozen=True, slots=True)
class Hunk:
    """A change. kept: how many lines of the old stand before it; removed, added: whole lines with their line feed."""

    kept: int
    removed: tuple[bytes, ...]
    added: tuple[bytes, ...]


def write_delta(old: Iterable[bytes], new: Iterable[bytes]) -> bytes:
    """The delta between two snapshots in canonical form, each given as its lines; empty where they are the same."""
    pieces: list[bytes] = []
    shift = 0  # how many lines more the new one has before a hunk
    for hunk in _hunks(iter(old), iter(new)):
        pieces.append(_command(hunk, shift))
        pieces += [b"< " + line for line in hunk.removed]
        if hunk.removed and hunk.added:
            pieces.append(b"---\n")
        pieces += [b"> " + line for line in hunk.added]
        shift += len(hunk.added) - len(hunk.removed)
    return b"".join(pieces)


def _command(hunk: Hunk, shift: int) -> bytes:
    after = hunk.kept + shift
    if not hunk.removed:
        return b"%da%s\n" % (hunk.kept, _range(after, len(hunk.added)))
    if not hunk.added:
        return b"%sd%d\n" % (_range(hunk.kept, len(hunk.removed)), after)
    return b"%sc%s\n" % (_range(hunk.kept, len(hunk.removed)), _range(after, len(hunk.added)))


def _range(before: int, count: int) -> bytes:
    """Lines from the one after `before`, as diff names them."""
    return b"%d" % (before + 1) if count == 1 else b"%d,%d" % (before + 1, before + count)


def _hunks(old: Iterator[bytes], new: Iterator[bytes]) -> Iterator[Hunk]:
    """Every run of lines that only one of them has."""
    kept = line_number = 0
    removed: list[bytes] = []
    added: list[bytes] = []
    here, there = next(old, None), next(new, None)
    while here is not None or there is not None:
        if here == there:
            if removed or added:
                yield Hunk(kept, tuple(removed), tuple(added))
                removed, added = [], []
            line_number += 1
            kept = line_number
            here, there = next(old, None), next(new, None)
            continue
        sense = _compared(here, there)
        if sense <= 0 and here is not None:
            removed.append(here)
            line_number += 1
            here = next(old, None)
        if sense >= 0 and there is not None:
            added.append(there)
            there = next(new, None)
    if removed or added:
        yield Hunk(kept, tuple(removed), tuple(added))


def _compared(here: bytes | None, there: bytes | None) -> int:
    """Negative where the old line comes first, positive where the new one does, 0 for two forms of one record."""
    if here is None or there is None:
        return 1 if here is None else -1
    left, right = _key(here), _key(there)
    return (left > right) - (left < right)


def _key(line: bytes) -> tuple[bool, SortKey]:
    """The header comes before every record."""
    if b'"schema":' in line:
        return False, (0, "", 0, "", "", "")
    return True, sort_key(read_one(line))


def read_delta(raw: bytes) -> tuple[Hunk, ...]:
    """Read a delta. Raises Malformed, with the line counted from one, for anything that `write_delta` would not write
    of some two snapshots."""
    if len(raw) > DELTA_BYTES_MAX:
        raise Malformed(f"a delta has more than {DELTA_BYTES_MAX} bytes, the most that are read")
    lines = raw.splitlines(keepends=True)
    hunks: list[Hunk] = []
    at = old_end = 0
    while at < len(lines):
        hunk, at = _read_hunk(lines, at)
        if hunk.kept < old_end or (hunks and hunk.kept == old_end):
            raise Malformed(f"line {at} of the delta: a change does not come after the one before it")
        old_end = hunk.kept + len(hunk.removed)
        if old_end > LINES_MAX:
            raise Malformed(f"line {at} of the delta: a snapshot has no such line")
        hunks.append(hunk)
    return tuple(hunks)


def _read_hunk(lines: list[bytes], at: int) -> tuple[Hunk, int]:
    found = _COMMAND.fullmatch(lines[at])
    if found is None:
        raise Malformed(f"line {at + 1} of the delta does not say what changes")
    first, last, kind = int(found[1]), int(found[2] or found[1]), found[3]
    count = 0 if kind == b"a" else last - first + 1
    kept = first if kind == b"a" else first - 1
    if count < 0 or kept < 0 or count > len(lines):
        raise Malformed(f"line {at + 1} of the delta names lines that cannot be")
    at += 1
    removed, at = _marked(lines, at, b"< ")
    if kind == b"c":
        if at >= len(lines) or lines[at] != b"---\n":
            raise Malformed(f"line {at + 1} of the delta is not what parts the old from the new")
        at += 1
    added, at = _marked(lines, at, b"> ")
    if len(removed) != count or bool(added) is (kind == b"d"):
        raise Malformed(f"line {at} of the delta: there are other lines than announced")
    return Hunk(kept, removed, added), at


def _marked(lines: list[bytes], at: int, mark: bytes) -> tuple[tuple[bytes, ...], int]:
    found = []
    while at < len(lines) and lines[at].startswith(mark):
        line = lines[at][len(mark):]
        if len(line) > LINE_BYTES_MAX or not line.endswith(b"\n"):
            raise Malformed(f"line {at + 1} of the delta is too long, or was cut")
        found.append(line)
        at += 1
    return tuple(found), at


def patched(old: Iterator[bytes], hunks: Iterable[Hunk]) -> Iterator[bytes]:
    """The lines of the new snapshot. old: the lines of the one before, read as they are needed. While it is walked it
    raises Malformed where a line that is to go is not there. Several can be put on one another."""
    return chain.from_iterable(_segments(old, hunks))


def _segments(old: Iterator[bytes], hunks: Iterable[Hunk]) -> Iterator[Iterable[bytes]]:
    at = 0
    for hunk in hunks:
        yield islice(old, hunk.kept - at)  # walked to its end before this goes on
        for line in hunk.removed:
            if next(old, None) != line:
                raise Malformed("the delta is of another snapshot: a line that should go is not there")
        at = hunk.kept + len(hunk.removed)
        yield hunk.added
    yield old
