"""An order for people: its stages as a strip, its clock, what it says, and the same as a ticket for a change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from licet.app.report.words import printable
from licet.lifecycle.days import DAY_NS, HOUR_NS
from licet.lifecycle.order import APPROVED as APPROVED_STATE
from licet.lifecycle.order import CANARY, CHECKED, DRAFT, LIVE, NOTICED, SIMULATED
from licet.model.canonical import time_text
from licet.model.order import APPROVER, AUTHOR, Order, OrderFile, order_digest

STAGES = (DRAFT, CHECKED, SIMULATED, APPROVED_STATE, NOTICED, CANARY, LIVE)
DOTS_MAX = 40

_WORDS = (
    ("Ground", "decision_ground"), ("Law or policy", "legal_ground"), ("Quoted", "legal_text_quoted"),
    ("… of which", "text_covers"), ("Published at", "legal_text_url"), ("Decision", "decision_quoted"),
    ("Decided by", "adjudicator"), ("Decision at", "decision_url"), ("Facts", "decision_facts"),
    ("Permitted uses", "lawful_uses_considered"), ("Why needed", "necessity"), ("Tried before", "less_intrusive_tried"),
    ("New facts", "new_facts"), ("Answers", "request"), ("Network", "network_scope"), ("Told", "notice_to"),
    ("Told by", "notice_via"),
)


def stage_of(file: OrderFile) -> str:
    """How far an order came, as far as its file shows; what follows happens in the registry and in the enforcers."""
    if file.signature_of(APPROVER) is not None:
        return APPROVED_STATE
    if file.signature_of(AUTHOR) is None:
        return DRAFT
    return SIMULATED if file.impact else CHECKED


def strip(stage: str) -> str:
    """The stages in a line: those that are behind filled, the present one in brackets."""
    at = STAGES.index(stage)
    parts = [f"● {name}" if number < at else f"[● {name}]" if number == at else f"○ {name}"
             for number, name in enumerate(STAGES)]
    return " ─ ".join(parts)


def clock(order: Order, at_ns: int) -> str:
    """How long until it may take effect, and until its end."""
    if at_ns >= order.end_ns:
        return f"over since {time_text(order.end_ns, 0)}"
    if at_ns < order.application_ns:
        wait = span(order.application_ns - at_ns)
        return f"no effect before {time_text(order.application_ns, 0)} (in {wait}); ends {time_text(order.end_ns, 0)}"
    return f"ends {time_text(order.end_ns, 0)} (in {span(order.end_ns - at_ns)})"


def span(length_ns: int) -> str:
    """A length of time in the two units that matter."""
    days, rest = divmod(length_ns, DAY_NS)
    hours, rest = divmod(rest, HOUR_NS)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest // (60 * 1_000_000_000)} min"


def show_lines(file: OrderFile, at_ns: int) -> Iterator[str]:
    """The whole order, for a terminal."""
    order = file.order
    yield f"{order.puid}  {strip(stage_of(file))}"
    yield f"{'':{len(order.puid)}}  {clock(order, at_ns)}"
    yield ""
    for title, name in _WORDS:
        yield from _said(title, getattr(order, name))
    for number, one in enumerate(order.endpoints, 1):
        contact = one.contact or "nobody was found: published, and told twice as long before"
        yield from _said("Endpoint" if number == 1 else "", f"{one.endpoint} {one.protocol}, {one.endpoint_class} "
                         f"({one.class_source or 'no source'}), {len(one.evidence)} × evidence; {contact}")
    yield from _said("Digest", order_digest(order))
    for signature in file.signatures:
        yield from _said("Signed", f"{signature.role}, key {signature.key_id}")
    if file.impact:
        yield ""
        yield from impact_lines(json.loads(file.impact))


def _said(title: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n") if text else ()):
        yield f"{title if number == 0 else '':<14}  {printable(line)}"


def impact_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The dry run: for each endpoint all services of its address as dots, one of them filled."""
    yield f"Dry run of {report['computed']}"
    for one in report["endpoints"]:
        services = one["services"]
        left_out = one["servicesLeftOut"] + max(0, len(services) - DOTS_MAX)
        dots = "●" + "○" * min(len(services), DOTS_MAX) + (f" +{left_out}" if left_out else "")
        yield f"  {one['endpoint']}  {dots}"
        yield f"    the rule stops ● {one['tunnelProtocol']}; ○ goes on: {_services(services)}"
        yield f"    watched {one['hours']} h; tenancy {one['tenancy']}; its port carried " \
              f"{'the tunnel alone' if one['portAlone'] else 'more than the tunnel, or was not seen'}"
        for each in one["matched"]:
            yield f"    {each['tunnelProtocol']}: {each['flows']:,} flows, {each['packets']:,} packets, " \
                  f"{each['bytes']:,} bytes, at most {each['clients']:,} other ends in a window"
        yield f"    registered there: {', '.join(map(printable, one['registered'])) or 'nothing'}; names: " \
              f"{', '.join(map(printable, one['names'])) or 'none known'}"
    yield "  Not checked: who uses these addresses elsewhere, for a dry run knows what passed this network; names " \
          "besides those of the registries and of --name; that the rows which it read were really on the wire"


def _services(services: list[dict[str, Any]]) -> str:
    named = [f"{one['port']}/{one['transport']}" for one in services[:8]]
    return ", ".join(named) + (" …" if len(services) > 8 else "") if named else "nothing else was seen on its address"


def ticket_lines(file: OrderFile, at_ns: int) -> Iterator[str]:
    """The order as a ticket for the network's own change management: what changes, why, how to test, how to go back."""
    order = file.order
    ends = ", ".join(str(one.endpoint) for one in order.endpoints)
    yield f"Change: {order.puid}, {len(order.endpoints)} endpoint(s) on {printable(order.network_scope)}"
    yield f"Stage: {stage_of(file)}; {clock(order, at_ns)}"
    yield f"What: reject {ends}; exactly this address, transport and port, nothing wider"
    yield f"Why: {printable(order.legal_ground)}: “{printable(order.text_covers)}” ({printable(order.legal_text_url)})"
    yield f"Facts: {printable(order.decision_facts)}"
    yield f"From: {time_text(order.application_ns, 0)}"
    yield f"Until: {time_text(order.end_ns, 0)}; it ends by itself"
    yield f"Impact: {_impact_sentence(file)}"
    yield f"Told: {printable(order.notice_to)}, by {printable(order.notice_via)}"
    yield "Test: the canary, one enforcer for an hour; `licet enforce status` shows what is in force and its hits"
    yield "Go back: `licet enforce off` on the enforcer, at once and alone; or lift the order in the registry"
    yield f"Order: {order_digest(order)}; signed by {', '.join(one.role for one in file.signatures) or 'nobody yet'}"


def _impact_sentence(file: OrderFile) -> str:
    if not file.impact:
        return "not known: nobody ran it dry yet"
    ends = json.loads(file.impact)["endpoints"]
    others, registered = sum(len(one["services"]) for one in ends), sum(len(one["registered"]) for one in ends)
    return f"{others} other service(s) on the same addresses go on; {registered} registered endpoint(s) affected"
