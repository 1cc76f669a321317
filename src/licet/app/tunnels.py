"""Findings of flows to tunnels: choose the server end, group by it, count the other ends.

This is the last place that sees both ends of a flow. What leaves it has a server and a count.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from licet.flow.timeline import add_up
from licet.model.endpoint import PORTLESS, Endpoint, address_text
from licet.model.evidence import CERTAIN, Evidence
from licet.model.family import FAMILIES
from licet.model.flow import Flow
from licet.model.tunnel import EVIDENCE_PER_TUNNEL_MAX, Tunnel
from licet.recognise.base import Finding, capped

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Ends = tuple[tuple[bytes, int], tuple[bytes, int]]


@dataclass(frozen=True, slots=True)
class Served:
    """One flow with its server end chosen. initiator: `client` where the wire shows that the other end opened."""

    server: Endpoint
    initiator: str | None
    flow: Flow
    evidence: tuple[Evidence, ...]
    matched_key: str | None


def serve(
    flow: Flow, finding: Finding, ends: Ends, inside: Sequence[Network], is_registered: Callable[[str], bool]
) -> Served | None:
    """Choose the server end of one flow; None where an end is a group address, which serves nobody.

    Known from the wire, it is taken. Otherwise it is the end outside the operator's prefixes, if just one is: that
    settles it, and the grade stands. Otherwise the grade is at most likely, and the line is written for the end whose
    address is registered, if just one is, else for the first packet's destination (design §4).
    """
    sender, receiver = (ipaddress.ip_address(address) for address, _ in ends)
    if any(address.is_multicast or address.is_unspecified for address in (sender, receiver)):
        return None
    if finding.to_server is not None:
        return _served(flow, finding, ends[finding.to_server], "client", finding.evidence)
    within = [any(address in network for network in inside) for address in (sender, receiver)]
    if within[0] != within[1]:
        return _served(flow, finding, ends[within[0]], None, finding.evidence)
    registered = [is_registered(address_text(address)) for address, _ in ends]
    chosen = ends[0] if registered == [True, False] else ends[1]
    return _served(flow, finding, chosen, None, tuple(capped(evidence) for evidence in finding.evidence))


def _served(
    flow: Flow, finding: Finding, end: tuple[bytes, int], initiator: str | None, evidence: tuple[Evidence, ...]
) -> Served:
    port = None if flow.transport in PORTLESS else end[1]
    server = Endpoint(address_text(end[0]), flow.transport, port)
    return Served(server, initiator, flow, evidence, finding.matched_key)


def group(capture: str, served: Sequence[Served]) -> list[Tunnel]:
    """One tunnel for each server endpoint and family, in the order in which they are written."""
    groups: dict[tuple[Endpoint, str], list[Served]] = defaultdict(list)
    for one in served:
        groups[one.server, one.evidence[0].family].append(one)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0].sort_key(), item[0][1]))
    return [_tunnel(capture, server, family, members) for (server, family), members in ordered]


def _tunnel(capture: str, server: Endpoint, family: str, members: list[Served]) -> Tunnel:
    evidence = _best_evidence(members)
    flows = [member.flow for member in members]
    keys = [member.matched_key for member in members if member.matched_key is not None]
    return Tunnel(
        capture=capture,
        server=server,
        transport=server.transport,
        family=family,
        variant=evidence[0].variant,
        tunnel_class=FAMILIES[family].tunnel_class,
        grade=evidence[0].grade,
        initiator="client" if all(member.initiator == "client" for member in members) else None,
        # The server's end is the same in all of them, so each address pair is one other end.
        clients=len({flow.pair for flow in flows}),
        flows=len(flows),
        packets=sum(sum(flow.packets) for flow in flows),
        bytes=sum(sum(flow.bytes) for flow in flows),
        first_seen_ns=min(flow.first_ns for flow in flows),
        last_seen_ns=max(flow.last_ns for flow in flows),
        evidence=evidence,
        matched_key=keys[0] if keys else None,
        timeline=add_up([flow.timeline for flow in flows]),
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


def without_steps(tunnel: Tunnel) -> Tunnel:
    """The tunnel as it is kept when nobody will ask for a ladder: the steps are the bulk of it."""
    return replace(tunnel, evidence=tuple(replace(evidence, steps=()) for evidence in tunnel.evidence))
