"""What the clock does: time-outs, expiry, reminders, rechecks, and what is overdue. `licet run-due` and the service's
own worker call it; running it twice at one moment is the same as once, and each subject moves in a transaction of its
own, so that one that cannot move keeps nobody else waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from licet.lifecycle import application as applications
from licet.lifecycle import domain_proof, endpoint_proof
from licet.lifecycle import registration as registrations
from licet.lifecycle.due import is_due, is_spared, was_away
from licet.lifecycle.table import TIME_PASSED, EventRefused, Table, Transition
from licet.model.canonical import moment_ns
from licet.server.registry.models import (
    Application,
    DomainProof,
    Endpoint,
    MemberInvitation,
    Notice,
    Registration,
    Registry,
    Service,
)
from licet.server.registry.service_layer import domains, journal
from licet.server.registry.service_layer.actors import CLOCK, registry
from licet.server.registry.service_layer.decisions import notify
from licet.server.registry.service_layer.endpoints import details_of
from licet.server.registry.service_layer.locks import lock_organisation, lock_registry, lock_service
from licet.server.registry.service_layer.registrations import GIVEN_BACK
from licet.server.registry.service_layer.standing import proofs_valid

BATCH = 500
MOVES_A_SUBJECT_MAX = 8  # no chain of time-outs is this long
DAY = timedelta(days=1)

# Mail before the end of a registration, in days before it.
REMINDERS_DAYS = (30, 7)  # that it is near, 60 days before, is the first mail
NOTICE = timedelta(days=endpoint_proof.NOTICE_DAYS)


class Spared(Exception):
    """A subject whose time has come, but which loses nothing while the registry has only just come back."""


@dataclass
class DueReport:
    """What a run did. moved: how many transitions, by `kind event→state`; held_back: subjects whose time has come, but
    which lack a fact for the move, or are spared because the registry was away."""

    moved: Counter[str] = field(default_factory=Counter)
    held_back: int = 0

    def __str__(self) -> str:
        moves = ", ".join(f"{count} {what}" for what, count in sorted(self.moved.items()))
        return f"{moves or 'nothing was due'}; {self.held_back} held back"


def run_due(*, at: datetime) -> DueReport:
    """Move everything whose time has come. Raises Refused where there is no registry yet."""
    report = DueReport()
    kind = _come_back(at)
    _run_applications(report, kind, at)
    _run_endpoints(report, kind, at)
    _run_registrations(report, kind, at)
    _run_domains(report, kind, at)
    MemberInvitation.objects.filter(expires__lte=at).delete()
    with transaction.atomic():
        row = lock_registry()
        row.clock_ran_at = at
        row.save()
    return report


@transaction.atomic
def _come_back(at: datetime) -> Registry:
    """The registry's row; notes in it where the clock did not run for days, or was set."""
    registry()
    row = lock_registry()
    ran_ns = None if row.clock_ran_at is None else moment_ns(row.clock_ran_at)
    if was_away(ran_ns, moment_ns(at)):
        row.resumed_at = at
        row.save()
    return row


def _move(row: journal.Moving, table: Table, kind: Registry, at: datetime,
          facts: frozenset[str] = frozenset()) -> Transition:
    """What the clock does with a row, in memory. Raises EventRefused where a fact is missing, and Spared."""
    done = journal.move(row, table, TIME_PASSED, CLOCK, at, facts=facts)
    resumed_ns = None if kind.resumed_at is None else moment_ns(kind.resumed_at)
    if done.after in table.losses and is_spared(resumed_ns, moment_ns(at)):
        raise Spared
    return done


def _before(table: Table, state: str, at: datetime) -> datetime:
    """What began after this cannot be due. Working days are at least as long as days: what is chosen here is looked at
    again, one by one; nothing else is locked or read."""
    return at - timedelta(days=table.after[state].days)


def _run_applications(report: DueReport, kind: Registry, at: datetime) -> None:
    for state in applications.TABLE.after:
        field = "clock_since__lte" if state == applications.IN_REVIEW else "state_since__lte"
        waiting = Application.objects.filter(state=state, **{field: _before(applications.TABLE, state, at)})
        if state == applications.IN_REVIEW:
            waiting = waiting.filter(escalated_at=None)
        for application in _each(waiting):
            _run(report, partial(_application_due, application, kind, at))


def _application_due(application: Application, kind: Registry, at: datetime) -> Iterator[str]:
    service = _lock_with_organisation(application.service_id)
    application = service.applications.get(pk=application.pk)
    is_waiting = application.state == applications.IN_REVIEW
    since = application.clock_since if is_waiting else application.state_since
    if not _is_due(applications.TABLE, application.state, since, at) or (is_waiting and application.escalated_at):
        return
    done = _move(application, applications.TABLE, kind, at, application_facts(application, service, kind))
    if done.after == applications.IN_REVIEW:
        application.escalated_at = at
    application.save()
    journal.write(done, application.handle, {"service": service.handle})
    if done.after != applications.IN_REVIEW:
        notify(service, f"application_{done.after}", f"{done.after} {application.handle}", at)
    yield f"application {done.event}→{done.after}"


def application_facts(application: Application, service: Service, kind: Registry) -> frozenset[str]:
    """What is so, of all that an overdue application needs."""
    organisation = service.organisation
    provisional = Application.objects.filter(service__organisation=organisation,
                                             state=applications.PROVISIONAL).count()
    facts = {
        applications.OWNED_NETWORK: kind.is_owned,
        applications.PUBLIC_NETWORK: not kind.is_owned,
        applications.PROOFS_VALID: proofs_valid(service),
        applications.ORGANISATION_CONFIRMED: organisation is not None and organisation.is_confirmed,
        applications.ACCOUNT_CONFIRMED: organisation is not None and account_confirmed(organisation.pk),
        applications.PROVISIONAL_PLACE_LEFT: provisional < applications.PROVISIONAL_PER_ORGANISATION_MAX,
    }
    return frozenset(fact for fact, holds in facts.items() if holds)


def account_confirmed(organisation_pk: int) -> bool:
    """True where a member of the organisation has an address that was confirmed."""
    found = EmailAddress.objects.filter(user__memberships__organisation_id=organisation_pk, verified=True)
    return bool(found.exists())


def _run_endpoints(report: DueReport, kind: Registry, at: datetime) -> None:
    proven = Endpoint.objects.filter(service__is_attested=False, dropped_at=None)
    table = endpoint_proof.TABLE
    pending = Q(state=endpoint_proof.PENDING, state_since__lte=_before(table, endpoint_proof.PENDING, at))
    valid = Q(state=endpoint_proof.VALID, recheck_asked_at=None) & (
        Q(checked_at__lte=_before(table, endpoint_proof.VALID, at))
        | Q(checked_at=None, state_since__lte=_before(table, endpoint_proof.VALID, at)))
    # A stale one is looked at for its daily recheck, and from its second notice on until it counts no more.
    stale = Q(state=endpoint_proof.STALE) & (
        Q(recheck_asked_at=None) & (Q(checked_at=None) | Q(checked_at__lte=at - DAY))
        | Q(state_since__lte=at - NOTICE))
    for endpoint in _each(proven.filter(pending | valid | stale)):
        # In a transaction of its own: what is not moved for want of a notice must not take the notice back.
        _run(report, partial(_stale_care, endpoint, at))
        _run(report, partial(_endpoint_due, endpoint, kind, at))


def _stale_care(endpoint: Endpoint, at: datetime) -> Iterator[str]:
    """What a stale endpoint's owner is told, and that it is checked again every day."""
    service = lock_service(endpoint.service_id)
    endpoint = service.endpoints.get(pk=endpoint.pk)
    if endpoint.state == endpoint_proof.STALE:
        _stale_notices(service, endpoint, at)
        checked = endpoint.checked_at or endpoint.state_since
        if checked + DAY <= at and endpoint.recheck_asked_at is None:
            endpoint.recheck_asked_at = at
            endpoint.save()
    yield from ()


def _endpoint_due(endpoint: Endpoint, kind: Registry, at: datetime) -> Iterator[str]:
    service = lock_service(endpoint.service_id)
    endpoint = service.endpoints.get(pk=endpoint.pk)
    is_valid = endpoint.state == endpoint_proof.VALID
    checked = endpoint.checked_at or endpoint.state_since
    since = checked if is_valid else endpoint.state_since
    if not _is_due(endpoint_proof.TABLE, endpoint.state, since, at) or (is_valid and endpoint.recheck_asked_at):
        return
    done = _move(endpoint, endpoint_proof.TABLE, kind, at, _endpoint_facts(endpoint, at))
    if done.after == endpoint_proof.VALID:
        endpoint.recheck_asked_at = at
    endpoint.save()
    journal.write(done, endpoint.handle, details_of(service, endpoint))
    yield f"endpoint {done.event}→{done.after}"


def _stale_key(endpoint: Endpoint, number: int) -> str:
    return f"stale {endpoint.pk} {endpoint.state_since.isoformat()} {number}"


def _stale_notices(service: Service, endpoint: Endpoint, at: datetime) -> None:
    """Both notices that must go out before a stale endpoint stops counting: at once, and half the time after that one
    was sent, however late that was."""
    notify(service, "stale", _stale_key(endpoint, 1), at)
    if at >= endpoint.state_since + NOTICE and _was_sent(endpoint, 1, at):
        notify(service, "stale", _stale_key(endpoint, 2), at)


def _endpoint_facts(endpoint: Endpoint, at: datetime) -> frozenset[str]:
    is_told = _was_sent(endpoint, endpoint_proof.STALE_NOTICES, at)
    return frozenset({endpoint_proof.NOTICES_SENT}) if is_told else frozenset()


def _was_sent(endpoint: Endpoint, number: int, at: datetime) -> bool:
    """True where this notice went out long enough ago for what comes next."""
    return _went_out(_stale_key(endpoint, number), at)


def _went_out(key: str, at: datetime) -> bool:
    return Notice.objects.filter(key=key, sent_at__lte=at - NOTICE).exists()


def _run_domains(report: DueReport, kind: Registry, at: datetime) -> None:
    proven = DomainProof.objects.filter(recheck_asked_at=None)
    valid = Q(state=domain_proof.VALID, checked_at__lte=_before(domain_proof.TABLE, domain_proof.VALID, at))
    stale = DomainProof.objects.filter(state=domain_proof.STALE)
    for proof in _each(proven.filter(valid) | stale):
        _run(report, partial(_stale_domain_care, proof, at))
        _run(report, partial(_domain_due, proof, kind, at))


def _stale_domain_care(proof: DomainProof, at: datetime) -> Iterator[str]:
    """As for a stale endpoint: two notices, and a check every day."""
    lock_organisation(proof.organisation_id)
    proof = DomainProof.objects.get(pk=proof.pk)
    if proof.state == domain_proof.STALE:
        domains.notify_stale(proof, 1, at)
        if at >= proof.state_since + NOTICE and _went_out(domains.stale_key(proof, 1), at):
            domains.notify_stale(proof, 2, at)
        if (proof.checked_at or proof.state_since) + DAY <= at and proof.recheck_asked_at is None:
            proof.recheck_asked_at = at
            proof.save()
    yield from ()


def _domain_due(proof: DomainProof, kind: Registry, at: datetime) -> Iterator[str]:
    lock_organisation(proof.organisation_id)
    proof = DomainProof.objects.select_related("organisation").get(pk=proof.pk)
    is_valid = proof.state == domain_proof.VALID
    since = (proof.checked_at or proof.state_since) if is_valid else proof.state_since
    if not _is_due(domain_proof.TABLE, proof.state, since, at) or (is_valid and proof.recheck_asked_at):
        return
    is_told = _went_out(domains.stale_key(proof, endpoint_proof.STALE_NOTICES), at)
    facts = frozenset({endpoint_proof.NOTICES_SENT}) if is_told else frozenset()
    done = _move(proof, domain_proof.TABLE, kind, at, facts)
    if done.after == domain_proof.VALID:
        proof.recheck_asked_at = at
    else:
        domains.lose_domain(proof, at)
    proof.save()
    journal.write(done, proof.handle, domains.details_of(proof))
    yield f"domain {done.event}→{done.after}"


def _run_registrations(report: DueReport, kind: Registry, at: datetime) -> None:
    table = registrations.TABLE
    due = Q()
    for state, after in table.after.items():
        field = "ex_date__lte" if after.from_end else "state_since__lte"
        due |= Q(state=state, **{field: _before(table, state, at)})
    for registration in _each(Registration.objects.filter(due | _to_be_reminded(at))):
        _run(report, partial(_registration_due, registration, kind, at))


def _to_be_reminded(at: datetime) -> Q:
    """Registrations of which a reminder's day has come, and about which none went out since that day."""
    found = Q()
    for days in REMINDERS_DAYS:
        said = Notice.objects.filter(kind="reminder", service=OuterRef("service"),
                                     created__gte=OuterRef("ex_date") - days * DAY)
        found |= Q(~Exists(said), ex_date__gt=at, ex_date__lte=at + days * DAY)
    return Q(state__in=(registrations.OK, registrations.EXPIRING)) & found


def _registration_due(registration: Registration, kind: Registry, at: datetime) -> Iterator[str]:
    service = lock_service(registration.service_id)
    registration = service.registrations.get(pk=registration.pk)
    for _ in range(MOVES_A_SUBJECT_MAX):
        if not _is_due(registrations.TABLE, registration.state, registration.state_since, at, registration.ex_date):
            break
        try:
            done = _move(registration, registrations.TABLE, kind, at)
        except Spared:
            registration.refresh_from_db()
            break  # What was moved before it in this run stays.
        if done.after == registrations.OK:
            # A hold ended by itself: what it took is given back, so that there is time to renew.
            registration.ex_date = max(registration.ex_date, at + GIVEN_BACK)
            registration.reason, registration.reason_text = "", ""
            registration.noticed_at = registration.noticed_by = None
        registration.save()
        registration.proposals.filter(closed_at=None).update(closed_at=at)
        journal.write(done, service.handle, {"exDate": registration.ex_date.date().isoformat()})
        notify(service, f"registration_{done.after}",
               f"{done.after} {registration.pk} {registration.ex_date.isoformat()}", at)
        yield f"registration {done.event}→{done.after}"
    _remind(service, registration, at)


def _remind(service: Service, registration: Registration, at: datetime) -> None:
    """Note the reminder whose day has come; one that was missed while nothing ran is not sent late beside the next."""
    if registration.state not in (registrations.OK, registrations.EXPIRING):
        return
    due = [days for days in REMINDERS_DAYS if registration.ex_date - days * DAY <= at < registration.ex_date]
    if due:
        notify(service, "reminder", f"reminder {registration.pk} {registration.ex_date.isoformat()} {min(due)}", at)


def _lock_with_organisation(service_pk: int) -> Service:
    """Lock a service for what counts over its organisation. The organisation comes first, as everywhere."""
    organisation_pk = Service.objects.values_list("organisation_id", flat=True).get(pk=service_pk)
    if organisation_pk is not None:
        lock_organisation(organisation_pk)
    return lock_service(service_pk)


def _is_due(table: Table, state: str, since: datetime, at: datetime, end: datetime | None = None) -> bool:
    return is_due(table, state, moment_ns(since), moment_ns(at), None if end is None else moment_ns(end))


def _run(report: DueReport, move: Callable[[], Iterator[str]]) -> None:
    """One subject in a transaction of its own."""
    try:
        with transaction.atomic():
            moves = list(move())
    except (EventRefused, Spared):
        report.held_back += 1
    else:
        report.moved.update(moves)


def _each(rows: QuerySet[Any]) -> Iterator[Any]:
    """The rows in the order of their keys, a batch at a time: their number has no bound, what is in memory has."""
    last = 0
    while True:
        batch = list(rows.filter(pk__gt=last).order_by("pk")[:BATCH])
        yield from batch
        if len(batch) < BATCH:
            return
        last = batch[-1].pk
