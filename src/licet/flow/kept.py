"""What the sieves kept of one flow: messages a line and direction, and whether that makes it a candidate."""

from __future__ import annotations

from licet.flow.matching import ReadyLine
from licet.flow.timeline import TimelineCounter
from licet.model.flow import Message, Stream

PIECE_BYTES = 160  # kept messages are stored in pieces of this size; most need one


def room_for(size: int) -> int:
    """Pieces that a message of so many kept bytes takes."""
    return max(1, (size + PIECE_BYTES - 1) // PIECE_BYTES)


class Kept:
    """candidates: indexes of the recognisers that this flow is worth; refused: counted as one candidate too many;
    timeline: of the flow's bytes, once it is a candidate."""

    __slots__ = ("_answered", "_lists", "_opened", "_started", "candidates", "refused", "timeline")

    def __init__(self) -> None:
        self._lists: dict[tuple[int, bool], _Run] = {}
        self._opened: set[tuple[int, bool]] = set()
        self._answered: set[tuple[int, bool]] = set()
        self._started: set[int] = set()
        self.candidates: set[int] = set()
        self.refused = False
        self.timeline: TimelineCounter | None = None

    def has_started(self, owner: int) -> bool:
        """True once a line of this recogniser matched that need not wait for another."""
        return owner in self._started

    def message(self, line: ReadyLine, forward: bool, packet: int, time_ns: int, length: int, data: bytes) -> int:
        """Keep a datagram that matched, as the line's quota allows, and note what it makes of the flow.

        Returns how much more room is held than before; less, where a run began anew.
        """
        run = self._lists.get((line.index, forward))
        if run is None:
            run = self._lists[line.index, forward] = _Run(line, packet)
        is_answered = (line.owner, not forward) in self._answered
        before = run.room()
        if run.take(Message(line.name, forward, packet, time_ns, length, data), is_answered):
            self._note(line, forward, run.count)
        return run.room() - before

    def count(self, line: ReadyLine, forward: bool, packet: int) -> None:
        """Note that a stream matched; its bytes are kept elsewhere."""
        run = self._lists.get((line.index, forward))
        if run is None:
            run = self._lists[line.index, forward] = _Run(line, packet)
        run.count += 1
        self._note(line, forward, run.count)

    def _note(self, line: ReadyLine, forward: bool, count: int) -> None:
        owner = line.owner
        if line.opening:
            self._opened.add((owner, forward))
        elif line.answer:
            self._answered.add((owner, forward))
        if not line.after_start:
            self._started.add(owner)
        other_way = (owner, not forward)
        if (
            (line.enough and count >= line.enough)
            or (line.opening and other_way in self._answered)
            or (line.answer and other_way in self._opened)
        ):
            self.candidates.add(owner)

    def room(self) -> int:
        """How much of `Limits.messages` this flow holds."""
        return sum(run.room() for run in self._lists.values())

    def runs_of(self, owner: int) -> dict[tuple[str, bool], _Run]:
        """The runs of one recogniser's lines, by line and direction."""
        return {
            (run.line.name, forward): run for (_, forward), run in self._lists.items() if run.line.owner == owner
        }


class PlainKept:
    """licet.model.flow.Kept of one recogniser, read from the plain twin's lists."""

    def __init__(self, kept: Kept, owner: int, streams: tuple[Stream, ...]) -> None:
        self._runs, self._streams = kept.runs_of(owner), streams

    def messages(self, *lines: str) -> list[Message]:
        """By packet; a packet that two lines kept comes twice."""
        found = [message for (line, _), run in self._runs.items() if not lines or line in lines
                 for message in run.messages]
        return sorted(found, key=lambda message: message.packet)

    def streams(self) -> tuple[Stream, ...]:
        """The directions in which one of the recogniser's lines matched."""
        return self._streams

    def first_match(self, line: str, forward: bool) -> int | None:
        """The packet of the first match, None where there was none."""
        run = self._runs.get((line, forward))
        return None if run is None else run.first_packet

    def matches(self, line: str, forward: bool) -> int:
        """How often the line matched in this direction: of the last run, where bytes must stay the same."""
        run = self._runs.get((line, forward))
        return 0 if run is None else run.count


class _Run:
    """The messages of one line in one direction."""

    __slots__ = ("count", "first_packet", "line", "messages")

    def __init__(self, line: ReadyLine, first_packet: int) -> None:
        self.line, self.first_packet = line, first_packet
        self.count = 0
        self.messages: list[Message] = []

    def room(self) -> int:
        return sum(room_for(len(message.data)) for message in self.messages)

    def take(self, message: Message, is_answered: bool) -> bool:
        """Count the message, and keep it if there is room; False if it belongs to another run and this one stays."""
        line = self.line
        if line.same is not None and self.messages:
            start, end = line.same
            if message.data[start:end] != self.messages[0].data[start:end]:
                if is_answered or (line.enough and self.count >= line.enough):
                    return False
                self.messages.clear()
                self.count = 0
        self.count += 1
        if len(self.messages) < line.quota:
            self.messages.append(message)
        elif line.opening and not is_answered:
            del self.messages[0]
            self.messages.append(message)
        return True
