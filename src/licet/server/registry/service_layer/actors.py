"""Who acts: an account in one of the roles of the state tables, the clock, or the machine; and what each may touch."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import table
from licet.server.registry.models import Account, Membership, Officer, Organisation, Registry, Service


@dataclass(frozen=True)
class Actor:
    """role: one of lifecycle.table.ROLES; account: None for the clock and the machine."""

    role: str
    account: Account | None = None


CLOCK = Actor(table.CLOCK)
MACHINE = Actor(table.MACHINE)


def registrant(account: Account) -> Actor:
    """An account that acts for its own organisation."""
    return Actor(table.REGISTRANT, account)


def officer(account: Account) -> Actor:
    """An account that decides at the desk."""
    return Actor(table.OFFICER, account)


def require_member(actor: Actor, organisation: Organisation | None) -> None:
    """Raises Refused unless the actor is a registrant of this organisation."""
    is_member = (
        actor.role == table.REGISTRANT
        and actor.account is not None
        and organisation is not None
        and Membership.objects.filter(account=actor.account, organisation=organisation).exists()
    )
    if not is_member:
        raise Refused("not_yours", _("This belongs to another organisation."))


def require_officer(actor: Actor) -> Officer:
    """The officer that acts. Raises Refused for anybody else."""
    found = None
    if actor.role in (table.OFFICER, table.SECOND_OFFICER, table.REVIEWER) and actor.account is not None:
        found = Officer.objects.filter(account=actor.account, retired_at=None).first()
    if found is None:
        raise Refused("not_officer", _("Only an officer of this registry can do this."))
    return found


def require_impartial(actor: Actor, service: Service) -> Officer:
    """The officer that acts, who decides nothing about an organisation they belong to. On an owned network its operator
    may: the network is theirs. Raises Refused."""
    found = require_officer(actor)
    if registry().is_owned or service.organisation_id is None:
        return found
    if Membership.objects.filter(account=actor.account, organisation_id=service.organisation_id).exists():
        raise Refused("own_case", _("You belong to this organisation: another officer has to decide."))
    return found


def registry() -> Registry:
    """The registry's own row. Raises Refused where `licet serve` has not made it yet."""
    found = Registry.objects.filter(pk=1).first()
    if found is None:
        raise Refused("no_registry", _("This registry has not been set up yet: run `licet serve --init`."))
    return found
