"""Nothing met a rule for three days: then what it stood for is over, and so is its order (lifecycle §5).

An enforcer leaves such a rule out by itself, and says so. The order ends here where all that enforce it agree. In
doubt it is kept, which keeps nothing in force: of an enforcer that the policy names nothing was heard lately, it is in
doubt itself, its firewall does not count what it refuses, or it says anything else of the rule.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from licet.lifecycle import order as orders
from licet.lifecycle.table import TIME_PASSED
from licet.model.enforcer_report import KEEPS_COUNT, EnforcerReport
from licet.server.orders.enforcers import shown_enforcers
from licet.server.orders.models import EnforcerHits, OrderedEnd, OrderRow
from licet.server.orders.service_layer.orders import move, move_end
from licet.server.registry.service_layer.actors import CLOCK, MACHINE

SILENT = "silent"  # in a report, of a rule that is left out; and in the log
PATIENCE = timedelta(days=orders.SILENT_DAYS)


def end_silent(row: OrderRow, at: datetime) -> int:
    """End what is silent of a locked order: the order where nothing of it is left, else each such endpoint by itself.
    Returns how many times something moved."""
    if row.state != orders.LIVE or at < row.state_since + PATIENCE:
        return 0
    left = [end for end in row.ends.order_by("number") if not end.is_off]
    told = _by_those_who_enforce(row.network, at)
    silent = [end for end in left if told and _is_silent(row, end, told, at)]
    if silent and len(silent) == len(left):
        move(CLOCK, row, TIME_PASSED, at, reason=SILENT)
        return 1
    for end in silent:
        end.order = row
        move_end(MACHINE, end, "lift", at, reason=SILENT)
    return len(silent)


def _by_those_who_enforce(network: str, at: datetime) -> tuple[EnforcerReport, ...]:
    """The newest reports of the enforcers that have rules in force; () where one of the network's is not heard of, is
    in doubt, or does not count."""
    named = [one for one in shown_enforcers(at) if one.network == network]
    if any(one.report is None or one.late_since is not None for one in named):
        return ()
    acting = tuple(one.report for one in named if one.report is not None and one.report.is_in_force)
    return () if any(one.doubts or one.output != KEEPS_COUNT for one in acting) else acting


def _is_silent(row: OrderRow, end: OrderedEnd, told: tuple[EnforcerReport, ...], at: datetime) -> bool:
    """Each of them says so, and by what they counted nothing met it for as long either: one that lies, alone, ends
    nothing early."""
    if not all(any(one.end == end.handle and one.code == SILENT for one in report.left_out) for report in told):
        return False
    met = EnforcerHits.objects.filter(end=end, packets__gt=0).aggregate(last=Max("until"))["last"]
    return all(at >= since + PATIENCE for since in (row.state_since, end.state_since, met) if since is not None)
