"""What ends, and what is to be looked at again, in the year ahead."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db.models import QuerySet

from licet.lifecycle import registration as registrations
from licet.server.registry.models import Registration

MONTHS = 13
ENDING = (registrations.OK, registrations.NOTICED, registrations.NOTICED_APPEAL, registrations.EXPIRING,
          registrations.REDEMPTION)
LISTED_MAX = 300


@dataclass(frozen=True, slots=True)
class Calendar:
    """months: first day, how many end, how many of them are reviews; listed: what ends in the chosen month, the first
    to end first, at most LISTED_MAX; total: how many do."""

    months: tuple[tuple[date, int, int], ...]
    chosen: date
    listed: list[Registration]
    total: int


def calendar(at: datetime, chosen: date | None) -> Calendar:
    """The year ahead, with the months before today counted into the first: what is in redemption is late already."""
    first = at.astimezone(UTC).date().replace(day=1)
    months = [_later(first, number) for number in range(MONTHS)]
    if chosen not in months:
        chosen = first
    counted: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    ends = _ending(None, _later(first, MONTHS)).values_list("ex_date", "service__is_attested")
    for end, is_attested in ends.iterator():
        month = max(first, _last_day(end).replace(day=1))
        counted[month][0] += 1
        counted[month][1] += is_attested
    found = _ending(None if chosen == first else chosen, _later(chosen, 1))
    listed = found.select_related("service__organisation").order_by("ex_date", "pk")[:LISTED_MAX]
    totals = tuple((month, counted[month][0], counted[month][1]) for month in months)
    return Calendar(totals, chosen, list(listed), counted[chosen][0])


def read_month(text: str) -> date | None:
    """`2026-03` as the first day of that month, or None."""
    try:
        return date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None


def _ending(begin: date | None, end: date) -> QuerySet[Registration]:
    """Registrations whose last day is from begin on and before end. The end of the day of a review is the midnight
    after it, so that the comparison leaves the first midnight out."""
    found = Registration.objects.filter(state__in=ENDING, ex_date__lte=datetime.combine(end, time(), UTC))
    return found if begin is None else found.filter(ex_date__gt=datetime.combine(begin, time(), UTC))


def _last_day(end: datetime) -> date:
    moment = end.astimezone(UTC)
    return (moment - datetime.resolution).date()


def _later(month: date, count: int) -> date:
    ordinal = month.year * 12 + month.month - 1 + count
    return date(ordinal // 12, ordinal % 12 + 1, 1)
