"""Registrations: renewed and surrendered by their owner; noticed, held and revoked by officers, two of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import registration as registrations
from licet.lifecycle.application import refusal_reason
from licet.lifecycle.table import AFFECTED, OFFICER, REGISTRANT, REVIEWER, SECOND_OFFICER
from licet.server.registry.models import Message, Proposal, Registration, Service
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_impartial, require_member, require_officer
from licet.server.registry.service_layer.applications import message_text
from licet.server.registry.service_layer.attested_fields import review_end
from licet.server.registry.service_layer.decisions import LIFE, known_handle, notify
from licet.server.registry.service_layer.locks import lock_service

NOTICE = timedelta(days=registrations.NOTICE_DAYS)
GIVEN_BACK = timedelta(days=registrations.EXPIRING_DAYS)
AHEAD_MAX = 2 * LIFE  # a registration can be renewed early, but never reaches further than this


@transaction.atomic
def renew(actor: Actor, registration: Registration, *, at: datetime, review_date: date | None = None) -> Registration:
    """Another year. review_date: for an attested entry, which an officer renews. Raises Invalid or Refused."""
    service, registration = lock_registration(registration)
    _require_holder(actor, service)
    if service.is_attested:
        end = review_end(review_date, at)
    else:
        end = min(max(registration.ex_date, at) + LIFE, at + AHEAD_MAX)
    _move(service, registration, "renew", actor, at, ex_date=max(end, registration.ex_date))
    return registration


@transaction.atomic
def surrender(actor: Actor, registration: Registration, *, at: datetime) -> Registration:
    """Give a registration up. Raises Refused."""
    service, registration = lock_registration(registration)
    _require_holder(actor, service)
    if registration.state == registrations.GONE:
        return registration
    _move(service, registration, "surrender", actor, at)
    return registration


@transaction.atomic
def give_notice(actor: Actor, registration: Registration, *, code: str, text: str, conflicts_with: str = "",
                at: datetime) -> Registration:
    """Tell the owner what is wrong, at least 14 days before anything may follow. Raises Invalid or Refused."""
    service, registration = lock_registration(registration)
    officer = require_impartial(actor, service)
    reason = refusal_reason(code, text, known_handle(conflicts_with))
    _move(service, registration, "notice", actor, at, reason=reason, reason_text=message_text(text), noticed_at=at,
          noticed_by=officer)
    notify(service, "notice", f"notice {registration.pk} {at.isoformat()}", at)
    return registration


def propose_suspension(actor: Actor, registration: Registration, *, code: str, text: str, conflicts_with: str = "",
                       at: datetime) -> Proposal:
    """Propose to put a registration on hold, which still shields it; a second officer confirms. Raises Refused."""
    return _propose(actor, registration, Proposal.SUSPEND, code, text, conflicts_with, at)


def propose_revocation(actor: Actor, registration: Registration, *, code: str, text: str, conflicts_with: str = "",
                       at: datetime) -> Proposal:
    """Propose to revoke a registration, which counts for 30 days more; a second officer confirms. Raises Refused."""
    return _propose(actor, registration, Proposal.REVOKE, code, text, conflicts_with, at)


@transaction.atomic
def confirm_proposal(actor: Actor, proposal: Proposal, *, at: datetime) -> Registration:
    """The second officer agrees, and it happens. Raises Refused for the first one, and where it was settled already."""
    service, registration = lock_registration(proposal.registration)
    second = require_impartial(actor, service)
    proposal = registration.proposals.get(pk=proposal.pk)
    if proposal.confirmed and proposal.closed_by_id == second.pk:
        return registration
    _refuse_closed(proposal)
    if proposal.proposed_by_id == second.pk:
        raise Refused("same_person", _("You proposed this: a second officer has to confirm it."))
    actor = Actor(SECOND_OFFICER, actor.account)
    _move(service, registration, proposal.event, actor, at, reason=proposal.reason, reason_text=proposal.reason_text)
    proposal.closed_by, proposal.closed_at, proposal.confirmed = second, at, True
    proposal.save()
    notify(service, proposal.event, f"proposal {proposal.pk}", at)
    return registration


@transaction.atomic
def drop_proposal(actor: Actor, proposal: Proposal, *, at: datetime) -> Proposal:
    """Any officer takes a proposal off the desk; nothing happens. Raises Refused."""
    _service, registration = lock_registration(proposal.registration)
    officer = require_officer(actor)
    proposal = registration.proposals.get(pk=proposal.pk)
    _refuse_closed(proposal)
    proposal.closed_by, proposal.closed_at = officer, at
    proposal.save()
    return proposal


@transaction.atomic
def lift(actor: Actor, registration: Registration, *, at: datetime) -> Registration:
    """Take a notice, a hold or a revocation back. Raises Refused."""
    service, registration = lock_registration(registration)
    require_impartial(actor, service)
    _move(service, registration, "lift", actor, at)
    notify(service, "lift", f"lift {registration.pk} {at.isoformat()}", at)
    return registration


@transaction.atomic
def file_appeal(actor: Actor, registration: Registration, text: str, *, at: datetime) -> Registration:
    """Appeal against a notice, a hold or a revocation; a hold is off until the appeal is decided. Raises Invalid or
    Refused."""
    service, registration = lock_registration(registration)
    if actor.role != AFFECTED:
        require_member(actor, service.organisation)
    text = message_text(text)
    _move(service, registration, "appeal_filed", actor, at)
    Message.objects.create(service=service, kind=Message.APPEAL, text=text, at=at)
    return registration


@transaction.atomic
def uphold_appeal(actor: Actor, registration: Registration, *, at: datetime) -> Registration:
    """Decide an appeal for the owner: the registration is as it was. The reviewer is none of those who decided before.
    Raises Refused."""
    service, registration = lock_registration(registration)
    reviewer = require_impartial(Actor(REVIEWER, actor.account), service)
    if reviewer.pk in who_decided(registration):
        raise Refused("not_independent", _("You took part in the decision: another officer has to review it."))
    if service.registrations.filter(pk__gt=registration.pk).exists():
        raise Refused("registered", _("This service was registered again since; that registration stands for itself."))
    _move(service, registration, "appeal_won", Actor(REVIEWER, actor.account), at)
    notify(service, "appeal_won", f"appeal {registration.pk} {at.isoformat()}", at)
    return registration


def lock_registration(registration: Registration) -> tuple[Service, Registration]:
    """Lock the service of a registration and read both again."""
    service = lock_service(registration.service_id)
    return service, service.registrations.get(pk=registration.pk)


@transaction.atomic
def _propose(actor: Actor, registration: Registration, event: str, code: str, text: str, conflicts_with: str,
             at: datetime) -> Proposal:
    service, registration = lock_registration(registration)
    officer = require_impartial(actor, service)
    reason = refusal_reason(code, text, known_handle(conflicts_with))
    # Tried on the table, as the second officer would: what could not be confirmed is not proposed.
    registrations.TABLE.move(registration.state, event, SECOND_OFFICER, 0, reason=reason,
                             facts=facts_of(registration, at))
    if registration.proposals.filter(closed_at=None).exists():
        raise Refused("proposal_open", _("One proposal is open already: confirm it or drop it first."))
    return Proposal.objects.create(registration=registration, event=event, reason=reason,
                                   reason_text=message_text(text), proposed_by=officer, proposed_at=at)


def _move(service: Service, registration: Registration, event: str, actor: Actor, at: datetime, *, reason: str = "",
          **changes: Any) -> None:
    """Move a registration, change its fields and write both, inside the caller's transaction."""
    done = journal.move(registration, registrations.TABLE, event, actor, at, reason=reason,
                        facts=facts_of(registration, at))
    if done.before != done.after and done.after == registrations.OK:
        # The time that a notice, a hold or an appeal took is not the owner's loss: there is time to renew.
        changes = {"ex_date": max(registration.ex_date, at + GIVEN_BACK), "reason_text": "", "noticed_at": None,
                   "noticed_by": None, **changes}
        registration.reason = ""
    elif reason:
        registration.reason = reason
    for field, value in changes.items():
        setattr(registration, field, value)
    registration.save()
    journal.write(done, service.handle, {"exDate": registration.ex_date.date().isoformat()})
    if done.before != done.after:
        # What was proposed for another state is no longer what anybody agreed to.
        registration.proposals.filter(closed_at=None).exclude(event=event).update(closed_at=at)


def facts_of(registration: Registration, at: datetime) -> frozenset[str]:
    """What holds of a registration, of all that a move of it may need."""
    is_over = registration.noticed_at is not None and at >= registration.noticed_at + NOTICE
    return frozenset({registrations.NOTICE_OVER}) if is_over else frozenset()


def _require_holder(actor: Actor, service: Service) -> None:
    """The registrant of a service, or any officer for what was attested. Raises Refused."""
    if service.is_attested and actor.role == OFFICER:
        require_officer(actor)
    elif actor.role == REGISTRANT:
        require_member(actor, service.organisation)
    else:
        raise Refused("not_yours", _("Only its registrant can do this."))


def _refuse_closed(proposal: Proposal) -> None:
    if proposal.closed_at is not None:
        raise Refused("closed", _("This proposal was settled already."))


def who_decided(registration: Registration) -> set[int]:
    """The officers who took part in what an appeal is about: none of them reviews it."""
    people = {registration.noticed_by_id}
    for proposal in registration.proposals.filter(confirmed=True):
        people |= {proposal.proposed_by_id, proposal.closed_by_id}
    return {pk for pk in people if pk is not None}
