"""The numbered snapshot that anybody can download: in the form that `licet scan --registry` reads (docs/formats.md).

A new serial is taken only when the records changed, and a serial never changes its content. What is in it is what
counts: registrations and provisional ones, with every endpoint whose proof stands. A service that is not listed counts
as any other; its DNS names stay out. `until` is when an entry stops counting if nobody does anything more, so that a
copy which is not refreshed errs on the side of the registered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q

from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof, publication
from licet.lifecycle import registration as registrations
from licet.model.canonical import Json, moment_ns, sha256_digest
from licet.model.registration import Record
from licet.server.registry.models import Application, Endpoint, Outbox, Registration, Registry, Service, Snapshot
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import MACHINE
from licet.server.registry.service_layer.locks import lock_registry, settle_outbox
from licet.snapshot.form import Header, write_form
from licet.snapshot.record_line import SortKey, sort_key

STALE = "stale"
ATTESTED = "attested"
PROVISIONAL = "provisional"
REDEMPTION = timedelta(days=registrations.REDEMPTION_DAYS)
SECOND_NS = 1_000_000_000

Mark = tuple[Any, ...]
TRIES = 3
READ_AGAIN = timedelta(minutes=10)  # whatever the marks say
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The snapshot and the mark at which this process last read everything: most minutes nothing happens in a registry.
_known: dict[str, tuple[Any, ...]] = {}

# What of a row is read for a record; the rest of it stays in the database.
_ENDPOINT_FIELDS = (
    "service_id", "address", "transport", "port", "tunnel_protocol", "name", "mac1_key", "key_since", "old_mac1_key",
    "old_key_until", "state", "valid_since", "counts_until", "cr_date",
)
_REGISTRATION_FIELDS = (
    "state", "state_since", "cr_date", "ex_date", "service__handle", "service__is_listed", "service__is_attested",
)

# States that no date ends by itself: the clock decides later, or people do.
_OPEN_ENDED = frozenset({
    registrations.NOTICED, registrations.NOTICED_APPEAL, registrations.SERVER_HOLD, registrations.PENDING_DELETE,
    registrations.HELD,
})


def publish(*, at: datetime, after: int = 0) -> Snapshot:
    """The snapshot of this moment: the last one, where nothing changed since, else a new one.

    after: the highest number that others have seen. A registry that was restored from an older backup may not know of
    it, and a number must never get other content: the next one is higher.

    A large registry takes seconds to read, so that is done without a lock that writers would wait for. What was read is
    published if nothing moved meanwhile. Where somebody writes all the time, what was read last is published under the
    lock all the same: what moved meanwhile is in the next one.
    """
    for _ in range(TRIES):
        before = _mark(at)
        last = _last()
        if last is not None and last.serial >= after and _known.get("nothing new") == (last.digest, *before):
            return last
        made = _publish(at, records_at(at), before, after)
        if made is not None:
            return made
    with transaction.atomic():
        registry, records = lock_registry(), records_at(at)
        return _numbered(at, records, _content(registry.name, records), registry.name, after, is_settled=False)


@transaction.atomic
def _publish(at: datetime, records: list[Record], mark: Mark, after: int) -> Snapshot | None:
    """Publish records where they still are what the registry holds, and nobody is about to change that; else None.
    mark: taken before they were read."""
    content = _content(mark[0], records)  # of a large registry this takes a while: before the lock
    registry = lock_registry()
    if not settle_outbox() or _mark(at) != mark:
        return None
    last = _numbered(at, records, content, registry.name, after)
    _known["nothing new"] = (last.digest, *mark)
    return last


def _content(name: str, records: list[Record]) -> str:
    """The digest by which two snapshots have the same content, whatever their numbers."""
    return sha256_digest(write_form(Header(None, name), records))


def _numbered(at: datetime, records: list[Record], content: str, name: str, after: int, *,
              is_settled: bool = True) -> Snapshot:
    """The last snapshot where it has this content, else a new one, which gets an entry of the log. The caller holds the
    registry's lock. is_settled: everything that moved before this entry is in it."""
    last = _last()
    if last is None or last.content_digest != content or last.serial < after:
        serial = max(0 if last is None else last.serial, after) + 1
        body = write_form(Header(serial, name, _whole(moment_ns(at))), records)
        last = Snapshot.objects.create(serial=serial, digest=sha256_digest(body), content_digest=content,
                                       records=len(records), published_at=at, body=body)
        note_snapshot(last, at, is_settled=is_settled)
    return last


def note_snapshot(snapshot: Snapshot, at: datetime, *, is_settled: bool) -> None:
    """Write the entry of a snapshot, inside the caller's transaction."""
    done = journal.begin(publication.TABLE, "publish", MACHINE, at)
    details: dict[str, Json] = {"serial": snapshot.serial, "digest": snapshot.digest, "records": snapshot.records}
    if not is_settled:
        details["unsettled"] = True
    journal.write(done, publication.subject_of(snapshot.serial), details)


def _last() -> Snapshot | None:
    return Snapshot.objects.order_by("-serial").defer("body").first()


def _mark(at: datetime) -> Mark:
    """What differs where any record could: the registry's name, how many entries there are, what services say of
    themselves, and how many ends have come. Entries are counted, for the one with the largest key need not be the last
    that was committed."""
    services = Service.objects.aggregate(count=Count("pk"), last=Max("up_date"))
    ended = Endpoint.objects.aggregate(
        counts=Count("pk", filter=Q(counts_until__lte=at)), keys=Count("pk", filter=Q(old_key_until__lte=at)),
        last=Max("up_date"))
    name = Registry.objects.values_list("name", flat=True).get(pk=1)
    moved = Outbox.objects.count() - Outbox.objects.filter(type=publication.TABLE.kind).count()
    return name, moved, *services.values(), *ended.values(), at.year, (at - _EPOCH) // READ_AGAIN


@dataclass(frozen=True, slots=True)
class _Counting:
    """A service that counts: its handle, whether it is listed, with which status, and from when until when."""

    handle: str
    is_listed: bool
    status: str
    begin: datetime
    end: datetime


def records_at(at: datetime, only: Collection[int] | None = None) -> list[Record]:
    """Every record of the registry as of a moment, in the order of a snapshot. only: keys of the services whose records
    are wanted, None for all."""
    some = Q() if only is None else Q(service_id__in=only)
    services = _counting_services(at, some)
    counting = Q(state__in=endpoint_proof.COUNTING) | Q(state=endpoint_proof.GONE, counts_until__gt=at)
    found: dict[SortKey, Record] = {}
    endpoints = Endpoint.objects.filter(counting, some, dropped_at=None).order_by("pk").only(*_ENDPOINT_FIELDS)
    for endpoint in endpoints.iterator():
        service = services.get(endpoint.service_id)
        if service is not None:
            _keep(found, _records(service, endpoint, at))
    return [found[key] for key in sorted(found)]


def _counting_services(at: datetime, some: Q) -> dict[int, _Counting]:
    """Registered and provisional services among some, by their keys. A service is not both: who is registered does not
    apply."""
    found: dict[int, _Counting] = {}
    for application in Application.objects.filter(some, state=applications.PROVISIONAL).select_related("service"):
        service = application.service
        found[service.pk] = _Counting(service.handle, service.is_listed, PROVISIONAL, application.state_since,
                                      _end_of_next_year(at))
    standing = Registration.objects.filter(some).exclude(state__in=registrations.OVER).select_related("service")
    for registration in standing.only(*_REGISTRATION_FIELDS).iterator():
        service = registration.service
        status = registrations.published_status(registration.state)
        if service.is_attested and status != registrations.SERVER_HOLD:
            status = ATTESTED
        found[service.pk] = _Counting(service.handle, service.is_listed, status, registration.cr_date,
                                      _end(registration, at))
    return found


def _records(service: _Counting, endpoint: Endpoint, at: datetime) -> Iterator[Record]:
    """The records of an endpoint: for its address, its key, and the key that it had until lately."""
    is_stale = endpoint.state == endpoint_proof.STALE and service.status == registrations.OK
    begin = _no_later(max(service.begin, endpoint.valid_since or endpoint.cr_date), at)
    end = min(service.end, endpoint.counts_until or service.end)
    common = Record(
        address=None, transport=None, port=None, protocol=endpoint.tunnel_protocol, mac1_key=None, name=None,
        service=service.handle, status=STALE if is_stale else service.status,
        valid_from_ns=_whole(moment_ns(begin)), valid_until_ns=_whole(moment_ns(end)),
    )
    if endpoint.address:
        yield replace(common, address=endpoint.address, transport=endpoint.transport or None, port=endpoint.port,
                      name=(endpoint.name or None) if service.is_listed else None)
    if endpoint.mac1_key:
        since = max(begin, _no_later(endpoint.key_since or begin, at))
        yield replace(common, mac1_key=endpoint.mac1_key, valid_from_ns=_whole(moment_ns(since)))
    if endpoint.old_mac1_key and endpoint.old_key_until is not None and endpoint.old_key_until > at:
        yield replace(common, mac1_key=endpoint.old_mac1_key,
                      valid_until_ns=_whole(moment_ns(min(end, endpoint.old_key_until))))


def _keep(found: dict[SortKey, Record], records: Iterator[Record]) -> None:
    """Add records; of two for the same thing the one that counts longer stays, with the earlier beginning."""
    for record in records:
        if record.valid_from_ns >= record.valid_until_ns:
            continue  # It began and ended within a second.
        key = sort_key(record)
        twin = found.get(key)
        if twin is not None:
            longer = max(record, twin, key=lambda one: one.valid_until_ns)
            record = replace(longer, valid_from_ns=min(record.valid_from_ns, twin.valid_from_ns))
        found[key] = record


def _end(registration: Registration, at: datetime) -> datetime:
    """When a registration stops counting, if nobody does anything more. One that the clock should have moved and did
    not, because the registry was away, counts until it is moved."""
    end = registration.ex_date + REDEMPTION
    if registration.state == registrations.REDEMPTION:
        end = max(end, registration.state_since + REDEMPTION)
    if registration.state in _OPEN_ENDED or end <= at:
        return max(end, _end_of_next_year(at))
    return end


def _no_later(begin: datetime, at: datetime) -> datetime:
    """The beginning of what counts now. Where the clock was set back, it began in a future that nobody should have to
    wait for; the day, and not the moment, so that a copy from a minute later says the same."""
    return begin if begin <= at else datetime.combine(at.astimezone(UTC).date(), time(), UTC)


def _end_of_next_year(at: datetime) -> datetime:
    """More than a year ahead, and the same for a year: a date that moved with every moment would be a new serial."""
    return datetime(at.astimezone(UTC).year + 2, 1, 1, tzinfo=UTC)


def _whole(time_ns: int) -> int:
    """Whole seconds, as snapshots have them."""
    return time_ns // SECOND_NS * SECOND_NS
