"""Every rule about an order, each by one change to an order against which nothing stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from licet.model.order import OrderFile
from licet.model.policy import NetworkPolicy
from licet.order.endpoints import ORDERABLE, Standing, activation_problems
from licet.order.limits import BY_AUTHOR, draft_problems, signed_problems
from licet.order.problem import SENTENCES, Problem
from order.orders import (
    APPROVER,
    AUTHOR,
    COURT,
    CREATED_NS,
    DAY_NS,
    GOOD,
    GOOD_PUBLIC,
    HOUR_NS,
    LINE,
    NOTHING_KNOWN,
    OWNED,
    PUBLIC,
    REVIEWER,
    STRANGER,
    Person,
    adjudicated,
    approved,
    evidence_line,
    file_of,
    network,
    order_of,
    ordered,
    sign,
)

NOW_NS = CREATED_NS + HOUR_NS
END = GOOD.order.endpoints[0].endpoint


def codes(found: list[Problem]) -> set[str]:
    return {one.code for one in found}


def drafted(file: OrderFile, on: NetworkPolicy = OWNED, standing: Standing = NOTHING_KNOWN,
            at_ns: int = NOW_NS) -> set[str]:
    return codes(draft_problems(file, on, standing, at_ns))


def changed(**changes: Any) -> OrderFile:
    return replace(GOOD, order=replace(GOOD.order, **changes))


def changed_public(**changes: Any) -> OrderFile:
    return replace(GOOD_PUBLIC, order=replace(GOOD_PUBLIC.order, **changes))


def changed_end(**changes: Any) -> OrderFile:
    return changed(endpoints=(replace(GOOD.order.endpoints[0], **changes),))


def seen_as(endpoint: str = "198.51.100.66:51820/udp", **changes: Any) -> OrderFile:
    line = evidence_line(endpoint, **changes)
    return file_of(order_of(line), line)


def test_nothing_stands_against_the_orders_that_the_rest_changes() -> None:
    assert drafted(GOOD) == set()
    assert drafted(GOOD_PUBLIC, PUBLIC) == set()
    assert codes(signed_problems(approved(GOOD), OWNED, NOTHING_KNOWN, NOW_NS)) == set()
    decided = sign(GOOD_PUBLIC, "adjudicator", COURT)
    assert codes(signed_problems(approved(decided), PUBLIC, NOTHING_KNOWN, NOW_NS)) == set()


@pytest.mark.parametrize(("file", "code"), [
    *[(changed(**{name: "  "}), "field_missing") for name in (
        "legal_ground", "legal_text_quoted", "legal_text_url", "text_covers", "decision_facts",
        "lawful_uses_considered", "necessity", "less_intrusive_tried", "notice_to", "notice_via")],
    (changed(puid="ORD-1"), "bad_handle"),
    (changed(request="the letter of Monday"), "bad_handle"),
    (changed(network_scope="Another"), "other_network"),
    (changed(decision_ground="public_interest"), "unknown_ground"),
    (changed(legal_text_url="http://example.net/tunnel-policy"), "not_published"),
    (changed(legal_text_url="https://example.net/other"), "other_policy"),
    (changed(text_covers="Servers of strangers"), "not_quoted"),
    (changed(decision_url="https://court.example.org/1"), "decision_without_ground"),
    (changed(request="REQ-7F3K9Q2M/2"), "ask_not_accepted"),
    (changed(created_ns=NOW_NS + 1), "clock_behind"),
    (changed(application_ns=CREATED_NS + DAY_NS - 1), "notice_too_short"),
    (changed(application_ns=CREATED_NS + 30 * DAY_NS + 1, end_ns=CREATED_NS + 40 * DAY_NS), "too_far_ahead"),
    (changed(end_ns=CREATED_NS + DAY_NS), "no_end"),
    (changed(end_ns=CREATED_NS + 31 * DAY_NS + 1), "life_too_long"),
    (changed(endpoints=()), "endpoint_count"),
    (changed(endpoints=GOOD.order.endpoints * 2), "endpoint_twice"),
    (changed_end(endpoint_class="residential"), "class_not_orderable"),
    (changed_end(endpoint_class="mobile"), "class_not_orderable"),
    (changed_end(endpoint_class="shared"), "class_not_orderable"),
    (changed_end(endpoint_class="unknown"), "class_not_orderable"),
    (changed_end(class_source=" "), "class_without_source"),
    (changed_end(evidence=()), "evidence_missing"),
    (replace(GOOD, evidence={}), "evidence_missing"),
    (changed_end(protocol="openvpn"), "evidence_of_another"),
    (seen_as("203.0.113.53:51820/udp"), "never_block"),
    (seen_as("127.0.0.1:51820/udp"), "not_a_server"),
    (seen_as("0.0.0.0:51820/udp"), "not_a_server"),
    (seen_as("255.255.255.255:51820/udp"), "not_a_server"),
    (seen_as("[fe80::1]:51820/udp"), "not_a_server"),
    (seen_as("[ff02::1]:51820/udp"), "not_a_server"),
    (seen_as("100.64.0.1:51820/udp"), "shared_address"),
    (seen_as("198.51.100.66/esp", family="ipsec-esp"), "no_port"),
    (seen_as("198.51.100.66/gre", family="gre"), "no_port"),
    *[(seen_as("198.51.100.66:443/tcp", family=family), "tls_type")
      for family in ("sstp", "anyconnect", "globalprotect", "fortinet", "softether", "other-vpn")],
    *[(seen_as(family=family), "mesh") for family in ("tailscale", "zerotier", "nebula", "tinc")],
    (seen_as(family="dtls"), "protocol_not_orderable"),
    (seen_as(grade="likely"), "not_certain"),
    (seen_as(**{"class": "transit"}), "not_certain"),
    (seen_as(verdict="registered", registration="SVC-7F3K"), "registered_endpoint"),
    (seen_as(verdict="undetermined"), "undetermined"),
    (seen_as(verdict="conflict"), "conflict_without_notice"),
    (seen_as(snapshot={"serial": 11, "digest": "sha256:" + "4" * 64}), "other_registry"),
    (seen_as(snapshot=None), "evidence_unreadable"),
    (seen_as(last_seen="2026-03-02T09:00:00.000001Z"), "evidence_from_the_future"),
    (seen_as(last_seen="2026-02-23T08:59:59Z"), "evidence_too_old"),
    (seen_as(last_seen="yesterday"), "evidence_unreadable"),
    (changed(author=STRANGER.key_id), "author_unknown"),
    (changed(approver=STRANGER.key_id), "approver_unknown"),
    (changed(approver=AUTHOR.key_id), "same_person"),
])
def test_a_rule_of_every_network(file: OrderFile, code: str) -> None:
    assert code in drafted(file)


@pytest.mark.parametrize(("file", "code"), [
    (changed_public(decision_ground="network_policy"), "ground_not_allowed"),
    (changed_public(decision_quoted=""), "field_missing"),
    (changed_public(decision_url=""), "field_missing"),
    (changed_public(decision_url="the court's board"), "not_published"),
    (changed_public(adjudicator="signer-1"), "unknown_adjudicator"),
    (changed_public(suspensive_denied="An appeal has no effect."), "not_quoted"),
    (changed_public(application_ns=CREATED_NS + 3 * DAY_NS - 1), "notice_too_short"),
    (changed_public(end_ns=CREATED_NS + 17 * DAY_NS + 1), "life_too_long"),
    (changed_public(endpoints=GOOD.order.endpoints * 2), "endpoint_count"),
])
def test_a_rule_of_public_networks(file: OrderFile, code: str) -> None:
    assert code in drafted(file, PUBLIC)


@pytest.mark.parametrize(("endpoint", "code"), [("10.1.2.3:51820/udp", "private_address"),
                                                ("[fd00::1]:51820/udp", "private_address")])
def test_private_addresses_are_for_owned_networks_alone(endpoint: str, code: str) -> None:
    line = evidence_line(endpoint)
    assert code in drafted(file_of(adjudicated(order_of(line)), line), PUBLIC)
    assert code not in drafted(file_of(order_of(line), line))


def test_an_endpoint_with_few_other_ends_is_left_alone_on_a_public_network() -> None:
    line = evidence_line(clients=9)
    assert drafted(file_of(adjudicated(order_of(line)), line), PUBLIC) == {"too_few_ends"}
    assert drafted(file_of(order_of(line), line)) == set()


def test_without_a_list_of_what_is_never_blocked_a_public_network_orders_nothing() -> None:
    assert drafted(GOOD_PUBLIC, replace(PUBLIC, never_block_given=False)) == {"never_block_missing"}


@pytest.mark.parametrize("covers", ["a website", "content of this kind", "the publication", "Videos", "web pages"])
def test_a_text_about_content_supports_no_order_on_any_ground(covers: str) -> None:
    quote = f"Whoever offers {covers} through tunnels …"
    for file, on in ((changed(text_covers=covers, legal_text_quoted=quote), OWNED),
                     (changed_public(text_covers=covers, legal_text_quoted=quote), PUBLIC)):
        assert drafted(file, on) == {"text_covers_content_not_endpoints"}


def test_where_nobody_is_found_to_be_told_a_public_network_waits_twice_as_long() -> None:
    ends = (replace(GOOD_PUBLIC.order.endpoints[0], contact=""),)
    assert drafted(changed_public(endpoints=ends), PUBLIC) == {"notice_too_short"}
    later = changed_public(endpoints=ends, application_ns=CREATED_NS + 6 * DAY_NS)
    assert drafted(later, PUBLIC) == set()


def test_endpoints_added_to_an_open_case_need_no_second_notice_on_an_owned_network() -> None:
    at_once = changed(application_ns=CREATED_NS)
    assert drafted(at_once) == {"notice_too_short"}
    assert drafted(at_once, standing=replace(NOTHING_KNOWN, open_cases=frozenset({at_once.order.case}))) == set()
    public = changed_public(application_ns=CREATED_NS, end_ns=CREATED_NS + DAY_NS)
    opened = replace(NOTHING_KNOWN, open_cases=frozenset({public.order.case}))
    assert drafted(public, PUBLIC, opened) == {"notice_too_short"}


def test_a_draft_is_signed_within_two_weeks_and_an_order_ends_when_it_says() -> None:
    assert drafted(GOOD, at_ns=CREATED_NS + 14 * DAY_NS) == set()
    assert drafted(GOOD, at_ns=CREATED_NS + 14 * DAY_NS + 1) == {"draft_too_old"}
    signed = approved(GOOD)
    assert codes(signed_problems(signed, OWNED, NOTHING_KNOWN, GOOD.order.end_ns - 1)) == set()
    assert codes(signed_problems(signed, OWNED, NOTHING_KNOWN, GOOD.order.end_ns)) == {"over"}


def test_fifty_endpoints_and_not_one_more_each_with_its_own_evidence() -> None:
    lines = [evidence_line(f"198.51.100.{at}:51820/udp") for at in range(1, 52)]
    assert drafted(file_of(order_of(*lines[:50]), *lines[:50])) == set()
    assert drafted(file_of(order_of(*lines), *lines)) == {"endpoint_count"}
    # One line for all is one line too few.
    borrowed = order_of(lines[0], endpoints=(ordered(lines[0]), ordered(lines[1], evidence=ordered(lines[0]).evidence)))
    assert drafted(file_of(borrowed, *lines[:2])) == {"evidence_of_another"}


@pytest.mark.parametrize(("standing", "code"), [
    (replace(NOTHING_KNOWN, registered=lambda end, protocol: "SVC-7F3K"), "registered_endpoint"),
    (replace(NOTHING_KNOWN, appealed=frozenset({END})), "appeal_open"),
    (replace(NOTHING_KNOWN, quashed_ns={END: NOW_NS - 180 * DAY_NS + 1}), "quashed_before"),
    (replace(NOTHING_KNOWN, rules=500), "rules_max"),
])
def test_a_rule_about_what_went_before(standing: Standing, code: str) -> None:
    assert drafted(GOOD, standing=standing) == {code}


def test_a_quashed_order_comes_again_only_with_new_facts_and_the_reviewers_signature() -> None:
    quashed = replace(NOTHING_KNOWN, quashed_ns={END: NOW_NS - DAY_NS})
    new = changed(new_facts="It was taken over by somebody else on 2026-03-01.")
    assert drafted(new, standing=quashed) == {"quashed_before"}
    assert drafted(sign(new, "reviewer", REVIEWER), standing=quashed) == set()
    assert drafted(sign(GOOD, "reviewer", REVIEWER), standing=quashed) == {"quashed_before"}
    assert drafted(GOOD, standing=replace(NOTHING_KNOWN, quashed_ns={END: NOW_NS - 180 * DAY_NS})) == set()
    forged = approved(sign(new, "reviewer", AUTHOR))
    assert codes(signed_problems(forged, OWNED, quashed, NOW_NS)) == {"signer_unknown"}


def test_sixty_days_in_a_year_are_enough_on_a_public_network() -> None:
    often = replace(NOTHING_KNOWN, in_force_days={END: 60})
    assert drafted(GOOD_PUBLIC, PUBLIC, often) == {"in_force_too_often"}
    assert drafted(GOOD, standing=often) == set()


def test_a_conflict_is_ordered_against_only_two_weeks_after_its_registrant_was_told() -> None:
    file = seen_as(verdict="conflict")
    for told_ns, expected in ((NOW_NS - 14 * DAY_NS + 1, {"conflict_without_notice"}), (NOW_NS - 14 * DAY_NS, set())):
        assert drafted(file, standing=replace(NOTHING_KNOWN, conflict_noticed_ns={END: told_ns})) == expected


def test_an_ask_that_was_accepted_is_cited() -> None:
    asked = changed(request="REQ-7F3K9Q2M/2")
    assert drafted(asked, standing=replace(NOTHING_KNOWN, accepted_asks=frozenset({"REQ-7F3K9Q2M/2"}))) == set()


def test_only_so_many_take_effect_within_an_hour() -> None:
    assert not activation_problems(GOOD.order, OWNED, replace(NOTHING_KNOWN, activations=49))
    found = activation_problems(GOOD.order, OWNED, replace(NOTHING_KNOWN, activations=50))
    assert codes(found) == {"activations_max"}
    assert activation_problems(GOOD.order, PUBLIC, replace(NOTHING_KNOWN, activations=5))


def test_a_stricter_policy_holds() -> None:
    strict = network(extra="limits = { life_days = 7, notice_hours = 48, endpoints = 1, rules = 1, activations = 1 }")
    assert drafted(GOOD, strict) == {"life_too_long", "notice_too_short"}
    assert drafted(GOOD, strict, replace(NOTHING_KNOWN, rules=1)) == {"life_too_long", "notice_too_short", "rules_max"}


def test_a_network_that_is_not_really_owned_is_told_why() -> None:
    found = draft_problems(GOOD, replace(OWNED, serves=""), NOTHING_KNOWN, NOW_NS)
    assert {"counts_as_public", "ground_not_allowed"} <= codes(found)
    assert "which people it serves" in found[0].sentence


# Signatures.


@pytest.mark.parametrize(("role", "who"), [("author", AUTHOR), ("approver", APPROVER)])
def test_both_have_to_sign(role: str, who: Person) -> None:
    signed = approved(GOOD)
    left = replace(signed, signatures=tuple(one for one in signed.signatures if one.role != role))
    assert codes(signed_problems(left, OWNED, NOTHING_KNOWN, NOW_NS)) == {"not_signed"}


def test_the_same_person_cannot_sign_twice_not_even_with_two_keys() -> None:
    assert "same_person" in codes(signed_problems(approved(GOOD, AUTHOR), OWNED, NOTHING_KNOWN, NOW_NS))
    second_key = replace(OWNED.signers[0], key=STRANGER.key, key_id=STRANGER.key_id)
    two_keys = replace(OWNED, signers=(*OWNED.signers, second_key))
    found = signed_problems(approved(GOOD, STRANGER), two_keys, NOTHING_KNOWN, NOW_NS)
    assert codes(found) == {"same_person"}


@pytest.mark.parametrize("who", [STRANGER, REVIEWER, COURT])
def test_nobody_else_approves(who: Person) -> None:
    found = codes(signed_problems(approved(GOOD, who), OWNED, NOTHING_KNOWN, NOW_NS))
    assert {"approver_unknown", "signer_unknown"} <= found


def test_what_was_changed_after_it_was_signed_does_not_hold() -> None:
    signed = approved(GOOD)
    for other in (replace(signed.order, end_ns=signed.order.end_ns - 1), replace(signed.order, necessity="Other.")):
        found = signed_problems(replace(signed, order=other), OWNED, NOTHING_KNOWN, NOW_NS)
        assert [one.code for one in found] == ["signature_invalid"] * 2
    other_run = replace(signed.order, impact="sha256:" + "9" * 64)
    found = signed_problems(replace(signed, order=other_run), OWNED, NOTHING_KNOWN, NOW_NS)
    assert [one.where for one in found] == ["signature of the approver"]


def test_the_authors_signature_alone_is_asked_for_before_there_is_an_approver() -> None:
    assert not signed_problems(sign(GOOD, "author", AUTHOR), OWNED, NOTHING_KNOWN, NOW_NS, BY_AUTHOR)
    forged = sign(GOOD, "author", APPROVER)
    assert codes(signed_problems(forged, OWNED, NOTHING_KNOWN, NOW_NS, BY_AUTHOR)) == {"signer_unknown"}


def test_a_decision_is_signed_by_its_adjudicator_over_the_decision_and_the_endpoint() -> None:
    assert codes(signed_problems(approved(GOOD_PUBLIC), PUBLIC, NOTHING_KNOWN, NOW_NS)) == {"not_signed"}
    for who in (AUTHOR, APPROVER, REVIEWER, STRANGER):
        forged = approved(sign(GOOD_PUBLIC, "adjudicator", who))
        assert codes(signed_problems(forged, PUBLIC, NOTHING_KNOWN, NOW_NS)) == {"signer_unknown"}
    signed = sign(GOOD_PUBLIC, "adjudicator", COURT)
    line = evidence_line("198.51.100.67:51820/udp")
    moved = file_of(adjudicated(order_of(line)), line)
    elsewhere = approved(replace(moved, signatures=signed.signatures))
    assert codes(signed_problems(elsewhere, PUBLIC, NOTHING_KNOWN, NOW_NS)) == {"signature_invalid"}


def test_every_refusal_says_what_to_do_in_a_sentence() -> None:
    for code, sentence in SENTENCES.items():
        assert len(sentence) > 25 or sentence in ("{what}", "{why}"), code
        assert not sentence.endswith("."), code


def test_what_can_be_ordered_against_is_a_short_list() -> None:
    assert {"wireguard", "openvpn", "ipsec-ike", "l2tp", "pptp"} == ORDERABLE
    for family in ORDERABLE:
        transport = "198.51.100.66:1723/tcp" if family == "pptp" else "198.51.100.66:500/udp"
        line = evidence_line(transport, family=family)
        assert drafted(file_of(order_of(line), line)) == set()
    assert LINE in GOOD.evidence.values()
