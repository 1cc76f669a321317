"""Counting: one walk over the entries of a log in their order, for a period and for each of its months.

Times are measured on whole seconds, cut; a median or a percentile is the nearest rank, so that it is one of the values.
A time, and an effect on traffic, that fewer than SMALL cases make up is withheld: it would tell of one officer's
working day, or of a few people's use (charter, lines 1 and 10). Counts of entries are not: each entry is public.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from licet.app.transparency.numbers import (
    AFFECTED,
    ASKS,
    BODIES,
    COUNT,
    DETAIL_SUM,
    IN_FORCE,
    IN_TIME,
    MEASURED,
    MEDIAN,
    NUMBERS,
    P90,
    STANDING,
    Number,
)
from licet.errors import BadInput
from licet.lifecycle.order import IN_FORCE as IN_FORCE_STATES
from licet.lifecycle.order import endpoint_handle
from licet.model.canonical import Json, day_ns
from licet.model.log_entry import LogEntry

SMALL = 10
SECOND_NS = 1_000_000_000
DAYS_MAX = 366 * 50

_TIMES = {number.name: number for number in NUMBERS if number.how in (MEDIAN, P90)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the report looks at of an entry. index: in the log; at_ns: when it happened; redactions: how many bodies it
    takes back; details: empty where nothing here asks for them."""

    index: int
    at_ns: int
    kind: str
    subject: str
    event: str
    before: str
    after: str
    reason: str
    redactions: int = 0
    details: Mapping[str, Json] = field(default_factory=dict)


def seen_of(index: int, at_ns: int, entry: LogEntry) -> Seen:
    """An entry as it stands in the log."""
    return Seen(index, at_ns, entry.kind, entry.subject, entry.event, entry.before, entry.after, entry.reason,
                len(entry.redactions), entry.details)


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadInput(f"the report would end on {self.last}, before it begins on {self.first}")
        if (self.last - self.first).days > DAYS_MAX:
            raise BadInput(f"the report would be of more than {DAYS_MAX:,} days")

    @property
    def begin_ns(self) -> int:
        """Its first moment."""
        return day_ns(self.first)

    @property
    def end_ns(self) -> int:
        """The first moment after it."""
        return day_ns(self.last) + 86_400 * SECOND_NS

    def months(self) -> tuple[Period, ...]:
        """Its calendar months; the first and the last one may be parts."""
        found, first = [], self.first
        while first <= self.last:
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            found.append(Period(first, min(self.last, following - timedelta(days=1))))
            first = following
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Counted:
    """A number with its value, None where it is withheld or there is nothing to measure. cases: how many entries, or
    times, it is made of; splits: for each breakdown of the number (value, count), the known values first."""

    number: Number
    value: int | None
    cases: int
    splits: tuple[tuple[tuple[str, int], ...], ...] = ()

    @property
    def is_withheld(self) -> bool:
        """True where it is made of too few cases to be shown."""
        return self.value is None and self.cases > 0


@dataclass(frozen=True, slots=True)
class Report:
    """origin: of the log; first, last: index of the first and the last entry of the period, None where there is none;
    entries: how many it has; months: each with its numbers."""

    origin: str
    period: Period
    entries: int
    first: int | None
    last: int | None
    numbers: tuple[Counted, ...]
    months: tuple[tuple[Period, tuple[Counted, ...]], ...]

    def value(self, name: str) -> int | None:
        """The value of a number."""
        return next(one.value for one in self.numbers if one.number.name == name)


@dataclass(slots=True)
class _Tally:
    """The counts of one period, as they grow. said: how many entries have the detail that is summed up; splits: by
    number, breakdown and value; times: by number, in seconds; first, last: index of its first and its last entry."""

    period: Period
    begin_ns: int
    end_ns: int
    counts: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    splits: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    times: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in _TIMES})
    entries: int = 0
    first: int | None = None
    last: int | None = None

    def note(self, index: int) -> None:
        """One entry more. They come in the order of the log."""
        self.entries += 1
        self.last = index
        if self.first is None:
            self.first = index


# What an entry with certain members is to a number: it begins the time that the number measures, or is counted.
_Role = tuple[Number, bool, bool]


class Fold:
    """What is known of subjects while the entries go by, and the tallies that they go into."""

    def __init__(self, period: Period) -> None:
        self.whole, *self.months = (_Tally(one, one.begin_ns, one.end_ns) for one in (period, *period.months()))
        self._ends = [month.end_ns for month in self.months]
        self._roles: dict[tuple[str, str, str, str], tuple[_Role, ...]] = {}
        self._begun: dict[tuple[str, str], int] = {}  # (number, subject): when the time that is measured began
        self._overdue: set[str] = set()
        self._births: dict[str, Mapping[str, Json]] = {}  # details of the first entries of orders
        self._in_force: dict[str, int] = {}  # since when
        self._standing: dict[str, list[tuple[int, str]]] = {}
        self._latest_ns = 0

    def take(self, seen: Seen) -> None:
        """Take the next entry of the log."""
        self._latest_ns = max(self._latest_ns, seen.at_ns)
        tallies: tuple[_Tally, ...] = ()
        if self.whole.begin_ns <= seen.at_ns < self.whole.end_ns:
            tallies = (self.whole, self.months[bisect_right(self._ends, seen.at_ns)])
            for tally in tallies:
                tally.note(seen.index)
        if seen.kind == "order":
            self._follow_states(seen)
        for number, begins, is_counted in self._roles_of(seen):
            if begins:
                self._begun[number.name, seen.subject] = seen.at_ns
            if is_counted:
                self._count(number, seen, tallies)
        if seen.event == "clock" and seen.reason == "overdue":
            self._overdue.add(seen.subject)

    def _roles_of(self, seen: Seen) -> tuple[_Role, ...]:
        """The numbers that an entry is something to: found once for entries of the same members."""
        members = (seen.kind, seen.event, seen.after, seen.reason.partition(" ")[0])
        found = self._roles.get(members)
        if found is None:
            every = [(number, number.begins is not None and number.begins.fits(*members),
                      any(query.fits(*members) for query in number.queries))
                     for number in NUMBERS if number.how not in (IN_FORCE, STANDING)]
            found = self._roles[members] = tuple(one for one in every if one[1] or one[2])
        return found

    def report(self, origin: str, latest_ns: int = 0) -> Report:
        """What was counted. latest_ns: the time of the newest entry of the log, where not all of them were taken."""
        for tally in (self.whole, *self.months):
            self._close(tally, max(latest_ns, self._latest_ns))
        return Report(
            origin, self.whole.period, self.whole.entries, self.whole.first, self.whole.last, _counted(self.whole),
            tuple((one.period, _counted(one)) for one in self.months))

    def _count(self, number: Number, seen: Seen, tallies: tuple[_Tally, ...]) -> None:
        if number.begins is not None:
            begun = self._begun.pop((number.name, seen.subject), None)
            if begun is not None:
                for tally in tallies:
                    tally.times[number.name].append((seen.at_ns - begun) // SECOND_NS)
            return
        if number.how == ASKS:
            _count_asks(number, seen, tallies)
            return
        amount = self._amount(number, seen)
        for tally in tallies:
            tally.counts[number.name] += amount
            tally.cases[number.name] += 1
            if number.how == DETAIL_SUM and _whole(seen.details.get(number.detail)) is not None:
                tally.said[number.name] += 1
            for one in number.breakdowns:
                value = seen.reason.partition(" ")[0] if one.by == "reason" else self._birth(seen, one.by)
                if value:
                    tally.splits[number.name, one.by, value] += amount

    def _amount(self, number: Number, seen: Seen) -> int:
        """What one entry adds to a number."""
        if number.how == IN_TIME:
            return int(seen.subject not in self._overdue)
        if number.how == AFFECTED:
            return int(self._was_in_force(seen))
        if number.how == DETAIL_SUM:
            return _whole(seen.details.get(number.detail)) or 0
        return seen.redactions if number.how == BODIES else 1

    def _was_in_force(self, seen: Seen) -> bool:
        """Whether the order, or the order of this endpoint, was in force before this entry."""
        if seen.kind == "order":
            return seen.before in IN_FORCE_STATES
        return any(endpoint_handle(order, int(seen.subject[-2:])) == seen.subject for order in self._in_force
                   if seen.subject[-2:].isdigit())

    def _birth(self, seen: Seen, name: str) -> str:
        value = self._births.get(seen.subject, {}).get(name)
        return value if isinstance(value, str) else ""

    def _follow_states(self, seen: Seen) -> None:
        if seen.before == "":
            self._births[seen.subject] = seen.details
        self._standing.setdefault(seen.subject, []).append((seen.at_ns, seen.after))
        is_in_force = seen.after in IN_FORCE_STATES
        since = self._in_force.get(seen.subject)
        if is_in_force and since is None:
            self._in_force[seen.subject] = seen.at_ns
        elif not is_in_force and since is not None:
            del self._in_force[seen.subject]
            self._add_in_force(since, seen.at_ns)

    def _add_in_force(self, since_ns: int, until_ns: int) -> None:
        for tally in (self.whole, *self.months):
            overlap = min(until_ns, tally.end_ns) - max(since_ns, tally.begin_ns)
            if overlap > 0:
                tally.counts["orders_in_force_s"] += overlap // SECOND_NS

    def _close(self, tally: _Tally, latest_ns: int) -> None:
        """What stands at the end of a period, and what is in force still: as far as the log goes."""
        for since in self._in_force.values():
            overlap = min(tally.end_ns, latest_ns) - max(since, tally.begin_ns)
            tally.counts["orders_in_force_s"] += max(0, overlap) // SECOND_NS
        for states in self._standing.values():
            before = [state for at_ns, state in states if at_ns < tally.end_ns]
            tally.counts["orders_standing"] += int(bool(before) and before[-1] in IN_FORCE_STATES)


def count(entries: Iterable[Seen], period: Period, origin: str, latest_ns: int = 0) -> Report:
    """The report of a period. entries: all of the log in its order; or those of the period, and those before it that
    REMEMBERED_KINDS and REMEMBERED name, and then latest_ns is the time of the newest of all."""
    fold = Fold(period)
    for seen in entries:
        fold.take(seen)
    return fold.report(origin, latest_ns)


# What a later period's numbers can depend on: where a time begins, what an order or a request is.
REMEMBERED_KINDS = frozenset({"order", "request", "appeal"})
REMEMBERED = (("application", "submit"),)
# Of these kinds more is looked at than where a subject moved.
DETAILED_KINDS = frozenset({"order", "request", "redaction"})


def _whole(value: Json) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _count_asks(number: Number, seen: Seen, tallies: tuple[_Tally, ...]) -> None:
    """Each ask of an answered request, by the code of its answer."""
    codes = [code for name, code in seen.details.items() if name.startswith("ask") and isinstance(code, str) and code]
    for tally in tallies:
        tally.counts[number.name] += len(codes)
        tally.cases[number.name] += len(codes)
        for code in codes:
            tally.splits[number.name, ASKS, code] += 1


def nearest_rank(values: Iterable[int], percent: int) -> int | None:
    """The smallest value that at least this share of all does not exceed; None of nothing."""
    ranked = sorted(values)
    return ranked[-(-len(ranked) * percent // 100) - 1] if ranked else None


def _counted(tally: _Tally) -> tuple[Counted, ...]:
    return tuple(_value(number, tally) for number in NUMBERS)


def _value(number: Number, tally: _Tally) -> Counted:
    if number.how == MEASURED:
        return Counted(number, number.value, number.value)
    if number.how in (MEDIAN, P90):
        times = tally.times[number.name]
        value = nearest_rank(times, 50 if number.how == MEDIAN else 90)
        return Counted(number, value if len(times) >= SMALL else None, len(times))
    value = tally.counts[number.name]
    if number.how == DETAIL_SUM:
        said, ended = tally.said[number.name], tally.cases[number.name]
        # Where orders ended and none says its effect, 0 would be untrue.
        return Counted(number, None if 0 < value < SMALL or (ended and not said) else value, said)
    splits = tuple(
        (*((known, tally.splits[number.name, one.by, known]) for known in one.known),
         *sorted((value, count) for (name, by, value), count in tally.splits.items()
                 if (name, by) == (number.name, one.by) and value not in one.known))
        for one in number.breakdowns)
    return Counted(number, value, tally.cases[number.name] if number.how == COUNT else value, splits)
