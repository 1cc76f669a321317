"""How long decisions take, from handing in to decision: what a registry owes its applicants, shown to everybody.

Median and 90th percentile by nearest rank: the time within which half, or nine of ten, were decided. Both are computed
from the applications themselves; the result is kept in memory until another decision falls into its window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.core.cache import cache
from django.db.models import Count, Max

from licet.server.registry.models import Application

WINDOW_DAYS = 90
MONTHS = 12
KEPT_S = 3_600


@dataclass(frozen=True, slots=True)
class DecisionTimes:
    """count: of decisions; median_s, p90_s: seconds, None where nothing was decided."""

    count: int
    median_s: int | None = None
    p90_s: int | None = None


def times_of(seconds: Sequence[int]) -> DecisionTimes:
    """Median and 90th percentile of some times."""
    if not seconds:
        return DecisionTimes(0)
    ranked = sorted(seconds)
    return DecisionTimes(len(ranked), _nearest_rank(ranked, 50), _nearest_rank(ranked, 90))


def recent_times(at: datetime) -> DecisionTimes:
    """Of the decisions of the last 90 days, today included."""
    since = datetime.combine(at.astimezone(UTC).date() - timedelta(days=WINDOW_DAYS - 1), time(), UTC)
    return times_of([took for months in _seconds_by_month(since).values() for took in months])


def monthly_times(at: datetime) -> list[tuple[date, DecisionTimes]]:
    """Of the last twelve calendar months, the current one last; each by its first day, in UTC."""
    months = _months(at.astimezone(UTC).date())
    found = _seconds_by_month(datetime.combine(months[0], time(), UTC))
    return [(month, times_of(found.get(month, []))) for month in months]


def _seconds_by_month(since: datetime) -> dict[date, list[int]]:
    """The times of all decisions since then, by the first day of their month. Kept under what would change with one
    more decision: how many there are, and when the last one was."""
    decided = Application.objects.filter(decided_at__gte=since).exclude(submitted_at=None)
    mark = decided.aggregate(count=Count("pk"), last=Max("decided_at"))
    key = f"decision-times {since.timestamp():.0f} {mark['count']} {mark['last'] and mark['last'].timestamp()}"
    kept: dict[date, list[int]] | None = cache.get(key.replace(" ", "_"))
    if kept is not None:
        return kept
    found: dict[date, list[int]] = defaultdict(list)
    for submitted, end in decided.values_list("submitted_at", "decided_at").iterator():
        if submitted is not None and end is not None:
            found[end.astimezone(UTC).date().replace(day=1)].append(round((end - submitted).total_seconds()))
    cache.set(key.replace(" ", "_"), dict(found), KEPT_S)
    return dict(found)


def _months(today: date) -> list[date]:
    ordinal = today.year * 12 + today.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(ordinal - MONTHS + 1, ordinal + 1)]


def _nearest_rank(ranked: Sequence[int], percent: int) -> int:
    return ranked[-(-len(ranked) * percent // 100) - 1]
