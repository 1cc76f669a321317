"""The desk's pages of requests: what waits, and one letter with a code and a text for each ask."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from licet.errors import Refused
from licet.server.clock import utc_now
from licet.server.desk.forms import take_problems
from licet.server.desk.views import head
from licet.server.entrance import account_of, decider_required, officer_required
from licet.server.orders import words
from licet.server.orders.asks import suggestions
from licet.server.orders.forms import AskAnswerForm, RequestForm, SealForm
from licet.server.orders.models import Ask, Request
from licet.server.orders.registered import registered_handle
from licet.server.orders.service_layer import requests
from licet.server.orders.service_layer.requests import Answer
from licet.server.registry.service_layer.actors import officer
from licet.server.registry.service_layer.errors import Invalid

CONFLICT, WRONG = 409, 422
ROWS_MAX = 200


@require_safe
@never_cache
@officer_required
def queue(request: HttpRequest) -> HttpResponse:
    """Requests that wait, the oldest first, and the last that were answered."""
    waiting = Request.objects.filter(state__in=("received", "acknowledged")).order_by("received")[:ROWS_MAX]
    answered = Request.objects.filter(state="answered").order_by("-answered")[:20]
    return render(request, "orders/desk_requests.html", {
        "waiting": [(one, words.REQUEST_STATES[one.state]) for one in waiting], "answered": answered,
        **head(request, "requests")})


@require_safe
@never_cache
@officer_required
def letter(request: HttpRequest, handle: str) -> HttpResponse:
    """One letter."""
    return _letter_page(request, get_object_or_404(Request, handle=handle))


def _letter_page(request: HttpRequest, found: Request, forms: dict[int, AskAnswerForm] | None = None, problem: str = "",
                 status: int = 200) -> HttpResponse:
    at = utc_now()
    rows: list[tuple[Ask, str, list[Any], AskAnswerForm | None]] = []
    for ask in found.asks.order_by("number"):
        handle = registered_handle(ask.endpoint, at) if ask.endpoint else ""
        codes = suggestions(ask.text, ask.endpoint, found.legal_text_quoted, handle)
        form = (forms or {}).get(ask.number) or AskAnswerForm(prefix=f"ask-{ask.number}")
        rows.append((ask, handle, [words.CODES[code] for code in codes], form))
    return render(request, "orders/desk_request.html", {
        "found": found, "rows": rows, "state": words.REQUEST_STATES[found.state], "problem": problem,
        "seal": SealForm(), **head(request, "requests")}, status=status)


@never_cache
@require_POST
@decider_required
def step(request: HttpRequest, handle: str, name: str) -> HttpResponse:
    """Acknowledge it, answer it, seal it, or take it back for its sender."""
    found = get_object_or_404(Request, handle=handle)
    actor, at = officer(account_of(request)), utc_now()
    forms: dict[int, AskAnswerForm] = {}
    try:
        if name == "acknowledge":
            requests.acknowledge(actor, found, at=at)
        elif name == "withdraw":
            requests.withdraw(actor, found, at=at)
        elif name == "seal":
            seal = SealForm(request.POST)
            requests.seal(actor, found, seal.cleaned_data["days"] if seal.is_valid() else 0, at=at)
        else:
            forms = {ask.number: AskAnswerForm(request.POST, prefix=f"ask-{ask.number}") for ask in found.asks.all()}
            requests.answer(actor, found, [_answer(number, form) for number, form in forms.items()], at=at)
    except Invalid as error:
        for number, form in forms.items():
            if f"ask-{number}" in error.problems:
                take_problems(form, {"": error.problems[f"ask-{number}"]})
        return _letter_page(request, found, forms, "" if forms else str(error), WRONG)
    except Refused as error:
        return _letter_page(request, found, forms, str(error), CONFLICT)
    messages.success(request, _("%(handle)s: done.") % {"handle": found.handle})
    return redirect("orders_desk:request", handle=found.handle)


def _answer(number: int, form: AskAnswerForm) -> Answer:
    form.full_clean()
    return Answer(number, form.cleaned_data.get("code", ""), form.cleaned_data.get("text", ""))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@decider_required
def enter(request: HttpRequest) -> HttpResponse:
    """A letter that came by post, typed in by an officer."""
    form = RequestForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = WRONG
        if form.is_valid():
            try:
                made = requests.receive(officer(account_of(request)), form.cleaned_data, at=utc_now())
            except Invalid as error:
                take_problems(form, error.problems)
            else:
                return redirect("orders_desk:request", handle=made.handle)
    return render(request, "orders/desk_enter.html", {"form": form, **head(request, "requests")}, status=status)
