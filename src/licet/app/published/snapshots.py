"""Published snapshots against the fold of the log: each by itself, and each step from one to the next.

By itself: its bytes have the digest of its entry, and the ends, statuses and days of each service are those that follow
from the log. Of a service that is not listed the log names no end; there the steps tell: an end comes or goes only
where something happened to the service in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from licet.app.published.difference import Comparison
from licet.errors import BadFile
from licet.lifecycle import endpoint_proof, publication, registration
from licet.lifecycle.fold import Fold, LoggedEndpoint, LoggedService
from licet.model.canonical import parse_time, sha256_digest
from licet.model.registration import Record
from licet.snapshot.entry import Entry
from licet.snapshot.form import Header, read_form

STALE = "stale"
SECOND_NS = 1_000_000_000
BOTH_COUNT_NS = endpoint_proof.BOTH_COUNT_HOURS * 3_600 * SECOND_NS
REDEMPTION = timedelta(days=registration.REDEMPTION_DAYS)
RECORDS_AN_ENDPOINT = 3  # its address, its key, and for three days the key before
PLACES_SHOWN = 4

End = tuple[str | None, str | None, int | None, str, str | None]
_NOTHING = LoggedService()


@dataclass(frozen=True, slots=True)
class PublishedSnapshot:
    """A snapshot as it was fetched."""

    serial: int
    published_ns: int
    records: tuple[Record, ...]
    digest: str

    @property
    def where(self) -> str:
        """What it is called in a sentence."""
        return f"snapshot {self.serial}"

    @property
    def day(self) -> date:
        """The day on which it was published, UTC."""
        return _day(self.published_ns)


def read_snapshot(where: str, raw: bytes) -> PublishedSnapshot:
    """Read a published snapshot. Raises BadFile."""
    header: Header
    header, records = read_form(where, raw)
    if header.serial is None or header.published_ns is None:
        raise BadFile(where, "has no number or no time, as a published snapshot has")
    return PublishedSnapshot(header.serial, header.published_ns, records, sha256_digest(raw))


def compare_snapshot(found: Comparison, log: Fold, published: PublishedSnapshot) -> None:
    """A snapshot against its entry, and each service in it against the fold."""
    logged = log.snapshots.get(published.serial)
    subject = publication.subject_of(published.serial)
    if logged is None:
        found.differ("snapshot_not_logged", subject, "the registry", f"that {published.where} is its newest", "nothing")
        return
    if logged.digest != published.digest:
        found.differ("snapshot_changed", subject, published.where, published.digest, logged.digest)
        return
    found.snapshots += 1
    by_service: dict[str, list[Record]] = defaultdict(list)
    for record in published.records:
        by_service[record.service].append(record)
    expected = {handle for handle, service in log.services.items() if service.status and any(service.counting())}
    for handle in sorted(expected | by_service.keys()):
        # What moved since, and made no new number, is still said rightly by this one.
        service = log.services.get(handle, _NOTHING)
        found.services += 1
        _OneService(found, log.unknown, published, handle, service).compare(by_service.get(handle, []))


@dataclass(frozen=True, slots=True)
class _OneService:
    """The records of one service in one snapshot against its fold. unknown: endpoints that may be of any service."""

    found: Comparison
    unknown: int
    published: PublishedSnapshot
    handle: str
    service: LoggedService

    def compare(self, records: Sequence[Record]) -> None:
        """Note every difference."""
        status = self.service.status
        if not status:
            self._differ("not_registered", f"that it is {records[0].status}",
                         self.service.registration or "that it never was registered")
            return
        named = {text: one for one in self.service.endpoints for text in (one.entry, one.mac1_key) if text}
        strangers, said = [], set[str]()
        for record in records:
            text = _entry(record) or record.mac1_key or ""
            said.add(text)
            self._compare_status(record, status)
            if text in named:
                self._compare_named(record, named[text])
            elif not self._is_old_key(record):
                strangers.append(record)
        for one in self.service.counting():
            for text in (one.entry, one.mac1_key):
                if text and text not in said:
                    self._differ("endpoint_missing", "nothing of it", f"{one.handle} {one.entry or 'its key'} counts")
                    break
        self._compare_strangers(strangers)

    def _compare_status(self, record: Record, status: str) -> None:
        is_stale = record.status == STALE and status == registration.OK
        if record.status != status and not (is_stale and any(one.state == STALE for one in self.service.endpoints)):
            self._differ("status_differs", f"{_place(record)} is {record.status}", status)

    def _compare_named(self, record: Record, endpoint: LoggedEndpoint) -> None:
        """A record of an end that the log names."""
        counts = endpoint.state in endpoint_proof.COUNTING
        if not counts and not self._is_lately(endpoint):
            self._differ("endpoint_differs", f"{_place(record)} counts", f"{endpoint.handle} is {endpoint.state}")
        if record.name and record.name != endpoint.name:
            self._differ("name_differs", f"{_place(record)} is {record.name}", endpoint.name or "no name")
        day = self._last_day()
        if counts and day is not None and _day(record.valid_until_ns) != day:
            self._differ("end_differs", f"{_place(record)} counts until {_day(record.valid_until_ns)}",
                         f"until {day}, {registration.REDEMPTION_DAYS} days after {self.service.end_day}")

    def _compare_strangers(self, strangers: Sequence[Record]) -> None:
        """Records that no entry names: there must be an endpoint of which the log does not say which end it is."""
        untold = [one for one in self.service.endpoints if not one.is_said]
        counting = sum(one.state in endpoint_proof.COUNTING for one in untold)
        room = counting + sum(one.state not in endpoint_proof.COUNTING and self._is_lately(one) for one in untold)
        self.found.untold += len(strangers)
        if len(strangers) > RECORDS_AN_ENDPOINT * (room + self.unknown):
            self._differ("endpoint_not_logged", _places(strangers), "no such endpoint of it")
        if len(strangers) < counting:
            self._differ("endpoint_missing", f"{len(strangers)} ends that are not named", f"{counting} that count")

    def _is_old_key(self, record: Record) -> bool:
        """True for a record of a key that was changed lately: it ends soon by itself."""
        return record.address is None and record.valid_until_ns <= self.published.published_ns + BOTH_COUNT_NS

    def _is_lately(self, endpoint: LoggedEndpoint) -> bool:
        """True where what was replaced may count beside what took its place."""
        return parse_time(endpoint.time) + BOTH_COUNT_NS >= self.published.published_ns

    def _last_day(self) -> date | None:
        """The day until which its records count, where the log alone says so."""
        if self.service.registration not in (registration.OK, registration.EXPIRING):
            return None
        try:
            day = date.fromisoformat(self.service.end_day) + REDEMPTION
        except (ValueError, OverflowError):
            return None
        return day if day > self.published.day else None

    def _differ(self, code: str, said: str, logged: str) -> None:
        self.found.differ(code, self.handle, self.published.where, said, logged)


def compare_step(found: Comparison, log: Fold, before: PublishedSnapshot, after: PublishedSnapshot) -> None:
    """Two snapshots, one after the other: a service gains or loses an end only where an entry of it lies between, or
    where the end was over by what the first of them said."""
    first, last = log.snapshots.get(before.serial), log.snapshots.get(after.serial)
    if first is None or last is None or not (first.is_settled and last.is_settled):
        return
    old, new = _ends(before), _ends(after)
    where = f"the step from {before.where} to {after.where}"
    for handle in sorted(old.keys() | new.keys()):
        if log.services.get(handle, _NOTHING).moved_between(first.index, last.index):
            continue
        had, has = old.get(handle, {}), new.get(handle, {})
        added = [one for end, one in has.items() if end not in had]
        gone = [one for end, one in had.items() if end not in has and one.valid_until_ns > after.published_ns]
        if added:
            found.differ("end_added", handle, where, f"{_places(added)} is new", "that nothing happened to it")
        if gone:
            found.differ("end_gone", handle, where, f"{_places(gone)} is gone", "that nothing happened to it")


def _ends(published: PublishedSnapshot) -> Mapping[str, dict[End, Record]]:
    found: dict[str, dict[End, Record]] = defaultdict(dict)
    for one in published.records:
        found[one.service][one.address, one.transport, one.port, one.protocol, one.mac1_key] = one
    return found


def _entry(record: Record) -> str:
    if record.address is None:
        return ""
    return str(Entry(record.address, record.transport, record.port, record.protocol))


def _place(record: Record) -> str:
    return _entry(record) or "its key"


def _places(records: Sequence[Record]) -> str:
    more = "" if len(records) <= PLACES_SHOWN else f" and {len(records) - PLACES_SHOWN} more"
    return ", ".join(_place(one) for one in records[:PLACES_SHOWN]) + more


def _day(time_ns: int) -> date:
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).date()
