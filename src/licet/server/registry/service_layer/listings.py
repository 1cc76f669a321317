"""What the directory says of a service, bound to the log: at each change, a digest of it (lifecycle.listing).

The digest is over one form of what the page and `directory.json` show, so that anybody can compute it again from there.
"""

from __future__ import annotations

import json
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from licet.lifecycle import listing, registration
from licet.model.canonical import Json, canonical_json, sha256_digest
from licet.server.registry.models import Organisation, Outbox, Registration, Service
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor


def facts_of(service: Service) -> dict[str, Json]:
    """What the directory shows of a listed service beside its registration and its endpoints."""
    organisation = service.organisation
    facts: dict[str, Json] = {
        "name": service.name, "purpose": service.purpose, "website": service.website, "logs": service.logs,
        "interceptionDuty": service.interception_duty, "auditUrl": service.audit_url,
        "auditDate": "" if service.audit_date is None else service.audit_date.isoformat(),
    }
    if organisation is not None:
        facts["organisation"] = {
            "name": organisation.name, "legalName": organisation.legal_name, "jurisdiction": organisation.jurisdiction,
            "abuseContact": organisation.abuse_contact,
            "nameIsProven": organisation.name_is_proven,
            "provenDomain": organisation.domain if organisation.name_is_proven else "",
            "contactAnswered": organisation.contact_confirmed_at is not None,
        }
    return facts


def facts_digest(service: Service) -> str:
    """The digest of `facts_of`."""
    return sha256_digest(canonical_json(facts_of(service)))


def note_listing(actor: Actor, service: Service, at: datetime) -> None:
    """Write into the log what changed of what the directory says, inside the caller's transaction. Before a service was
    registered it is in no directory, and the log says nothing of it."""
    subject = listing.subject_of(service.handle)
    last = Outbox.objects.filter(subject=subject).order_by("-sequence").first()
    if last is None and not service.registrations.exists():
        return
    is_listed = service.is_listed and not service.is_attested
    state, digest = "" if last is None else last.after, facts_digest(service) if is_listed else ""
    if is_listed == (state == listing.LISTED) and (last is None or digest == noted_digest(last)):
        return
    event = ("describe" if state == listing.LISTED else "list") if is_listed else "unlist"
    details: dict[str, Json] = {"service": service.handle, **({"facts": digest} if is_listed else {})}
    done = journal.go_on(listing.TABLE, state, event, actor, at)
    journal.write(done, subject, details, is_apart=is_listed)


def listed_services() -> QuerySet[Service]:
    """Services that the directory shows."""
    standing = Registration.objects.filter(service=OuterRef("pk")).exclude(state__in=registration.OVER)
    return Service.objects.filter(Exists(standing), is_listed=True, is_attested=False)


def note_listings(actor: Actor, organisation: Organisation, at: datetime) -> None:
    """The same for every service of an organisation, whose facts are part of theirs."""
    for service in organisation.services.select_related("organisation").order_by("pk"):
        note_listing(actor, service, at)


def noted_digest(entry: Outbox) -> str:
    """The digest that an entry of a listing has; "" where it left the directory."""
    return str(json.loads(bytes(entry.body))["details"].get("facts", ""))
