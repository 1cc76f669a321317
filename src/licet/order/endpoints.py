"""What may be ordered against: exact endpoints with certain evidence, and what is never touched (lifecycle §5, §6)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from licet.lifecycle.days import DAY_NS
from licet.lifecycle.order import IN_FORCE_DAYS_A_YEAR_MAX, QUASHED_DAYS
from licet.model.canonical import parse_time, time_text
from licet.model.endpoint import Endpoint, IPAddress
from licet.model.order import REVIEWER, Order, OrderedEndpoint, OrderFile
from licet.model.policy import PUBLIC, NetworkPolicy
from licet.order.problem import Problem, problem

# Documented protocols with a server end that answers in the open, on UDP or TCP. TLS-type VPNs look like any other web
# server, meshes have no server, ESP and GRE no port: none of them can be ordered against.
ORDERABLE = frozenset({"wireguard", "openvpn", "ipsec-ike", "l2tp", "pptp"})
TLS_TYPE = frozenset({"sstp", "anyconnect", "globalprotect", "fortinet", "softether", "other-vpn"})
MESH = frozenset({"tailscale", "zerotier", "nebula", "tinc"})
TRANSPORTS = frozenset({"udp", "tcp"})
ORDERABLE_CLASSES = frozenset({"datacentre", "enterprise"})

EVIDENCE_AGE_DAYS_MAX = 7
CONFLICT_NOTICE_DAYS = 14
OTHER_ENDS_MIN = 10  # on a public network: fewer may be one household's

NOBODYS = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/128", "::1/128", "fe80::/10", "ff00::/8",
)))
SHARED = ipaddress.ip_network("100.64.0.0/10")
PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the endpoints of an order besides itself. registered: the handle of a registration that counts
    for an endpoint and a protocol, or ""; quashed_ns: when an order against it was last quashed; appealed: an appeal
    is open; in_force_days: of the last year; conflict_noticed_ns: when its registrant was told of a conflict;
    accepted_asks: `REQ-…/2`; open_cases: of which notice was served; rules: in force; activations: in the last hour."""

    registered: Callable[[Endpoint, str], str]
    quashed_ns: Mapping[Endpoint, int] = field(default_factory=dict)
    appealed: frozenset[Endpoint] = frozenset()
    in_force_days: Mapping[Endpoint, int] = field(default_factory=dict)
    conflict_noticed_ns: Mapping[Endpoint, int] = field(default_factory=dict)
    accepted_asks: frozenset[str] = frozenset()
    open_cases: frozenset[str] = frozenset()
    rules: int = 0
    activations: int = 0


def endpoint_problems(file: OrderFile, network: NetworkPolicy, kind: str) -> list[Problem]:
    """What stands against the endpoints by themselves, and against the evidence that each cites."""
    order, found = file.order, []
    ends = [one.endpoint for one in order.endpoints]
    if not 1 <= len(ends) <= network.limits.endpoints:
        found.append(problem("endpoint_count", "endpoints", count=len(ends), most=network.limits.endpoints))
    if len(set(ends)) != len(ends):
        found.append(problem("endpoint_twice", "endpoints"))
    for one in order.endpoints:
        found += _address_problems(one, network, kind) + _protocol_problems(one) + _evidence_problems(one, file, kind)
    return found


def _address_problems(one: OrderedEndpoint, network: NetworkPolicy, kind: str) -> list[Problem]:
    address, where, found = ipaddress.ip_address(one.endpoint.address), one.endpoint, []
    if _in_any(address, NOBODYS):
        found.append(problem("not_a_server", where))
    if _in_any(address, (SHARED,)):
        found.append(problem("shared_address", where))
    if kind == PUBLIC and _in_any(address, PRIVATE):
        found.append(problem("private_address", where))
    if _in_any(address, network.never_block):
        found.append(problem("never_block", where))
    if kind == PUBLIC and not network.never_block_given:
        found.append(problem("never_block_missing", where))
    if one.endpoint_class not in ORDERABLE_CLASSES:
        found.append(problem("class_not_orderable", where, found=one.endpoint_class))
    elif not one.class_source.strip():
        found.append(problem("class_without_source", where))
    return found


def _in_any(address: IPAddress, prefixes: tuple[Any, ...]) -> bool:
    return any(address.version == one.version and address in one for one in prefixes)


def _protocol_problems(one: OrderedEndpoint) -> list[Problem]:
    where, protocol = one.endpoint, one.protocol
    if where.transport not in TRANSPORTS or where.port is None:
        return [problem("no_port", where)]
    if protocol in MESH:
        return [problem("mesh", where, protocol=protocol)]
    if protocol in TLS_TYPE:
        return [problem("tls_type", where, protocol=protocol)]
    if protocol not in ORDERABLE:
        return [problem("protocol_not_orderable", where, protocol=protocol, known=", ".join(sorted(ORDERABLE)))]
    return []


def _evidence_problems(one: OrderedEndpoint, file: OrderFile, kind: str) -> list[Problem]:
    lines = [file.evidence[digest] for digest in one.evidence if digest in file.evidence]
    if not one.evidence or len(lines) != len(one.evidence):
        return [problem("evidence_missing", one.endpoint)]
    found, others = [], 0
    for line in lines:
        try:
            seen = json.loads(line)
            found += _line_problems(one, file.order, seen, parse_time(seen["last_seen"]))
            others = max(others, int(seen["clients"]))
        except (KeyError, TypeError, ValueError):
            return [problem("evidence_unreadable", one.endpoint)]
    if kind == PUBLIC and others < OTHER_ENDS_MIN:
        found.append(problem("too_few_ends", one.endpoint, others=others, most=OTHER_ENDS_MIN))
    return found


def _line_problems(one: OrderedEndpoint, order: Order, seen: Mapping[str, Any], last_ns: int) -> list[Problem]:
    where, found = one.endpoint, []
    end = Endpoint(str(seen["address"]), str(seen["transport"]), seen["port"])
    if seen["schema"] != "licet.tunnel/1" or end != where or seen["family"] != one.protocol:
        found.append(problem("evidence_of_another", where))
    if seen["grade"] != "certain" or seen["class"] != "vpn":
        found.append(problem("not_certain", where))
    if seen["verdict"] == "registered":
        found.append(problem("registered_endpoint", where, handle=seen["registration"]))
    elif seen["verdict"] not in ("unregistered", "conflict"):
        found.append(problem("undetermined", where))
    elif seen["snapshot"]["digest"] != order.snapshot:
        found.append(problem("other_registry", where))
    if last_ns > order.created_ns:
        found.append(problem("evidence_from_the_future", where))
    if last_ns < order.created_ns - EVIDENCE_AGE_DAYS_MAX * DAY_NS:
        found.append(problem("evidence_too_old", where, seen=time_text(last_ns, 0), days=EVIDENCE_AGE_DAYS_MAX))
    return found


def standing_problems(file: OrderFile, network: NetworkPolicy, kind: str, standing: Standing,
                      at_ns: int) -> list[Problem]:
    """What stands against the endpoints because of what is registered, was decided, or is in force."""
    order, found = file.order, []
    if order.request and order.request not in standing.accepted_asks:
        found.append(problem("ask_not_accepted", "request"))
    if standing.rules + len(order.endpoints) > network.limits.rules:
        found.append(problem("rules_max", "endpoints", rules=standing.rules, most=network.limits.rules))
    for one in order.endpoints:
        found += _one_standing(one, file, kind, standing, at_ns)
    return found


def activation_problems(order: Order, network: NetworkPolicy, standing: Standing) -> list[Problem]:
    """Whether so many endpoints may take effect now."""
    if standing.activations + len(order.endpoints) <= network.limits.activations:
        return []
    return [problem("activations_max", "endpoints", activations=standing.activations, most=network.limits.activations)]


def _one_standing(one: OrderedEndpoint, file: OrderFile, kind: str, standing: Standing, at_ns: int) -> list[Problem]:
    where, found = one.endpoint, []
    handle = standing.registered(where, one.protocol)
    if handle:
        found.append(problem("registered_endpoint", where, handle=handle))
    if where in standing.appealed:
        found.append(problem("appeal_open", where))
    has_new_facts = bool(file.order.new_facts.strip()) and file.signature_of(REVIEWER) is not None
    if _is_within(standing.quashed_ns.get(where), QUASHED_DAYS, at_ns) and not has_new_facts:
        found.append(problem("quashed_before", where, days=QUASHED_DAYS))
    if kind == PUBLIC and standing.in_force_days.get(where, 0) >= IN_FORCE_DAYS_A_YEAR_MAX:
        found.append(problem("in_force_too_often", where, days=IN_FORCE_DAYS_A_YEAR_MAX))
    noticed_ns = standing.conflict_noticed_ns.get(where)
    was_told = noticed_ns is not None and not _is_within(noticed_ns, CONFLICT_NOTICE_DAYS, at_ns)
    if _cites_conflict(one, file) and not was_told:
        found.append(problem("conflict_without_notice", where, days=CONFLICT_NOTICE_DAYS))
    return found


def _is_within(since_ns: int | None, days: int, at_ns: int) -> bool:
    """True where it was less than so many days ago."""
    return since_ns is not None and at_ns < since_ns + days * DAY_NS


def _cites_conflict(one: OrderedEndpoint, file: OrderFile) -> bool:
    return any(json.loads(file.evidence[digest]).get("verdict") == "conflict"
               for digest in one.evidence if digest in file.evidence)
