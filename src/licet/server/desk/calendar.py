"""What ends, and what is to be looked at again, in the year ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db.models import Count, Q, QuerySet

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
    totals = _count(months)
    found = _ending(None if chosen == first else chosen, _later(chosen, 1))
    listed = found.select_related("service__organisation").order_by("ex_date", "pk")[:LISTED_MAX]
    return Calendar(totals, chosen, list(listed), next(total for month, total, _review in totals if month == chosen))


def _count(months: list[date]) -> tuple[tuple[date, int, int], ...]:
    """How many end in each month, and how many of them are reviews, in one question."""
    asked: dict[str, Count] = {}
    for number, month in enumerate(months):
        inside = _within(None if number == 0 else month, _later(month, 1))
        asked[f"total_{number}"] = Count("pk", filter=inside)
        asked[f"review_{number}"] = Count("pk", filter=inside & Q(service__is_attested=True))
    found = Registration.objects.filter(state__in=ENDING).aggregate(**asked)
    return tuple((month, found[f"total_{number}"], found[f"review_{number}"]) for number, month in enumerate(months))


def read_month(text: str) -> date | None:
    """`2026-03` as the first day of that month, or None."""
    try:
        return date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None


def _ending(begin: date | None, end: date) -> QuerySet[Registration]:
    return Registration.objects.filter(_within(begin, end), state__in=ENDING)


def _within(begin: date | None, end: date) -> Q:
    """Registrations whose last day is from begin on and before end. The end of the day of a review is the midnight
    after it, so that the comparison leaves the first midnight out."""
    found = Q(ex_date__lte=datetime.combine(end, time(), UTC))
    return found if begin is None else found & Q(ex_date__gt=datetime.combine(begin, time(), UTC))


def _later(month: date, count: int) -> date:
    ordinal = month.year * 12 + month.month - 1 + count
    return date(ordinal // 12, ordinal % 12 + 1, 1)
