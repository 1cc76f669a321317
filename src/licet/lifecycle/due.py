"""When the clock moves a subject of a table, if nothing else does before.

A registry that was away, or whose clock was set, cannot know what it missed: mail that was not sent, checks that were
not made. For two weeks after that its clock takes nothing from anybody; what helps somebody is not put off.
"""

from __future__ import annotations

from licet.lifecycle.days import HOUR_NS, days_after, working_days_after
from licet.lifecycle.table import Table

AWAY_DAYS = 3
SPARED_DAYS = 14


def due_at(table: Table, state: str, since_ns: int, end_ns: int | None = None) -> int | None:
    """The time from which the clock may move a subject, or None where no time moves it.

    since_ns: when its state began; end_ns: of a registration or an order, for the states that are counted from it.
    """
    after = table.after.get(state)
    if after is None:
        return None
    if after.from_end:
        return None if end_ns is None else days_after(end_ns, after.days)
    count = working_days_after if after.working else days_after
    return count(since_ns, after.days) + after.hours * HOUR_NS


def is_due(table: Table, state: str, since_ns: int, at_ns: int, end_ns: int | None = None) -> bool:
    """True once that time has come."""
    due_ns = due_at(table, state, since_ns, end_ns)
    return due_ns is not None and at_ns >= due_ns


def was_away(ran_ns: int | None, at_ns: int) -> bool:
    """True where the clock last ran more than AWAY_DAYS ago, or later than now. ran_ns: None where it never did."""
    return ran_ns is not None and not ran_ns <= at_ns <= days_after(ran_ns, AWAY_DAYS)


def is_spared(resumed_ns: int | None, at_ns: int) -> bool:
    """True for SPARED_DAYS after the registry was found to have been away. resumed_ns: when, or None."""
    return resumed_ns is not None and at_ns < days_after(resumed_ns, SPARED_DAYS)
