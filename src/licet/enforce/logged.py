"""Where the log leaves every order and every endpoint of one: the last entry about it counts (lifecycle §6, 12).

Anyone can compute the same from the same log. Whether each entry is a legal move is for `lifecycle.replay` to say; an
entry that is not makes the whole log one that does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from licet.lifecycle.order import ENDPOINT_TABLE, TABLE
from licet.model.canonical import parse_time
from licet.model.log_entry import LogEntry

KINDS = (TABLE.kind, ENDPOINT_TABLE.kind)


@dataclass(frozen=True, slots=True)
class State:
    """state: of the order, or of one endpoint; since_ns: by the log's word; index: of the entry that says so."""

    state: str
    since_ns: int
    index: int


@dataclass(slots=True)
class Logged:
    """states: by subject, `ORD-…` and `OEP-…`; newest_ns: time of the newest entry of any kind; size: entries."""

    states: dict[str, State] = field(default_factory=dict)
    newest_ns: int = 0
    size: int = 0

    def take(self, index: int, entry: LogEntry) -> None:
        """Take the next entry of the log."""
        time_ns = parse_time(entry.time)
        self.newest_ns, self.size = max(self.newest_ns, time_ns), index + 1
        if entry.kind in KINDS:
            self.states[entry.subject] = State(entry.after, time_ns, index)


def logged(entries: Iterable[LogEntry]) -> Logged:
    """All of a log at once."""
    found = Logged()
    for index, entry in enumerate(entries):
        found.take(index, entry)
    return found
