"""What every page knows: the registry's name and kind, its languages, and, where somebody is signed in, their role."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Count, Subquery, Value
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language_info

from licet.lifecycle import order
from licet.server.caching import is_public_page
from licet.server.orders.models import OrderRow
from licet.server.registry.models import Account, Registry

# One number, asked with the registry's row: no page takes a query more for it.
IN_FORCE = (OrderRow.objects.filter(state__in=order.IN_FORCE).order_by().annotate(one=Value(1)).values("one")
            .annotate(count=Count("pk")).values("count"))


def registry(request: HttpRequest) -> dict[str, Any]:
    """`registry`: its row with how many orders are `in_force`, or None before it was made; `is_public_page`: nobody's
    sign-in is looked at; `is_officer`; `is_demo`: nothing here is real; `languages`: (code, its own name, this page in
    it) of each, where the page can be asked for again."""
    is_public = is_public_page(request)
    user = None if is_public else request.user
    return {
        "registry": Registry.objects.filter(pk=1).annotate(in_force=Subquery(IN_FORCE)).first(),
        "is_public_page": is_public,
        "is_officer": isinstance(user, Account) and user.is_officer,
        "is_demo": settings.DEPLOYMENT.is_demo,
        "languages": [(code, get_language_info(code)["name_local"], translate_url(request.get_full_path(), code))
                      for code, _name in settings.LANGUAGES if request.method in ("GET", "HEAD")],
    }
