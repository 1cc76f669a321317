"""Step 2 of applying: what the service is, one question a page; the summary before submitting; the service's page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licet.server.clock import utc_now
from licet.server.registrant import forms
from licet.server.registrant.access import (
    actor_of,
    is_done,
    made_just_now,
    my_organisation,
    my_overview,
    my_service,
    page,
    posted,
)
from licet.server.registrant.steps import draft_step
from licet.server.registry.models import Service
from licet.server.registry.service_layer import services
from licet.server.registry.service_layer.applications import submit_application

MESSAGES_SHOWN = 50
ENDPOINTS_SHOWN = 200
RETURNS = ("summary", "service")


@dataclass(frozen=True)
class Question:
    """One page about a service. form: what it asks; next: the question after it, "" for the last; title: the page's."""

    form: type[forms.PlainForm]
    next: str
    title: str | Promise
    may_skip: bool = False


QUESTIONS = {
    "name": Question(forms.ServiceNameForm, "purpose", gettext_lazy("What the service is called")),
    "purpose": Question(forms.PurposeForm, "logs", gettext_lazy("What it is for"), may_skip=True),
    "logs": Question(forms.LogsForm, "interception", gettext_lazy("What it logs"), may_skip=True),
    "interception": Question(forms.DutyForm, "listing", gettext_lazy("Duty of interception")),
    "listing": Question(forms.ListingForm, "", gettext_lazy("In the directory or not")),
    "facts": Question(forms.FactsForm, "", gettext_lazy("Website and audit"), may_skip=True),
}
_BEFORE = {question.next: name for name, question in QUESTIONS.items() if question.next}


@page
def service_new(request: HttpRequest, handle: str) -> HttpResponse:
    """What the new service is called. With its name it is saved, as a draft."""
    organisation = my_organisation(request, handle)
    form = forms.ServiceNameForm(posted(request))
    made: list[Service] = []

    def make() -> None:
        twin = made_just_now(organisation.services.filter(name=form.cleaned_data["name"]), utc_now())
        made.append(twin or services.create_service(actor_of(request), organisation, form.cleaned_data, at=utc_now()))

    if request.method == "POST" and is_done(form, make):
        return redirect("registrant:service_edit", handle=made[0].handle, question="purpose")
    return render(request, "registrant/question.html", {
        "form": form, "title": QUESTIONS["name"].title, "step": 2, "back": "registrant:who",
        "caption": organisation.name})


@page
def service_edit(request: HttpRequest, handle: str, question: str) -> HttpResponse:
    """One question about a service. `?return=` says where to go afterwards; else the next question is asked."""
    service, asked = my_service(request, handle), QUESTIONS.get(question)
    if asked is None:
        raise Http404
    form = asked.form(posted(request), initial=_initial(service, asked.form))
    if request.method == "POST" and is_done(
            form, lambda: services.edit_service(actor_of(request), service, _values(form), at=utc_now())):
        return redirect(_after(request, service, asked))
    is_return = request.GET.get("return") in RETURNS
    return render(request, "registrant/question.html", {
        "form": form, "title": asked.title, "caption": f"{service.name} · {service.handle}",
        "step": None if is_return or question == "facts" else 2, "may_skip": asked.may_skip,
        "back_url": _back(request, service, question)})


def _initial(service: Service, form: type[forms.PlainForm]) -> dict[str, Any]:
    values = {field: getattr(service, field) for field in form.base_fields}
    if "is_listed" in values:
        values["is_listed"] = forms.YES if values["is_listed"] else forms.NO
    return values


def _values(form: forms.PlainForm) -> dict[str, Any]:
    values = dict(form.cleaned_data)
    if "is_listed" in values:
        values["is_listed"] = values["is_listed"] == forms.YES
    return values


def _after(request: HttpRequest, service: Service, asked: Question) -> str:
    wanted = request.GET.get("return")
    here = {"handle": service.handle}
    if wanted in RETURNS:
        return reverse(f"registrant:{wanted}", kwargs=here)
    if asked.next:
        return reverse("registrant:service_edit", kwargs={**here, "question": asked.next})
    return reverse("registrant:endpoints", kwargs=here)


def _back(request: HttpRequest, service: Service, question: str) -> str:
    wanted, here = request.GET.get("return"), {"handle": service.handle}
    if wanted in RETURNS:
        return reverse(f"registrant:{wanted}", kwargs=here)
    before = _BEFORE.get(question)
    if before is None:
        return reverse("registrant:service", kwargs=here)
    return reverse("registrant:service_edit", kwargs={**here, "question": before})


@page
def service(request: HttpRequest, handle: str) -> HttpResponse:
    """Everything about one service, the next missing thing on top."""
    found = my_overview(request, handle)
    thread = found.service.messages.order_by("-pk")
    return render(request, "registrant/service.html", {
        "one": found, "service": found.service, "messages_count": thread.count(), "last_message": thread.first(),
        "live": found.live[:ENDPOINTS_SHOWN], "live_count": len(found.live)})


@page
def summary(request: HttpRequest, handle: str) -> HttpResponse:
    """Check the answers, then submit."""
    found = my_overview(request, handle)
    application = found.application
    if not found.is_draft or application is None:
        return redirect("registrant:service", handle=handle)
    form = forms.EmptyForm(posted(request))
    submit: Callable[[], Any] = lambda: submit_application(actor_of(request), application, at=utc_now())  # noqa: E731
    if request.method == "POST" and is_done(form, submit):
        messages.success(request, _("Submitted. We will write when something happens."))
        return redirect("registrant:service", handle=handle)
    return render(request, "registrant/summary.html", {
        "one": found, "service": found.service, "form": form, "live": found.live[:ENDPOINTS_SHOWN],
        "missing": draft_step(found.service, [shown.endpoint for shown in found.live]),
        "unproven": [shown for shown in found.live if not shown.endpoint.counts]})
