"""nftables: a table and a base chain of licet's own, and sets that forget an endpoint by themselves (nft(8)).

A base chain of its own, because a refusal that is added behind `ct state established accept` does not reach what is
established, and an accept in an earlier chain does not protect it. It comes before the owner's own forward chain,
accepts all it does not refuse, and decides nothing else. The whole table is replaced in one transaction, or nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    for version in (4, 6):
        yield from _set(f"owned{version}", _TYPES[version], "interval", [str(one) for one in rules.prefixes(version)])
    for version in (4, 6):
        elements = [_element(rules, rule, at_ns) for rule in rules.in_force(at_ns) if rule.address.version == version]
        kind = f"{_TYPES[version]} . inet_proto . inet_service"
        yield from _set(f"ordered{version}", kind, "timeout", elements, counts=True)
    yield from _chains()


def _element(rules: RuleSet, rule: Rule, at_ns: int) -> str:
    endpoint = rule.endpoint
    return (f"{endpoint.address} . {endpoint.transport} . {endpoint.port} timeout {rules.seconds_left(rule, at_ns)}s "
            f'comment "{rule.order} {rule.protocol}"')


def _set(name: str, kind: str, flags: str, elements: list[str], counts: bool = False) -> Iterator[str]:
    yield from (f"set {name} {{", f"\ttype {kind}", f"\tflags {flags}")
    if counts:
        yield "\tcounter"
    if elements:
        yield "\telements = {"
        yield from (f"\t\t{element}," for element in elements)
        yield "\t}"
    yield from ("}", "")


def _chains() -> Iterator[str]:
    """Either end is of an owned prefix, then one end is an ordered endpoint. To the server it is refused, so that the
    client's end knows at once; what still comes from the server is dropped."""
    yield from ("chain forward {", f"\ttype filter hook forward priority {PRIORITY}; policy accept;")
    for version in (4, 6):
        yield from (f"\t{_IP[version]} {end} @owned{version} goto ordered" for end in ("saddr", "daddr"))
    yield from ("}", "", "chain ordered {")
    for version in (4, 6):
        ip, ordered = _IP[version], f"@ordered{version}"
        yield f"\t{ip} daddr . meta l4proto . th dport {ordered} reject with icmpx admin-prohibited"
        yield f"\t{ip} saddr . meta l4proto . th sport {ordered} drop"
    yield "}"


OUTPUT = Output("nftables", "nftables", render, CANNOT)
