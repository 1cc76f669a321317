"""Renewals as a strip of months: when each registration ends, and from when it can be renewed in time."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from licet.lifecycle.registration import EXPIRING_DAYS
from licet.server.registry.models import Registration

MONTHS = 13  # a registration lasts a year: the month in which it was made comes again
SHOWN_MAX = 500


@dataclass(frozen=True)
class Bar:
    """Days of a month in which a renewal is due, as x and width; a day is one unit."""

    x: int
    width: int


@dataclass(frozen=True)
class Month:
    """first: its first day; days: how many it has; bars: where a renewal is due; ends: days on which registrations end,
    from zero; count: how many end; today: the day, from zero, or None."""

    first: date
    days: int
    bars: tuple[Bar, ...]
    ends: tuple[int, ...]
    count: int
    today: int | None


def strip(registrations: Iterable[Registration], at: datetime) -> list[Month]:
    """MONTHS months, beginning with the one of `at`. Registrations that end before or after are not in it."""
    ends = sorted(one.ex_date.astimezone(UTC).date() for one in registrations)[:SHOWN_MAX]
    today = at.astimezone(UTC).date()
    months, first = [], today.replace(day=1)
    for _ in range(MONTHS):
        days = calendar.monthrange(first.year, first.month)[1]
        months.append(_month(first, days, ends, today))
        first += timedelta(days=days)
    return months


def _month(first: date, days: int, ends: list[date], today: date) -> Month:
    last = first + timedelta(days=days - 1)
    due: set[int] = set()
    for end in ends:
        begin = max(first, end - timedelta(days=EXPIRING_DAYS))
        if begin <= min(last, end):
            due |= set(range((begin - first).days, (min(last, end) - first).days + 1))
    here = [end for end in ends if first <= end <= last]
    return Month(first, days, tuple(_bars(due)), tuple(sorted({(end - first).days for end in here})), len(here),
                 (today - first).days if first <= today <= last else None)


def _bars(due: set[int]) -> Iterable[Bar]:
    begin = None
    for day in range(32):
        if day in due and begin is None:
            begin = day
        elif day not in due and begin is not None:
            yield Bar(begin, day - begin)
            begin = None
