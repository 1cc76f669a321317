"""Pages of an account: what it registered, and what is the next thing to do."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from licet.server.entrance import account_of
from licet.server.registry.models import Service
from licet.server.registry.service_layer.services import current_registration, open_application_of


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The services of the account's organisations, each with its registration or its application."""
    mine = Service.objects.filter(organisation__members=account_of(request)).select_related("organisation")
    services = [(one, current_registration(one), open_application_of(one)) for one in mine.order_by("name", "pk")]
    return render(request, "registrant/home.html", {"services": services})
