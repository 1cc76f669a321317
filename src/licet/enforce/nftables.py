"""nftables: a table and a base chain of licet's own, and sets that forget an endpoint by themselves (nft(8)).

A base chain of its own, because a refusal that is added behind `ct state established accept` does not reach what is
established, and an accept in an earlier chain does not protect it. It comes before the owner's own forward chain,
accepts all it does not refuse, and decides nothing else. The whole table is replaced in one transaction, or nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from licet.enforce.base import NOTHING, Output, Rule, RuleSet, heading

TABLE = "licet"
PRIORITY = "filter - 10"

CANNOT = (
    "what speaks on the port. Whatever uses this address, transport and port is refused, which is why an order needs a "
    "port that the tunnel uses alone.",
    "traffic of this machine itself, and frames that a bridge passes on unrouted: the chain stands at `forward`.",
)

_TYPES = {4: "ipv4_addr", 6: "ipv6_addr"}
_IP = {4: "ip", 6: "ip6"}


def render(rules: RuleSet, at_ns: int) -> str:
    """A file for `nft -f`: it takes the old table away and puts the new one in its place, in one transaction."""
    in_force = rules.in_force(at_ns)
    lines = [f"# {line}" for line in heading("nftables", len(in_force), CANNOT)]
    lines += [f"table inet {TABLE}", f"delete table inet {TABLE}"]
    if in_force:
        lines += [f"table inet {TABLE} {{", *(f"\t{line}" if line else "" for line in _body(rules, at_ns)), "}"]
    return "\n".join(lines) + "\n"


def off() -> str:
    """The file that takes everything away."""
    return render(NOTHING, 0)


def _body(rules: RuleSet, at_ns: int) -> Iterator[str]:
    """Sets and chains, for the versions of IP that have a rule."""
    by_version = {version: [rule for rule in rules.in_force(at_ns) if rule.address.version == version]
                  for version in (4, 6)}
    versions = [version for version, some in by_version.items() if some]
    for version in versions:
        kind, some = _TYPES[version], by_version[version]
        servers = list(dict.fromkeys(rule.endpoint.address for rule in some))
        yield from _set(f"owned{version}", (f"type {kind}", "flags interval"), map(str, rules.prefixes(version)))
        yield from _set(f"servers{version}", (f"type {kind}", f"size {len(servers)}"), servers)
        yield from _set(f"ordered{version}", (f"type {kind} . inet_proto . inet_service", "flags timeout", "counter"),
                        (_element(rules, rule, at_ns) for rule in some))
    yield from _chains(versions)


def _element(rules: RuleSet, rule: Rule, at_ns: int) -> str:
    endpoint = rule.endpoint
    return (f"{endpoint.address} . {endpoint.transport} . {endpoint.port} timeout {rules.seconds_left(rule, at_ns)}s "
            f'comment "{rule.order} {rule.protocol}"')


def _set(name: str, head: Iterable[str], elements: Iterable[str]) -> Iterator[str]:
    yield f"set {name} {{"
    yield from (f"\t{line}" for line in head)
    yield "\telements = {"
    yield from (f"\t\t{element}," for element in elements)
    yield from ("\t}", "}", "")


def _chains(versions: list[int]) -> Iterator[str]:
    """Traffic of other addresses costs two look-ups of one address, and no more. The rest is refused where one end is
    of an owned prefix and the other an ordered endpoint: to the server with a word, so that the client's end knows at
    once; from the server in silence."""
    yield from ("chain forward {", f"\ttype filter hook forward priority {PRIORITY}; policy accept;")
    for version in versions:
        yield f"\t{_IP[version]} daddr @servers{version} jump to_server"
        yield f"\t{_IP[version]} saddr @servers{version} jump from_server"
    yield from ("}", "", "chain to_server {")
    yield from _refusals(versions, "daddr . meta l4proto . th dport", "reject with icmpx admin-prohibited")
    yield from ("}", "", "chain from_server {")
    yield from _refusals(versions, "saddr . meta l4proto . th sport", "drop")
    yield "}"


def _refusals(versions: list[int], endpoint: str, verdict: str) -> Iterator[str]:
    for version in versions:
        ip = _IP[version]
        for end in ("saddr", "daddr"):
            yield f"\t{ip} {end} @owned{version} {ip} {endpoint} @ordered{version} {verdict}"


OUTPUT = Output("nftables", "nftables", render, CANNOT)
