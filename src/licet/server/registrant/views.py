"""Home of an account: what is missing next, its services, and the renewals that are due."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from licet.server.clock import utc_now
from licet.server.entrance import account_of
from licet.server.registrant.access import page
from licet.server.registrant.calendar_strip import SHOWN_MAX, strip
from licet.server.registrant.overview import overviews, pressing, renewals, services_of
from licet.server.registrant.steps import AGAIN
from licet.server.registry.service_layer.actors import registry

SERVICES_A_PAGE = 50
RENEWALS_LISTED = 12
STEPS_LISTED = 20


@require_safe
@page
def home(request: HttpRequest) -> HttpResponse:
    """The next missing thing on top, then the renewals as a strip of months, then every service."""
    account, at, is_owned = account_of(request), utc_now(), registry().is_owned
    mine = services_of(account)
    shown = Paginator(mine, SERVICES_A_PAGE).get_page(request.GET.get("page"))
    on_page = mine[shown.start_index() - 1 : shown.end_index()] if shown else mine.none()
    # That something is not registered is a fact and no task: applying again is offered on its card alone.
    missing = [one for one in overviews(pressing(account), at, is_owned=is_owned) if one.step.urgency < AGAIN]
    missing.sort(key=lambda one: (one.step.urgency, one.service.name))
    ending = list(renewals(mine)[:SHOWN_MAX])
    return render(request, "registrant/home.html", {
        "organisations": account.organisations.order_by("name", "pk"), "first": missing[0] if missing else None,
        "missing": missing[1:STEPS_LISTED], "months": strip(ending, at), "ending": ending[:RENEWALS_LISTED],
        "page": shown, "services": overviews(on_page, at, is_owned=is_owned)})
