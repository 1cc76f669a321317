"""Why a tunnel got its verdict, in words: what was seen, what decided, what would change it, what cannot be known.

Everything said here follows from one `JudgedTunnel`; nothing is looked up again, and no client appears in it.
"""

from __future__ import annotations

from licet.app.report.ladder import ladder_lines
from licet.app.report.rules import link_text, rule_text
from licet.app.report.words import (
    GLYPHS,
    NOT_A_FAULT,
    count_text,
    family_title,
    list_text,
    printable,
    protocol_text,
    sentence,
    server_text,
    size_text,
    wrap,
)
from licet.app.results import JudgedTunnel, ScanResult
from licet.errors import BadInput
from licet.model.canonical import time_text
from licet.model.endpoint import Endpoint
from licet.model.evidence import CERTAIN, Evidence
from licet.model.family import FAMILIES
from licet.model.tunnel import Tunnel
from licet.model.verdict import CONFLICT, REGISTERED, UNREGISTERED, VERDICT_TITLES, Verdict

ENDPOINTS_NAMED_MAX = 5
PACKETS_MAX = 12


class NotInCapture(BadInput):
    """No tunnel with this server end was recognised. endpoint: the one asked for; there: those that were."""

    def __init__(self, endpoint: Endpoint, captures: tuple[str, ...], there: tuple[Endpoint, ...]) -> None:
        self.endpoint, self.captures, self.there = endpoint, captures, there
        place = printable(captures[0]) if len(captures) == 1 else count_text(len(captures), "capture")
        super().__init__(f"{endpoint}: no tunnel with this server end was recognised in {place}; {_named(there)}")


def _named(there: tuple[Endpoint, ...]) -> str:
    if not there:
        return "nor was any other"
    names = [str(endpoint) for endpoint in there[:ENDPOINTS_NAMED_MAX]]
    if len(there) > ENDPOINTS_NAMED_MAX:
        names.append(f"{len(there) - ENDPOINTS_NAMED_MAX:,} more")
    return f"those recognised are {list_text(names)}" if len(names) > 1 else f"the one recognised is {names[0]}"


def find_tunnels(result: ScanResult, endpoint: Endpoint) -> tuple[JudgedTunnel, ...]:
    """The tunnels with this server end: one for each capture and family. Raises NotInCapture if there is none."""
    found = tuple(judged for judged in result.tunnels if judged.tunnel.server == endpoint)
    if not found:
        servers = (judged.tunnel.server for judged in result.tunnels)
        there = tuple(dict.fromkeys(server for server in servers if server is not None))
        raise NotInCapture(endpoint, tuple(capture.path for capture in result.captures), there)
    return found


def explain(judged: JudgedTunnel, width: int = 100) -> str:
    """The whole explanation as text of at most `width` columns, with its line ends."""
    tunnel, verdict = judged.tunnel, judged.verdict
    lines = [
        *wrap(f"{server_text(tunnel)} in {printable(tunnel.capture)}", width),
        *wrap(f"{protocol_text(tunnel.family, tunnel.variant)}, {tunnel.grade}", width),
        f"{GLYPHS[verdict.verdict]} {VERDICT_TITLES[verdict.verdict]}",
        "",
        *_indented([sentence(verdict.reason), *map(sentence, verdict.informs), _service(judged)], width),
    ]
    if verdict.verdict == UNREGISTERED:
        lines += _indented([sentence(NOT_A_FAULT)], width)
    lines += ["", "What was seen"]
    for evidence in tunnel.evidence:
        lines += [*_evidence_lines(evidence, width), ""]
    lines += _indented(_counts(tunnel), width)
    for title, points in (
        ("What decided", _decided(verdict)),
        ("What would change it", what_would_change_it(judged)),
        (f"What the wire cannot tell about {family_title(tunnel.family)}", _unknowable(tunnel.family)),
    ):
        lines += ["", title, *_listed(points, width)]
    return "\n".join(lines) + "\n"


def _indented(paragraphs: list[str], width: int) -> list[str]:
    return ["  " + line for paragraph in paragraphs for line in wrap(paragraph, width - 2)]


def _listed(points: list[str], width: int) -> list[str]:
    """Points with a dash each, their further lines set in."""
    lines = []
    for point in points:
        first, *more = wrap(printable(point), width - 4) or [""]
        lines += [f"  - {first}", *(f"    {line}" for line in more)]
    return lines


def _service(judged: JudgedTunnel) -> str:
    """Handle, name and operator of the registration that decided; the handle alone is in the reason already."""
    names = [name for name in (judged.service_title, judged.service_operator) if name]
    return sentence(", ".join([judged.verdict.registration or "", *names])) if names else ""


def _evidence_lines(evidence: Evidence, width: int) -> list[str]:
    """Words, the rule's name and the ladder of one piece of evidence."""
    packets = [f"{packet:,}" for packet in evidence.packets[:PACKETS_MAX]]
    if len(evidence.packets) > PACKETS_MAX:
        packets.append(f"{len(evidence.packets) - PACKETS_MAX:,} more")
    noun = "packet" if len(evidence.packets) == 1 else "packets"
    link = f", link {evidence.link}" if evidence.link else ""
    words = f"{rule_text(evidence).seen} {link_text(evidence.link)}"
    cited = printable(f"Rule {evidence.rule}{link}, {noun} {list_text(packets)}.")
    ladder = ladder_lines(evidence, width)
    drawn = {step.packet for step in evidence.steps}
    lent = [f"{packet:,}" for packet in evidence.packets if packet not in drawn][:PACKETS_MAX]
    if ladder and lent:
        ladder.append(f"    the flow that it is linked to adds {list_text(lent)}")
    return [*_indented([words, cited], width), *([""] if ladder else []), *ladder]


def _counts(tunnel: Tunnel) -> list[str]:
    """How much there was, and which end serves."""
    counts = [
        count_text(tunnel.clients, "client"), count_text(tunnel.flows, "flow"), count_text(tunnel.packets, "packet"),
        size_text(tunnel.bytes),
    ]  # fmt: skip
    serves = "The other end opened it, so this end serves."
    if tunnel.initiator is None:
        serves = "The wire does not show which end opened it."
    times = f"from {time_text(tunnel.first_seen_ns, 3)} to {time_text(tunnel.last_seen_ns, 3)}"
    return [f"{', '.join(counts)}, {times}. {serves}"]


def _decided(verdict: Verdict) -> list[str]:
    """What the verdict was computed from, exactly enough to compute it again."""
    snapshot = verdict.snapshot
    if snapshot is None:
        registry = "registry: none that decides here"
    else:
        serial = "" if snapshot.serial is None else f"serial {snapshot.serial}, "
        registry = f"registry: {serial}{snapshot.digest}"
    at = f"registrations as of {time_text(verdict.judged_at_ns)}"
    return [registry, at, f"rules of judgement: {verdict.policy}"]


def what_would_change_it(judged: JudgedTunnel) -> list[str]:
    """What would have to be otherwise for another verdict, in words that the owner or the operator can act upon."""
    tunnel, verdict = judged.tunnel, judged.verdict
    place, protocol = server_text(tunnel), family_title(tunnel.family)
    if verdict.verdict == REGISTERED:
        return ["the registration's end, hold or withdrawal: it is read as of the time above"]
    if verdict.verdict == CONFLICT:
        return [f"the registry's correction, so that it covers {place} for {protocol}, or the end of a hold"]
    if verdict.verdict == UNREGISTERED:
        key = ["a registration of the server's public key, wherever it is"] if tunnel.family == "wireguard" else []
        return [f"a registration that covers {place} for {protocol} at the time above", *key]
    if verdict.snapshot is None:
        return ["a registry that decides on this network: name it with --registry FILE"]
    covering = [] if tunnel.server is None else [f"a registration that covers {place} for {protocol}"]
    if tunnel.tunnel_class != "vpn":
        return covering or ["nothing that a capture can show"]
    return [*covering, *_stronger(tunnel)]


def _stronger(tunnel: Tunnel) -> list[str]:
    """What would make likely evidence certain."""
    if tunnel.grade == CERTAIN or not tunnel.evidence:
        return []
    settles = rule_text(tunnel.evidence[0]).settles
    if settles:
        return [f"stronger evidence: {settles}"]
    return ["to know which end serves: a capture that holds the opening message, or your own prefixes in --config"]


def _unknowable(family: str) -> list[str]:
    known = FAMILIES.get(family)
    return list(known.unknowable) if known else ["what it carries, and who is connected"]
