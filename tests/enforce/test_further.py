"""Every limit of an order is checked again in the enforcer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforce.cases import AT_NS, HOUR_NS
from enforce.orders import SNAPSHOT, UNREGISTERED, codes, dry_run, enforced, evidence, known, noticed, order, signed
from licet.enforce.decide import decide
from licet.enforce.further import FURTHER
from licet.model.canonical import canonical_json, sha256_digest
from licet.model.order import ADJUDICATED, OrderFile
from licet.model.policy import PUBLIC


def with_evidence(file: OrderFile, **changes: object) -> OrderFile:
    """The order citing a line with one thing changed."""
    line = evidence(UNREGISTERED, "wireguard", file.order.created_ns - 10**9, **changes)
    one = replace(file.order.endpoints[0], evidence=(sha256_digest(line),))
    return replace(file, order=replace(file.order, endpoints=(one,)), evidence={sha256_digest(line): line})


def with_endpoint(file: OrderFile, **changes: object) -> OrderFile:
    one = replace(file.order.endpoints[0], **changes)  # type: ignore[arg-type]
    return replace(file, order=replace(file.order, endpoints=(one,)))


def test_a_good_order_passes_every_check() -> None:
    assert enforced(known(signed(order()), further=FURTHER)) == {UNREGISTERED}
    adjudicated = signed(order(ground=ADJUDICATED))
    what = known(adjudicated, kind=PUBLIC, further=FURTHER)
    assert "notice_too_short" in codes(decide(what, AT_NS))
    later = order(ground=ADJUDICATED)
    later = replace(later, order=replace(later.order, created_ns=later.order.created_ns - 3 * 86_400 * 10**9))
    assert enforced(known(signed(with_evidence(later)), kind=PUBLIC, further=FURTHER)) == {UNREGISTERED}


@pytest.mark.parametrize(("file", "code"), [
    (with_evidence(order(), grade="likely"), "not_certain"),
    (with_evidence(order(), **{"class": "mesh"}), "not_certain"),
    (with_evidence(order(), verdict="registered"), "registered_endpoint"),
    (with_evidence(order(), verdict="undetermined"), "undetermined"),
    (with_evidence(order(), address="203.0.113.67"), "evidence_of_another"),
    (with_evidence(order(), family="openvpn"), "evidence_of_another"),
    (with_evidence(order(), snapshot={"serial": 1, "digest": SNAPSHOT.replace("5", "6")}), "other_registry"),
    (replace(order(), evidence={}), "evidence_missing"),
    (with_endpoint(order(), endpoint_class="residential"), "class_not_orderable"),
    (with_endpoint(order(), endpoint_class="unknown"), "class_not_orderable"),
    (with_endpoint(order(), class_source=""), "class_without_source"),
    (order(protocol="anyconnect"), "tls_type"), (order(protocol="tailscale"), "mesh"),
    (order(text_covers="websites"), "text_covers_content_not_endpoints"),
    (order("100.64.0.5:51820/udp"), "shared_address"),
    (replace(order(), impact=dry_run(order(), "SVC-7F3K")), "registered_overlap"),
    (replace(order(), impact=dry_run(order("203.0.113.67:51820/udp"))), "dry_run_of_another"),
    (replace(order(), impact=canonical_json({"registered": 0})), "dry_run_unreadable"),
], ids=lambda one: one if isinstance(one, str) else "")  # fmt: skip
def test_an_order_that_breaks_a_limit_is_not_enforced(file: OrderFile, code: str) -> None:
    """Though two people signed it, and the log has it in force."""
    what = known(signed(file), further=FURTHER)
    assert enforced(what) == set()
    assert code in codes(decide(what, AT_NS))


def test_what_is_added_to_an_open_case_needs_no_second_notice_and_a_new_case_needs_its_first() -> None:
    """Whether people were told of the case this enforcer knows by its own clock, on an owned network alone."""
    at_once = replace(order(), order=replace(order().order, application_ns=order().order.created_ns))
    what = known(signed(at_once), further=FURTHER)
    assert enforced(what) == {UNREGISTERED}
    told_late = replace(what, memory=noticed(signed(at_once), at_ns=AT_NS - 23 * HOUR_NS))
    assert codes(decide(told_late, AT_NS)) == {"notice_running"}
    public = order(ground=ADJUDICATED)
    public = replace(public, order=replace(public.order, application_ns=public.order.created_ns))
    assert "notice_too_short" in codes(decide(known(signed(public), kind=PUBLIC, further=FURTHER), AT_NS))
