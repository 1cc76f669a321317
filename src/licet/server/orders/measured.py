"""What the rules of an order met, by what enforcers reported, beside its dry run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Sum

from licet.lifecycle import order as orders
from licet.model.canonical import moment_ns
from licet.model.enforcer_report import KEEPS_COUNT, EnforcerReport, read_report_file
from licet.model.order import read_order_file
from licet.order.effect import Effect, effect
from licet.order.impact import read_impact
from licet.server.orders.models import EnforcerHits, EnforcerRow, OrderRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(time_ns: int) -> datetime:
    """A time of a report, to the microsecond."""
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)


def report_of(row: EnforcerRow) -> EnforcerReport:
    """The newest report of an enforcer."""
    return read_report_file(bytes(row.report)).report


def measured_packets(row: OrderRow) -> int | None:
    """What all enforcers refused by an order; None where none said what it met."""
    found = EnforcerHits.objects.filter(end__order=row).aggregate(packets=Sum("packets"))["packets"]
    return found if found is not None or not _is_measured(row) else 0


def _is_measured(row: OrderRow) -> bool:
    """True where an enforcer whose firewall counts has reported since the order took effect."""
    if row.activated_at is None:
        return False
    told = EnforcerRow.objects.filter(network=row.network, computed__gt=row.activated_at)
    reports = [report_of(one) for one in told]
    return any(one.is_in_force and one.output == KEEPS_COUNT for one in reports)


def effects(row: OrderRow, at: datetime) -> tuple[Effect, ...]:
    """The score of an order, an endpoint a piece; () where nothing was measured, or nothing predicted."""
    file = read_order_file(bytes(row.signed))
    if row.activated_at is None or not file.impact or measured_packets(row) is None:
        return ()
    until = at if row.state in orders.IN_FORCE else min(at, row.state_since)
    ran_ns = moment_ns(until) - moment_ns(row.activated_at)
    hits = EnforcerHits.objects.filter(end__order=row).order_by().values_list("end__endpoint")
    met = {endpoint: (packets, size) for endpoint, packets, size in hits.annotate(Sum("packets"), Sum("bytes"))}
    return tuple(effect(one, *met.get(one["endpoint"], (0, 0)), ran_ns)
                 for one in read_impact(file.impact)["endpoints"])
