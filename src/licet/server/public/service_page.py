"""What the page of a service shows: facts, what was proven and when, and what happened to its registration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F, Prefetch

from licet.lifecycle import application, endpoint_proof, registration
from licet.server.public import words
from licet.server.public.directory import protocol_title
from licet.server.registry.models import Endpoint, Outbox, Proof, Registration, Service
from licet.server.registry.record_check import contradictions
from licet.server.registry.service_layer.fields import is_mail_address

HISTORY_MAX = 50
ENDPOINTS_MAX = 200  # of 1,000 that a service may have; the snapshot has all


@dataclass(frozen=True, slots=True)
class ShownProof:
    """How and when control was proven; method: in words."""

    method: words.Text
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownEndpoint:
    """place: address, port and transport, "" for a key that may be anywhere; state: title and meaning."""

    place: str
    protocol: str
    name: str
    has_key: bool
    state: tuple[words.Text, words.Text]
    is_stale: bool
    proofs: tuple[ShownProof, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the log, without who caused it. index: in the log, or None where it waits to be written."""

    index: int | None
    at: datetime
    text: words.Text
    role: words.Text
    reason: words.Text


@dataclass(frozen=True, slots=True)
class ServicePage:
    """is_shown: its details may be shown; the rest is empty where not. left_out: endpoints beyond ENDPOINTS_MAX;
    contradictions: what the database says of it and the record does not, in words."""

    service: Service
    registration: Registration | None
    status: words.Meaning
    is_shown: bool
    endpoints: tuple[ShownEndpoint, ...] = ()
    left_out: int = 0
    history: tuple[Happening, ...] = ()
    is_history_cut: bool = False
    is_mail: bool = False
    contradictions: tuple[words.Text, ...] = ()

    @property
    def duty(self) -> tuple[words.Text, str]:
        """What is said of a duty to intercept, and the class that colours it."""
        return words.DUTIES[self.service.interception_duty]


def service_page(handle: str) -> ServicePage | None:
    """The page of a handle, or None where nothing of that name ever was registered."""
    service = Service.objects.filter(handle=handle).select_related("organisation").first()
    if service is None:
        return None
    current = service.registrations.order_by("-cr_date", "-pk").first()
    applications = dict(service.applications.values_list("handle", "state"))
    found = _page(service, current, is_provisional=application.PROVISIONAL in applications.values())
    if found is None:
        return None
    codes = dict.fromkeys(one.code for one in contradictions(service, current, applications))
    return replace(found, contradictions=tuple(words.CONTRADICTIONS[code] for code in codes))


def _page(service: Service, found: Registration | None, *, is_provisional: bool) -> ServicePage | None:
    if is_provisional:
        return ServicePage(service, None, words.PROVISIONAL, is_shown=False)
    if found is None:
        return None
    if service.is_attested:
        return ServicePage(service, found, words.ENDED if found.is_over else words.ATTESTED, is_shown=False)
    status = words.REGISTRATIONS[found.state]
    if not service.is_listed:
        is_plain = found.is_over or found.state == registration.SERVER_HOLD
        return ServicePage(service, found, status if is_plain else words.UNLISTED, is_shown=False)
    history, is_cut = _history(service)
    endpoints, left_out = ((), 0) if found.is_over else _endpoints(service)
    contact = service.organisation.abuse_contact if service.organisation else ""
    return ServicePage(service, found, status, True, endpoints, left_out, history, is_cut, is_mail_address(contact))


def _endpoints(service: Service) -> tuple[tuple[ShownEndpoint, ...], int]:
    proven = Prefetch("proofs", Proof.objects.filter(status=Proof.VALID).order_by("-validated"))
    live = service.endpoints.filter(dropped_at=None, state__in=endpoint_proof.COUNTING)
    count = live.count()
    rows = live.order_by(F("address").asc(nulls_last=True), "port", "pk").prefetch_related(proven)[:ENDPOINTS_MAX]
    return tuple(_endpoint(one) for one in rows), max(0, count - ENDPOINTS_MAX)


def _endpoint(endpoint: Endpoint) -> ShownEndpoint:
    proofs: dict[str, ShownProof] = {}
    for proof in endpoint.proofs.all():
        if proof.validated is not None:
            proofs.setdefault(proof.method, ShownProof(words.METHODS[proof.method], proof.method, proof.validated))
    return ShownEndpoint(
        place=endpoint.entry_text.rpartition(" ")[0], protocol=protocol_title(endpoint.tunnel_protocol),
        name=endpoint.name, has_key=bool(endpoint.public_key), state=words.PROOFS[endpoint.state],
        is_stale=endpoint.state == endpoint_proof.STALE, proofs=tuple(proofs.values()))


def _history(service: Service) -> tuple[tuple[Happening, ...], bool]:
    """The latest entries about a service, its applications and its endpoints. A check that changed nothing is no news:
    proofs show when they were last made."""
    subjects = [service.handle]
    subjects += service.applications.values_list("handle", flat=True)
    subjects += service.endpoints.values_list("handle", flat=True)
    entries = Outbox.objects.filter(subject__in=subjects).exclude(type="endpoint", before=F("after"))
    rows = entries.select_related("receipt").order_by("-time", "-pk").defer("body")[: HISTORY_MAX + 1]
    shown = [Happening(
        index=one.receipt.leaf_index if hasattr(one, "receipt") else None, at=one.time,
        text=words.event_text(one.type, one.event, one.after), role=words.ROLES.get(one.role, one.role),
        reason=words.reason_text(one.reason)) for one in rows]
    return tuple(shown[:HISTORY_MAX]), len(shown) > HISTORY_MAX
