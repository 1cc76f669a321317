"""Services with all that their owner's pages show of them, in a few queries however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Prefetch, Q, QuerySet

from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof
from licet.lifecycle import registration as registrations
from licet.lifecycle.table import REGISTRANT
from licet.server.registrant import steps
from licet.server.registrant.steps import Step, next_step
from licet.server.registrant.words import Words, application_words, endpoint_words, registration_words
from licet.server.registry.models import Account, Application, Endpoint, Message, Registration, Service

Row = TypeVar("Row")

PRESSING_MAX = 100


@dataclass(frozen=True)
class ShownEndpoint:
    """An endpoint with its state in words."""

    endpoint: Endpoint
    words: Words


@dataclass(frozen=True)
class Overview:
    """A service. application, registration: the newest, or None; words: its state; step: what is missing next; live:
    its endpoints; replaced: those that still count beside their successors; question: the open one."""

    service: Service
    application: Application | None
    registration: Registration | None
    words: Words
    step: Step
    live: tuple[ShownEndpoint, ...]
    replaced: tuple[ShownEndpoint, ...]
    question: Message | None

    @property
    def is_registered(self) -> bool:
        """True while there is a registration that is not over."""
        return self.registration is not None and not self.registration.is_over

    @property
    def can_renew(self) -> bool:
        """True where its registration can be renewed now."""
        return self._allows("renew")

    @property
    def can_appeal(self) -> bool:
        """True where there is something to appeal against."""
        return self._allows("appeal_filed")

    def _allows(self, event: str) -> bool:
        found = self.registration
        return found is not None and not found.is_over and registrations.TABLE.allows(found.state, event, REGISTRANT)

    @property
    def is_open(self) -> bool:
        """True while an application is open."""
        return self.application is not None and self.application.is_open

    @property
    def is_draft(self) -> bool:
        """True before it was submitted."""
        return self.application is not None and self.application.state == applications.DRAFT


def services_of(account: Account) -> QuerySet[Service]:
    """The services of an account's organisations."""
    return Service.objects.filter(organisation__members=account).order_by("name", "pk")


def pressing(account: Account) -> QuerySet[Service]:
    """Services for which something may be missing, at most PRESSING_MAX of them."""
    registered = Q(registrations__state__in=(*steps.AGAINST, *steps.ENDING))
    unproven = Q(endpoints__dropped_at=None, endpoints__state__in=(
        endpoint_proof.PENDING, endpoint_proof.INVALID, endpoint_proof.STALE, endpoint_proof.INACTIVE))
    asked = Q(messages__kind=Message.QUESTION, messages__answered_at=None)
    begun = Q(applications__state__in=(applications.DRAFT, applications.PROVING))
    found = services_of(account).filter(registered | unproven | asked | begun).order_by("pk").distinct()
    return Service.objects.filter(pk__in=list(found.values_list("pk", flat=True)[:PRESSING_MAX]))


def overviews(services: QuerySet[Service], at: datetime, *, is_owned: bool) -> list[Overview]:
    """Each service of a query as its owner sees it. The number of queries does not depend on how many there are."""
    questions = Message.objects.filter(kind=Message.QUESTION, answered_at=None).order_by("pk")
    found = services.select_related("organisation").prefetch_related(
        Prefetch("applications", Application.objects.order_by("-pk")),
        Prefetch("registrations", Registration.objects.order_by("-pk")),
        Prefetch("endpoints", Endpoint.objects.filter(dropped_at=None).order_by("pk")),
        Prefetch("messages", questions, to_attr="open_questions"),
    )
    return [_overview(service, at, is_owned) for service in found]


def _overview(service: Service, at: datetime, is_owned: bool) -> Overview:
    application = _first(service.applications.all())
    registration = _first(service.registrations.all())
    everything = list(service.endpoints.all())
    live = [one for one in everything if one.state != endpoint_proof.GONE]
    replaced = [one for one in everything if one.state == endpoint_proof.GONE
                and one.counts_until is not None and one.counts_until > at]
    question = _first(getattr(service, "open_questions", ()))
    is_registered = registration is not None and not registration.is_over
    if registration is not None and (is_registered or application is None or not application.is_open):
        words = registration_words(registration)
        if not is_registered and application is not None and application.cr_date > registration.state_since:
            words = application_words(application, is_owned=is_owned)
    elif application is not None:
        words = application_words(application, is_owned=is_owned)
    else:
        words = Words("", "", "neutral")
    return Overview(
        service, application, registration, words,
        next_step(service, application, registration, live, question),
        tuple(ShownEndpoint(one, endpoint_words(one, at)) for one in live),
        tuple(ShownEndpoint(one, endpoint_words(one, at)) for one in replaced), question)


def _first(rows: Iterable[Row]) -> Row | None:
    return next(iter(rows), None)


def renewals(services: QuerySet[Service]) -> QuerySet[Registration]:
    """The registrations that have an end, the next first."""
    running = Registration.objects.filter(service__in=services).exclude(state__in=registrations.OVER)
    return running.select_related("service").order_by("ex_date", "pk")
