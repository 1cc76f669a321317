"""Every other limit of an order, checked again here (lifecycle §5): words, times, evidence, classes of endpoints.

The same checks as where an order is drafted and received. They are handed to `decide` and can only take rules away: a
mistake in them never adds one.
"""

from __future__ import annotations

import json

from licet.model.order import OrderFile
from licet.model.policy import NetworkPolicy
from licet.order.endpoints import endpoint_problems
from licet.order.problem import Problem
from licet.order.words import ground_problems, time_problems


def limits(file: OrderFile, policy: NetworkPolicy, kind: str) -> list[Problem]:
    """What stood against the order when it was written, by everything that it says and attaches."""
    return [
        *ground_problems(file.order, policy, kind),
        *time_problems(file.order, policy, file.order.created_ns),
        *endpoint_problems(file, policy, kind),
    ]


def overlap(file: OrderFile, policy: NetworkPolicy, kind: str) -> list[Problem]:
    """The report of the dry run must be one, and have found nothing registered."""
    try:
        report = json.loads(file.impact)
        found = report.get("registered", 0)
    except (ValueError, AttributeError, RecursionError):
        return [Problem("impact_unreadable", "the report of its dry run cannot be read")]
    return [Problem("overlap", "its dry run met what is registered")] if found else []


FURTHER = (limits, overlap)
