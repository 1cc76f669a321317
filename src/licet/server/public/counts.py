"""This registry in numbers: counted from the entries of the record, by month in UTC, and nothing else.

Each number has its unit and how it was counted; a count of nothing is 0. The entries are those that every transition
writes (`service_layer/journal`), so anybody who has the record can count the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncMonth

from licet.lifecycle.application import REFUSAL_CODES, REVIEW_WORKING_DAYS
from licet.server.registry.models import Outbox

MONTHS = 12
LOOK_BACK = timedelta(days=200)  # an application that is decided in the first month was handed in before
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Month:
    """begin: its first moment; median_hours, p90_hours: from handing in to decision, None where nothing was decided."""

    begin: datetime
    received: int
    approved: int
    refused: int
    median_hours: float | None
    p90_hours: float | None
    checks_ok: int
    checks_failed: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """months: the oldest first, the running one last; the totals are over all of them; refusals: (code, count), each
    code that there is."""

    months: tuple[Month, ...]
    received: int
    approved: int
    refused: int
    median_hours: float | None
    p90_hours: float | None
    refusals: tuple[tuple[str, int], ...]
    checks_ok: int
    checks_failed: int
    promised_working_days: int = REVIEW_WORKING_DAYS

    @property
    def decided(self) -> int:
        """Approved and refused."""
        return self.approved + self.refused


def count_numbers(at: datetime) -> Numbers:
    """The numbers of the last twelve months, the running one included."""
    begins = _months(at)
    received: Counter[datetime] = Counter()
    approved: Counter[datetime] = Counter()
    refused: Counter[datetime] = Counter()
    codes: Counter[str] = Counter()
    hours: dict[datetime, list[float]] = {begin: [] for begin in begins}
    submitted: dict[str, datetime] = {}
    for subject, event, time, reason in _application_entries(begins[0] - LOOK_BACK, at):
        month = _month_of(time)
        if event == "submit":
            submitted[subject] = time
        if month not in hours:
            continue
        if event == "submit":
            received[month] += 1
            continue
        (approved if event == "approve" else refused)[month] += 1
        if event == "refuse":
            codes[reason.partition(" ")[0]] += 1
        if subject in submitted:
            hours[month].append((time - submitted[subject]).total_seconds() / HOUR_S)
    ok, failed = _checks("check_ok", begins[0], at), _checks("check_fail", begins[0], at)
    every = [one for month in begins for one in hours[month]]
    return Numbers(
        months=tuple(Month(begin, received[begin], approved[begin], refused[begin], quantile(hours[begin], 0.5),
                           quantile(hours[begin], 0.9), ok[begin], failed[begin]) for begin in begins),
        received=received.total(), approved=approved.total(), refused=refused.total(),
        median_hours=quantile(every, 0.5), p90_hours=quantile(every, 0.9),
        refusals=tuple((code, codes[code]) for code in REFUSAL_CODES),
        checks_ok=ok.total(), checks_failed=failed.total(),
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of all does not exceed (nearest rank); for a median of an even count
    the mean of both middle ones. None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    if share == 0.5 and len(ordered) % 2 == 0:
        return (ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]) / 2
    rank = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(0, int(rank) - 1)]


def _application_entries(since: datetime, at: datetime) -> Iterable[tuple[str, str, datetime, str]]:
    found = Outbox.objects.filter(type="application", event__in=("submit", "approve", "refuse"), time__gte=since,
                                  time__lte=at)
    return found.order_by("time", "pk").values_list("subject", "event", "time", "reason").iterator()


def _checks(event: str, since: datetime, at: datetime) -> Counter[datetime]:
    found = Outbox.objects.filter(type="endpoint", event=event, time__gte=since, time__lte=at)
    by_month = found.annotate(month=TruncMonth("time", tzinfo=UTC)).values_list("month").annotate(Count("pk"))
    return Counter(dict(by_month.order_by("month")))


def _months(at: datetime) -> list[datetime]:
    """The first moments of the last MONTHS months, the oldest first."""
    number = at.year * 12 + at.month - 1
    return [datetime(one // 12, one % 12 + 1, 1, tzinfo=UTC) for one in range(number - MONTHS + 1, number + 1)]


def _month_of(time: datetime) -> datetime:
    time = time.astimezone(UTC)
    return datetime(time.year, time.month, 1, tzinfo=UTC)
