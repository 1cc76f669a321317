"""Findings of flows to tunnels: choose the server end, group by it, count the other ends.

This is the last place that sees both ends of a flow. What leaves it has a server and a count.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from licet.flow.timeline import add_up
from licet.model.endpoint import PORTLESS, Endpoint, address_text
from licet.model.evidence import CERTAIN, Evidence
from licet.model.family import FAMILIES
from licet.model.flow import Flow
from licet.model.tunnel import EVIDENCE_PER_TUNNEL_MAX, Tunnel
from licet.recognise.base import Finding, capped

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
End = tuple[bytes, int]
Ends = tuple[End, End]
IsRegistered = Callable[[Endpoint, str], bool]


class Served(NamedTuple):
    """One flow with its server end chosen. initiator: `client` where the wire shows that the other end opened."""

    end: End
    initiator: str | None
    flow: Flow
    evidence: tuple[Evidence, ...]
    matched_key: str | None


def serve(
    flow: Flow, finding: Finding, ends: Ends, inside: Sequence[Network], is_registered: IsRegistered | None
) -> Served | None:
    """Choose the server end of one flow; None where an end is a group address, which serves nobody.

    inside: the operator's prefixes; is_registered: None where no registry was given.

    1. A registered endpoint serves, if just one end is one: also where the wire seems to say otherwise, for a server
       that re-keys opens too, and its client must not be taken for a server.
    2. The end that did not open, where the wire shows which one did.
    3. The end outside the operator's prefixes, if just one is: that settles it, and the grade stands.
    4. The first packet's destination; the grade is at most likely.
    """
    if is_group(ends[0][0]) or is_group(ends[1][0]):
        return None
    by_wire = None if finding.to_server is None else int(finding.to_server)
    family = finding.best.family
    if is_registered is not None:
        registered = [is_registered(endpoint(end, flow.transport), family) for end in ends]
        by_registry = int(registered[1])
        if registered[0] != registered[1] and by_registry != by_wire:
            return Served(ends[by_registry], None, flow, tuple(map(capped, finding.evidence)), finding.matched_key)
    if by_wire is not None:
        return Served(ends[by_wire], "client", flow, finding.evidence, finding.matched_key)
    within = [is_inside(end[0], inside) for end in ends]
    if within[0] != within[1]:
        return Served(ends[within[0]], None, flow, finding.evidence, finding.matched_key)
    return Served(ends[1], None, flow, tuple(map(capped, finding.evidence)), finding.matched_key)


def endpoint(end: End, transport: str) -> Endpoint:
    """The end as a noun that may leave: only a server's end is ever made into one."""
    return Endpoint(address_text(end[0]), transport, None if transport in PORTLESS else end[1])


def is_group(packed: bytes) -> bool:
    """True for a multicast address (RFC 5771, RFC 4291 §2.7) and for the unspecified one."""
    return packed[0] >> 4 == 14 if len(packed) == 4 and any(packed) else packed[0] == 0xFF or not any(packed)


def is_inside(packed: bytes, inside: Sequence[Network]) -> bool:
    """True if one of the operator's prefixes holds the address."""
    if not inside:
        return False
    address = ipaddress.ip_address(packed)
    return any(address in network for network in inside)


def group(capture: str, served: Sequence[Served]) -> list[Tunnel]:
    """One tunnel for each server endpoint and family, in the order in which they are written."""
    groups: dict[tuple[int, bytes, str, int, str], list[Served]] = defaultdict(list)
    for one in served:
        address, port = one.end
        groups[len(address), address, one.flow.transport, port, one.evidence[0].family].append(one)
    return [_tunnel(capture, groups[key]) for key in sorted(groups)]


def _tunnel(capture: str, members: list[Served]) -> Tunnel:
    first = members[0]
    family = first.evidence[0].family
    if len(members) == 1:
        return _tunnel_of_one(capture, first, family)
    evidence = _best_evidence(members)
    flows = [member.flow for member in members]
    keys = [member.matched_key for member in members if member.matched_key is not None]
    timelines = [flow.timeline for flow in flows if flow.timeline is not None]
    return Tunnel(
        capture=capture,
        server=endpoint(first.end, first.flow.transport),
        transport=first.flow.transport,
        family=family,
        variant=evidence[0].variant,
        tunnel_class=FAMILIES[family].tunnel_class,
        grade=evidence[0].grade,
        initiator="client" if all(member.initiator == "client" for member in members) else None,
        # The server's end is the same in all of them, so each address pair is one other end.
        clients=len({flow.pair for flow in flows}),
        flows=len(flows),
        packets=sum(flow.packets[0] + flow.packets[1] for flow in flows),
        bytes=sum(flow.bytes[0] + flow.bytes[1] for flow in flows),
        first_seen_ns=min(flow.first_ns for flow in flows),
        last_seen_ns=max(flow.last_ns for flow in flows),
        evidence=evidence,
        matched_key=keys[0] if keys else None,
        timeline=add_up(timelines),
    )


def _tunnel_of_one(capture: str, only: Served, family: str) -> Tunnel:
    """What `_tunnel` gives for a single flow, without adding up: in a large capture most tunnels are."""
    flow, evidence = only.flow, only.evidence[:EVIDENCE_PER_TUNNEL_MAX]
    best = evidence[0]
    return Tunnel(
        capture, endpoint(only.end, flow.transport), flow.transport, family, best.variant,
        FAMILIES[family].tunnel_class, best.grade, only.initiator, 1, 1, flow.packets[0] + flow.packets[1],
        flow.bytes[0] + flow.bytes[1], flow.first_ns, flow.last_ns, evidence, only.matched_key, flow.timeline,
    )


def _best_evidence(members: list[Served]) -> tuple[Evidence, ...]:
    """Certain before likely, then by first packet; each rule once, for another flow's says nothing new."""
    ranked = sorted(
        (evidence for member in members for evidence in member.evidence),
        key=lambda evidence: (evidence.grade != CERTAIN, evidence.packets, evidence.rule),
    )
    by_rule: dict[str, Evidence] = {}
    for evidence in ranked:
        by_rule.setdefault(evidence.rule, evidence)
    return tuple(by_rule.values())[:EVIDENCE_PER_TUNNEL_MAX]
