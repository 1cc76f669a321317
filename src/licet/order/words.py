"""What an order has to say: its ground, the text it quotes, what was weighed, and its times (lifecycle §5)."""

from __future__ import annotations

import re

from licet.lifecycle.days import DAY_NS, HOUR_NS
from licet.model.canonical import time_text
from licet.model.order import ADJUDICATED, GROUNDS, NETWORK_POLICY, Order
from licet.model.policy import PUBLIC, NetworkPolicy
from licet.order.problem import Problem, problem

DRAFT_DAYS_MAX = 14
AHEAD_DAYS_MAX = 30  # the earliest effect, from the draft on

_PUID = re.compile(r"ORD-[0-9A-Z]{8,12}")
_REQUEST = re.compile(r"(?:REQ-[0-9A-Z]{4,16}/[1-9][0-9]?)?")
# What a text speaks of when it speaks of content. Such words support no order against an endpoint (§6, 10).
_CONTENT = re.compile(
    r"\b(?:articles?|blogs?|books?|broadcasts?|contents?|domains?|films?|images?|materials?|music|pages?|posts?|"
    r"publications?|sites?|songs?|speech|streams?|videos?|web ?pages?|web ?sites?)\b", re.IGNORECASE)

# Member, and what to do where it is empty.
NEEDED = (
    ("legal_ground", "name the law or the policy that this rests on"),
    ("legal_text_quoted", "quote the sentences that this rests on, word for word"),
    ("legal_text_url", "say where the quoted text is published, with https://"),
    ("text_covers", "copy the words of the quote that speak of tunnels or their servers"),
    ("decision_facts", "say what was seen, where and when"),
    ("lawful_uses_considered", "say which permitted uses of this endpoint you thought of, and whom they serve"),
    ("necessity", "say why this is needed, and why for so long"),
    ("less_intrusive_tried", "say what was tried before: whom did you ask, and when?"),
    ("notice_to", "say who is told before this takes effect"),
    ("notice_via", "say by which page or mail they are told"),
)
NEEDED_OF_A_DECISION = (
    ("decision_quoted", "quote the decision, word for word"),
    ("decision_url", "say where the decision is published, with https://"),
    ("adjudicator", "say who decided: the code of an adjudicator in policy.toml"),
)


def ground_problems(order: Order, network: NetworkPolicy, kind: str) -> list[Problem]:
    """What the order does not say, or says wrongly. kind: the network's effective one."""
    found = [problem("field_missing", name, what=what) for name, what in NEEDED if not getattr(order, name).strip()]
    if not _PUID.fullmatch(order.puid) or not _REQUEST.fullmatch(order.request):
        found.append(problem("bad_handle", "puid"))
    if order.network_scope != network.name:
        found.append(problem("other_network", "network_scope", scope=order.network_scope, name=network.name))
    if order.decision_ground not in GROUNDS:
        found.append(problem("unknown_ground", "decision_ground"))
    if kind == PUBLIC and order.decision_ground == NETWORK_POLICY:
        found.append(problem("ground_not_allowed", "decision_ground"))
    found += _quote_problems(order)
    return found + (_decision_problems if order.decision_ground == ADJUDICATED else _policy_problems)(order, network)


def _quote_problems(order: Order) -> list[Problem]:
    found = []
    if order.legal_text_url and not order.legal_text_url.startswith("https://"):
        found.append(problem("not_published", "legal_text_url"))
    if _plain(order.text_covers) not in _plain(order.legal_text_quoted):
        found.append(problem("not_quoted", "text_covers"))
    if _CONTENT.search(order.text_covers):
        found.append(problem("text_covers_content_not_endpoints", "text_covers"))
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())


def _policy_problems(order: Order, network: NetworkPolicy) -> list[Problem]:
    found = []
    if order.decision_ground == NETWORK_POLICY and order.legal_text_url != network.tunnel_policy_url:
        found.append(problem("other_policy", "legal_text_url", url=network.tunnel_policy_url or "no address yet"))
    if order.decision_quoted or order.decision_url or order.adjudicator or order.suspensive_denied:
        found.append(problem("decision_without_ground", "decision_ground"))
    return found


def _decision_problems(order: Order, network: NetworkPolicy) -> list[Problem]:
    found = [problem("field_missing", name, what=what) for name, what in NEEDED_OF_A_DECISION
             if not getattr(order, name).strip()]
    if order.decision_url and not order.decision_url.startswith("https://"):
        found.append(problem("not_published", "decision_url"))
    if order.adjudicator not in [one.code for one in network.adjudicators]:
        found.append(problem("unknown_adjudicator", "adjudicator"))
    if _plain(order.suspensive_denied) not in _plain(order.decision_quoted):
        found.append(problem("not_quoted", "suspensive_denied"))
    return found


def age_problems(order: Order, at_ns: int) -> list[Problem]:
    """Whether a draft is too old to be signed."""
    is_old = at_ns > order.created_ns + DRAFT_DAYS_MAX * DAY_NS
    return [problem("draft_too_old", "created", days=DRAFT_DAYS_MAX)] if is_old else []


def time_problems(order: Order, network: NetworkPolicy, at_ns: int, case_is_open: bool = False) -> list[Problem]:
    """What the clock says against an order. case_is_open: on an owned network, endpoints that are added to an open case
    take effect on their two signatures, for its users were told."""
    created_ns, begin_ns, limits = order.created_ns, order.application_ns, network.limits
    notice = notice_hours(order, network, case_is_open)
    found = []
    if at_ns < created_ns:
        found.append(problem("clock_behind", "created", now=time_text(at_ns, 0), created=time_text(created_ns, 0)))
    if begin_ns < created_ns + notice * HOUR_NS:
        hours = (begin_ns - created_ns) // HOUR_NS
        found.append(problem("notice_too_short", "application_date", hours=hours, notice=notice))
    if begin_ns > created_ns + AHEAD_DAYS_MAX * DAY_NS:
        found.append(problem("too_far_ahead", "application_date", days=AHEAD_DAYS_MAX))
    if order.end_ns <= begin_ns:
        found.append(problem("no_end", "end_date"))
    if order.end_ns > begin_ns + limits.life_days * DAY_NS:
        found.append(problem("life_too_long", "end_date", days=limits.life_days))
    if at_ns >= order.end_ns:
        found.append(problem("over", "end_date", end=time_text(order.end_ns, 0)))
    return found


def notice_hours(order: Order, network: NetworkPolicy, case_is_open: bool = False) -> int:
    """How long before an effect people are told: longer where nobody was found who answers for an endpoint."""
    if case_is_open:
        return 0
    is_known = all(one.contact for one in order.endpoints)
    return network.limits.notice_hours if is_known else network.limits.notice_hours_without_contact
