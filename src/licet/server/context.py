"""What every page knows: the registry's name and kind, and whether who looks is an officer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from licet.server.registry.models import Account, Registry


def registry(request: HttpRequest) -> dict[str, Any]:
    """`registry`: its row, or None before it was made; `is_officer`; `is_demo`: nothing here is real."""
    user = request.user
    return {
        "registry": Registry.objects.filter(pk=1).first(),
        "is_officer": isinstance(user, Account) and user.is_officer,
        "is_demo": settings.DEPLOYMENT.is_demo,
    }
