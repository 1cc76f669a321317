"""A state × event table: who may cause what, where it leads, and when the clock does it.

The tables themselves stand in `application`, `endpoint_proof`, `registration`, `request`, `order` and `appeal`. An
event that is not in a row is refused; so is one whose conditions are not met, or that somebody causes who may not.
Nothing here asks what time it is or keeps anything: the caller brings the state, the facts and the time, and keeps the
transition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from licet.errors import Refused

REGISTRANT, OFFICER, SECOND_OFFICER = "registrant", "officer", "second officer"
AUTHOR, SIGNER, REVIEWER, AFFECTED = "author", "signer", "reviewer", "affected party"
REQUESTER = "requester"
CLOCK, MACHINE = "clock", "machine"
ROLES = frozenset({
    REGISTRANT, OFFICER, SECOND_OFFICER, AUTHOR, SIGNER, REVIEWER, AFFECTED, REQUESTER, CLOCK, MACHINE,
})

TIME_PASSED = "clock"  # the event that time alone causes


@dataclass(frozen=True, slots=True)
class Move:
    """Where an event leads. to: a state of the table; needs: facts that must hold; reason: the code that the log gets
    where the one who causes it brings none."""

    to: str
    needs: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class After:
    """How long a state lasts before the clock moves it. days: counted from when the state began, or from the end of
    the registration or order where `from_end` says so (then they may be negative: before that end); working: weekends
    do not count; hours: besides the days."""

    days: int
    working: bool = False
    from_end: bool = False
    hours: int = 0


Row: TypeAlias = Mapping[str, tuple[Move, ...]]


@dataclass(frozen=True, slots=True)
class Transition:
    """What happened. kind: of the subject; before, after: states; role: one of ROLES; reason: a code or ""; at_ns:
    nanoseconds since the epoch."""

    kind: str
    event: str
    before: str
    after: str
    role: str
    reason: str
    at_ns: int


class EventRefused(Refused):
    """An event that the table does not allow here. code: `not_in_table`, `not_this_role` or the first fact that is
    missing; kind, state, event: what was tried."""

    def __init__(self, kind: str, state: str, event: str, code: str, problem: str) -> None:
        self.kind, self.state, self.event = kind, state, event
        super().__init__(code, f"{kind} in state {state}: {event} {problem}")


@dataclass(frozen=True, slots=True)
class Table:
    """kind: of its subjects; events, states: all of them, in the order in which people read them; rows: for each
    state, the moves of its events, of which the first whose facts hold is made; causes: who may cause an event;
    after: when the clock moves a state; births: the events with which a subject begins, each with its first state and
    who may cause it; demands_reason: events that need a reason code from their cause; losses: states in which somebody
    has less than before, into which the clock moves nobody right after the registry was away (see `due`); only: for
    (state, event), who may cause it there, where that is fewer than `causes` says."""

    kind: str
    states: tuple[str, ...]
    events: tuple[str, ...]
    causes: Mapping[str, frozenset[str]]
    rows: Mapping[str, Row]
    after: Mapping[str, After]
    births: Mapping[str, tuple[str, frozenset[str]]]
    demands_reason: frozenset[str] = frozenset()
    losses: frozenset[str] = frozenset()
    only: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def roles(self, state: str, event: str) -> frozenset[str]:
        """Who may cause an event in a state."""
        return self.only.get((state, event), self.causes.get(event, frozenset()))

    def move(self, state: str, event: str, role: str, at_ns: int, *, reason: str = "",
             facts: frozenset[str] = frozenset()) -> Transition:
        """The transition that an event causes. Raises EventRefused where there is none; the state stays as it was."""
        moves = self.rows.get(state, {}).get(event, ())
        if not moves:
            raise EventRefused(self.kind, state, event, "not_in_table", "is not possible")
        if role not in self.roles(state, event):
            raise EventRefused(self.kind, state, event, "not_this_role", f"is not for the {role} to cause")
        if event in self.demands_reason and not reason:
            raise EventRefused(self.kind, state, event, "no_reason", "needs a reason code")
        for one in moves:
            if one.needs <= facts:
                return Transition(self.kind, event, state, one.to, role, reason or one.reason, at_ns)
        missing = sorted(moves[0].needs - facts)[0]
        raise EventRefused(self.kind, state, event, missing, f"is not possible: {missing.replace('_', ' ')} is missing")

    def begin(self, event: str, role: str, at_ns: int) -> Transition:
        """The transition with which a subject begins; its `before` is "". Raises EventRefused."""
        if event not in self.births:
            raise EventRefused(self.kind, "", event, "not_in_table", "is not how one begins")
        state, roles = self.births[event]
        if role not in roles:
            raise EventRefused(self.kind, "", event, "not_this_role", f"is not for the {role} to cause")
        return Transition(self.kind, event, "", state, role, "", at_ns)

    def allows(self, state: str, event: str, role: str, facts: frozenset[str] = frozenset()) -> bool:
        """True where the event would lead somewhere: for a page that offers only what can be done."""
        moves = self.rows.get(state, {}).get(event, ())
        return role in self.roles(state, event) and any(one.needs <= facts for one in moves)

    def is_final(self, state: str) -> bool:
        """True for a state that no event leaves."""
        return not any(one.to != state for moves in self.rows.get(state, {}).values() for one in moves)


def move(to: str, *needs: str, reason: str = "") -> tuple[Move, ...]:
    """One cell of a table that leads to one state."""
    return (Move(to, frozenset(needs), reason),)
