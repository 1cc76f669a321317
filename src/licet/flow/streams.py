"""The first bytes of a TCP direction, put in order by sequence number (RFC 9293 §3.4).

A direction starts at its SYN, else at the first segment seen. Bytes are kept until every TCP line of the sieves has
said no, or up to the longest `keep_bytes` of those that said yes; how the stream was cut into segments, repeated or
reordered makes no difference to what is kept.
"""

from __future__ import annotations

from licet.flow.matching import ReadyLine
from licet.model.flow import Stream

EARLY_SEGMENTS_MAX = 8  # segments that came before their turn, held a direction; more are left for a repeat
EARLY_BYTES_MAX = 4_096  # how far ahead of the kept bytes a segment is looked at

_WRAP = 1 << 32
_HALF = 1 << 31


class EarlyBudget:
    """Bytes that all flows together may hold of segments that came before their turn; refused: segments too many."""

    __slots__ = ("left_bytes", "refused")

    def __init__(self, total_bytes: int) -> None:
        self.left_bytes = total_bytes
        self.refused = 0

    def take(self, size: int) -> bool:
        if size > self.left_bytes:
            self.refused += 1
            return False
        self.left_bytes -= size
        return True


class StreamHead:
    """One direction. `matched`: lines that fit; `closed`: nothing more will be kept."""

    __slots__ = (
        "_budget", "_early", "_limit", "_open_lines", "_start", "closed", "data", "from_syn", "marks", "matched",
    )

    def __init__(self, lines: tuple[ReadyLine, ...], budget: EarlyBudget) -> None:
        self._budget = budget
        self._start: int | None = None
        self._open_lines = lines
        self._limit = max((line.needs_bytes for line in lines), default=0)
        self._early: list[tuple[int, bytes, int, int]] = []
        self.closed = not lines
        self.data = bytearray()
        self.from_syn = False
        self.marks: list[tuple[int, int, int]] = []
        self.matched: list[ReadyLine] = []

    def starts_elsewhere(self, sequence: int) -> bool:
        """True if a SYN with this number begins another connection on the same ports."""
        return self._start is not None and self._start != (sequence + 1) % _WRAP

    def begin(self, sequence: int, from_syn: bool) -> None:
        """Fix where the stream starts, if that is not known yet."""
        if self._start is None:
            self._start = (sequence + from_syn) % _WRAP
            self.from_syn = from_syn

    def add(self, sequence: int, piece: bytes, length: int, packet: int, time_ns: int) -> list[ReadyLine]:
        """Take a segment's payload: `piece` is what was captured of `length` bytes. Returns lines that matched now."""
        if self._start is None:
            self.begin(sequence, from_syn=False)
        assert self._start is not None
        offset = (sequence - self._start) % _WRAP
        if offset >= _HALF:
            offset -= _WRAP
        have = len(self.data)
        if offset > have:
            self._hold(offset, piece[: max(have + EARLY_BYTES_MAX - offset, 0)], packet, time_ns)
            return []
        self._extend(offset, piece, packet, time_ns)
        while self._early and self._early[0][0] <= len(self.data):
            early = self._early.pop(0)
            self._budget.left_bytes += len(early[1])
            self._extend(*early)
        found = self._test()
        if len(piece) < length and offset + len(piece) >= len(self.data):
            self._close()  # The rest of this segment was not captured: what follows would leave a hole.
        return found

    def _hold(self, offset: int, piece: bytes, packet: int, time_ns: int) -> None:
        """Put a segment aside until what comes before it has come."""
        if piece and len(self._early) < EARLY_SEGMENTS_MAX and self._budget.take(len(piece)):
            self._early.append((offset, piece, packet, time_ns))
            self._early.sort()

    def _extend(self, offset: int, piece: bytes, packet: int, time_ns: int) -> None:
        new = piece[len(self.data) - offset :]
        if new:
            self.marks.append((len(self.data), packet, time_ns))
            self.data += new

    def _test(self) -> list[ReadyLine]:
        """Try the lines for which enough bytes have come, and decide how much to keep."""
        found, waiting = [], []
        for line in self._open_lines:
            if len(self.data) < line.needs_bytes:
                waiting.append(line)
            elif line.matches(self.data, 0, len(self.data), line.shortest):
                found.append(line)
        self._open_lines = tuple(waiting)
        self.matched += found
        self._limit = max((line.keep_bytes for line in self.matched), default=0)
        if waiting:
            self._limit = max(self._limit, *(line.needs_bytes for line in waiting))
        if len(self.data) >= self._limit:
            self._close()
        return found

    def _close(self) -> None:
        self.closed = True
        self._budget.left_bytes += sum(len(piece) for _, piece, _, _ in self._early)
        self._early.clear()
        if not self.matched:
            self.data.clear()
            self.marks.clear()
        else:
            del self.data[self._limit :]
            self.marks = [mark for mark in self.marks if mark[0] < len(self.data)]

    def drop(self) -> None:
        """Forget everything: a bound threw this flow's kept bytes away."""
        self.matched.clear()
        self._close()

    def value(self, forward: bool) -> Stream:
        return Stream(forward, bytes(self.data), self.from_syn, tuple(self.marks))
