"""What becomes of an application or a registration: apply again, take back, renew, give up, answer, appeal."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from licet.lifecycle.registration import TABLE
from licet.lifecycle.table import REGISTRANT
from licet.server.clock import utc_now
from licet.server.registrant.access import actor_of, is_done, my_overview, my_service, page, posted
from licet.server.registrant.forms import AnswerForm, ConfirmForm, EmptyForm
from licet.server.registrant.words import day
from licet.server.registry.models import Registration
from licet.server.registry.service_layer import applications, registrations
from licet.server.registry.service_layer.services import open_application

MESSAGES_SHOWN = 100


@page
def reopen(request: HttpRequest, handle: str) -> HttpResponse:
    """Apply again: what was entered is still there."""
    service = my_service(request, handle)
    form = EmptyForm(posted(request))
    if request.method == "POST" and is_done(
            form, lambda: open_application(actor_of(request), service, at=utc_now())):
        return redirect("registrant:summary", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Apply again"), "caption": f"{service.name} · {handle}", "button": _("Apply again"),
        "lead": _("What you entered is still there: check it, prove what needs proof, and submit."),
        "back": "registrant:service", "back_handle": handle})


@page
def withdraw(request: HttpRequest, handle: str) -> HttpResponse:
    """Take an application back."""
    found = my_overview(request, handle)
    application = found.application
    if application is None or not found.is_open:
        return redirect("registrant:service", handle=handle)
    form = ConfirmForm(posted(request))
    if request.method == "POST" and is_done(
            form, lambda: applications.withdraw(actor_of(request), application, at=utc_now())):
        messages.success(request, _("Taken back."))
        return redirect("registrant:service", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Take the application back"), "caption": f"{found.service.name} · {handle}",
        "lead": _("Nobody decides about it then. You can apply again at any time."), "button": _("Take it back"),
        "back": "registrant:service", "back_handle": handle})


@page
def renew(request: HttpRequest, handle: str) -> HttpResponse:
    """Another year."""
    found = my_overview(request, handle)
    registration = _current(found.registration)
    if not TABLE.allows(registration.state, "renew", REGISTRANT):
        messages.error(request, _("It cannot be renewed while a notice or a hold stands. What that takes is given back "
                                  "afterwards."))
        return redirect("registrant:service", handle=handle)
    form = EmptyForm(posted(request))

    def do() -> None:
        done = registrations.renew(actor_of(request), registration, at=utc_now())
        messages.success(request, _("Renewed until %(end)s.") % {"end": day(done.ex_date)})

    if request.method == "POST" and is_done(form, do):
        return redirect("registrant:service", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Renew for a year"), "caption": f"{found.service.name} · {handle}",
        "lead": _("It is registered until %(end)s. Renewing adds a year to that; it reaches at most two years from "
                  "today.") % {"end": day(registration.ex_date)},
        "button": _("Renew"), "back": "registrant:service", "back_handle": handle})


@page
def surrender(request: HttpRequest, handle: str) -> HttpResponse:
    """Give a registration up."""
    found = my_overview(request, handle)
    registration = _current(found.registration)
    form = ConfirmForm(posted(request))
    if request.method == "POST" and is_done(
            form, lambda: registrations.surrender(actor_of(request), registration, at=utc_now())):
        messages.success(request, _("Given up. It is not registered any more."))
        return redirect("registrant:service", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Give the registration up"), "caption": f"{found.service.name} · {handle}",
        "lead": _("From the next snapshot on, networks see its tunnels as not registered, and nothing more follows "
                  "from that. This cannot be taken back, but you can apply again at any time."),
        "button": _("Give it up"), "is_grave": True, "back": "registrant:service", "back_handle": handle})


@page
def thread(request: HttpRequest, handle: str) -> HttpResponse:
    """Questions of the registry and answers to them."""
    found = my_overview(request, handle)
    application = found.application
    form = AnswerForm(posted(request))
    if request.method == "POST" and application is not None and is_done(
            form, lambda: applications.answer(actor_of(request), application, form.cleaned_data["text"], at=utc_now())):
        messages.success(request, _("Answered. The registry goes on with your application."))
        return redirect("registrant:messages", handle=handle)
    return render(request, "registrant/messages.html", {
        "one": found, "service": found.service, "form": form, "question": found.question,
        "thread": list(found.service.messages.order_by("-pk")[:MESSAGES_SHOWN])[::-1]})


@page
def appeal(request: HttpRequest, handle: str) -> HttpResponse:
    """Appeal against a notice, a hold or a revocation."""
    found = my_overview(request, handle)
    registration = _current(found.registration)
    if not TABLE.allows(registration.state, "appeal_filed", REGISTRANT):
        return redirect("registrant:service", handle=handle)
    form = AnswerForm(posted(request))
    form.fields["text"].label = _("Why should it stay as it is?")
    if request.method == "POST" and is_done(form, lambda: registrations.file_appeal(
            actor_of(request), registration, form.cleaned_data["text"], at=utc_now())):
        messages.success(request, _("Your appeal was filed. An officer who took no part decides it."))
        return redirect("registrant:service", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Appeal"), "caption": f"{found.service.name} · {handle}", "lead": found.words.text,
        "button": _("File the appeal"), "back": "registrant:service", "back_handle": handle})


def _current(registration: Registration | None) -> Registration:
    if registration is None or registration.is_over:
        raise Http404
    return registration
