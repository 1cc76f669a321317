"""pf of FreeBSD and OpenBSD: the rules of an anchor of licet's own (pf.conf(5)).

No pf was at hand: what is written here follows the manual, is compared with files that a person read, and never ran.
"""

from __future__ import annotations

from licet.enforce.base import Output, Rule, RuleSet, heading

ANCHOR = "licet"
REFUSAL = "return-icmp (filter-prohib, admin-unr)"  # RFC 1812 §5.2.7.1, code 13; RFC 4443 §3.1, code 1

CANNOT = (
    "an end. An anchor has none: `licet enforce run` writes it again when one is over, and where that has stopped, "
    "`licet enforce off` empties it.",
    "connections that pf has let in before: they have a state, and pass until `pfctl -k` ends it.",
    "that it works: it was never run with pf, only compared with the manual.",
)


def render(rules: RuleSet, at_ns: int) -> str:
    """The rules of the anchor, for `pfctl -a licet -f`; pf.conf needs `anchor "licet"` before its own pass rules."""
    in_force = rules.in_force(at_ns)
    lines = [f"# {line}" for line in heading("pf", len(in_force), CANNOT)]
    for version in (4, 6):
        prefixes = rules.prefixes(version)
        if in_force and prefixes:
            lines.append(f"table <licet_owned{version}> const {{ {', '.join(map(str, prefixes))} }}")
    for rule in in_force:
        lines += _lines(rules, rule)
    return "\n".join(lines) + "\n"


def _lines(rules: RuleSet, rule: Rule) -> list[str]:
    endpoint, version = rule.endpoint, rule.address.version
    family = "inet" if version == 4 else "inet6"
    peers = "any" if rules.is_inside(rule) else f"<licet_owned{version}>"
    server = f"{endpoint.address} port {endpoint.port}"
    label = f'label "{rule.order}"'
    return [f"block {REFUSAL} quick {family} proto {endpoint.transport} from {peers} to {server} {label}",
            f"block drop quick {family} proto {endpoint.transport} from {server} to {peers} {label}"]


OUTPUT = Output("pf", "pf", render, CANNOT, runs_here=False)
