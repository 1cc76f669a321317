"""A rule, a set of them, and what an output is (charter, line 6; lifecycle §6, 6).

A rule is one address, one transport, one port and one protocol, with an end. Nothing wider can be made: there is no
field for a prefix, a range or a name, and a rule that is made of anything else is refused where it is made.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from licet.errors import Malformed
from licet.model.endpoint import Endpoint, parse_address

RULES_MAX = 500  # lifecycle §5, "rules in force"; a policy may lower it, and nothing raises it
SCOPE_MAX = 4_096
TRANSPORTS = ("udp", "tcp")
SECOND_NS = 1_000_000_000

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ORDER = re.compile(r"ORD-[0-9A-Z]{4,16}")
_PROTOCOL = re.compile(r"[a-z0-9-]{2,20}")


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """endpoint: a server's, UDP or TCP; protocol: the family that was seen there; order: the handle of the order that
    names it; until_ns: when the order ends, nanoseconds since the epoch (excluded). Raises Malformed."""

    endpoint: Endpoint
    protocol: str
    order: str
    until_ns: int

    def __post_init__(self) -> None:
        endpoint = self.endpoint
        address = parse_address(endpoint.address)
        if str(address) != endpoint.address or address.is_multicast or address.is_unspecified or address.is_loopback:
            raise Malformed(f"“{endpoint.address[:60]}” is not the one address of one server")
        if endpoint.transport not in TRANSPORTS:
            raise Malformed(f"{endpoint}: a rule is for UDP or TCP, never for a whole protocol")
        if type(endpoint.port) is not int or not 1 <= endpoint.port <= 65535:
            raise Malformed(f"{endpoint}: a rule has one port, 1 to 65535")
        if not _ORDER.fullmatch(self.order) or not _PROTOCOL.fullmatch(self.protocol):
            raise Malformed(f"{endpoint}: “{self.order[:40]}” is no handle of an order, or “{self.protocol[:40]}” no "
                            "protocol")
        if type(self.until_ns) is not int:
            raise Malformed(f"{endpoint}: a rule has an end")

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        return ipaddress.ip_address(self.endpoint.address)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """rules: sorted, one for each endpoint at most; scope: the owned prefixes, of which one end of the traffic must be;
    fresh_until_ns: when what the set was computed from is too old to act on. Raises Malformed."""

    rules: tuple[Rule, ...]
    scope: tuple[Network, ...]
    fresh_until_ns: int

    def __post_init__(self) -> None:
        if len(self.rules) > RULES_MAX or len(self.scope) > SCOPE_MAX:
            raise Malformed(f"{len(self.rules):,} rules for {len(self.scope):,} prefixes are more than {RULES_MAX} or "
                            f"{SCOPE_MAX:,}")
        if list(self.rules) != sorted(self.rules) or len({rule.endpoint for rule in self.rules}) != len(self.rules):
            raise Malformed("the rules are not sorted, or two are for one endpoint")
        if any(network.prefixlen == 0 for network in self.scope):
            raise Malformed("a default route is nobody's prefix")

    def in_force(self, at_ns: int) -> tuple[Rule, ...]:
        """The rules that have a second left, and an owned prefix of their version of IP to be scoped to."""
        versions = {network.version for network in self.scope}
        return tuple(rule for rule in self.rules
                     if self.seconds_left(rule, at_ns) > 0 and rule.address.version in versions)

    def seconds_left(self, rule: Rule, at_ns: int) -> int:
        """Whole seconds until the order ends or what is known of it is too old, whichever is first: where the device
        itself can forget a rule, it does so even when nothing of licet runs any more."""
        return max(0, min(rule.until_ns, self.fresh_until_ns) - at_ns) // SECOND_NS

    def prefixes(self, version: int) -> tuple[Network, ...]:
        """The owned prefixes of a version of IP, sorted, none inside another."""
        found: list[Network] = [network for network in self.scope if network.version == version]
        return tuple(ipaddress.collapse_addresses(found))  # type: ignore[type-var]  # one version, which mypy cannot know

    def is_inside(self, rule: Rule) -> bool:
        """True where the rule's server stands in an owned prefix: then its clients may be anywhere."""
        return any(rule.address in network for network in self.prefixes(rule.address.version))


NOTHING = RuleSet((), (), 0)


@dataclass(frozen=True, slots=True)
class Output:
    """One kind of firewall. name: as in the catalogue and on the command line; render: the artefact of a set at a time
    in nanoseconds since the epoch, the same bytes for the same set and time; cannot: what of a rule it does not
    express, a sentence each, also at the head of every artefact; runs_here: False where no test runs the real thing."""

    name: str
    title: str
    render: Callable[[RuleSet, int], str]
    cannot: tuple[str, ...]
    runs_here: bool = True


def heading(output: str, rules: int, cannot: tuple[str, ...]) -> list[str]:
    """The first lines of an artefact, without what begins a comment there."""
    count = "1 rule" if rules == 1 else f"{rules} rules"
    return [f"licet for {output}: {count}. Written by `licet enforce`; a change by hand is lost with the next one.",
            *(f"Not expressed here: {sentence}" for sentence in cannot)]
