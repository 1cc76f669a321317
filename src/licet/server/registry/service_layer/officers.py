"""The registry itself and its officers: made once, invited by link, never with a password that somebody else knows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.server import chance
from licet.server.registry.models import Account, Invitation, Officer, Registry
from licet.server.registry.service_layer.actors import Actor, require_officer
from licet.server.registry.service_layer.handles import new_handle
from licet.server.registry.service_layer.locks import lock_registry

INVITATION_LIFE = timedelta(hours=24)


@transaction.atomic
def init_registry(kind: str, name: str, *, at: datetime) -> Registry:
    """Make the registry's row; one of the same kind that is there already is returned. Raises Refused for the other
    kind: what was registered under one rule is not turned into the other."""
    found, _made = Registry.objects.get_or_create(pk=1, defaults={"kind": kind, "name": name, "created": at})
    if found.kind != kind:
        raise Refused("other_kind", f"this registry is {found.kind} and stays so; start another one in another folder")
    return found


@transaction.atomic
def rename_registry(name: str) -> None:
    """Give the registry the name that licet.toml says."""
    Registry.objects.filter(pk=1).exclude(name=name).update(name=name)


@transaction.atomic
def invite_first_officer(*, at: datetime) -> str | None:
    """A token that makes the first officer, once, within a day; None where there is an officer. Earlier tokens of this
    kind end. It is for whoever runs the service: nothing but the machine's console shows it."""
    lock_registry()
    if Officer.objects.filter(retired_at=None).exists():
        return None
    return _invite_by_operator(at)


@transaction.atomic
def invite_by_operator(*, at: datetime) -> str:
    """A token that makes an officer, given by whoever runs the service: the way out where the one officer who is left
    cannot have a second one confirm. The others see that it was the operator. Raises Refused."""
    lock_registry()
    return _invite_by_operator(at)


@transaction.atomic
def invite_officer(actor: Actor, *, at: datetime) -> str:
    """A token that makes another officer, once, within a day. Where there are two officers or more, it works when a
    second one has confirmed it. Raises Refused."""
    officer = require_officer(actor)
    lock_registry()
    is_alone = not Officer.objects.filter(retired_at=None).exclude(pk=officer.pk).exists()
    return _invite(officer, at, confirmed_at=at if is_alone else None)


@transaction.atomic
def confirm_invitation(actor: Actor, invitation: Invitation, *, at: datetime) -> Invitation:
    """The second officer agrees, and the link works. Raises Refused for the first one, and where it has ended."""
    second = require_officer(actor)
    lock_registry()
    invitation = Invitation.objects.get(pk=invitation.pk)
    if invitation.confirmed_by_id == second.pk:
        return invitation
    if invitation.confirmed_at is not None or invitation.expires <= at:
        raise Refused("closed", _("This invitation was settled already, or has expired."))
    if invitation.invited_by_id == second.pk:
        raise Refused("same_person", _("You proposed this: a second officer has to confirm it."))
    invitation.confirmed_by, invitation.confirmed_at = second, at
    invitation.save()
    return invitation


@transaction.atomic
def drop_invitation(actor: Actor, invitation: Invitation, *, at: datetime) -> Invitation:
    """Any officer ends a link that was not used yet. Raises Refused."""
    require_officer(actor)
    lock_registry()
    invitation = Invitation.objects.get(pk=invitation.pk)
    if invitation.used_at is None and invitation.expires > at:
        invitation.expires = at
        invitation.save()
    return invitation


def open_invitations(at: datetime) -> list[Invitation]:
    """The links that can still be confirmed or used, the newest first."""
    found = Invitation.objects.filter(used_at=None, expires__gt=at).select_related("invited_by", "confirmed_by")
    return list(found.order_by("-created", "-pk"))


@transaction.atomic
def accept_invitation(token: str, account: Account, *, at: datetime) -> Officer:
    """Make an account an officer. Raises Refused for a token that is not known, was used, or has expired."""
    lock_registry()
    found = open_invitation(token, at=at)
    if found is None:
        raise Refused("unknown_link", _("This link was used, has expired, or is cut short. Ask for a new one."))
    officer, made = Officer.objects.get_or_create(
        account=account, defaults={"code": new_handle(Officer, "OFF", "code"), "since": at})
    if not made and officer.retired_at is not None:
        officer.retired_at, officer.since = None, at
        officer.save()
    found.used_at = at
    found.save()
    return officer


def open_invitation(token: str, *, at: datetime) -> Invitation | None:
    """The invitation of a token that can be used."""
    found = Invitation.objects.filter(token_digest=chance.token_digest(token), used_at=None, expires__gt=at)
    return found.exclude(confirmed_at=None).first()


@transaction.atomic
def propose_retirement(actor: Actor, officer: Officer, *, at: datetime) -> Officer:
    """Propose that an officer stops, oneself or another; a second one confirms. The last one cannot go. Raises
    Refused."""
    first = require_officer(actor)
    officer = _lock_serving(officer)
    _refuse_last(officer)
    if officer.retire_proposed_by_id is None:
        officer.retire_proposed_by, officer.retire_proposed_at = first, at
        officer.save()
    return officer


@transaction.atomic
def confirm_retirement(actor: Actor, officer: Officer, *, at: datetime) -> Officer:
    """The second officer agrees, which may be the one who is to stop; what they decided stays theirs. Raises Refused
    for the one who proposed it."""
    second = require_officer(actor)
    officer = _lock_serving(officer)
    if officer.retire_proposed_by_id is None:
        raise Refused("closed", _("Nobody proposes this any more."))
    if officer.retire_proposed_by_id == second.pk:
        raise Refused("same_person", _("You proposed this: a second officer has to confirm it."))
    _refuse_last(officer)
    officer.retired_at, officer.retire_proposed_by, officer.retire_proposed_at = at, None, None
    officer.save()
    return officer


@transaction.atomic
def drop_retirement(actor: Actor, officer: Officer) -> Officer:
    """Any officer takes the proposal off the desk; nothing happens. Raises Refused."""
    require_officer(actor)
    officer = _lock_serving(officer)
    officer.retire_proposed_by = officer.retire_proposed_at = None
    officer.save()
    return officer


def _lock_serving(officer: Officer) -> Officer:
    lock_registry()
    officer = Officer.objects.get(pk=officer.pk)
    if officer.retired_at is not None:
        raise Refused("closed", _("This officer has retired already."))
    return officer


def _refuse_last(officer: Officer) -> None:
    if not Officer.objects.filter(retired_at=None).exclude(pk=officer.pk).exists():
        raise Refused("last_officer", _("This is the last officer: invite another one first."))


def _invite_by_operator(at: datetime) -> str:
    Invitation.objects.filter(invited_by=None, used_at=None).update(expires=at)
    return _invite(None, at, confirmed_at=at)


def _invite(by: Officer | None, at: datetime, *, confirmed_at: datetime | None) -> str:
    token = chance.token()
    Invitation.objects.create(token_digest=chance.token_digest(token), invited_by=by, created=at,
                              confirmed_at=confirmed_at, expires=at + INVITATION_LIFE)
    return token
