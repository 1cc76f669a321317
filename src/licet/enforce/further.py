"""Every other limit of an order, checked again here (lifecycle §5): words, times, evidence, classes of endpoints.

The same checks as where an order is drafted and received. They are handed to `decide` and can only take rules away: a
mistake in them never adds one.
"""

from __future__ import annotations

from licet.errors import Malformed
from licet.model.canonical import parse_time
from licet.model.order import OrderFile
from licet.model.policy import OWNED, NetworkPolicy
from licet.order.endpoints import endpoint_problems
from licet.order.impact import impact_problems, read_impact
from licet.order.problem import Problem
from licet.order.words import ground_problems, time_problems


def limits(file: OrderFile, policy: NetworkPolicy, kind: str) -> list[Problem]:
    """What stood against the order when it was written, by everything that it says and attaches. On an owned network it
    may be of a case of which people were told before; `decide` counts the hours of notice by its own clock."""
    return [
        *ground_problems(file.order, policy, kind),
        *time_problems(file.order, policy, file.order.created_ns, case_is_open=kind == OWNED),
        *endpoint_problems(file, policy, kind),
    ]


def dry_run(file: OrderFile, policy: NetworkPolicy, kind: str) -> list[Problem]:
    """What the attached report says against it; that it grew old since is no matter for an order that is in force."""
    try:
        computed_ns = parse_time(read_impact(file.impact)["computed"])
    except Malformed as error:
        return [Problem("dry_run_unreadable", str(error))]
    return impact_problems(file, computed_ns)


FURTHER = (limits, dry_run)
