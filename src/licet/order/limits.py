"""Everything that can stand against an order, in one place (lifecycle §5): the table of limits, checked.

An empty list is permission to go on to the next step, never a reason to. The registry checks when it receives, and the
enforcer checks again by itself.
"""

from __future__ import annotations

from licet.model.order import APPROVER, AUTHOR, OrderFile
from licet.model.policy import OWNED, NetworkPolicy
from licet.order.endpoints import Standing, endpoint_problems, standing_problems
from licet.order.network import effective_kind
from licet.order.people import people_problems, signature_problems
from licet.order.problem import Problem, problem
from licet.order.words import age_problems, ground_problems, time_problems

BY_AUTHOR, BY_BOTH = (AUTHOR,), (AUTHOR, APPROVER)


def draft_problems(file: OrderFile, network: NetworkPolicy, standing: Standing, at_ns: int) -> list[Problem]:
    """What stands against a draft that nobody has signed yet."""
    return [*age_problems(file.order, at_ns), *order_problems(file, network, standing, at_ns)]


def order_problems(file: OrderFile, network: NetworkPolicy, standing: Standing, at_ns: int) -> list[Problem]:
    """What stands against an order at any time of its life, whoever signed it."""
    kind, reasons = effective_kind(network)
    found = [problem("counts_as_public", "network_scope", reason=reason) for reason in reasons]
    case_is_open = kind == OWNED and file.order.case in standing.open_cases
    return [
        *found, *ground_problems(file.order, network, kind), *time_problems(file.order, network, at_ns, case_is_open),
        *endpoint_problems(file, network, kind), *standing_problems(file, network, kind, standing, at_ns),
        *people_problems(file.order, network),
    ]


def signed_problems(file: OrderFile, network: NetworkPolicy, standing: Standing, at_ns: int,
                    roles: tuple[str, ...] = BY_BOTH) -> list[Problem]:
    """The same, and whether these roles signed it."""
    return [*order_problems(file, network, standing, at_ns), *signature_problems(file, network, roles)]
