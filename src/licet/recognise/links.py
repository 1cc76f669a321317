"""What one flow says about another of the same address pair: ESP and AH by their IKE, PPTP's GRE by its calls, IKE on
port 4500 by the opening that was sent on port 500.

A link raises `likely` to `certain` where the other flow is certain and near enough in time, and lends its server end.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from licet.model.evidence import CERTAIN, Evidence
from licet.model.flow import Flow
from licet.recognise.base import Finding

# An IKE SA lives for hours, and what it set up may outlive the last message seen of it by as much.
LINK_WITHIN_NS = 24 * 3_600 * 1_000_000_000


class Found(NamedTuple):
    """A flow and what a recogniser found in it."""

    flow: Flow
    finding: Finding


_IKE_RULES = {"esp": "esp/ike-link@1", "udp": "esp-udp/ike-link@1", "ah": "ah/ike-link@1"}


def link(founds: list[Found]) -> list[Found]:
    """The same flows in the same order, with what their neighbours add. ESP in UDP on the very flow of its IKE becomes
    further evidence of that IKE: it is one tunnel, and its bytes are counted once."""
    by_pair: dict[int, list[Found]] = defaultdict(list)
    for found in founds:
        by_pair[found.flow.pair].append(found)
    # Most are alone between their two addresses, and stay as they are.
    learned: dict[int, list[Found]] = {
        pair: [_by_same_sa(found, near) for found in near] for pair, near in by_pair.items() if len(near) > 1
    }
    in_order = {pair: iter(near) for pair, near in learned.items()}
    linked: list[Found] = []
    for found in founds:
        pair = found.flow.pair
        one = _linked(next(in_order[pair]), learned[pair]) if pair in learned else found
        if one is not None:
            linked.append(one)
    return linked


def _linked(found: Found, neighbours: list[Found]) -> Found | None:
    """One flow with what its neighbours add; None for what they say already."""
    family = found.finding.best.family
    if family in ("ipsec-esp", "ipsec-ah"):
        on_ike = any(_is_on_ike(found, other) for other in neighbours)
        return None if on_ike else _by_ike(found, neighbours)
    if found.finding.best.rule == "pptp/gre-data@1":
        return _by_call(found, neighbours)
    if family == "ipsec-ike":
        return _with_its_esp(found, neighbours)
    return found


def _is_on_ike(esp: Found, other: Found) -> bool:
    """True if IKE was found on the very flow of this ESP."""
    return other.finding.best.family == "ipsec-ike" and esp.flow.number == other.flow.number


def _near(one: Flow, other: Flow) -> bool:
    return one.first_ns - other.last_ns <= LINK_WITHIN_NS and other.first_ns - one.last_ns <= LINK_WITHIN_NS


def _server_way(found: Found, lender: Found) -> bool | None:
    """The lender's way to the server, in terms of the other flow's directions."""
    way = lender.finding.to_server
    if way is None:
        return None
    return way if found.flow.from_low is lender.flow.from_low else not way


def _raised(found: Found, lender: Found, rule: str, link_kind: str) -> Found:
    """Certain by the lender, whose best evidence is cited beside the flow's own packets."""
    own, other = found.finding.best, lender.finding.best
    to_server = _server_way(found, lender)
    packets = tuple(sorted({*own.packets, *other.packets}))
    best = Evidence(own.family, own.variant, CERTAIN, rule, link_kind, packets, own.steps)
    if to_server is not None:
        best = _towards(best, to_server)
    return Found(found.flow, found.finding._replace(evidence=(best,), to_server=to_server))


def _by_same_sa(found: Found, neighbours: list[Found]) -> Found:
    """An IKE flow that does not say which end opened learns it from one with the same initiator SPI that does:
    IKEv1 moves to port 4500 after its first messages (RFC 3947 §4)."""
    if found.finding.to_server is not None:
        return found
    spis = set(found.finding.tie("ike-spis"))
    if not spis:
        return found
    for other in neighbours:
        to_server = _server_way(found, other)
        if to_server is not None and spis & set(other.finding.tie("ike-spis")):
            shown = tuple(_towards(evidence, to_server) for evidence in found.finding.evidence)
            return Found(found.flow, found.finding._replace(to_server=to_server, evidence=shown))
    return found


def _towards(evidence: Evidence, to_server: bool) -> Evidence:
    """The same evidence with its steps drawn from client to server."""
    steps = tuple(step._replace(to_server=step.forward is to_server) for step in evidence.steps)
    return evidence._replace(steps=steps)


def _by_ike(found: Found, neighbours: list[Found]) -> Found:
    for other in neighbours:
        best = other.finding.best
        if best.family == "ipsec-ike" and best.grade == CERTAIN and _near(found.flow, other.flow):
            return _raised(found, other, _IKE_RULES[found.flow.transport], "ike-of-same-pair")
    return found


def _by_call(found: Found, neighbours: list[Found]) -> Found:
    """Data both ways, under call ids that the control connection named."""
    calls = set(found.finding.tie("gre-calls"))
    for other in neighbours:
        agreed = set(other.finding.tie("pptp-calls"))
        if (
            other.finding.best.grade == CERTAIN and calls and calls <= agreed and found.finding.tie("ways") == (2,)
            and _near(found.flow, other.flow)
        ):
            return _raised(found, other, "pptp/gre-call@1", "call-id")
    return found


def _with_its_esp(found: Found, neighbours: list[Found]) -> Found:
    if found.finding.best.grade != CERTAIN:
        return found
    for other in neighbours:
        if other.finding.best.family == "ipsec-esp" and found.flow.number == other.flow.number:
            esp = _raised(other, found, "esp-udp/ike-link@1", "ike-of-same-flow").finding.best
            return Found(found.flow, found.finding._replace(evidence=(*found.finding.evidence, esp)))
    return found
