"""Sets of rules for tests: each case that an output must render, by name."""

from __future__ import annotations

import ipaddress

from licet.enforce.base import NOTHING, RULES_MAX, Rule, RuleSet
from licet.model.canonical import parse_time
from licet.model.endpoint import parse_endpoint

AT_NS = parse_time("2026-03-01T12:00:00Z")
HOUR_NS = 3_600 * 1_000_000_000
FRESH_NS = AT_NS + 24 * HOUR_NS
OFFICE = ("192.0.2.0/24", "2001:db8:a::/64")


def rule(endpoint: str, order: str = "ORD-7F3K9Q2M", hours: float = 6, protocol: str = "wireguard") -> Rule:
    """A rule that ends so many hours after AT_NS."""
    return Rule(parse_endpoint(endpoint), protocol, order, AT_NS + round(hours * HOUR_NS))


def rules(*some: Rule, scope: tuple[str, ...] = OFFICE, fresh_ns: int = FRESH_NS) -> RuleSet:
    """A set of them, for the office."""
    return RuleSet(tuple(sorted(some)), tuple(ipaddress.ip_network(one) for one in scope), fresh_ns)


WIREGUARD, WIREGUARD6 = rule("198.51.100.10:51820/udp"), rule("[2001:db8:b::10]:51820/udp")
OPENVPN = rule("203.0.113.66:1194/tcp", "ORD-4K2ZHHM8", 40, "openvpn")

CASES: dict[str, RuleSet] = {
    "nothing": NOTHING,
    "one-ipv4": rules(WIREGUARD),
    "one-ipv6": rules(WIREGUARD6),
    "udp-tcp-ipv4-ipv6": rules(WIREGUARD, WIREGUARD6, OPENVPN),
    "two-ports-of-one-address": rules(WIREGUARD, rule("198.51.100.10:51821/udp"), rule("198.51.100.10:51820/tcp")),
    "one-is-past-its-end": rules(WIREGUARD, rule("203.0.113.66:1194/udp", hours=0, protocol="openvpn")),
    "less-than-a-second-left": rules(rule("203.0.113.66:1194/udp", hours=0.0001, protocol="openvpn")),
    "known-for-ten-more-minutes": rules(WIREGUARD, OPENVPN, fresh_ns=AT_NS + HOUR_NS // 6),
    "known-no-more": rules(WIREGUARD, OPENVPN, fresh_ns=AT_NS),
    "no-prefix-of-ipv6": rules(WIREGUARD, WIREGUARD6, scope=("192.0.2.0/24",)),
    "server-inside": rules(rule("192.0.2.77:51820/udp"), rule("[2001:db8:a::77]:51820/udp"), WIREGUARD),
    "several-prefixes": rules(WIREGUARD, WIREGUARD6, scope=(
        "192.0.2.0/25", "192.0.2.128/25", "192.0.2.64/26", "198.18.0.0/15", "2001:db8:a::/64", "2001:db8:c::/48")),
    "as-many-as-there-may-be": rules(*(rule(f"198.51.100.{number % 250 + 1}:{51_000 + number // 250}/udp",
                                            f"ORD-{number // 50:08d}") for number in range(RULES_MAX))),
}
