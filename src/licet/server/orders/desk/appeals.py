"""The reviewer's desk: appeals, the oldest first, each with the order it is about and everything that was said."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from licet.errors import Refused
from licet.lifecycle import appeal as appeals_table
from licet.server.clock import utc_now
from licet.server.desk.forms import DeskForm, take_problems
from licet.server.desk.views import head
from licet.server.entrance import account_of, decider_required, officer_required
from licet.server.orders import words
from licet.server.orders.forms import AskMoreForm, DecideForm
from licet.server.orders.models import Appeal
from licet.server.orders.service_layer import appeals
from licet.server.orders.shown import shown
from licet.server.registry.service_layer.actors import officer
from licet.server.registry.service_layer.errors import Invalid

WRONG, CONFLICT = 422, 409
ROWS_MAX, DECIDED_SHOWN = 500, 50


@require_safe
@never_cache
@officer_required
def queue(request: HttpRequest) -> HttpResponse:
    """What is open, and by when each is decided or won; then what was decided lately."""
    rows = Appeal.objects.filter(state__in=appeals_table.OPEN).select_related("order", "end", "reviewer")
    found = [(one, words.APPEAL_STATES[one.state], one.filed + timedelta(days=appeals_table.REVIEW_DAYS))
             for one in rows.order_by("filed")[:ROWS_MAX]]
    over = Appeal.objects.filter(state__in=appeals_table.FINAL).select_related("order", "end").order_by("-decided_at")
    decided = [(one, words.APPEAL_STATES[one.state]) for one in over[:DECIDED_SHOWN]]
    return render(request, "orders/desk_appeals.html", {
        "rows": found, "decided": decided, "at": utc_now(), **head(request, "appeals")})


@require_safe
@never_cache
@officer_required
def appeal(request: HttpRequest, handle: str) -> HttpResponse:
    """One appeal."""
    return _page(request, get_object_or_404(Appeal, handle=handle))


def _page(request: HttpRequest, found: Appeal, decide: DeskForm | None = None, ask: DeskForm | None = None,
          problem: str = "", status: int = 200) -> HttpResponse:
    is_mine, at = found.reviewer is not None and found.reviewer.account_id == account_of(request).pk, utc_now()
    return render(request, "orders/desk_appeal.html", {
        "appeal": found, "state": words.APPEAL_STATES[found.state], "shown": shown(found.order, at), "at": at,
        "until": found.filed + timedelta(days=appeals_table.REVIEW_DAYS), "is_mine": is_mine and found.is_open,
        "decide": decide or DecideForm(), "ask": ask or AskMoreForm(), "problem": problem,
        **head(request, "appeals")}, status=status)


@never_cache
@require_POST
@decider_required
def step(request: HttpRequest, handle: str, name: str) -> HttpResponse:
    """Decide an appeal, or ask once."""
    found = get_object_or_404(Appeal, handle=handle)
    actor, at = officer(account_of(request)), utc_now()
    form: DeskForm = DecideForm(request.POST) if name == "decide" else AskMoreForm(request.POST)
    decide, ask = (form, None) if name == "decide" else (None, form)
    if not form.is_valid():
        return _page(request, found, decide, ask, status=WRONG)
    try:
        if name == "decide":
            appeals.decide(actor, found, uphold=form.cleaned_data["outcome"] == "uphold",
                           reasons=form.cleaned_data["reasons"], at=at)
        else:
            appeals.ask_more(actor, found, form.cleaned_data["question"], at=at)
    except Invalid as error:
        take_problems(form, error.problems)
        return _page(request, found, decide, ask, status=WRONG)
    except Refused as error:
        return _page(request, found, decide, ask, str(error), CONFLICT)
    messages.success(request, _("%(handle)s: done.") % {"handle": found.handle})
    return redirect("orders_desk:appeals")
