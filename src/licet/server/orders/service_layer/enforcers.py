"""Reports of enforcers as they arrive: whose they are, that they are new, what they count, and what they give away.

A report can end an order, and have the log say that its enforcer was switched off, and do nothing else: where a rule
met far more than its dry run said, or an enforcer found that it enforced against something registered, the order is
rolled back. Nothing here goes back to an enforcer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import order as orders
from licet.lifecycle.table import EventRefused
from licet.model.enforcer_report import NAMESPACE, EnforcerReport, ReportFile, read_report_file
from licet.model.policy import Signer
from licet.order.effect import ABOVE_PREDICTION, MET_REGISTERED
from licet.order.sshsig import read_key, require_signature
from licet.server.orders.measured import effects, moment_of, report_of
from licet.server.orders.models import EnforcerHits, EnforcerRow, OrderedEnd, OrderRow
from licet.server.orders.policy import network_named
from licet.server.orders.service_layer.offs import take_offs
from licet.server.orders.service_layer.orders import lock, move
from licet.server.public.limits import Limiter
from licet.server.registry.models import Notice
from licet.server.registry.service_layer.actors import MACHINE
from licet.server.registry.service_layer.locks import lock_registry

OLD = AHEAD = timedelta(minutes=5)
REPORTS_A_MINUTE = 30
ENFORCERS_MAX = 2_048

# By key: what one enforcer sends too much of is no other's burden.
LIMITER = Limiter(REPORTS_A_MINUTE, ENFORCERS_MAX)

# Why an enforcer leaves out what it enforced just before: a registered service was hit.
REGISTERED = frozenset({"registered_endpoint", "registered_key"})


def take(raw: bytes, *, at: datetime) -> EnforcerRow:
    """Take a report. Raises Malformed, VerificationFailed and Refused; then nothing is kept of it."""
    file = read_report_file(raw)
    report = file.report
    named = _named(file)
    require_signature(file.armored, read_key(named.key), NAMESPACE, file.signed)
    if not LIMITER.allows(file.key_id, at):
        raise Refused("too_often", _("This enforcer reports too often: %(most)d times a minute are the most.") % {
            "most": REPORTS_A_MINUTE})
    computed = moment_of(report.computed_ns)
    _refuse_other_times(computed, at)
    with transaction.atomic():
        lock_registry()
        row = EnforcerRow.objects.select_for_update().filter(key_id=file.key_id, network=report.network).first()
        if row is not None and computed <= row.computed:
            raise Refused("replayed", _("This report, or a newer one, was taken before: each is taken once."))
        before = None if row is None else report_of(row)
        row = row or EnforcerRow(key_id=file.key_id, network=report.network)
        row.computed, row.received, row.report = computed, at, raw
        row.save()
        counted = _count(row, report)
        _look(before, report, counted, at)
        take_offs(report.network, named.code, map(moment_of, report.offs), at)
    return row


def _named(file: ReportFile) -> Signer:
    """The enforcer whose key it is. Raises Refused."""
    network = network_named(file.report.network)
    found = next((one for one in network.enforcers if one.key_id == file.key_id), None)
    if found is None:
        raise Refused("unknown_enforcer", _("The policy names no enforcer with this key: add it as "
                                            "[[network.enforcer]]."))
    return found


def _refuse_other_times(computed: datetime, at: datetime) -> None:
    minutes = int(OLD.total_seconds() // 60)
    if computed < at - OLD:
        raise Refused("too_old", _("It was computed more than %(minutes)d minutes ago by this registry's clock: set "
                                   "the clocks right.") % {"minutes": minutes})
    if computed > at + AHEAD:
        raise Refused("ahead", _("It was computed later than it is by this registry's clock: set the clocks right."))


def _count(row: EnforcerRow, report: EnforcerReport) -> list[OrderedEnd]:
    """Keep the sums of a report, which only grow; returns the endpoints of which there is more."""
    since, until = moment_of(report.hits_since_ns), moment_of(report.computed_ns)
    told = {one.end: one for one in report.hits}
    ends = OrderedEnd.objects.filter(handle__in=told, order__network=row.network, order__activated_at__isnull=False)
    known = {one.end_id: one for one in EnforcerHits.objects.filter(enforcer=row, since=since)}
    made, grown, counted = [], [], []
    for end in ends.select_related("order"):
        hits, have = told[end.handle], known.get(end.pk)
        if have is None:
            made.append(EnforcerHits(end=end, enforcer=row, since=since, until=until, packets=hits.packets,
                                     bytes=hits.bytes))
        elif hits.packets > have.packets:
            have.packets, have.bytes, have.until = hits.packets, max(have.bytes, hits.bytes), until
            grown.append(have)
        else:
            continue
        counted.append(end)
    EnforcerHits.objects.bulk_create(made)
    EnforcerHits.objects.bulk_update(grown, ("packets", "bytes", "until"))
    return counted


def _look(before: EnforcerReport | None, report: EnforcerReport, counted: list[OrderedEnd], at: datetime) -> None:
    """Roll back what met what it should not."""
    enforced = set() if before is None else {rule.end for rule in before.in_force}
    hit = [one.end for one in report.left_out if one.code in REGISTERED and one.end in enforced]
    for end in OrderedEnd.objects.filter(handle__in=hit).select_related("order"):
        roll_back(end.order, MET_REGISTERED, end.endpoint, at)
    for order in {end.order_id: end.order for end in counted if end.order.is_in_force}.values():
        above = next((one for one in effects(order, at) if one.is_anomaly), None)
        if above is not None:
            roll_back(order, ABOVE_PREDICTION, above.endpoint, at)


def roll_back(order: OrderRow, reason: str, endpoint: str, at: datetime) -> None:
    """End an order that met what it should not, and tell the officers, inside the caller's transaction. What is not in
    force is left as it is."""
    row = lock(order)
    if row.state not in orders.IN_FORCE:
        return
    try:
        move(MACHINE, row, "anomaly", at, reason=reason)
    except EventRefused:
        return
    Notice.objects.get_or_create(key=f"order {row.handle} rolled back", defaults={
        "kind": "order_rolled_back", "created": at, "details": {
            "order": row.handle, "endpoint": endpoint, "reason": reason}})
