"""What the clock does with orders: tell people, try, put in force, end. An order takes effect only after its notice,
with evidence of the last day, within the caps, and never against what is registered by then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from licet.lifecycle import order as orders
from licet.lifecycle.due import due_at, is_due, is_spared
from licet.lifecycle.table import TIME_PASSED, EventRefused
from licet.model.canonical import moment_ns
from licet.order.endpoints import activation_problems, standing_problems
from licet.order.network import effective_kind
from licet.order.words import notice_hours
from licet.server.orders.models import OrderRow
from licet.server.orders.policy import network_named
from licet.server.orders.registered import registered_handle
from licet.server.orders.service_layer.orders import file_of, lock, move, move_end
from licet.server.orders.service_layer.silence import end_silent
from licet.server.orders.standing import standing_of
from licet.server.registry.models import Notice, Registry
from licet.server.registry.service_layer.actors import CLOCK, MACHINE
from licet.server.registry.service_layer.fields import is_mail_address

FRESH = timedelta(hours=orders.EVIDENCE_HOURS)


def open_orders() -> Iterable[OrderRow]:
    """All that the clock looks at; there are few."""
    return list(OrderRow.objects.filter(Q(state__in=orders.OPEN)).order_by("pk"))


def order_due(row: OrderRow, at: datetime) -> int:
    """Do what is due with one order; returns how many times it moved."""
    found = lock(row)
    moved = _spare_registered(found, at)
    if not moved and is_due(orders.TABLE, found.state, moment_ns(found.state_since), moment_ns(at),
                            moment_ns(found.end_date)):
        moved += _clock(found, at)
    if found.state == orders.APPROVED:
        _tell(found, at)
        move(MACHINE, found, "notice_served", at)
        moved += 1
    elif found.state == orders.NOTICED and at >= found.application_date:
        moved += _activate(found, at)
    elif found.state == orders.LIVE and not moved:
        moved += end_silent(found, at)
    return moved


def _clock(found: OrderRow, at: datetime) -> int:
    """What time does. After the registry was away, nothing is put in force by it."""
    row = Registry.objects.get(pk=1)
    resumed_ns = None if row.resumed_at is None else moment_ns(row.resumed_at)
    ended = frozenset({orders.END_REACHED}) if at >= found.end_date else frozenset()
    if found.state == orders.CANARY and not ended and is_spared(resumed_ns, moment_ns(at)):
        return 0
    move(CLOCK, found, TIME_PASSED, at, facts=ended)
    return 1


def _spare_registered(found: OrderRow, at: datetime) -> int:
    """Lift what became registered since: at once, whatever the state. A draft comes to nothing."""
    moved = 0
    for end in found.ends.all():
        if end.is_off or not registered_handle(end.endpoint, at, end.tunnel_protocol):
            continue
        end.order = found
        try:
            if found.is_open:
                move_end(MACHINE, end, "lift", at, reason="registered")
                moved += 1
        except EventRefused:
            continue
    return moved


def _tell(found: OrderRow, at: datetime) -> None:
    """Notice to whoever answers for each endpoint, by mail; the order's page is public from now on."""
    for end in found.ends.all():
        if is_mail_address(end.contact):
            Notice.objects.get_or_create(key=f"order {end.handle}", defaults={
                "kind": "order_notice", "created": at, "details": {
                    "to": end.contact, "order": found.handle, "number": end.number, "endpoint": end.endpoint,
                    "begin": found.application_date.isoformat(timespec="minutes"),
                    "end": found.end_date.isoformat(timespec="minutes")}})
    found.noticed_at = at


def _activate(found: OrderRow, at: datetime) -> int:
    """Put it in force on one machine first, where all that this needs is so; else it waits."""
    file, network = file_of(found), network_named(found.network)
    kind, _reasons = effective_kind(network)
    standing = standing_of(file.order, at)
    hours = notice_hours(file.order, network, file.order.case in standing.open_cases)
    told = found.noticed_at is not None and at >= found.noticed_at + timedelta(hours=hours)
    fresh = found.observed_at is not None and at <= found.observed_at + FRESH
    place = not activation_problems(file.order, network, standing) and not standing_problems(
        file, network, kind, standing, moment_ns(at))
    facts = {orders.NOTICE_OVER: told, orders.EVIDENCE_FRESH: fresh, orders.PLACE_LEFT: place}
    found.activated_at = found.activated_at or at
    observed = None if found.observed_at is None else int(found.observed_at.timestamp())
    move(MACHINE, found, "activate", at, facts=frozenset(name for name, holds in facts.items() if holds),
         details={"observed": observed})
    return 1


def waits_until(row: OrderRow) -> datetime | None:
    """When the clock moves an order next, for its page; None where nothing is due by time."""
    due_ns = due_at(orders.TABLE, row.state, moment_ns(row.state_since), moment_ns(row.end_date))
    return None if due_ns is None else datetime.fromtimestamp(due_ns / 1e9, row.end_date.tzinfo)
