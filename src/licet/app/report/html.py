"""The report for people who decide: one HTML file, no script, nothing fetched, the same bytes for the same result.

The numbers come first, then pictures, then each tunnel with its evidence in words, then what the report cannot know.
This module turns a result into plain values; `report.html` (autoescaped) prints them, `report.css` gives them shape.
Times are those of the capture and of the judgement; how long the scan took is left out, because it changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from licet import __version__
from licet.app.report.charts import draw_protocols, draw_traffic, protocol_rows
from licet.app.report.jsonl import json_line, tunnel_object
from licet.app.report.rules import link_text, rule_text
from licet.app.report.summary import total
from licet.app.report.table import closing_sentence
from licet.app.report.timeline import Traffic, end_ns, traffic_over_time, trimmed
from licet.app.report.words import (
    GLYPHS,
    NOT_A_FAULT,
    VERDICT_MEANINGS,
    count_text,
    family_title,
    list_text,
    printable,
    protocol_text,
    sentence,
    server_text,
    shell_word,
    size_text,
)
from licet.app.results import CaptureReport, JudgedTunnel, ScanResult
from licet.model.canonical import time_text
from licet.model.evidence import CERTAIN, Evidence
from licet.model.family import FAMILIES
from licet.model.verdict import REGISTERED, UNREGISTERED, VERDICT_TITLES, VERDICTS

TUNNELS_MAX = 500  # written out with their evidence; the rest is counted, and in the machine formats
CAPTURES_MAX = 50
PACKETS_MAX = 12  # ordinals named for one piece of evidence

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,18}Z")


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One piece of evidence in words: what was seen, what joins it, what would settle it, in which packets, by which
    rule. settles: "" where the evidence is certain."""

    seen: str
    link: str
    settles: str
    packets: str
    rule: str


@dataclass(frozen=True, slots=True)
class TunnelView:
    """One tunnel, every member a text that is ready to print (and will be escaped)."""

    address: str
    port: str
    protocol: str
    grade: str
    service: str
    operator: str
    registration: str
    reason: str
    informs: tuple[str, ...]
    counts: str
    first_seen: str
    last_seen: str
    evidence: tuple[EvidenceView, ...]
    explain: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """All tunnels of one verdict; tunnels: those that are written out."""

    verdict: str
    glyph: str
    title: str
    meaning: str
    count: int
    size: str
    tunnels: tuple[TunnelView, ...]


@dataclass(frozen=True, slots=True)
class CaptureView:
    """One capture: what was read, and what was not."""

    path: str
    packets: str
    flows: str
    size: str
    skipped: str
    problem: str


def html_report(result: ScanResult) -> str:
    """The whole page. The result decides every byte of it."""
    environment = Environment(
        loader=PackageLoader("licet", "app/report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["whole_times"] = _whole_times
    style, _, _ = environment.loader.get_source(environment, "report.css")  # type: ignore[union-attr]
    return environment.get_template("report.html").render(style=style, version=__version__, **_context(result))


def write_html(result: ScanResult, out: TextIO) -> None:
    """Write the page to a text stream, which should encode as UTF-8: the page says that it is."""
    out.write(html_report(result))


def _context(result: ScanResult) -> dict[str, object]:
    """Everything that the template prints."""
    rows, traffic = protocol_rows(result.tunnels), traffic_over_time(result)
    shown = result.tunnels[:TUNNELS_MAX]
    return {
        "captures_title": _captures_title(result),
        "period": _period(result),
        "lead": _lead(result),
        "groups": [_group(verdict, result.tunnels, shown) for verdict in VERDICTS],
        "left_out": len(result.tunnels) - len(shown),
        "rows": rows,
        "protocol_drawings": draw_protocols(rows),
        "protocol_words": "; ".join(row.words() for row in rows),
        "traffic": traffic,
        "traffic_drawings": draw_traffic(traffic) if traffic else (),
        "traffic_words": _traffic_words(traffic) if traffic else "",
        "traffic_sums": _traffic_sums(traffic) if traffic else [],
        "unknowable": _unknowable(result.tunnels),
        "captures": [_capture(capture) for capture in result.captures[:CAPTURES_MAX]],
        "captures_left_out": max(0, len(result.captures) - CAPTURES_MAX),
        "evicted": total(capture.evicted for capture in result.captures),
        "notes": [printable(note) for note in result.notes],
        "snapshots": _snapshots(result.tunnels),
        "policies": list(dict.fromkeys(judged.verdict.policy for judged in result.tunnels)),
        "judged_at": _judged_at(result.tunnels),
        "contest": _contest(result),
    }


def _captures_title(result: ScanResult) -> str:
    if len(result.captures) == 1:
        return printable(result.captures[0].path)
    return count_text(len(result.captures), "capture")


def _period(result: ScanResult) -> tuple[str, str] | None:
    """First and last moment of the traffic that was read, to a column of the timelines."""
    timelines = [trimmed(capture.timeline) for capture in result.captures if capture.timeline]
    timelines = [timeline for timeline in timelines if timeline.bytes]
    if not timelines:
        return None
    return _time(min(timeline.start_ns for timeline in timelines)), _time(max(end_ns(one) for one in timelines))


def _whole_times(text: str) -> Markup:
    """Text, escaped, in which no line is broken within a time."""
    return Markup(_TIME.sub(r'<span class="whole">\g<0></span>', str(escape(text))))


def _lead(result: ScanResult) -> list[str]:
    """What to take home, in two or three sentences."""
    if not result.tunnels:
        return [closing_sentence(result)]
    verdicts = [judged.verdict.verdict for judged in result.tunnels]
    registered, size = verdicts.count(REGISTERED), size_text(sum(capture.bytes for capture in result.captures))
    sentences = [f"{count_text(len(verdicts), 'VPN tunnel')} recognised in {size} of traffic."]
    if all(judged.verdict.snapshot is None for judged in result.tunnels):
        return [*sentences, "No registry was given, so nothing was compared."]
    belong = "belongs to a registered service" if registered == 1 else "belong to registered services"
    sentences.append(f"{registered:,} {belong}." if registered else "None belongs to a registered service.")
    if UNREGISTERED in verdicts:
        sentences.append(f"{NOT_A_FAULT[0].upper()}{NOT_A_FAULT[1:]}.")
    return sentences


def _time(time_ns: int) -> str:
    """`2026-03-01 12:00:00 UTC`."""
    return time_text(time_ns, 0).replace("T", " ").replace("Z", " UTC")


def _group(verdict: str, tunnels: Sequence[JudgedTunnel], shown: Sequence[JudgedTunnel]) -> GroupView:
    of_group = [judged for judged in tunnels if judged.verdict.verdict == verdict]
    views = tuple(_tunnel(judged) for judged in shown if judged.verdict.verdict == verdict)
    size = size_text(sum(judged.tunnel.bytes for judged in of_group))
    title, meaning = VERDICT_TITLES[verdict], VERDICT_MEANINGS[verdict]
    return GroupView(verdict, GLYPHS[verdict], title, meaning, len(of_group), size, views)


def _tunnel(judged: JudgedTunnel) -> TunnelView:
    tunnel, verdict = judged.tunnel, judged.verdict
    server = server_text(tunnel)
    # The page may break a long address before its port, and nowhere else if it can.
    cut = server.rfind("]") + 1 or len(server)
    counts = [
        count_text(tunnel.clients, "client"),
        count_text(tunnel.flows, "flow"),
        count_text(tunnel.packets, "packet"),
        size_text(tunnel.bytes),
    ]
    return TunnelView(
        server[:cut], server[cut:], protocol_text(tunnel.family, tunnel.variant), tunnel.grade,
        printable(judged.service_title), printable(judged.service_operator), printable(verdict.registration or ""),
        sentence(verdict.reason), tuple(sentence(words) for words in verdict.informs), " · ".join(counts),
        _time(tunnel.first_seen_ns), _time(tunnel.last_seen_ns), tuple(_evidence(one) for one in tunnel.evidence),
        _explain(judged),
    )  # fmt: skip


def _evidence(evidence: Evidence) -> EvidenceView:
    ordinals = [f"{packet:,}" for packet in evidence.packets[:PACKETS_MAX]]
    if len(evidence.packets) > PACKETS_MAX:
        ordinals.append(f"{len(evidence.packets) - PACKETS_MAX:,} more")
    packets = f"{'packet' if len(evidence.packets) == 1 else 'packets'} {list_text(ordinals)}"
    words = rule_text(evidence)
    settles = "" if evidence.grade == CERTAIN else words.settles
    return EvidenceView(words.seen, link_text(evidence.link), settles, packets, printable(evidence.rule))


def _explain(judged: JudgedTunnel) -> str:
    """The command that explains this verdict, or nothing where there is no endpoint to name."""
    if judged.tunnel.server is None:
        return ""
    return f"licet explain {shell_word(judged.tunnel.capture)} {shell_word(str(judged.tunnel.server))} --registry FILE"


def _traffic_words(traffic: Traffic) -> str:
    """The picture for those who cannot see it."""
    sums = ", ".join(f"{name} {size}" for name, size, _ in _traffic_sums(traffic))
    return f"Traffic in columns of {traffic.width_s:,} seconds from {_time(traffic.start_ns)}. In all: {sums}."


def _traffic_sums(traffic: Traffic) -> list[tuple[str, str, str]]:
    """(name, size, class) of each series."""
    return [
        ("registered tunnels", size_text(sum(traffic.registered)), "registered"),
        ("other tunnels", size_text(sum(traffic.tunnels)), "tunnels"),
        ("all other traffic", size_text(sum(traffic.other)), "other"),
    ]


def _unknowable(tunnels: Sequence[JudgedTunnel]) -> list[tuple[str, tuple[str, ...]]]:
    """(protocols, what their wire cannot tell) for the protocols that were seen and are in the table."""
    titles: dict[tuple[str, ...], list[str]] = {}
    for family in sorted({judged.tunnel.family for judged in tunnels} & set(FAMILIES)):
        titles.setdefault(FAMILIES[family].unknowable, []).append(family_title(family))
    return [(list_text(families), sentences) for sentences, families in titles.items()]


def _capture(capture: CaptureReport) -> CaptureView:
    skipped = total([capture.skipped])
    reasons = ", ".join(f"{number:,} {printable(reason)}" for reason, number in skipped.items())
    return CaptureView(
        printable(capture.path), f"{capture.packets:,}", f"{capture.flows:,}", size_text(capture.bytes),
        reasons or "none", printable(capture.problem or ""),
    )  # fmt: skip


def _snapshots(tunnels: Sequence[JudgedTunnel]) -> list[str]:
    """The registries that decided: serial, if they have one, and digest."""
    found = dict.fromkeys(judged.verdict.snapshot for judged in tunnels if judged.verdict.snapshot)
    return [f"serial {ref.serial}, {ref.digest}" if ref.serial is not None else ref.digest for ref in found]


def _judged_at(tunnels: Sequence[JudgedTunnel]) -> str:
    """When the registrations were read, in words: one moment for all, or each tunnel's own."""
    moments = {judged.verdict.judged_at_ns for judged in tunnels}
    if len(moments) == 1:
        return _time(moments.pop())
    if all(judged.verdict.judged_at_ns == judged.tunnel.last_seen_ns for judged in tunnels):
        return "for each tunnel, the time of its last packet"
    return "a time of its own for each tunnel; the machine formats state it"


def _contest(result: ScanResult) -> list[str]:
    """The commands that compute one verdict again, for the first tunnel that has an endpoint."""
    for judged in result.tunnels:
        if judged.tunnel.server is not None:
            capture = shell_word(judged.tunnel.capture)
            written = tunnel_object(judged)
            place = {name: written[name] for name in ("transport", "address", "port", "family")}
            pattern = shell_word(json_line(place)[1:-1])
            return [
                f"licet scan --registry FILE --format jsonl {capture} > verdicts.jsonl",
                f"grep -F {pattern} verdicts.jsonl > verdict.json",
                f"licet replay verdict.json {capture} --registry FILE",
            ]
    return []
