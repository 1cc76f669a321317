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
    Invitation.objects.filter(invited_by=None, used_at=None).update(expires=at)
    return _invite(None, at)


@transaction.atomic
def invite_officer(actor: Actor, *, at: datetime) -> str:
    """A token that makes another officer, once, within a day. Raises Refused."""
    return _invite(require_officer(actor), at)


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
    return Invitation.objects.filter(token_digest=chance.token_digest(token), used_at=None, expires__gt=at).first()


@transaction.atomic
def retire_officer(actor: Actor, officer: Officer, *, at: datetime) -> Officer:
    """End an officer's service; what they decided stays theirs. The last one cannot go. Raises Refused."""
    require_officer(actor)
    lock_registry()
    officer = Officer.objects.get(pk=officer.pk)
    if officer.retired_at is not None:
        return officer
    if not Officer.objects.filter(retired_at=None).exclude(pk=officer.pk).exists():
        raise Refused("last_officer", _("This is the last officer: invite another one first."))
    officer.retired_at = at
    officer.save()
    return officer


def _invite(by: Officer | None, at: datetime) -> str:
    token = chance.token()
    Invitation.objects.create(token_digest=chance.token_digest(token), invited_by=by, created=at,
                              expires=at + INVITATION_LIFE)
    return token
