"""One case on one page: what is claimed, how it was proven, who answers for it, what happened, and what can be done.

What can be done is asked of the state tables; the page offers nothing else, and the service layer would refuse it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof
from licet.lifecycle import registration as registrations
from licet.lifecycle.due import due_at
from licet.lifecycle.table import OFFICER, REVIEWER, SECOND_OFFICER
from licet.model.canonical import moment_ns
from licet.server.desk import words
from licet.server.desk.queue import ProofSummary, summary
from licet.server.registry.models import (
    Account,
    Application,
    Endpoint,
    Membership,
    Message,
    Officer,
    Outbox,
    Proof,
    Proposal,
    Registration,
    Registry,
    Service,
)
from licet.server.registry.service_layer.decisions import version_of
from licet.server.registry.service_layer.due import application_facts
from licet.server.registry.service_layer.registrations import facts_of, who_decided

HISTORY_MAX = 200
ENDPOINTS_SHOWN_MAX = 100
FOUND_MAX = 50


@dataclass(frozen=True)
class Case:
    """A service with all that an officer has to see. application, registration: the open ones, else the last;
    history: the newest first; can: names of the steps that this officer can take now; why_not: sentences about steps
    that might be looked for and cannot be taken."""

    service: Service
    application: Application | None
    registration: Registration | None
    endpoints: Sequence[Endpoint]
    endpoint_count: int
    proofs: ProofSummary
    messages: list[Message]
    history: list[Outbox]
    proposal: Proposal | None
    can: frozenset[str]
    why_not: tuple[str, ...]
    due: datetime | None
    is_overdue: bool
    version: str


def find(handle: str) -> Service | None:
    """The service of a handle: its own, or of one of its applications or endpoints."""
    wanted = handle.strip().upper()[:40]
    services = Service.objects.select_related("organisation")
    if wanted.startswith("APP-"):
        return services.filter(applications__handle=wanted).first()
    if wanted.startswith("END-"):
        return services.filter(endpoints__handle=wanted).first()
    return services.filter(handle=wanted).first()


def search(text: str) -> list[Service]:
    """Services whose name, or whose organisation's name, holds a text; the first few by name."""
    wanted = Q(name__icontains=text) | Q(organisation__name__icontains=text)
    return list(Service.objects.select_related("organisation").filter(wanted).order_by("name", "pk")[:FOUND_MAX])


def case_of(service: Service, account: Account, registry: Registry, at: datetime) -> Case:
    """Read the whole case. account: of the officer who looks."""
    application = service.applications.select_related("decided_by").order_by("-cr_date", "-pk").first()
    registration = service.registrations.select_related("noticed_by").order_by("-cr_date", "-pk").first()
    tried = Proof.objects.order_by("-created", "-pk")
    live = service.endpoints.filter(dropped_at=None).exclude(state=endpoint_proof.GONE)
    endpoints = list(live.order_by("pk").prefetch_related(Prefetch("proofs", tried, "tried"))[:ENDPOINTS_SHOWN_MAX])
    proposal = None if registration is None else registration.proposals.filter(closed_at=None).select_related(
        "proposed_by").first()
    officer = Officer.objects.get(account=account)
    is_own = _is_own_case(service, account, registry)
    due, is_overdue = _due(application, at)
    can = frozenset() if is_own else _possible(service, application, registration, proposal, officer, registry, at)
    return Case(
        service=service, application=application, registration=registration, endpoints=endpoints,
        endpoint_count=live.count(), proofs=summary(endpoints),
        messages=list(service.messages.order_by("at", "pk")), history=_history(service), proposal=proposal, can=can,
        why_not=tuple(_why_not(service, application, registration, registry, is_own, is_overdue, at)),
        due=due, is_overdue=is_overdue, version="" if application is None else version_of(application))


def _due(application: Application | None, at: datetime) -> tuple[datetime | None, bool]:
    if application is None or application.state not in (applications.IN_REVIEW, applications.PROVISIONAL):
        return None, False
    due_ns = due_at(applications.TABLE, applications.IN_REVIEW, moment_ns(application.clock_since))
    assert due_ns is not None
    due = datetime.fromtimestamp(due_ns / 1e9, UTC)
    return due, due <= at


def _is_own_case(service: Service, account: Account, registry: Registry) -> bool:
    if registry.is_owned or service.organisation_id is None:
        return False
    return Membership.objects.filter(account=account, organisation_id=service.organisation_id).exists()


def _possible(service: Service, application: Application | None, registration: Registration | None,
              proposal: Proposal | None, officer: Officer, registry: Registry, at: datetime) -> frozenset[str]:
    """The steps that the tables allow this officer."""
    found: set[str] = set()
    if application is not None:
        facts = application_facts(application, service, registry)
        found |= {event for event in ("approve", "refuse", "ask")
                  if applications.TABLE.allows(application.state, event, OFFICER, facts)}
        if application.messages.filter(kind=Message.QUESTION, answered_at=None).exists():
            found.discard("ask")
    if registration is not None:
        state, facts = registration.state, facts_of(registration, at)
        found |= {event for event in ("notice", "lift") if registrations.TABLE.allows(state, event, OFFICER, facts)}
        if service.is_attested:
            found |= {event for event in ("renew", "surrender")
                      if registrations.TABLE.allows(state, event, OFFICER, facts)}
        if registrations.TABLE.allows(state, "appeal_won", REVIEWER, facts) and officer.pk not in who_decided(
                registration):
            found.add("uphold")
        if proposal is None:
            found |= {f"propose_{event}" for event in (Proposal.SUSPEND, Proposal.REVOKE)
                      if registrations.TABLE.allows(state, event, SECOND_OFFICER, facts)}
        else:
            found.add("drop")
            if proposal.proposed_by_id != officer.pk:
                found.add("confirm")
    return frozenset(found)


def _why_not(service: Service, application: Application | None, registration: Registration | None, registry: Registry,
             is_own: bool, is_overdue: bool, at: datetime) -> list[str]:
    """In words, what keeps this case where it is."""
    found = []
    if is_own:
        found.append(_("You belong to this organisation: another officer has to decide."))
    if application is not None and application.state == applications.IN_REVIEW and is_overdue:
        found.append(_overdue_words(application, service, registry))
    if application is not None and application.state == applications.PROVING:
        found.append(_("The applicant is proving control. It comes into the queue by itself when every proof stands."))
    if application is not None and application.state == applications.INFO_NEEDED:
        found.append(_("A question waits for its answer; the clock stands still until then."))
    if registration is not None and registration.state in (registrations.NOTICED, registrations.NOTICED_APPEAL):
        over = words.notice_over_at(registration)
        if over is not None and over > at:
            found.append(_("The owner has until %(day)s to answer the notice. Before then nothing can follow from it.")
                         % {"day": words.day(over)})
    return found


def _overdue_words(application: Application, service: Service, registry: Registry) -> str:
    """Why an overdue application is not registered provisionally; delay must not harm, so the reason is said."""
    if registry.is_owned:
        return _("It is overdue, and was put before every officer. On an owned network nothing is permitted by "
                 "silence, and nothing can be done against it until it is decided.")
    facts = application_facts(application, service, registry)
    lacks = {
        applications.PROVISIONAL_PLACE_LEFT: _("its organisation has %(most)d provisional services already, and waits "
                                               "with the next until one is decided") % {
            "most": applications.PROVISIONAL_PER_ORGANISATION_MAX},
        applications.PROOFS_VALID: _("not every proof stands"),
        applications.ORGANISATION_CONFIRMED: _("the organisation's contact or domain is not confirmed"),
        applications.ACCOUNT_CONFIRMED: _("no account of the organisation has a confirmed address"),
    }
    missing = [sentence for fact, sentence in lacks.items() if fact not in facts]
    if not missing:
        return _("It is overdue: within minutes it counts as registered, provisionally, until it is decided.")
    return _("It is overdue, and not registered provisionally because %(why)s.") % {"why": "; ".join(missing)}


def _history(service: Service) -> list[Outbox]:
    """The entries of the service, its applications and its endpoints."""
    subjects = [service.handle, *service.applications.values_list("handle", flat=True),
                *service.endpoints.order_by("pk").values_list("handle", flat=True)[:ENDPOINTS_SHOWN_MAX]]
    return list(Outbox.objects.filter(subject__in=subjects).order_by("-time", "-pk").defer("body")[:HISTORY_MAX])
