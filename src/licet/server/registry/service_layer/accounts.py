"""Deleting an account: what it alone held is given up first, and then nothing of it is left."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.server.registry.models import Account, Officer, Organisation, Registration
from licet.server.registry.service_layer.actors import registrant
from licet.server.registry.service_layer.applications import withdraw
from licet.server.registry.service_layer.registrations import surrender
from licet.server.registry.service_layer.services import current_registration, open_application_of


def registrations_that_end(account: Account) -> list[Registration]:
    """The registrations that would end with an account, because nobody else acts for their organisations."""
    ending = []
    for organisation in _alone_in(account):
        for service in organisation.services.all():
            found = current_registration(service)
            if found is not None:
                ending.append(found)
    return ending


@transaction.atomic
def delete_account(account: Account, *, surrender_registrations: bool = False, at: datetime) -> None:
    """Delete an account with its sign-ins. Applications that nobody else could follow are withdrawn. Raises Refused for
    an officer, and where registrations would end and that was not asked for."""
    if Officer.objects.filter(account=account).exists():
        raise Refused("officer", _("An officer's decisions are on record: retire first, and keep the account."))
    ending = registrations_that_end(account)
    if ending and not surrender_registrations:
        raise Refused("registrations_end", _(
            "%(count)d registrations are held by you alone and would end. Confirm that, or let somebody else join your "
            "organisation first.") % {"count": len(ending)})
    actor = registrant(account)
    for organisation in _alone_in(account):
        for service in organisation.services.order_by("pk"):
            application = open_application_of(service)
            if application is not None:
                withdraw(actor, application, at=at)
            registration = current_registration(service)
            if registration is not None:
                surrender(actor, registration, at=at)
    account.delete()


def _alone_in(account: Account) -> list[Organisation]:
    found = account.organisations.order_by("pk")
    return [one for one in found if not one.memberships.exclude(account=account).exists()]
