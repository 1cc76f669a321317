"""An order: what one network does about a few exact endpoints, on a quoted ground, until its end (lifecycle §5, §7).

The order's canonical JSON (RFC 8785, schema `licet.order/1`) is what people sign. The author signs it with `approver`
and `impactDigest` null, the approver with both filled in, so that the second signature is over everything, the dry run
included. Members are named as in the DSA's statement of reasons (Regulation (EU) 2022/2065, Art. 17) where it has them.
A file `licet.order-file/1` carries the order, the evidence that it cites, its impact report and the signatures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from licet.errors import Malformed
from licet.model.canonical import Json, canonical_json, parse_time, sha256_digest, time_text
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.model.policy import NAME_LENGTH_MAX

SCHEMA, FILE_SCHEMA, DECISION_SCHEMA = "licet.order/1", "licet.order-file/1", "licet.decision/1"
NAMESPACE, DECISION_NAMESPACE = "licet-order", "licet-decision"  # of SSH signatures

NETWORK_POLICY, ADJUDICATED = "network_policy", "adjudicated"
GROUNDS = (NETWORK_POLICY, ADJUDICATED)
CLASSES = ("datacentre", "enterprise", "shared", "residential", "mobile", "unknown")

AUTHOR, APPROVER, ADJUDICATOR, REVIEWER = "author", "approver", "adjudicator", "reviewer"
SIGNING_ROLES = (AUTHOR, APPROVER, ADJUDICATOR, REVIEWER)

TEXT_LENGTH_MAX, QUOTE_LENGTH_MAX, URL_LENGTH_MAX = 2_000, 8_000, 500
ENDPOINTS_MAX, EVIDENCE_MAX, SIGNATURES_MAX = 50, 10, 4
FILE_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OrderedEndpoint:
    """One endpoint that an order is about. protocol: a family, such as `wireguard`; endpoint_class: one of CLASSES, as
    the author states it, and class_source where that is from (RDAP, PTR or ASN data); evidence: digests of lines
    `licet.tunnel/1`; contact: who answers for it, a mail address or an https page, or "" where none was found."""

    endpoint: Endpoint
    protocol: str
    endpoint_class: str
    class_source: str
    evidence: tuple[str, ...]
    contact: str


@dataclass(frozen=True, slots=True)
class Order:
    """puid: `ORD-…`, in the log its subject; request: handle of the request and number of the ask that it answers
    (`REQ-7F3K9Q2M/2`), or ""; legal_ground: the law or policy by name; text_covers: the words of the quoted text that
    speak of tunnels or their servers; decision_quoted, decision_url, adjudicator (a
    code of the policy): of an adjudicated order, else ""; suspensive_denied: the words by which the decision denies
    that an appeal stays it, or ""; network_scope: the network's name in the policy; created_ns; application_ns: no
    effect before; end_ns: none from then on; notice_to, notice_via: the users of the network, and the page that tells
    them; new_facts: what is new since an order against the same endpoint was quashed, or ""; snapshot: digest of the
    registry that it was drafted by; author, approver: key ids; impact: digest of the dry run's report."""

    puid: str
    request: str
    decision_ground: str
    legal_ground: str
    legal_text_quoted: str
    text_covers: str
    legal_text_url: str
    decision_quoted: str
    decision_url: str
    adjudicator: str
    suspensive_denied: str
    decision_facts: str
    lawful_uses_considered: str
    necessity: str
    less_intrusive_tried: str
    network_scope: str
    created_ns: int
    application_ns: int
    end_ns: int
    automated_detection: bool
    notice_to: str
    notice_via: str
    new_facts: str
    endpoints: tuple[OrderedEndpoint, ...]
    snapshot: str
    author: str
    approver: str = ""
    impact: str = ""

    def is_in_time(self, at_ns: int) -> bool:
        """True from application_ns (included) to end_ns (excluded)."""
        return self.application_ns <= at_ns < self.end_ns

    @property
    def case(self) -> str:
        """Digest of what makes one case: one network, one ground, one quoted text. Notice is given once a case."""
        return sha256_digest(canonical_json([self.network_scope, self.decision_ground, self.legal_ground,
                                             self.legal_text_quoted, self.legal_text_url]))


@dataclass(frozen=True, slots=True)
class Signature:
    """role: one of SIGNING_ROLES; key_id: of the signer; armored: `-----BEGIN SSH SIGNATURE-----` …"""

    role: str
    key_id: str
    armored: str


@dataclass(frozen=True, slots=True)
class OrderFile:
    """An order as it travels. evidence: `licet.tunnel/1` lines by digest, as canonical JSON; impact: the report of the
    dry run as canonical JSON, b"" before there is one."""

    order: Order
    evidence: Mapping[str, bytes]
    impact: bytes
    signatures: tuple[Signature, ...]

    def signature_of(self, role: str) -> Signature | None:
        """The signature in a role, or None."""
        return next((one for one in self.signatures if one.role == role), None)


@dataclass(frozen=True, slots=True)
class Stay:
    """An endpoint of an order that is off. order: puid; number: of the endpoint in the order, from one, None for all;
    appeal: `APL-…`, or "" where a reviewer or a court stayed it; since_ns; log_index: of the entry that says so."""

    order: str
    number: int | None
    appeal: str
    since_ns: int
    log_index: int


# Member of the JSON, attribute, longest text. Times, endpoints, flags and what may be null are in the functions below.
_TEXTS = (
    ("puid", "puid", 21), ("request", "request", 40), ("decision_ground", "decision_ground", 20),
    ("legal_ground", "legal_ground", 300), ("legal_text_quoted", "legal_text_quoted", QUOTE_LENGTH_MAX),
    ("text_covers", "text_covers", 300), ("legal_text_url", "legal_text_url", URL_LENGTH_MAX),
    ("decision_quoted", "decision_quoted", QUOTE_LENGTH_MAX),
    ("decision_url", "decision_url", URL_LENGTH_MAX), ("adjudicator", "adjudicator", NAME_LENGTH_MAX),
    ("suspensive_denied", "suspensive_denied", TEXT_LENGTH_MAX), ("decision_facts", "decision_facts", TEXT_LENGTH_MAX),
    ("lawful_uses_considered", "lawful_uses_considered", TEXT_LENGTH_MAX), ("necessity", "necessity", TEXT_LENGTH_MAX),
    ("less_intrusive_tried", "less_intrusive_tried", TEXT_LENGTH_MAX),
    ("network_scope", "network_scope", NAME_LENGTH_MAX),
    ("new_facts", "new_facts", TEXT_LENGTH_MAX), ("snapshotDigest", "snapshot", 71), ("author", "author", 71),
)
_ENDPOINT_TEXTS = (
    ("tunnelProtocol", "protocol", 20), ("class", "endpoint_class", 20), ("class_source", "class_source", 300),
    ("contact", "contact", URL_LENGTH_MAX),
)
_TIMES = (("created", "created_ns"), ("application_date", "application_ns"), ("end_date", "end_ns"))
_MEMBERS = {name for name, *_ in (*_TEXTS, *_TIMES)} | {
    "schema", "automated_detection", "automated_decision", "notice", "endpoints", "approver", "impactDigest",
}
_ENDPOINT_MEMBERS = {name for name, *_ in _ENDPOINT_TEXTS} | {"endpoint", "evidenceDigests"}


def order_json(order: Order) -> dict[str, Json]:
    """The members of an order; `automated_decision` is always false, for a person drafts."""
    return {
        "schema": SCHEMA, "automated_decision": False, "automated_detection": order.automated_detection,
        **{name: getattr(order, attribute) for name, attribute, _ in _TEXTS},
        **{name: time_text(getattr(order, attribute)) for name, attribute in _TIMES},
        "notice": {"to": order.notice_to, "via": order.notice_via},
        "endpoints": [_endpoint_json(one) for one in order.endpoints],
        "approver": order.approver or None, "impactDigest": order.impact or None,
    }


def _endpoint_json(one: OrderedEndpoint) -> dict[str, Json]:
    return {"endpoint": str(one.endpoint), "evidenceDigests": list(one.evidence),
            **{name: getattr(one, attribute) for name, attribute, _ in _ENDPOINT_TEXTS}}


def signed_bytes(order: Order, role: str) -> bytes:
    """What a signature in this role is over (see the module). The reviewer of a repeated order signs the whole."""
    if role == ADJUDICATOR:
        return canonical_json({
            "schema": DECISION_SCHEMA, "adjudicator": order.adjudicator, "decision_quoted": order.decision_quoted,
            "decision_url": order.decision_url, "suspensive_denied": order.suspensive_denied,
            "endpoints": [str(one.endpoint) for one in order.endpoints],
        })
    return canonical_json(order_json(replace(order, approver="", impact="") if role == AUTHOR else order))


def order_digest(order: Order) -> str:
    """Of what the author signs: it stays the same when the approver and the dry run come."""
    return sha256_digest(signed_bytes(order, AUTHOR))


def file_bytes(one: OrderFile) -> bytes:
    """The file of an order: canonical JSON and a line feed."""
    return canonical_json({
        "schema": FILE_SCHEMA, "order": order_json(one.order),
        "evidence": [json.loads(line) for _, line in sorted(one.evidence.items())],
        "impact": json.loads(one.impact) if one.impact else None,
        "signatures": [{"role": each.role, "key": each.key_id, "signature": each.armored} for each in one.signatures],
    }) + b"\n"


def read_order_file(raw: bytes) -> OrderFile:
    """Read the file of an order; nothing in it is verified yet. Raises Malformed."""
    if len(raw) > FILE_BYTES_MAX:
        raise Malformed(f"the file of an order has at most {FILE_BYTES_MAX:,} bytes; this has {len(raw):,}")
    members = _object(_decoded(raw), {"schema", "order", "evidence", "impact", "signatures"}, "the file of an order")
    if members["schema"] != FILE_SCHEMA:
        raise Malformed(f"this is no {FILE_SCHEMA}")
    evidence = [canonical_json(one) for one in _list(members["evidence"], ENDPOINTS_MAX * EVIDENCE_MAX, "evidence")]
    impact = members["impact"]
    if impact is not None and not isinstance(impact, dict):
        raise Malformed("its impact is no report")
    signatures = []
    for one in _list(members["signatures"], SIGNATURES_MAX, "signatures"):
        each = _object(one, {"role", "key", "signature"}, "a signature")
        if each["role"] not in SIGNING_ROLES:
            raise Malformed(f"a signature is by one of {', '.join(SIGNING_ROLES)}")
        signatures.append(Signature(each["role"], _text(each, "key", 71), _text(each, "signature", 8_000)))
    if len({one.role for one in signatures}) != len(signatures):
        raise Malformed("two signatures are in the same role")
    return OrderFile(read_order(members["order"]), {sha256_digest(line): line for line in evidence},
                     canonical_json(impact) if impact else b"", tuple(signatures))


def read_order(value: Any) -> Order:
    """Read the members of an order: a closed list, each of its type and within its bounds. Raises Malformed."""
    members = _object(value, _MEMBERS, "an order")
    if members["schema"] != SCHEMA:
        raise Malformed(f"this is no {SCHEMA}")
    if members["automated_decision"] is not False or not isinstance(members["automated_detection"], bool):
        raise Malformed("an order is never decided by a machine: automated_decision is false")
    notice = _object(members["notice"], {"to", "via"}, "the notice")
    endpoints = _list(members["endpoints"], ENDPOINTS_MAX, "endpoints")
    texts: dict[str, Any] = {attribute: _text(members, name, length) for name, attribute, length in _TEXTS}
    times: dict[str, Any] = {attribute: _time(members, name) for name, attribute in _TIMES}
    return Order(
        **texts, **times,
        automated_detection=members["automated_detection"],
        notice_to=_text(notice, "to", 300), notice_via=_text(notice, "via", URL_LENGTH_MAX),
        endpoints=tuple(_ordered_endpoint(one) for one in endpoints),
        approver=_text_or_null(members, "approver"), impact=_text_or_null(members, "impactDigest"),
    )


def _ordered_endpoint(value: Any) -> OrderedEndpoint:
    members = _object(value, _ENDPOINT_MEMBERS, "an endpoint")
    written = _text(members, "endpoint", 80)
    endpoint = parse_endpoint(written)
    if str(endpoint) != written:
        raise Malformed(f"“{written}” is written {endpoint}")
    digests = _list(members["evidenceDigests"], EVIDENCE_MAX, "evidenceDigests")
    return OrderedEndpoint(
        endpoint, evidence=tuple(_text({"digest": one}, "digest", 71) for one in digests),
        **{attribute: _text(members, name, length) for name, attribute, length in _ENDPOINT_TEXTS},
    )


def _refuse_number(text: str) -> None:
    raise ValueError(f"{text} is no whole number")


_decode = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode


def _decoded(raw: bytes) -> Any:
    """What is inside, if it can be printed again as canonical JSON. Raises Malformed."""
    try:
        value = _decode(raw.decode())
        canonical_json(value)
    except (ValueError, RecursionError):
        raise Malformed("this is not JSON of text, whole numbers, lists and objects") from None
    return value


def _object(value: Any, names: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        found = value.keys() if isinstance(value, dict) else set()
        odd = ", ".join(sorted(found ^ names)[:3])
        raise Malformed(f"{what} has not the members that it should: {odd or 'it is no object'}"[:300])
    return value


def _list(value: Any, most: int, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise Malformed(f"its {what} are no list of at most {most}")
    return value


def _text(members: Mapping[str, Any], name: str, length_max: int) -> str:
    value = members[name]
    if not isinstance(value, str) or len(value) > length_max:
        raise Malformed(f"its {name} is no text of at most {length_max:,} characters")
    if not value.replace("\n", "").isprintable():
        raise Malformed(f"its {name} holds characters that cannot be shown")
    return value


def _text_or_null(members: Mapping[str, Any], name: str) -> str:
    return "" if members[name] is None else _text(members, name, 71)


def _time(members: Mapping[str, Any], name: str) -> int:
    written = _text(members, name, 40)
    try:
        time_ns = parse_time(written)
    except (ValueError, OverflowError):
        time_ns = -1
    if time_ns < 0 or time_text(time_ns) != written:
        raise Malformed(f"its {name} is not a time such as 2026-03-01T12:00:00.000000Z")
    return time_ns
