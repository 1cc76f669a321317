"""Applications, as their applicant moves them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import application as applications
from licet.server.registry.models import Application, Message, Service
from licet.server.registry.models.casework import TEXT_LENGTH_MAX
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_member
from licet.server.registry.service_layer.errors import refuse_where
from licet.server.registry.service_layer.fields import Fields
from licet.server.registry.service_layer.locks import lock_service
from licet.server.registry.service_layer.standing import live_endpoints, settle


@transaction.atomic
def submit_application(actor: Actor, application: Application, *, at: datetime) -> Application:
    """Hand an application in. Where every endpoint is proven already, it goes to the officers at once. Handing in twice
    is the same as once. Raises Refused."""
    service, application = lock_application(application)
    require_member(actor, service.organisation)
    if application.submitted_at is not None and application.is_open:
        return application
    if application.state == applications.DRAFT and not live_endpoints(service):
        raise Refused("no_endpoint", _("Add an endpoint or a key first: it is what is registered."))
    done = journal.move(application, applications.TABLE, "submit", actor, at)
    application.submitted_at = application.clock_since = at
    application.save()
    journal.write(done, application.handle, {"service": service.handle})
    settle(service, at)
    application.refresh_from_db()
    return application


@transaction.atomic
def withdraw(actor: Actor, application: Application, *, at: datetime) -> Application:
    """Take an application back. Raises Refused."""
    service, application = lock_application(application)
    require_member(actor, service.organisation)
    if application.state == applications.WITHDRAWN:
        return application
    withdraw_locked(actor, service, application, at)
    return application


def withdraw_locked(actor: Actor, service: Service, application: Application, at: datetime) -> None:
    """Take an application back, inside the caller's transaction."""
    done = journal.move(application, applications.TABLE, "withdraw", actor, at)
    application.save()
    journal.write(done, application.handle, {"service": service.handle})


@transaction.atomic
def answer(actor: Actor, application: Application, text: str, *, at: datetime) -> Message:
    """Answer the open question. The clock of the registry runs on from where it stood. Raises Invalid or Refused."""
    service, application = lock_application(application)
    require_member(actor, service.organisation)
    text = message_text(text)
    question = application.messages.filter(kind=Message.QUESTION, answered_at=None).order_by("pk").last()
    if question is None:
        raise Refused("no_question", _("No question is open."))
    done = journal.move(application, applications.TABLE, "answer", actor, at)
    if done.before != done.after:
        application.clock_since += at - question.at
    application.save()
    question.answered_at = at
    question.save()
    journal.write(done, application.handle, {"service": service.handle})
    return Message.objects.create(service=service, application=application, kind=Message.ANSWER, text=text, at=at)


def lock_application(application: Application) -> tuple[Service, Application]:
    """Lock the service of an application and read both again."""
    service = lock_service(application.service_id)
    return service, service.applications.get(pk=application.pk)


def message_text(text: str) -> str:
    """A question, an answer or a reason, checked. Raises Invalid."""
    fields = Fields({"text": text}, frozenset({"text"}))
    checked = fields.text("text", TEXT_LENGTH_MAX, required=True, lines=True)
    refuse_where(fields.problems)
    return checked
