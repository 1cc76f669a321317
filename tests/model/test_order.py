"""The noun of an order: one form, a closed list of members, and what each signature is over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from licet.errors import Malformed
from licet.model.canonical import canonical_json, parse_time, sha256_digest
from licet.model.endpoint import parse_endpoint
from licet.model.order import (
    FILE_BYTES_MAX,
    Order,
    OrderedEndpoint,
    OrderFile,
    Signature,
    file_bytes,
    order_digest,
    order_json,
    read_order,
    read_order_file,
    signed_bytes,
)
from licet.model.policy import LIMITS

DIGEST = "sha256:" + "a" * 64
LINE = canonical_json({"schema": "licet.tunnel/1", "address": "192.0.2.66"})
ORDER = Order(
    puid="ORD-7F3K9Q2M", request="", decision_ground="network_policy",
    legal_ground="Tunnel policy of Example Logistics",
    legal_text_quoted="Tunnels that are not on the register may be\nclosed.", text_covers="Tunnels",
    legal_text_url="https://example.net/policy",
    decision_quoted="", decision_url="", adjudicator="", suspensive_denied="", decision_facts="Seen on three days.",
    lawful_uses_considered="Remote work: the staff service is registered.", necessity="It is exact and ends.",
    less_intrusive_tried="Its contact was asked twice.", network_scope="Example Logistics, Hamburg",
    created_ns=parse_time("2026-03-01T12:00:00Z"), application_ns=parse_time("2026-03-03T12:00:00Z"),
    end_ns=parse_time("2026-03-20T12:00:00Z"), automated_detection=True, notice_to="users of the network",
    notice_via="https://example.net/notices", new_facts="",
    endpoints=(OrderedEndpoint(parse_endpoint("192.0.2.66:51820/udp"), "wireguard", "datacentre", "RDAP of 2026-03-01",
                               (sha256_digest(LINE),), "abuse@example.org"),),
    snapshot=DIGEST, author=DIGEST,
)
FILE = OrderFile(ORDER, {sha256_digest(LINE): LINE}, b"", (Signature("author", DIGEST, "-----BEGIN …"),))


def test_an_order_is_read_as_it_was_written() -> None:
    assert read_order(order_json(ORDER)) == ORDER
    approved = replace(ORDER, approver=DIGEST, impact=DIGEST)
    assert read_order(order_json(approved)) == approved
    for one in (FILE, replace(FILE, impact=canonical_json({"schema": "licet.impact/1"}))):
        assert read_order_file(file_bytes(one)) == one
        assert file_bytes(read_order_file(file_bytes(one))) == file_bytes(one)


def test_the_author_signs_what_stays_and_the_approver_signs_everything() -> None:
    approved = replace(ORDER, approver="sha256:" + "b" * 64, impact=DIGEST)
    assert signed_bytes(approved, "author") == signed_bytes(ORDER, "author")
    assert order_digest(approved) == order_digest(ORDER)
    assert signed_bytes(approved, "approver") == canonical_json(order_json(approved))
    assert signed_bytes(approved, "approver") != signed_bytes(ORDER, "approver")


@pytest.mark.parametrize("member", sorted(order_json(ORDER)))
def test_every_member_is_under_the_signatures(member: str) -> None:
    """What changes a member changes what was signed, or the order cannot be read."""
    changed: Any = order_json(ORDER)
    value = changed[member]
    changed[member] = {"text": "other"} if isinstance(value, dict) else f"{value}0"
    try:
        other = read_order(changed)
    except Malformed:
        return
    assert signed_bytes(other, "author") != signed_bytes(ORDER, "author") or member in ("approver", "impactDigest")
    assert signed_bytes(other, "approver") != signed_bytes(ORDER, "approver")


@pytest.mark.parametrize("change", [
    {"automated_decision": True}, {"client": "198.51.100.7"}, {"schema": "licet.order/2"}, {"puid": 7},
    {"end_date": "2026-03-20"}, {"end_date": "2026-03-20T12:00:00Z"}, {"end_date": None}, {"endpoints": {}},
    {"decision_facts": "x" * 2_001}, {"decision_facts": "to the \u202eleft"}, {"decision_facts": "a\x00b"},
    {"notice": {"to": "us"}}, {"automated_detection": 1}, {"approver": 3},
])  # fmt: skip
def test_an_order_that_breaks_its_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_order({**order_json(ORDER), **change})


@pytest.mark.parametrize("endpoint", [
    "192.0.2.0/24:51820/udp", "192.0.2.66:51820", "192.0.2.66:051820/udp", "192.0.2.66:51820/UDP", "*:51820/udp",
    "vpn.example.net:51820/udp", " 192.0.2.66:51820/udp", "[2001:DB8::1]:1194/udp", "[::ffff:192.0.2.66]:1194/udp",
])
def test_an_ordered_endpoint_is_exact_and_written_in_one_way(endpoint: str) -> None:
    value: Any = order_json(ORDER)
    value["endpoints"][0]["endpoint"] = endpoint
    with pytest.raises(Malformed):
        read_order(value)


def test_a_file_is_bounded_and_closed() -> None:
    members = json.loads(file_bytes(FILE))
    many: Any = [members["order"]["endpoints"][0]] * 51
    for broken in (
        {**members, "note": ""}, {**members, "signatures": members["signatures"] * 2}, {**members, "impact": 3},
        {**members, "order": {**members["order"], "endpoints": many}}, {**members, "evidence": [1.5]},
        {**members, "signatures": [{"role": "king", "key": "", "signature": ""}]}, [members], None,
    ):
        with pytest.raises(Malformed):
            read_order_file(json.dumps(broken).encode())
    for raw in (b"", b"\xff", b"[" * 100_000, b'{"a":NaN}', b" " * (FILE_BYTES_MAX + 1)):
        with pytest.raises(Malformed):
            read_order_file(raw)


def test_evidence_is_kept_by_its_digest() -> None:
    """Whoever changes a line changes its digest: then the order cites nothing."""
    members = json.loads(file_bytes(FILE))
    members["evidence"][0]["address"] = "192.0.2.67"
    read = read_order_file(json.dumps(members).encode())
    assert set(read.evidence) != set(read.order.endpoints[0].evidence)


def test_one_ground_and_one_quoted_text_are_one_case() -> None:
    assert replace(ORDER, puid="ORD-OTHER000", decision_facts="Others.").case == ORDER.case
    for other in (replace(ORDER, legal_text_quoted="Another."), replace(ORDER, network_scope="Another")):
        assert other.case != ORDER.case


def test_a_policy_can_only_be_stricter_than_the_constants() -> None:
    public, owned = LIMITS["public"], LIMITS["owned"]
    assert owned.stricter(public) == public == public.stricter(owned)
    laxer = replace(owned, notice_hours=1, life_days=400, endpoints=1_000, rules=10_000, activations=1_000)
    assert owned.stricter(laxer) == owned
    assert owned.stricter(replace(owned, life_days=7)).life_days == 7
