"""The enforced set: what is in it, and each single thing that takes a rule out of it (lifecycle §5, §6, **E**)."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from enforce.cases import AT_NS, HOUR_NS
from enforce.orders import (
    CLERK_1,
    DAY_NS,
    PUID,
    REVIEWER_1,
    SIGNER_1,
    SIGNER_2,
    STRANGER,
    UNREGISTERED,
    Books,
    Person,
    codes,
    enforced,
    known,
    log_of,
    network,
    noticed,
    order,
    record,
    signed,
)
from licet.enforce.decide import Known, decide
from licet.enforce.logged import Logged
from licet.enforce.memory import Memory
from licet.enforce.shield import Excepted
from licet.lifecycle.order import TABLE, endpoint_handle
from licet.model.canonical import canonical_json
from licet.model.endpoint import parse_endpoint
from licet.model.order import ADJUDICATED, APPROVER, AUTHOR, OrderFile, Signature, signed_bytes
from licet.model.policy import LIMITS, PUBLIC, Limits
from licet.order.problem import Problem

THREE = ("203.0.113.66:51820/udp", "203.0.113.67:51820/udp", "[2001:db8:c::66]:51820/udp")


def why(what: Known, at_ns: int = AT_NS) -> set[str]:
    """The reasons for which nothing is enforced; fails where something is."""
    assert enforced(what, at_ns) == set()
    return codes(decide(what, at_ns))


def test_an_order_in_force_is_enforced_to_the_letter() -> None:
    decision = decide(known(signed(order(*THREE))), AT_NS)
    assert {str(rule.endpoint) for rule in decision.rules.rules} == set(THREE)
    assert {rule.order for rule in decision.rules.rules} == {PUID}
    assert codes(decision) == set()
    assert decision.rules.fresh_until_ns == AT_NS + 20 * HOUR_NS


# Signatures.


def unsign(file: OrderFile, role: str) -> OrderFile:
    return replace(file, signatures=tuple(one for one in file.signatures if one.role != role))


@pytest.mark.parametrize("role", [AUTHOR, APPROVER])
def test_no_rule_without_two_signatures(role: str) -> None:
    assert why(known(unsign(signed(order()), role))) == {"not_signed"}


@pytest.mark.parametrize("approver", [SIGNER_1, replace(SIGNER_2, code="signer-1")], ids=["one key", "two keys"])
def test_no_rule_by_one_person_alone(approver: Person) -> None:
    policy = network(signers=(SIGNER_1.signer(), approver.signer()))
    assert "same_person" in why(known(signed(order(), approver=approver), policy=policy))


@pytest.mark.parametrize("other", [STRANGER, REVIEWER_1, CLERK_1], ids=["stranger", "reviewer", "adjudicator"])
def test_no_rule_by_somebody_who_is_no_signer_here(other: Person) -> None:
    assert "author_unknown" in why(known(signed(order(), author=other)))
    assert "approver_unknown" in why(known(signed(order(), approver=other)))


def test_no_rule_where_a_word_was_changed_after_signing() -> None:
    file = signed(order())
    changed = replace(file, order=replace(file.order, end_ns=file.order.end_ns + DAY_NS))
    assert why(known(changed)) == {"signature_invalid"}
    moved = replace(file.order, endpoints=(replace(file.order.endpoints[0], endpoint=parse_endpoint(THREE[1])),))
    assert why(known(replace(file, order=moved))) == {"signature_invalid"}


def test_no_rule_by_a_signature_over_another_order_or_for_another_purpose() -> None:
    one, other = signed(order()), signed(order(THREE[1], puid="ORD-OTHER123"))
    assert why(known(replace(one, signatures=other.signatures))) == {"signature_invalid"}
    foreign = SIGNER_1.sign(signed_bytes(one.order, AUTHOR), "file")
    swapped = (Signature(AUTHOR, SIGNER_1.key_id, foreign), one.signatures[1])
    assert why(known(replace(one, signatures=swapped))) == {"signature_invalid"}


def test_a_signature_of_the_draft_does_not_approve_it() -> None:
    file = signed(order())
    early = SIGNER_2.sign(signed_bytes(file.order, AUTHOR))
    assert why(known(replace(file, signatures=(file.signatures[0], Signature(APPROVER, SIGNER_2.key_id, early))))) == {
        "signature_invalid"}


def test_the_report_of_the_dry_run_is_the_one_that_was_approved() -> None:
    file = signed(order())
    assert why(known(replace(file, impact=canonical_json({"registered": 1})))) == {"no_dry_run"}
    assert why(known(replace(file, impact=b""))) == {"no_dry_run"}


# The log, the clock, the registry.


@pytest.mark.parametrize("state", [state for state in TABLE.states if state not in ("canary", "live")])
def test_no_rule_in_any_state_but_canary_and_live(state: str) -> None:
    file = signed(order())
    assert why(known(file, logged=log_of(file, state=state))) == {"not_in_force"}


def test_an_order_that_the_log_does_not_know_is_not_enforced() -> None:
    assert why(known(signed(order()), logged=Logged({}, AT_NS, 0))) == {"not_in_force"}


def test_a_canary_is_tried_at_one_enforcer() -> None:
    file = signed(order())
    there = known(file, logged=log_of(file, state="canary"))
    assert why(there) == {"canary_elsewhere"}
    assert enforced(replace(there, is_canary=True)) == {UNREGISTERED}


@pytest.mark.parametrize("state", ["stayed", "lifted", "quashed"])
def test_an_endpoint_that_is_stayed_alone_is_left_out_alone(state: str) -> None:
    file = signed(order(*THREE))
    stayed = known(file, logged=log_of(file, more={endpoint_handle(PUID, 2): state}))
    assert enforced(stayed) == {THREE[0], THREE[2]}
    back = known(file, logged=log_of(file, more={endpoint_handle(PUID, 2): "returned"}))
    assert enforced(back) == set(THREE)


@pytest.mark.parametrize(("change", "code"), [
    ({"logged": None}, "no_log"), ({"policy": None}, "no_policy"), ({"log_until_ns": AT_NS}, "log_stale"),
    ({"registry_until_ns": AT_NS}, "registry_stale"), ({"log_until_ns": 0}, "log_stale"),
    ({"doubts": (Problem("log_broken", "entry 7 was changed"),)}, "log_broken"),
], ids=lambda one: str(one)[:30])  # fmt: skip
def test_nothing_is_enforced_in_doubt(change: dict[str, object], code: str) -> None:
    assert code in why(known(signed(order()), **change))


def test_nothing_is_enforced_when_the_clock_went_back() -> None:
    what = known(signed(order()))
    after = decide(what, AT_NS).memory
    assert after.last_ns == AT_NS
    assert why(replace(what, memory=after), AT_NS - HOUR_NS) == {"clock_back"}
    assert decide(replace(what, memory=after), AT_NS - HOUR_NS).memory.last_ns == AT_NS
    assert enforced(replace(what, memory=after), AT_NS) == {UNREGISTERED}


def test_nothing_is_enforced_by_a_clock_that_is_behind_the_log() -> None:
    file = signed(order())
    assert why(known(file, logged=replace(log_of(file), newest_ns=AT_NS + HOUR_NS))) == {"clock_behind"}


def test_a_clock_that_is_ahead_finds_everything_stale() -> None:
    assert why(known(signed(order())), AT_NS + 2 * DAY_NS) == {"log_stale", "registry_stale"}


# Time.


def test_a_rule_is_there_from_its_beginning_to_its_end() -> None:
    file = signed(order())
    fresh = known(file, log_until_ns=AT_NS + 99 * DAY_NS, registry_until_ns=AT_NS + 99 * DAY_NS, memory=Memory(
        first_seen=noticed(file).first_seen))
    begins, ends = file.order.application_ns, file.order.end_ns
    late = replace(fresh, memory=replace(fresh.memory, first_seen={file.order.case: begins - 30 * DAY_NS}),
                   logged=log_of(file, at_ns=begins - DAY_NS))
    assert why(late, begins - 1) == {"not_in_time"}
    assert enforced(late, begins) == {UNREGISTERED}
    assert enforced(late, ends - 10**9) == {UNREGISTERED}
    assert why(late, ends) == {"not_in_time"}


def test_an_order_that_lasts_too_long_is_not_enforced_at_all() -> None:
    file = order()
    longer = signed(replace(file, order=replace(file.order, end_ns=file.order.application_ns + 30 * DAY_NS + 1)))
    assert why(known(longer)) == {"life_too_long"}
    week = network(limits=replace(LIMITS["owned"], life_days=7))
    assert why(known(signed(order()), policy=week)) == {"life_too_long"}


def test_notice_is_counted_from_when_this_enforcer_first_saw_it() -> None:
    """A log that says that notice was served long ago does not make it so here."""
    file = signed(order())
    new = known(file, memory=Memory())
    first = decide(new, AT_NS)
    assert codes(first) == {"notice_running"}
    assert first.memory.first_seen == {file.order.case: AT_NS}
    assert why(replace(new, memory=first.memory), AT_NS + HOUR_NS) == {"notice_running"}
    later = replace(new, memory=first.memory, log_until_ns=AT_NS + 9 * DAY_NS, registry_until_ns=AT_NS + 9 * DAY_NS)
    assert why(later, AT_NS + DAY_NS - 1) == {"notice_running"}
    assert enforced(later, AT_NS + DAY_NS) == {UNREGISTERED}


def test_an_endpoint_that_is_added_to_an_open_case_needs_no_notice_of_its_own() -> None:
    one, added = signed(order()), signed(order(THREE[1], puid="ORD-ADDED123"))
    assert enforced(known(one, added, memory=noticed(one))) == {UNREGISTERED, THREE[1]}
    other_case = signed(order(THREE[1], puid="ORD-ADDED123", legal_ground="Another section"))
    assert enforced(known(one, other_case, memory=noticed(one))) == {UNREGISTERED}


def test_notice_takes_longer_where_nobody_could_be_told() -> None:
    file = order(ground=ADJUDICATED)
    unknown = replace(file.order, endpoints=(replace(file.order.endpoints[0], contact=""),))
    both = [signed(file), signed(replace(file, order=unknown))]
    for one, days in zip(both, (3, 6), strict=True):
        what = known(one, kind=PUBLIC, memory=noticed(one, kind=PUBLIC, at_ns=AT_NS - days * DAY_NS))
        assert enforced(what) == {UNREGISTERED}
        early = replace(what, memory=noticed(one, kind=PUBLIC, at_ns=AT_NS - days * DAY_NS + 1))
        assert why(early) == {"notice_running"}


def test_a_rule_that_nothing_met_for_three_days_goes_and_does_not_come_back() -> None:
    what, key = known(signed(order())), f"{PUID} {UNREGISTERED}"
    quiet = replace(what.memory, activated={key: AT_NS - 3 * DAY_NS - 1})
    assert why(replace(what, memory=quiet)) == {"silent"}
    met = replace(quiet, hit={key: AT_NS - 2 * DAY_NS})
    assert enforced(replace(what, memory=met)) == {UNREGISTERED}
    assert why(replace(what, memory=decide(replace(what, memory=quiet), AT_NS).memory)) == {"silent"}


# Allow beats block.


@pytest.mark.parametrize("status", ["ok", "noticed", "provisional", "stale", "expiring", "redemption", "pendingDelete",
                                    "held", "serverHold", "attested"])
@pytest.mark.parametrize("entry", [
    "203.0.113.66:51820/udp wireguard", "203.0.113.66:51820/udp openvpn", "203.0.113.66 wireguard",
    "203.0.113.0/24 ipsec", "203.0.113.66/esp ipsec-esp", "203.0.113.66/gre gre",
])  # fmt: skip
def test_a_registered_endpoint_is_never_enforced_against(entry: str, status: str) -> None:
    books = Books([(record(entry, status), AT_NS)])
    assert why(known(signed(order()), registers=books)) == {"registered_endpoint"}


def test_whoever_registers_one_port_of_ike_has_both() -> None:
    what = known(signed(order("203.0.113.66:4500/udp", protocol="ipsec-ike")))
    books = Books([(record("203.0.113.66:500/udp ipsec"), AT_NS)])
    assert why(replace(what, registers=books)) == {"registered_endpoint"}


@pytest.mark.parametrize("entry", ["203.0.113.66:51821/udp wireguard", "203.0.113.66:51820/tcp openvpn",
                                   "203.0.113.67:51820/udp wireguard", "198.51.100.0/24 ipsec"])
def test_what_is_registered_beside_it_does_not_shield_it(entry: str) -> None:
    assert enforced(known(signed(order()), registers=Books([(record(entry), AT_NS)]))) == {UNREGISTERED}


@pytest.mark.parametrize("status", ["lapsed", "revoked", "gone"])
def test_what_is_registered_no_more_is_not_shielded_by_that(status: str) -> None:
    books = Books([(record("203.0.113.66:51820/udp wireguard", status), AT_NS)])
    assert enforced(known(signed(order()), registers=books)) == {UNREGISTERED}


def test_who_was_registered_is_shielded_for_thirty_days_more() -> None:
    """A registry that was taken over cannot strike somebody off first."""
    what, one = known(signed(order())), record("203.0.113.66:51820/udp wireguard")
    assert why(replace(what, registers=Books([(one, AT_NS - 29 * DAY_NS)]))) == {"registered_endpoint"}
    assert enforced(replace(what, registers=Books([(one, AT_NS - 30 * DAY_NS)]))) == {UNREGISTERED}
    lapsed_since = replace(one, valid_until_ns=AT_NS - 5 * DAY_NS)
    assert why(replace(what, registers=Books([(lapsed_since, AT_NS - 6 * DAY_NS)]))) == {"registered_endpoint"}


def test_an_endpoint_where_a_registered_key_was_met_is_left_alone() -> None:
    what, end = known(signed(order())), parse_endpoint(UNREGISTERED)
    assert why(replace(what, excepted=Excepted(matched={end: AT_NS - 29 * DAY_NS}))) == {"registered_key"}
    assert enforced(replace(what, excepted=Excepted(matched={end: AT_NS - 30 * DAY_NS}))) == {UNREGISTERED}


def test_what_is_never_blocked_is_never_blocked() -> None:
    what, prefix = known(signed(order())), ipaddress.ip_network("203.0.113.0/24")
    assert why(replace(what, policy=network(never_block=(prefix,)))) == {"never_block"}
    assert why(replace(what, excepted=Excepted(own=frozenset({"203.0.113.66"})))) == {"never_block"}
    assert why(known(signed(order("203.0.113.66:53/udp")))) == {"never_block"}


def test_the_local_file_only_removes() -> None:
    file = signed(order(*THREE))
    some = Excepted(frozenset({parse_endpoint(THREE[0])}), (ipaddress.ip_network("2001:db8:c::/48"),))
    assert enforced(known(file, excepted=some)) == {THREE[1]}
    assert why(known(excepted=some)) == set()


# The kind of network.


def test_a_public_network_acts_on_an_adjudicated_order_alone() -> None:
    assert "ground_not_allowed" in why(known(signed(order()), kind=PUBLIC))
    assert enforced(known(signed(order(ground=ADJUDICATED)), kind=PUBLIC)) == {UNREGISTERED}
    assert "ground_not_allowed" in why(known(signed(order(ground="unregistered"))))


@pytest.mark.parametrize("clerk", [SIGNER_1, SIGNER_2, REVIEWER_1, STRANGER])
def test_a_decision_is_signed_by_who_made_it(clerk: Person) -> None:
    assert why(known(signed(order(ground=ADJUDICATED), clerk=clerk), kind=PUBLIC)) == {"signer_unknown"}


def test_an_order_on_a_public_network_has_one_endpoint_and_fourteen_days() -> None:
    assert "endpoint_count" in why(known(signed(order(*THREE, ground=ADJUDICATED)), kind=PUBLIC))
    file = order(ground=ADJUDICATED)
    longer = signed(replace(file, order=replace(file.order, end_ns=file.order.application_ns + 15 * DAY_NS)))
    assert why(known(longer, kind=PUBLIC)) == {"life_too_long"}


@pytest.mark.parametrize("change", [
    {"organisation": ""}, {"serves": ""}, {"tunnel_policy_url": ""}, {"tunnel_policy_digest": ""}, {"prefixes": ()},
    {"tunnel_policy_url": "http://example.net/"}, {"kind": ""}, {"kind": "private"},
    {"prefixes": (ipaddress.ip_network("100.64.0.0/16"),)}, {"prefixes": (ipaddress.ip_network("0.0.0.0/0"),)},
    {"prefixes": (ipaddress.ip_network("::/0"),)}, {"prefixes": (ipaddress.ip_network("2600::/31"),)},
    {"prefixes": (ipaddress.ip_network("8.0.0.0/11"),)},
    {"prefixes": tuple(ipaddress.ip_network(f"{number}.0.0.0/13") for number in (8, 16, 17))},
], ids=str)  # fmt: skip
def test_a_network_that_only_calls_itself_owned_counts_as_public(change: dict[str, object]) -> None:
    what = known(signed(order()), policy=network(**change))
    assert decide(what, AT_NS).kind == PUBLIC
    assert why(what) & {"ground_not_allowed", "scope_everything"}


def test_a_network_with_too_many_people_in_it_counts_as_public() -> None:
    what = known(signed(order()))
    assert enforced(replace(what, inside_a_day=200_000)) == {UNREGISTERED}
    assert "ground_not_allowed" in why(replace(what, inside_a_day=200_001))


def test_from_public_to_owned_takes_another_root() -> None:
    once = decide(known(kind=PUBLIC), AT_NS).memory
    file = signed(order())
    again = known(file, memory=replace(noticed(file), public_under=once.public_under))
    assert decide(again, AT_NS).kind == PUBLIC
    assert "ground_not_allowed" in why(again)
    assert enforced(replace(again, pinned="sha256:" + "2" * 64)) == {UNREGISTERED}


def test_an_order_for_another_network_is_not_enforced_here() -> None:
    assert why(known(signed(order(network_scope="Example Shipping")))) == {"other_network"}


# Numbers.


def many(count: int, start: int = 0) -> list[OrderFile]:
    return [signed(order(f"203.0.113.{number % 250 + 1}:{50_000 + number // 250}/udp", puid=f"ORD-{number:08d}"))
            for number in range(start, start + count)]


def test_no_more_take_effect_in_an_hour_than_may() -> None:
    files = many(60)
    first = decide(known(*files), AT_NS)
    assert len(first.rules.rules) == 50
    assert codes(first) == {"activations_max"}
    again = known(*files, memory=first.memory)
    assert decide(again, AT_NS + HOUR_NS - 1).rules.rules == first.rules.rules
    assert len(decide(again, AT_NS + HOUR_NS).rules.rules) == 60


def test_a_policy_lowers_the_numbers_and_never_raises_them() -> None:
    files = many(6)
    fewer = Limits(24, 24, 30, 50, 4, 50)
    decision = decide(known(*files, policy=network(limits=fewer)), AT_NS)
    assert len(decision.rules.rules) == 4
    assert codes(decision) == {"rules_max"}
    laxer = Limits(0, 0, 9_999, 9_999, 9_999, 9_999)
    assert len(decide(known(*many(60), policy=network(limits=laxer)), AT_NS).rules.rules) == 50


def test_rules_in_force_stay_when_there_are_more_orders_than_rules() -> None:
    files = many(4)
    policy = network(limits=replace(LIMITS["owned"], rules=3))
    first = decide(known(*files[1:], policy=policy), AT_NS)
    both = decide(known(*files, policy=policy, memory=first.memory), AT_NS + 1)
    assert both.rules.rules == first.rules.rules


def test_two_orders_for_one_endpoint_are_one_rule() -> None:
    one, other = signed(order()), signed(order(puid="ORD-OTHER123"))
    decision = decide(known(one, other), AT_NS)
    assert len(decision.rules.rules) == 1
    assert codes(decision) == {"same_endpoint"}


def test_what_is_handed_in_can_only_take_away() -> None:
    def refuse(file: OrderFile, policy: object, kind: str) -> list[Problem]:
        return [Problem("further", "no")] if file.order.puid == PUID else []

    files = (signed(order()), signed(order(THREE[1], puid="ORD-OTHER123")))
    assert enforced(known(*files, further=(refuse,))) == {THREE[1]}
    assert enforced(known(*files, further=(lambda *_: [],))) == enforced(known(*files))


def test_an_address_that_is_no_servers_makes_no_rule() -> None:
    assert why(known(signed(order("224.0.0.66:51820/udp")))) == {"no_rule"}
    assert why(known(signed(order("127.0.0.1:51820/udp")))) == {"no_rule"}
