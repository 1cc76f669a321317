"""Pages of the officers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from licet.server.entrance import officer_required
from licet.server.registry.models import Application

QUEUE_MAX = 200


@require_safe
@officer_required
def home(request: HttpRequest) -> HttpResponse:
    """Applications that wait for an officer, the oldest first."""
    waiting = Application.objects.filter(state__in=("in_review", "provisional")).select_related("service__organisation")
    return render(request, "desk/home.html", {"applications": waiting.order_by("clock_since", "pk")[:QUEUE_MAX]})
