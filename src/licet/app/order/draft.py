"""Drafting an order: a person says against what and why; the evidence of each endpoint is pulled by its digest.

Nothing is drafted that the limits refuse. The order's handle is made from what it says, so that the same draft has the
same name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from licet.app.order.seen import best_of
from licet.errors import BadInput
from licet.lifecycle.days import DAY_NS, HOUR_NS
from licet.model.canonical import canonical_json
from licet.model.endpoint import Endpoint
from licet.model.order import EVIDENCE_MAX, NETWORK_POLICY, Order, OrderedEndpoint, OrderFile, order_json
from licet.model.policy import NetworkPolicy
from licet.order.seen import Seen
from licet.order.words import NEEDED, NEEDED_OF_A_DECISION

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that is read for another
CODE_LENGTH = 10

# What a draft says in words: members that `--set` and a file of texts may give.
TEXTS = (
    "request", "decision_ground", "legal_ground", "legal_text_quoted", "text_covers", "legal_text_url",
    "decision_quoted", "decision_url", "adjudicator", "suspensive_denied", "decision_facts", "lawful_uses_considered",
    "necessity", "less_intrusive_tried", "notice_to", "notice_via", "new_facts",
)
OF_EACH_ENDPOINT = ("class", "class_source", "contact")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be drafted. texts: by member, of TEXTS; ends: what is said of each endpoint, of OF_EACH_ENDPOINT,
    under its text, or under "" for all; begin_ns, end_ns: None for the earliest, and for the longest."""

    texts: Mapping[str, str]
    ends: Mapping[str, Mapping[str, str]]
    begin_ns: int | None
    end_ns: int | None
    author: str


def choose(seen: Sequence[Seen], endpoints: Sequence[Endpoint], everything: bool) -> dict[Endpoint, list[Seen]]:
    """The endpoints to draft against, each with its evidence. everything: all of grade certain that are not registered.
    Raises BadInput where one was not seen."""
    by_end: dict[Endpoint, list[Seen]] = {}
    for one in seen:
        by_end.setdefault(one.endpoint, []).append(one)
    if everything:
        wanted = sorted(end for end, found in by_end.items()
                        if any(one.grade == "certain" and one.verdict == "unregistered" for one in found))
        if not wanted:
            raise BadInput("no tunnel here is both certain and not registered: there is nothing to draft")
    else:
        wanted = list(dict.fromkeys(endpoints))
        unseen = [str(end) for end in wanted if end not in by_end]
        if unseen or not wanted:
            raise BadInput(f"{', '.join(unseen) or 'no endpoint'} was not seen: an order cites evidence. "
                           f"Seen were {', '.join(map(str, sorted(by_end)[:8])) or 'none'}")
    return {end: _evidence(by_end[end]) for end in wanted}


def _evidence(seen: list[Seen]) -> list[Seen]:
    certain = [one for one in seen if one.grade == "certain"]
    return best_of(certain or seen, EVIDENCE_MAX)


def missing(wish: Wish) -> list[tuple[str, str]]:
    """What a draft still has to say: member, and what to write there."""
    needed: tuple[tuple[str, str], ...] = NEEDED
    if wish.texts.get("decision_ground", NETWORK_POLICY) != NETWORK_POLICY:
        needed = (*NEEDED, *NEEDED_OF_A_DECISION)
    return [(name, what) for name, what in needed if not wish.texts.get(name, "").strip()]


def draft(chosen: Mapping[Endpoint, Sequence[Seen]], wish: Wish, network: NetworkPolicy, snapshot: str,
          at_ns: int) -> OrderFile:
    """The file of a draft. snapshot: digest of the registry by which the evidence was judged."""
    texts = {name: wish.texts.get(name, "") for name in TEXTS}
    ends = tuple(_ordered(end, found, wish) for end, found in chosen.items())
    is_known = all(one.contact for one in ends)
    notice = network.limits.notice_hours if is_known else network.limits.notice_hours_without_contact
    # What is written now takes no effect earlier, whatever was asked for.
    begin_ns = at_ns + notice * HOUR_NS if wish.begin_ns is None else max(at_ns, wish.begin_ns)
    order = Order(
        **{**texts, "decision_ground": texts["decision_ground"] or NETWORK_POLICY}, puid="",
        network_scope=network.name, created_ns=at_ns, application_ns=begin_ns,
        end_ns=begin_ns + network.limits.life_days * DAY_NS if wish.end_ns is None else wish.end_ns,
        automated_detection=True, endpoints=ends, snapshot=snapshot, author=wish.author,
    )
    evidence = {one.digest: one.line for found in chosen.values() for one in found}
    return OrderFile(replace(order, puid=_handle(order)), evidence, b"", ())


def _ordered(end: Endpoint, found: Sequence[Seen], wish: Wish) -> OrderedEndpoint:
    said = {**wish.ends.get("", {}), **wish.ends.get(str(end), {})}
    return OrderedEndpoint(end, found[0].family, said.get("class", "unknown"), said.get("class_source", ""),
                           tuple(one.digest for one in found), said.get("contact", ""))


def _handle(order: Order) -> str:
    number = int.from_bytes(hashlib.sha256(canonical_json(order_json(order))).digest(), "big")
    return "ORD-" + "".join(_ALPHABET[number >> 5 * at & 31] for at in range(CODE_LENGTH))
