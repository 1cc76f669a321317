"""Suricata as an inline filter: a file of drop rules, one for each endpoint (Suricata user guide, "Rules Format").

Rules carry `noalert`: an alert would write the address of the client into Suricata's log, and licet names no client.
"""

from __future__ import annotations

from licet.enforce.base import Output, Rule, RuleSet, heading

SID_FIRST = 1_900_000  # of the range for local rules, 1,000,000 to 1,999,999; RULES_MAX of them

CANNOT = (
    "an end. A file of rules has none: `licet enforce run` writes it again when one is over, and where that has "
    "stopped, `licet enforce off` empties it.",
    "a refusal that tells the client's end: packets are dropped in silence.",
    "counts by rule: Suricata would count by alerts, which name clients. Its own `drop` and `flow` events, where they "
    "are switched on, name both ends too.",
    "anything at all where Suricata is not inline (AF_PACKET in copy mode, NFQUEUE): beside the traffic it drops none.",
)


def render(rules: RuleSet, at_ns: int) -> str:
    """A rule file, for `rule-files` of suricata.yaml; read again with `suricatasc -c reload-rules`."""
    in_force = rules.in_force(at_ns)
    lines = [f"# {line}" for line in heading("Suricata", len(in_force), CANNOT)]
    lines += [_line(rules, rule, SID_FIRST + number) for number, rule in enumerate(in_force)]
    return "\n".join(lines) + "\n"


def _line(rules: RuleSet, rule: Rule, sid: int) -> str:
    """Both directions between the server's end and the owned prefixes, or anybody where the server stands in one."""
    endpoint = rule.endpoint
    owned = ",".join(str(network) for network in rules.prefixes(rule.address.version))
    peers = "any" if rules.is_inside(rule) else f"[{owned}]"
    return (f"drop {endpoint.transport} {peers} any <> {endpoint.address} {endpoint.port} "
            f'(msg:"licet {rule.order} {rule.protocol}"; noalert; sid:{sid}; rev:1;)')


OUTPUT = Output("suricata", "Suricata", render, CANNOT)
