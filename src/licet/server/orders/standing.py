"""What the registry knows of the endpoints of an order: what is registered, was quashed, is appealed or in force."""

from __future__ import annotations

from datetime import datetime, timedelta

from licet.lifecycle import appeal
from licet.lifecycle import order as orders
from licet.lifecycle.request import DRAFT_MAY_CITE
from licet.model.canonical import moment_ns
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.model.order import Order
from licet.order.endpoints import Standing
from licet.server.orders.models import Appeal, Ask, OrderedEnd, OrderRow
from licet.server.orders.registered import registered_handle
from licet.server.orders.service_layer.conflicts import noticed_ns

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)


def standing_of(order: Order, at: datetime) -> Standing:
    """The standing of an order's endpoints now. The order's own rules and case do not count."""
    texts = [str(one.endpoint) for one in order.endpoints]
    others = OrderedEnd.objects.filter(endpoint__in=texts).exclude(order__handle=order.puid).select_related("order")
    quashed: dict[Endpoint, int] = {}
    days: dict[Endpoint, int] = {}
    for end in others:
        place = parse_endpoint(end.endpoint)
        if orders.QUASHED in (end.state, end.order.state):
            since = end.state_since if end.state == orders.QUASHED else end.order.state_since
            quashed[place] = max(quashed.get(place, 0), moment_ns(since))
        days[place] = days.get(place, 0) + _days_in_force(end.order, at)
    open_appeals = Appeal.objects.filter(end__endpoint__in=texts, state__in=appeal.OPEN)
    in_force = OrderedEnd.objects.filter(order__state__in=orders.IN_FORCE).exclude(order__handle=order.puid)
    return Standing(
        registered=lambda place, protocol: registered_handle(str(place), at, protocol), quashed_ns=quashed,
        appealed=frozenset(parse_endpoint(one.end.endpoint) for one in open_appeals.select_related("end")),
        in_force_days=days, conflict_noticed_ns=noticed_ns(texts),
        accepted_asks=_accepted_asks(order, at), open_cases=_open_cases(order),
        rules=sum(not end.is_off for end in in_force),
        activations=in_force.filter(order__activated_at__gt=at - HOUR).count(),
    )


def _days_in_force(row: OrderRow, at: datetime) -> int:
    """Days of the last year on which an order was in force, a begun day counted whole."""
    if row.activated_at is None:
        return 0
    until = min(at, row.end_date, at if row.is_in_force else row.state_since)
    since = max(row.activated_at, at - YEAR)
    return max(0, -(-(until - since) // timedelta(days=1)))


def _accepted_asks(order: Order, at: datetime) -> frozenset[str]:
    """The ask that the order cites, where it was accepted for one of its endpoints and is not sealed."""
    handle, _slash, number = order.request.partition("/")
    if not number.isdigit():
        return frozenset()
    found = Ask.objects.filter(request__handle=handle, number=int(number), code=DRAFT_MAY_CITE).first()
    if found is None or (found.request.sealed_until is not None and at < found.request.sealed_until):
        return frozenset()
    is_about_it = found.endpoint in [str(one.endpoint) for one in order.endpoints]
    return frozenset({order.request}) if is_about_it else frozenset()


def _open_cases(order: Order) -> frozenset[str]:
    """The order's case, where its network's users were told of it with an earlier order that is still open."""
    told = OrderRow.objects.filter(case=order.case, state__in=orders.OPEN, noticed_at__isnull=False)
    return frozenset({order.case}) if told.exclude(handle=order.puid).exists() else frozenset()
