"""Organisations: made and described by their members, confirmed by a contact that answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.server import chance
from licet.server.registry.models import Membership, Notice, Organisation
from licet.server.registry.models.organisations import NAME_LENGTH_MAX, URL_LENGTH_MAX
from licet.server.registry.service_layer.actors import MACHINE, Actor, require_member
from licet.server.registry.service_layer.errors import refuse_where
from licet.server.registry.service_layer.fields import Fields, is_mail_address
from licet.server.registry.service_layer.handles import new_handle
from licet.server.registry.service_layer.listings import note_listings
from licet.server.registry.service_layer.locks import lock_organisation

ORGANISATIONS_PER_ACCOUNT_MAX = 20
FIELDS = frozenset({
    "kind", "name", "legal_name", "jurisdiction", "registration_number", "lei", "abuse_contact",
})


def create_organisation(actor: Actor, values: dict[str, Any], *, at: datetime) -> Organisation:
    """Make an organisation with the actor as its member. values: any of FIELDS. Raises Invalid or Refused."""
    if actor.account is None:
        raise Refused("no_account", _("Sign in first."))
    described = _read(values)
    with transaction.atomic():
        count = Membership.objects.filter(account=actor.account).count()
        if count >= ORGANISATIONS_PER_ACCOUNT_MAX:
            raise Refused("too_many", _("You already act for %(count)d organisations.") % {"count": count})
        organisation = Organisation.objects.create(
            handle=new_handle(Organisation, "ORG"), cr_date=at, up_date=at, **described)
        Membership.objects.create(organisation=organisation, account=actor.account, since=at)
    return organisation


@transaction.atomic
def edit_organisation(actor: Actor, organisation: Organisation, values: dict[str, Any], *,
                      at: datetime) -> Organisation:
    """Change what an organisation says of itself. A new contact is not confirmed. Raises Invalid, Refused."""
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    described = _read({**{field: getattr(organisation, field) for field in FIELDS}, **values})
    if described["abuse_contact"] != organisation.abuse_contact:
        organisation.contact_confirmed_at, organisation.contact_token_digest = None, ""
    for field, value in described.items():
        setattr(organisation, field, value)
    organisation.up_date = at
    organisation.save()
    note_listings(actor, organisation, at)
    return organisation


@transaction.atomic
def start_contact_check(actor: Actor, organisation: Organisation, *, at: datetime) -> None:
    """Send the published contact a link; who follows it shows that the contact answers. Raises Refused."""
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    if not is_mail_address(organisation.abuse_contact):
        raise Refused("no_mail_contact", _("Only a mail address can be checked. Enter one as the contact."),
                      "abuse_contact")
    token = chance.token()
    organisation.contact_token_digest = chance.token_digest(token)
    organisation.save()
    Notice.objects.create(
        organisation=organisation, kind="contact_check", key=f"contact {organisation.contact_token_digest}",
        details={"to": organisation.abuse_contact, "path": f"/contact/{token}/"}, created=at)


@transaction.atomic
def confirm_contact(token: str, *, at: datetime) -> Organisation:
    """The link was followed. Doing it twice is the same as once. Raises Refused for a link that is not known."""
    found = Organisation.objects.filter(contact_token_digest=chance.token_digest(token)).first() if token else None
    if found is None:
        raise Refused("unknown_link", _("This link is not known: it was used for another contact, or is cut short."))
    organisation = lock_organisation(found.pk)
    if organisation.contact_confirmed_at is None:
        organisation.contact_confirmed_at = at
        organisation.save()
        note_listings(MACHINE, organisation, at)
    return organisation


def _read(values: dict[str, Any]) -> dict[str, Any]:
    fields = Fields(values, FIELDS)
    kinds = tuple(kind for kind, _title in Organisation.KINDS)
    kind = fields.word("kind", kinds, Organisation.ORGANISATION)
    is_organisation = kind == Organisation.ORGANISATION
    described = {
        "kind": kind,
        "name": fields.text("name", NAME_LENGTH_MAX, required=True),
        "legal_name": fields.text("legal_name", NAME_LENGTH_MAX, required=is_organisation),
        "jurisdiction": fields.country("jurisdiction"),
        "registration_number": fields.text("registration_number", 60),
        "lei": fields.lei("lei"),
        "abuse_contact": fields.contact("abuse_contact", URL_LENGTH_MAX, required=is_organisation),
    }
    if is_organisation and not described["jurisdiction"] and "jurisdiction" not in fields.problems:
        fields.problems["jurisdiction"] = _("Say under which country's law it stands.")
    refuse_where(fields.problems)
    return described
