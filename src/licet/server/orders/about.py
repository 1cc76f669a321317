"""Which public orders are about an address that somebody looks up."""

from __future__ import annotations

from django.db.models import Q

from licet.lifecycle import order as orders
from licet.server.orders.models import OrderedEnd

ENDS_MAX = 50


def ends_about(address: str | None) -> list[OrderedEnd]:
    """Endpoints of this address in orders that are public and not over, each with its order."""
    if not address:
        return []
    here = Q(endpoint__startswith=f"{address}:") | Q(endpoint__startswith=f"[{address}]:")
    found = OrderedEnd.objects.filter(here, order__noticed_at__isnull=False, order__state__in=orders.OPEN)
    return [end for end in found.select_related("order").order_by("order__end_date")[:ENDS_MAX] if not end.is_off]
