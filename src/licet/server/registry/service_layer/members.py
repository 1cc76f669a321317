"""Who acts for an organisation: one more account by a link in a mail, and leaving. All members may do the same things;
the log says nothing of them, for they are people."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.server import chance
from licet.server.registry.models import Account, MemberInvitation, Membership, Notice, Organisation
from licet.server.registry.service_layer.actors import Actor, require_member
from licet.server.registry.service_layer.fields import is_mail_address
from licet.server.registry.service_layer.locks import lock_organisation

INVITATION_LIFE = timedelta(days=7)
INVITATIONS_A_WEEK_MAX = 10  # of an organisation: a registry's mail is not for writing to strangers
MEMBERS_MAX = 50
EMAIL_LENGTH_MAX = 254


@transaction.atomic
def invite_member(actor: Actor, organisation: Organisation, email: str, *, at: datetime) -> MemberInvitation:
    """Send somebody a link with which one account, once, joins within a week. Raises Refused."""
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    email = email.strip().lower()
    if len(email) > EMAIL_LENGTH_MAX or not is_mail_address(email):
        raise Refused("no_mail", _("Write an e-mail address."), "email")
    if organisation.members.filter(email=email).exists():
        raise Refused("is_member", _("This account acts for the organisation already."), "email")
    if organisation.memberships.count() >= MEMBERS_MAX:
        raise Refused("too_many", _("At most %(most)d accounts act for one organisation.") % {"most": MEMBERS_MAX})
    recent = organisation.invitations.filter(created__gt=at - INVITATION_LIFE)
    if recent.count() >= INVITATIONS_A_WEEK_MAX:
        raise Refused("too_many", _("%(most)d invitations were sent in the last seven days. Try again later.") % {
            "most": INVITATIONS_A_WEEK_MAX})
    # A second link to the same mailbox takes the place of the first.
    recent.filter(email=email, closed_at=None).update(email="", closed_at=at)
    token = chance.token()
    invitation = MemberInvitation.objects.create(
        organisation=organisation, token_digest=chance.token_digest(token), email=email, created=at,
        expires=at + INVITATION_LIFE)
    Notice.objects.create(
        organisation=organisation, kind="member_invitation", key=f"join {invitation.token_digest}",
        details={"to": email, "path": f"/join/{token}/"}, created=at)
    return invitation


@transaction.atomic
def take_back_invitation(actor: Actor, organisation: Organisation, pk: int, *, at: datetime) -> None:
    """End a link that was not used. Doing it twice is the same as once. Raises Refused."""
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    organisation.invitations.filter(pk=pk, closed_at=None).update(email="", closed_at=at)


def open_member_invitation(token: str, *, at: datetime) -> MemberInvitation | None:
    """The invitation of a token that can be used."""
    found = MemberInvitation.objects.filter(token_digest=chance.token_digest(token), closed_at=None, expires__gt=at)
    return found.select_related("organisation").first()


def open_member_invitations(organisation: Organisation, *, at: datetime) -> list[MemberInvitation]:
    """The links that can still be used, the newest first."""
    return list(organisation.invitations.filter(closed_at=None, expires__gt=at).order_by("-created", "-pk"))


@transaction.atomic
def join_organisation(token: str, account: Account, *, at: datetime) -> Organisation:
    """Let an account act for the organisation that the link is for. The other members are told. Raises Refused for a
    link that is not known, was used, or has expired."""
    found = open_member_invitation(token, at=at)
    organisation = None if found is None else lock_organisation(found.organisation_id)
    found = open_member_invitation(token, at=at)  # under the lock: two who press at once are one after the other
    if found is None or organisation is None:
        raise Refused("unknown_link", _("This link was used, has expired, or is cut short. Ask for a new one."))
    if organisation.memberships.exclude(account=account).count() >= MEMBERS_MAX:
        raise Refused("too_many", _("At most %(most)d accounts act for one organisation.") % {"most": MEMBERS_MAX})
    _made, is_new = Membership.objects.get_or_create(organisation=organisation, account=account,
                                                     defaults={"since": at})
    found.email, found.closed_at = "", at
    found.save()
    if is_new:
        _tell(organisation, "member_joined", account.email, at)
    return organisation


@transaction.atomic
def end_membership(actor: Actor, organisation: Organisation, account: Account, *, at: datetime) -> None:
    """Let an account act for the organisation no more: oneself or another member. All are told, who goes too. Raises
    Refused for the last one: somebody has to answer for its services."""
    organisation = lock_organisation(organisation.pk)
    require_member(actor, organisation)
    found = organisation.memberships.filter(account=account).first()
    if found is None:
        return
    if organisation.memberships.count() == 1:
        raise Refused("last_member", _("Nobody else acts for this organisation: invite somebody first, or give its "
                                       "services up."))
    found.delete()
    _tell(organisation, "member_left", account.email, at)
    if actor.account is None or actor.account.pk != account.pk:
        _tell(organisation, "member_left", account.email, at, to=account.email)


def _tell(organisation: Organisation, kind: str, email: str, at: datetime, to: str = "") -> None:
    """Note a mail to all members, or to one address."""
    details = {"email": email, **({"to": to} if to else {})}
    Notice.objects.create(organisation=organisation, kind=kind, key=f"{kind} {chance.token()}", details=details,
                          created=at)
