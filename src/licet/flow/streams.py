"""The first bytes of a TCP direction, put in order by sequence number (RFC 9293 §3.4).

A direction starts at its SYN, else at the first segment seen. Bytes are kept until every TCP line of the sieves has
said no, or up to the longest `keep_bytes` of those that said yes; how the stream was cut into segments, repeated or
reordered makes no difference to what is kept. Of bytes that come twice, the first stay.
"""

from __future__ import annotations

from licet.flow.matching import ReadyLine
from licet.model.flow import Stream

STREAM_BYTES_MAX = 4_096  # kept of one direction; no line may ask for more
PIECES_MAX = 32  # segments whose ordinals are kept; the bytes of later ones count as the last one's

_WRAP = 1 << 32
_HALF = 1 << 31


class StreamBudget:
    """How many directions may hold bytes at once, over all flows. refused: those that found no room."""

    __slots__ = ("left", "refused")

    def __init__(self, total: int) -> None:
        self.left = total
        self.refused = 0

    def take(self) -> bool:
        if self.left == 0:
            self.refused += 1
            return False
        self.left -= 1
        return True


class StreamHead:
    """One direction. `matched`: lines that fit; `closed`: nothing more will be kept."""

    __slots__ = ("_budget", "_data", "_holds_room", "_limit", "_open_lines", "_pieces", "_start", "closed", "from_syn",
                 "matched")

    def __init__(self, lines: tuple[ReadyLine, ...], budget: StreamBudget) -> None:
        self._budget = budget
        self._open_lines = lines
        self._start: int | None = None
        self._limit = max((line.needs_bytes for line in lines), default=0)
        self._data = bytearray()
        # [start, end, packet, time_ns] of the bytes that came, by start, not overlapping; there may be gaps.
        self._pieces: list[list[int]] = []
        self._holds_room = False
        self.closed = not lines
        self.from_syn = False
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
        assert self._start is not None
        offset = (sequence - self._start) % _WRAP
        if offset >= _HALF:
            offset -= _WRAP
        if offset < 0:
            piece, length, offset = piece[-offset:], length + offset, 0
        is_cut = len(piece) < length
        piece = piece[: max(STREAM_BYTES_MAX - offset, 0)]
        before = self._have()
        if piece and offset + len(piece) > before:
            if not self._holds_room and not self._take_room():
                return []
            self._store(offset, piece, packet, time_ns)
        have = self._have()
        found = self._test(have) if have > before else []
        if is_cut and not self.closed and have <= offset + len(piece):
            self._close(have)  # The rest of this segment was not captured: what follows would leave a hole.
        return found

    def _take_room(self) -> bool:
        if not self._budget.take():
            self.closed = True
            return False
        self._holds_room = True
        return True

    def _have(self) -> int:
        """How many bytes from the start have come without a gap."""
        have = 0
        for start, end, _, _ in self._pieces:
            if start > have:
                break
            have = end
        return have

    def _store(self, offset: int, piece: bytes, packet: int, time_ns: int) -> None:
        """Keep those of the bytes that are new, in front of, between and behind the pieces that are there."""
        if len(self._data) < offset + len(piece):
            self._data.extend(bytes(offset + len(piece) - len(self._data)))
        at, end, index = offset, offset + len(piece), 0
        while at < end:
            while index < len(self._pieces) and self._pieces[index][1] <= at:
                index += 1
            following = self._pieces[index] if index < len(self._pieces) else None
            stop = end if following is None else min(end, following[0])
            if at < stop:
                if not self._note(index, at, stop, packet, time_ns):
                    return
                self._data[at:stop] = piece[at - offset : stop - offset]
            at = stop if following is None else max(stop, min(end, following[1]))

    def _note(self, index: int, start: int, end: int, packet: int, time_ns: int) -> bool:
        """Remember a piece; False if there are too many and it does not follow on from the one before it."""
        if len(self._pieces) < PIECES_MAX:
            self._pieces.insert(index, [start, end, packet, time_ns])
            return True
        if index and self._pieces[index - 1][1] == start:
            self._pieces[index - 1][1] = end
            return True
        return False

    def _test(self, have: int) -> list[ReadyLine]:
        """Try the lines for which enough bytes have come, and decide how much to keep."""
        found, waiting = [], []
        for line in self._open_lines:
            if have < line.needs_bytes:
                waiting.append(line)
            elif line.matches(self._data, 0, have, line.shortest):
                found.append(line)
        self._open_lines = tuple(waiting)
        self.matched += found
        wanted = [line.keep_bytes for line in self.matched] + [line.needs_bytes for line in waiting]
        self._limit = max(wanted, default=0)
        if have >= self._limit:
            self._close(have)
        return found

    def _close(self, have: int) -> None:
        """Keep no more: the prefix if a line matched, nothing if none did."""
        self.closed = True
        self._open_lines = ()
        keep = min(have, self._limit) if self.matched else 0
        del self._data[keep:]
        self._pieces = [[start, min(end, keep), *rest] for start, end, *rest in self._pieces if start < keep]
        if not keep:
            self._give_room()

    def _give_room(self) -> None:
        if self._holds_room:
            self._holds_room = False
            self._budget.left += 1

    def drop(self) -> None:
        """Forget everything: a bound threw this flow's kept bytes away."""
        self.matched.clear()
        self._close(0)

    def value(self, forward: bool) -> Stream:
        have = min(self._have(), self._limit)
        marks = tuple((start, packet, time_ns) for start, _, packet, time_ns in self._pieces if start < have)
        return Stream(forward, bytes(self._data[:have]), self.from_syn, marks)
