"""Endpoints and keys: added, replaced and given up by their owner, without a gap."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof
from licet.model.canonical import Json
from licet.server.registry.models import Endpoint, Service
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_member
from licet.server.registry.service_layer.endpoint_fields import Described, read_endpoint, read_key, refuse_taken
from licet.server.registry.service_layer.errors import Invalid
from licet.server.registry.service_layer.handles import new_handle
from licet.server.registry.service_layer.locks import lock_service
from licet.server.registry.service_layer.services import open_application_of
from licet.server.registry.service_layer.standing import settle

ENDPOINTS_PER_SERVICE_MAX = 1_000
BOTH_COUNT = timedelta(hours=endpoint_proof.BOTH_COUNT_HOURS)
UNPROVEN = (endpoint_proof.INVALID, endpoint_proof.INACTIVE)


@transaction.atomic
def add_endpoint(actor: Actor, service: Service, values: dict[str, Any], *, at: datetime) -> Endpoint:
    """Add an endpoint or a key, to be proven. values: any of endpoint_fields.FIELDS. Raises Invalid or Refused."""
    service = lock_service(service.pk)
    require_member(actor, service.organisation)
    _refuse_while_reviewed(service)
    described = read_endpoint(service, values)
    refuse_taken(service, described.mac1_key, described.entry_text)
    return make_endpoint(actor, service, described, "add", at)


@transaction.atomic
def replace_endpoint(actor: Actor, endpoint: Endpoint, values: dict[str, Any], *, at: datetime) -> Endpoint:
    """Add the endpoint that takes the place of another. The old one counts until the new one is proven, and 72 h more.
    Raises Invalid or Refused."""
    service = lock_service(endpoint.service_id)
    require_member(actor, service.organisation)
    endpoint = service.endpoints.get(pk=endpoint.pk)
    if not endpoint.counts:
        raise Refused("not_counting", _("This endpoint is not proven: remove it and add another."))
    described = read_endpoint(service, values)
    refuse_taken(service, described.mac1_key, described.entry_text, endpoint)
    return make_endpoint(actor, service, described, "add", at, replaces=endpoint)


@transaction.atomic
def change_key(actor: Actor, endpoint: Endpoint, public_key: str, *, at: datetime) -> Endpoint:
    """Give an endpoint another WireGuard key. Both count for 72 h; the new one is to be proven at the next check.
    Raises Invalid or Refused."""
    service = lock_service(endpoint.service_id)
    require_member(actor, service.organisation)
    endpoint = service.endpoints.get(pk=endpoint.pk)
    digest = read_key(public_key)
    if digest == endpoint.mac1_key:
        return endpoint
    # Refused here, by the table, for one whose proof does not stand.
    endpoint_proof.TABLE.move(endpoint.state, "key_change_by_owner", actor.role, 0)
    if not endpoint.public_key:
        raise Refused("no_key", _("This endpoint has no key; add one as an endpoint of its own."), "public_key")
    if endpoint.old_key_until is not None and endpoint.old_key_until > at:
        raise Refused("key_changing", _("The key was changed less than 72 hours ago; wait until the old one has gone."),
                      "public_key")
    refuse_taken(service, digest, "", endpoint)
    # One server at several addresses has one key: they change together.
    for one in service.endpoints.filter(mac1_key=endpoint.mac1_key, state__in=endpoint_proof.COUNTING).order_by("pk"):
        _change_key(actor, service, one, public_key.strip(), digest, at)
    endpoint.refresh_from_db()
    return endpoint


def _change_key(actor: Actor, service: Service, endpoint: Endpoint, public_key: str, digest: str, at: datetime) -> None:
    done = journal.move(endpoint, endpoint_proof.TABLE, "key_change_by_owner", actor, at)
    endpoint.old_public_key, endpoint.old_mac1_key = endpoint.public_key, endpoint.mac1_key
    endpoint.old_key_until = at + BOTH_COUNT
    endpoint.public_key, endpoint.mac1_key, endpoint.key_since = public_key, digest, at
    endpoint.recheck_asked_at = at
    endpoint.save()
    journal.write(done, endpoint.handle, details_of(service, endpoint))


@transaction.atomic
def revoke_endpoint(actor: Actor, endpoint: Endpoint, *, at: datetime) -> Endpoint:
    """Give an endpoint up: it counts no more from now on. One that failed its proof is taken off the list. Raises
    Refused."""
    service = lock_service(endpoint.service_id)
    require_member(actor, service.organisation)
    endpoint = service.endpoints.get(pk=endpoint.pk)
    if endpoint.state == endpoint_proof.GONE or endpoint.dropped_at is not None:
        return endpoint
    if endpoint.state in UNPROVEN:
        endpoint.dropped_at = endpoint.up_date = at
        endpoint.save()
    else:
        retire_endpoint(actor, service, endpoint, at)
    settle(service, at)  # It may have been the last one that was not proven.
    return endpoint


def retire_endpoint(actor: Actor, service: Service, endpoint: Endpoint, at: datetime, *,
                    counts_until: datetime | None = None) -> None:
    """Move an endpoint to `gone`, inside the caller's transaction. counts_until: for one that was replaced."""
    done = journal.move(endpoint, endpoint_proof.TABLE, "owner_revokes", actor, at)
    endpoint.counts_until = counts_until
    endpoint.save()
    journal.write(done, endpoint.handle, details_of(service, endpoint))


def make_endpoint(actor: Actor, service: Service, described: Described, event: str, at: datetime, *,
                  replaces: Endpoint | None = None) -> Endpoint:
    """Write the row of a new endpoint, inside the caller's transaction. Raises Invalid."""
    if service.endpoints.filter(dropped_at=None).count() >= ENDPOINTS_PER_SERVICE_MAX:
        raise Invalid({"address": _("A service has at most %(most)d endpoints.") % {"most": ENDPOINTS_PER_SERVICE_MAX}})
    done = journal.begin(endpoint_proof.TABLE, event, actor, at)
    is_valid = done.after == endpoint_proof.VALID
    endpoint = Endpoint.objects.create(
        handle=new_handle(Endpoint, "END"), service=service, state=done.after, state_since=at, replaces=replaces,
        valid_since=at if is_valid else None, key_since=at if described.public_key else None, cr_date=at, up_date=at,
        **asdict(described))
    journal.write(done, endpoint.handle, details_of(service, endpoint))
    return endpoint


def details_of(service: Service, endpoint: Endpoint) -> dict[str, Json]:
    """What the log may say of an endpoint: nothing but its service's handle where that is not listed."""
    details: dict[str, Json] = {"service": service.handle}
    if service.is_listed:
        shown = {"endpoint": endpoint.entry_text, "mac1Key": endpoint.mac1_key, "name": endpoint.name}
        details.update({name: value for name, value in shown.items() if value})
    return details


def _refuse_while_reviewed(service: Service) -> None:
    found = open_application_of(service)
    if found is not None and found.state in (applications.IN_REVIEW, applications.PROVISIONAL):
        raise Refused("in_review", _("An officer is looking at this application; its endpoints stay as they are until "
                                     "it is decided."))
