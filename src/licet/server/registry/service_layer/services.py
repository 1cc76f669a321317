"""Services: described by their organisation, one application open at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import application as applications
from licet.lifecycle.registration import OVER
from licet.server.registry.models import Application, Organisation, Registration, Service
from licet.server.registry.models.organisations import NAME_LENGTH_MAX, URL_LENGTH_MAX
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_member
from licet.server.registry.service_layer.endpoint_fields import refuse_listed_homes
from licet.server.registry.service_layer.errors import refuse_where
from licet.server.registry.service_layer.fields import Fields
from licet.server.registry.service_layer.handles import new_handle
from licet.server.registry.service_layer.listings import note_listing
from licet.server.registry.service_layer.locks import lock_organisation, lock_service

SERVICES_PER_ORGANISATION_MAX = 1_000
FIELDS = frozenset({
    "name", "purpose", "is_listed", "website", "logs", "interception_duty", "audit_url", "audit_date",
})


@transaction.atomic
def create_service(actor: Actor, organisation: Organisation, values: dict[str, Any], *, at: datetime) -> Service:
    """Make a service and the draft of its application. values: any of FIELDS. Raises Invalid or Refused."""
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    if organisation.services.count() >= SERVICES_PER_ORGANISATION_MAX:
        raise Refused("too_many", _("An organisation has at most %(most)d services.") % {
            "most": SERVICES_PER_ORGANISATION_MAX})
    service = Service.objects.create(
        handle=new_handle(Service, "SVC"), organisation=organisation, cr_date=at, up_date=at, **read_service(values))
    _open(actor, service, at)
    return service


@transaction.atomic
def edit_service(actor: Actor, service: Service, values: dict[str, Any], *, at: datetime) -> Service:
    """Change what a service says of itself. Raises Invalid or Refused."""
    service = lock_service(service.pk)
    require_member(actor, service.organisation)
    described = read_service({**{field: getattr(service, field) for field in FIELDS}, **values})
    for field, value in described.items():
        setattr(service, field, value)
    refuse_listed_homes(service)
    service.up_date = at
    service.save()
    note_listing(actor, service, at)
    return service


@transaction.atomic
def open_application(actor: Actor, service: Service, *, at: datetime) -> Application:
    """Apply, or apply again: that is always allowed. An application that is open already is returned. Raises Refused
    where the service is registered."""
    service = lock_service(service.pk)
    require_member(actor, service.organisation)
    found = open_application_of(service)
    if found is not None:
        return found
    if current_registration(service) is not None:
        raise Refused("registered", _("This service is registered; there is nothing to apply for."))
    return _open(actor, service, at)


def _open(actor: Actor, service: Service, at: datetime) -> Application:
    done = journal.begin(applications.TABLE, "open", actor, at)
    made = Application.objects.create(
        handle=new_handle(Application, "APP"), service=service, state=done.after, state_since=at, clock_since=at,
        cr_date=at, up_date=at)
    journal.write(done, made.handle, {"service": service.handle})
    return made


def open_application_of(service: Service) -> Application | None:
    """The application of a service that is not decided, withdrawn or lapsed."""
    return service.applications.filter(state__in=applications.OPEN).first()


def current_registration(service: Service) -> Registration | None:
    """The registration of a service that is not over."""
    return service.registrations.exclude(state__in=OVER).first()


def read_service(values: dict[str, Any]) -> dict[str, Any]:
    """The checked description of a service. Raises Invalid."""
    fields = Fields(values, FIELDS)
    described = {
        "name": fields.text("name", NAME_LENGTH_MAX, required=True),
        "purpose": fields.text("purpose", 300),
        "is_listed": fields.flag("is_listed", True),
        "website": fields.web_page("website", URL_LENGTH_MAX),
        "logs": fields.text("logs", 300),
        "interception_duty": fields.word("interception_duty", tuple(duty for duty, _title in Service.DUTIES),
                                         Service.UNKNOWN),
        "audit_url": fields.web_page("audit_url", URL_LENGTH_MAX),
        "audit_date": fields.day("audit_date"),
    }
    refuse_where(fields.problems)
    return described
