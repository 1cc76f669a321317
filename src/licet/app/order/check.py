"""What stands against an order while it is a file: as a draft, in its dry run, and before somebody signs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from licet.app.order.registered import names_at, registered_by
from licet.app.order.rows import rows_of
from licet.judge import Registry
from licet.lifecycle.days import HOUR_NS
from licet.model.order import OrderFile
from licet.model.policy import NetworkPolicy
from licet.order.endpoints import Standing
from licet.order.impact import impact_report, overlap_problems, read_impact
from licet.order.limits import draft_problems
from licet.order.people import signature_problems
from licet.order.problem import Problem
from licet.order.words import notice_hours


def against_draft(file: OrderFile, network: NetworkPolicy, registries: Sequence[Registry],
                  at_ns: int) -> list[Problem]:
    """What the limits and these registries say against a draft. Asks, appeals, what was quashed before, and whether its
    case is open are known to the registry service, which checks again when the order arrives."""
    standing = Standing(registered=registered_by(registries, network.kind, at_ns),
                        accepted_asks=frozenset({file.order.request}), open_cases=frozenset({file.order.case}))
    return draft_problems(file, network, standing, at_ns)


def rests_on_open_case(file: OrderFile, network: NetworkPolicy) -> bool:
    """True where it takes effect sooner than the users of the network are told: then its case has to be open, which the
    registry service knows (lifecycle §5)."""
    return file.order.application_ns < file.order.created_ns + notice_hours(file.order, network) * HOUR_NS


def against_signing(file: OrderFile, network: NetworkPolicy, at_ns: int) -> list[Problem]:
    """What the limits say against signing it here, where there may be no registry. Whether its case is open (then no
    second notice is due), and who was told of a conflict, is for the registry service to know."""
    ends = [one.endpoint for one in file.order.endpoints]
    standing = Standing(registered=lambda end, protocol: "", accepted_asks=frozenset({file.order.request}),
                        open_cases=frozenset({file.order.case}), conflict_noticed_ns=dict.fromkeys(ends, 0))
    return draft_problems(file, network, standing, at_ns)


def broken_signatures(file: OrderFile, network: NetworkPolicy) -> list[Problem]:
    """Signatures that are there and do not hold."""
    held = tuple(one.role for one in file.signatures)
    return [one for one in signature_problems(file, network, held) if one.code != "not_signed"]


def run_dry(file: OrderFile, network: NetworkPolicy, registries: Sequence[Registry], paths: Sequence[str],
            names: Mapping[str, Sequence[str]], at_ns: int) -> tuple[OrderFile, dict[str, Any], list[Problem]]:
    """The file with its report attached, the report, and what it met. paths: of rows, as in `rows`; names: of
    addresses, besides those that the registries have."""
    addresses = {one.endpoint.address for one in file.order.endpoints}
    known = names_at(registries, addresses)
    for address, more in names.items():
        known.setdefault(address, []).extend(more)
    rows = [row for path in paths for row in rows_of(path, addresses, at_ns)]
    raw = impact_report(file.order, rows, registered_by(registries, network.kind, at_ns), known, at_ns)
    report = read_impact(raw)
    return replace(file, impact=raw), report, overlap_problems(report)
