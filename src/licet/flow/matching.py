"""Sieve lines made ready for walking: which lines a payload's first byte admits, and whether one matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from licet.model.sieve import ANSWER, DATA, OPENING, RISE_MAX, Line, Sieve

_NO_BYTE = 256  # the row of the first-byte table for an empty payload


class Trial(NamedTuple):
    """A data message that is not kept yet: its line's number, the bytes that must stay the same, and its counter."""

    line: int
    same: bytes
    counted: int


class ReadyLine:
    """A line with its tests as numbers. owner: index of the recogniser that the line belongs to."""

    __slots__ = (
        "after_start", "answer", "counter", "enough", "index", "is_data", "keep_bytes", "length_field", "line",
        "longest", "name", "needs_bytes", "on_trial", "only_listed", "opening", "owner", "port", "quota", "same",
        "shortest", "tests",
    )

    def __init__(self, line: Line, index: int, owner: int) -> None:
        self.line, self.index, self.owner, self.name = line, index, owner, line.name
        self.opening, self.answer = line.role == OPENING, line.role == ANSWER
        self.after_start, self.only_listed = line.after_start, line.only_listed
        self.shortest, self.longest = line.shortest, line.longest
        self.enough, self.quota, self.keep_bytes, self.port = line.enough, line.quota, line.keep_bytes, line.port
        self.same = None if line.same is None else (line.same[0], line.same[0] + line.same[1])
        self.length_field, self.counter = line.length_field, line.counter
        self.is_data = line.role == DATA
        # Data that must stay the same is kept from its second message on: chance looks like it once, not twice.
        self.on_trial = line.role == DATA and line.same is not None and not line.after_start
        self.tests = tuple(
            (test.offset, test.offset + len(test.value), int.from_bytes(test.mask, "big"),
             int.from_bytes(test.value, "big"), test.equal)
            for test in line.tests
        )
        ends = [end for _, end, _, _, _ in self.tests]
        if self.same:
            ends.append(self.same[1])
        if self.counter:
            ends.append(self.counter.offset + 4)
        if self.length_field:
            ends.append(self.length_field.offset + self.length_field.width)
        self.needs_bytes = max(ends, default=0)

    def admits_first_byte(self, byte: int) -> bool:
        """False if a test at offset 0 rules this first byte out."""
        for test in self.line.tests:
            if test.offset == 0:
                hit = byte & test.mask[0] == test.value[0]
                if test.equal and not hit:
                    return False
                if not test.equal and len(test.value) == 1 and hit:
                    return False
        return True

    def trial(self, data: bytes, at: int) -> Trial:
        """What the next message on trial will be held against."""
        assert self.same is not None
        start = at + self.counter.offset if self.counter else at
        count = int.from_bytes(data[start : start + 4], "little" if self.counter and self.counter.little else "big")
        return Trial(self.index, bytes(data[at + self.same[0] : at + self.same[1]]), count)

    def follows(self, last: Trial | None, trial: Trial) -> bool:
        """Whether a message on trial goes on where the last one of its direction was."""
        if last is None or (last.line, last.same) != (trial.line, trial.same):
            return False
        return self.counter is None or 1 <= (trial.counted - last.counted) % 2**32 <= RISE_MAX

    def matches(self, data: bytes | bytearray, at: int, end: int, length: int) -> bool:
        """Whether the payload data[at:end], of `length` bytes by its headers, is what the line describes."""
        if not self.shortest <= length <= self.longest or end - at < self.needs_bytes:
            return False
        for start, stop, mask, value, equal in self.tests:
            if (int.from_bytes(data[at + start : at + stop], "big") & mask == value) is not equal:
                return False
        field = self.length_field
        if field is not None:
            start = at + field.offset
            return int.from_bytes(data[start : start + field.width], "big") == length - field.less
        return True


Rows = tuple[tuple[ReadyLine, ...], ...]


class ReadySieves:
    """All lines of all recognisers; `rows(transport)[first byte]` are the lines worth trying."""

    def __init__(self, sieves: Sequence[Sieve]) -> None:
        self.lines: list[ReadyLine] = []
        for owner, sieve in enumerate(sieves):
            for line in sieve:
                self.lines.append(ReadyLine(line, len(self.lines), owner))
        self.has_only_listed = any(line.only_listed for line in self.lines)
        self._rows = {
            transport: self._table([line for line in self.lines if line.line.transport == transport])
            for transport in {line.line.transport for line in self.lines}
        }

    @staticmethod
    def _table(lines: list[ReadyLine]) -> Rows:
        rows = [tuple(line for line in lines if line.admits_first_byte(byte)) for byte in range(_NO_BYTE)]
        rows.append(tuple(line for line in lines if not line.needs_bytes))
        return tuple(rows)

    def rows(self, transport: str) -> Rows | None:
        """257 rows: one for each first byte, the last for a payload of which nothing was captured."""
        return self._rows.get(transport)

    def of(self, transport: str) -> tuple[ReadyLine, ...]:
        return tuple(line for line in self.lines if line.line.transport == transport)
