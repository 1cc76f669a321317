"""The desk: one clear question, and a decision with a code and a text."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import application as applications
from licet.lifecycle import registration as registrations
from licet.server.registry.models import Application, Message, Notice, Officer, Registration, Service
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_impartial
from licet.server.registry.service_layer.applications import lock_application, message_text
from licet.server.registry.service_layer.endpoint_fields import refuse_listed_homes
from licet.server.registry.service_layer.listings import note_listing
from licet.server.registry.service_layer.services import current_registration
from licet.server.registry.service_layer.standing import proofs_valid

LIFE = timedelta(days=registrations.REGISTRATION_DAYS)


@transaction.atomic
def ask(actor: Actor, application: Application, text: str, *, seen: str = "", at: datetime) -> Message:
    """Ask the applicant one question. While it is open, the registry's clock stands still; a provisional registration
    goes on. seen: as in `decide`. Raises Invalid or Refused."""
    service, application = lock_application(application)
    require_impartial(actor, service)
    _refuse_unseen(application, seen)
    text = message_text(text)
    if application.messages.filter(kind=Message.QUESTION, answered_at=None).exists():
        raise Refused("question_open", _("One question is open already; wait for its answer."))
    done = journal.move(application, applications.TABLE, "ask", actor, at)
    application.save()
    journal.write(done, application.handle, {"service": service.handle})
    question = Message.objects.create(service=service, application=application, kind=Message.QUESTION, text=text, at=at)
    notify(service, "question", f"question {question.pk}", at)
    return question


@transaction.atomic
def decide(actor: Actor, application: Application, *, approve: bool, code: str = "", text: str = "",
           conflicts_with: str = "", seen: str = "", at: datetime) -> Application:
    """Approve an application, which registers its service for a year, or refuse it with a code and a text.

    code: one of lifecycle.application.REFUSAL_CODES; conflicts_with: the other service's handle; seen: the
    `version_of` the application that was looked at, or "". The same decision by the same officer twice is the same as
    once. Raises Invalid or Refused.
    """
    service, application = lock_application(application)
    officer = require_impartial(actor, service)
    target = applications.APPROVED if approve else applications.REFUSED
    if application.state == target and application.decided_by_id == officer.pk:
        return application
    _refuse_unseen(application, seen)
    reason = "" if approve else applications.refusal_reason(code, text, known_handle(conflicts_with))
    if approve:
        refuse_listed_homes(service)
    facts = frozenset({applications.PROOFS_VALID}) if proofs_valid(service) else frozenset()
    done = journal.move(application, applications.TABLE, "approve" if approve else "refuse", actor, at, reason=reason,
                        facts=facts)
    application.decided_at, application.decided_by = at, officer
    application.reason, application.reason_text = reason, "" if approve else message_text(text)
    application.save()
    journal.write(done, application.handle, {"service": service.handle})
    application.messages.filter(kind=Message.QUESTION, answered_at=None).update(answered_at=at)
    # An appeal may have brought an earlier registration back meanwhile; that one goes on.
    if approve and current_registration(service) is None:
        register(actor, service, "approve", at + LIFE, at)
    notify(service, f"application_{application.state}", f"decision {application.handle}", at)
    return application


def version_of(application: Application) -> str:
    """What changes with every move of an application: who decides says which one they looked at."""
    return f"{application.state} {application.up_date.isoformat()}"


def _refuse_unseen(application: Application, seen: str) -> None:
    """Raises Refused where an open application moved after it was looked at; one that was decided is refused by its
    table, with what was decided."""
    if seen and application.is_open and seen != version_of(application):
        raise Refused("changed", _("This case changed while you were reading. Look at it again; nothing was decided."))


def register(actor: Actor, service: Service, event: str, end: datetime, at: datetime) -> Registration:
    """Write the row of a new registration, inside the caller's transaction. Raises Refused where there is one."""
    if current_registration(service) is not None:
        raise Refused("registered", _("This service is registered already."))
    done = journal.begin(registrations.TABLE, event, actor, at)
    made = Registration.objects.create(service=service, state=done.after, state_since=at, cr_date=at, up_date=at,
                                       ex_date=end)
    journal.write(done, service.handle, {"exDate": end.date().isoformat()})
    note_listing(actor, service, at)
    return made


def notify(service: Service, kind: str, key: str, at: datetime) -> None:
    """Note a mail that is due about a service; the key makes sure that it is due once."""
    Notice.objects.get_or_create(key=key, defaults={
        "organisation_id": service.organisation_id, "service": service, "kind": kind, "created": at})


def known_handle(handle: str) -> str:
    """The handle of a service, as it was written. Raises Refused where there is no such service."""
    wanted = handle.strip().upper()
    if wanted and not Service.objects.filter(handle=wanted).exists():
        raise Refused("unknown_handle", _("There is no service %(handle)s here.") % {"handle": wanted[:20]},
                      "conflicts_with")
    return wanted


def officer_count() -> int:
    """How many officers there are: what needs two people cannot be done by one."""
    return Officer.objects.filter(retired_at=None).count()
