"""Every state × event of the tables, against the tables as people read them."""

from __future__ import annotations

import pytest

from licet.errors import Refused
from licet.lifecycle import appeal, application, domain_proof, endpoint_proof, order, registration, request
from licet.lifecycle.due import due_at, is_due
from licet.lifecycle.table import ROLES, EventRefused, Table
from licet.model.canonical import parse_time
from licet.model.registration import COUNTING, ON_HOLD, STATUSES

AT_NS = parse_time("2026-03-01")

# Written by hand from the design, cell by cell, and not from the code: `-` is refused. A state in several columns of
# the registration's tables is what it is there; who reads both should find the same.
APPLICATION = """
state        submit   proofs_valid proof_failed ask          answer       approve   refuse   withdraw   clock
draft        proving  -            -            -            -            -         -        withdrawn  lapsed
proving      -        in_review    proving      -            -            -         -        withdrawn  lapsed
in_review    -        -            proving      info_needed  -            approved  refused  withdrawn  provisional
info_needed  -        -            -            -            in_review    -         -        withdrawn  lapsed
provisional  -        -            proving      provisional  provisional  approved  refused  withdrawn  provisional
approved     -        -            -            -            -            -         -        -          -
refused      -        -            -            -            -            -         -        -          -
withdrawn    -        -            -            -            -            -         -        -          -
lapsed       -        -            -            -            -            -         -        -          -
"""
ENDPOINT = """
state     check_ok  check_fail  key_change_by_owner  owner_revokes  clock
pending   valid     invalid     -                    gone           invalid
valid     valid     stale       valid                gone           valid
stale     valid     stale       valid                gone           inactive
inactive  valid     -           -                    -              -
invalid   valid     -           -                    -              -
gone      valid     -           -                    -              -
"""
DOMAIN = """
state     check_ok  check_fail  change_by_owner  owner_revokes  clock
pending   valid     -           pending          gone           -
valid     valid     stale       pending          gone           valid
stale     valid     stale       pending          gone           inactive
inactive  valid     -           pending          gone           -
gone      -         -           pending          -              -
"""
REGISTRATION = """
state           renew  notice   suspend     lift  revoke         appeal_filed    appeal_won  surrender  clock
ok              ok     noticed  -           -     -              -               -           gone       expiring
noticed         -      -        serverHold  ok    pendingDelete  noticed+appeal  ok          gone       -
noticed+appeal  -      -        serverHold  ok    -              -               ok          gone       -
expiring        ok     noticed  -           -     -              -               -           gone       redemption
redemption      ok     -        -           -     -              -               -           gone       lapsed
serverHold      -      -        -           ok    pendingDelete  ok              ok          gone       ok
pendingDelete   -      -        -           ok    -              held            ok          gone       revoked
held            -      -        -           ok    -              -               ok          gone       -
lapsed          -      -        -           -     -              -               ok          -          -
revoked         -      -        -           -     -              -               ok          -          -
gone            -      -        -           -     -              -               ok          -          -
"""
REQUEST = """
state         acknowledge   accept    accept_in_part  decline   withdraw   clock
received      acknowledged  -         -               -         withdrawn  received
acknowledged  -             answered  answered        answered  withdrawn  acknowledged
answered      -             -         -               -         -          -
withdrawn     -             -         -               -         -          -
"""
ORDER = """
state        validate_ok  dry_run    sign      reject  notice_served  activate  anomaly      stay    lift    quash    clock
draft        checked      -          -         void    -              -         -            -       void    -        void
checked      -            simulated  -         void    -              -         -            -       void    -        void
simulated    -            simulated  approved  void    -              -         -            -       void    -        checked
approved     -            -          -         -       noticed        -         -            stayed  void    quashed  expired
noticed      -            -          -         -       -              canary    -            stayed  void    quashed  expired
canary       -            -          -         -       -              live      rolled_back  stayed  lifted  quashed  expired
live         -            -          -         -       -              -         rolled_back  stayed  lifted  quashed  expired
stayed       -            -          -         -       -              approved  -            -       lifted  quashed  expired
rolled_back  -            -          -         -       -              -         -            -       -       -        -
lifted       -            -          -         -       -              -         -            -       -       -        -
expired      -            -          -         -       -              -         -            -       -       -        -
quashed      -            -          -         -       -              -         -            -       -       -        -
refused      -            -          -         -       -              -         -            -       -       -        -
void         -            -          -         -       -              -         -            -       -       -        -
"""  # noqa: E501
ORDER_ENDPOINT = """
state     activate  stay    lift    quash
stayed    returned  -       lifted  quashed
returned  -         stayed  lifted  quashed
lifted    -         -       -       -
quashed   -         -       -       -
"""
APPEAL = """
state      control_proved  assign    decide_for  decide_against  more_info  clock
filed      stayed          assigned  -           -               -          stayed
stayed     -               assigned  upheld      dismissed       waiting    upheld
assigned   stayed          -         upheld      dismissed       waiting    upheld
waiting    stayed          -         upheld      dismissed       -          upheld
upheld     -               -         -           -               -          -
dismissed  -               -         -           -               -          -
"""
REGISTERING = (application.TABLE, endpoint_proof.TABLE, registration.TABLE)
TABLES = (
    (application.TABLE, APPLICATION), (endpoint_proof.TABLE, ENDPOINT), (registration.TABLE, REGISTRATION),
    (domain_proof.TABLE, DOMAIN), (request.TABLE, REQUEST),
    (order.TABLE, ORDER), (order.ENDPOINT_TABLE, ORDER_ENDPOINT), (appeal.TABLE, APPEAL),
)
EVERY_FACT = frozenset({
    order.LIMITS_HELD, order.OVERLAP_NONE, order.SIGNATURES_VALID, order.NOTICE_OVER, order.EVIDENCE_FRESH,
    order.PLACE_LEFT, order.END_REACHED, order.LEFT_APPROVED, appeal.BY_OWN_DECISION, appeal.NOT_ASKED_BEFORE,
    appeal.REASONS_GIVEN,
    application.PROOFS_VALID, application.ACCOUNT_CONFIRMED, application.ORGANISATION_CONFIRMED,
    application.PROVISIONAL_PLACE_LEFT, application.PUBLIC_NETWORK, endpoint_proof.NOTICES_SENT,
    registration.NOTICE_OVER,
})
IN_REVIEW_NEEDS = frozenset({
    application.PROOFS_VALID, application.ACCOUNT_CONFIRMED, application.ORGANISATION_CONFIRMED,
    application.PROVISIONAL_PLACE_LEFT, application.PUBLIC_NETWORK,
})


def cells() -> list[tuple[Table, str, str, str]]:
    """(table, state, event, what the text above says) for every cell."""
    found = []
    for table, text in TABLES:
        head, *rows = [line.split() for line in text.strip().splitlines()]
        assert table.events == tuple(head[1:])
        assert table.states == tuple(row[0] for row in rows)
        found += [(table, row[0], event, to) for row in rows for event, to in zip(head[1:], row[1:], strict=True)]
    return found


CELLS = pytest.mark.parametrize(("table", "state", "event", "to"), cells(),
                                ids=lambda value: value.kind if isinstance(value, Table) else value)


@CELLS
def test_every_cell_leads_where_the_table_says(table: Table, state: str, event: str, to: str) -> None:
    for role in ROLES:
        if to != "-" and role in table.roles(state, event):
            done = table.move(state, event, role, AT_NS, reason="code", facts=EVERY_FACT)
            assert (done.kind, done.event, done.before, done.after) == (table.kind, event, state, to)
            assert (done.role, done.reason, done.at_ns) == (role, "code", AT_NS)
            assert table.allows(state, event, role, EVERY_FACT)
        else:
            with pytest.raises(EventRefused) as refusal:
                table.move(state, event, role, AT_NS, reason="code", facts=EVERY_FACT)
            assert refusal.value.code == ("not_in_table" if to == "-" else "not_this_role")
            assert not table.allows(state, event, role, EVERY_FACT)


@CELLS
def test_an_event_without_its_facts_is_refused(table: Table, state: str, event: str, to: str) -> None:
    moves = table.rows[state].get(event, ())
    for one in moves:
        for missing in one.needs:
            facts = one.needs - {missing}
            if any(other.needs <= facts for other in moves):
                continue
            role = sorted(table.roles(state, event))[0]
            with pytest.raises(EventRefused):
                table.move(state, event, role, AT_NS, reason="code", facts=frozenset(facts))


@pytest.mark.parametrize("table", [table for table, _ in TABLES], ids=lambda table: table.kind)
def test_an_unknown_state_or_event_is_refused(table: Table) -> None:
    for state, event in (("nowhere", table.events[0]), (table.states[0], "nothing")):
        with pytest.raises(EventRefused):
            table.move(state, event, "clock", AT_NS)


@pytest.mark.parametrize("table", [table for table, _ in TABLES], ids=lambda table: table.kind)
def test_tables_name_only_roles_and_states_that_exist(table: Table) -> None:
    assert set(table.causes) == set(table.events)
    assert set(table.rows) == set(table.states)
    for roles in table.causes.values():
        assert roles <= ROLES
    for (state, event), roles in table.only.items():
        assert roles < table.causes[event] or roles <= ROLES - table.causes[event]
        assert event in table.rows[state]
    for row in table.rows.values():
        assert set(row) <= set(table.events)
        assert {one.to for moves in row.values() for one in moves} <= set(table.states)
    for state in table.after:
        assert "clock" in table.rows[state]


@pytest.mark.parametrize(("table", "event", "role", "state"), [
    (application.TABLE, "open", "registrant", "draft"),
    (endpoint_proof.TABLE, "add", "registrant", "pending"),
    (domain_proof.TABLE, "add", "registrant", "pending"),
    (endpoint_proof.TABLE, "attest", "officer", "valid"),
    (registration.TABLE, "approve", "officer", "ok"),
    (registration.TABLE, "attest", "officer", "ok"),
    (order.TABLE, "draft", "author", "draft"),
    (appeal.TABLE, "file", "affected party", "filed"),
], ids=lambda value: value.kind if isinstance(value, Table) else value)
def test_a_subject_begins_as_the_table_says(table: Table, event: str, role: str, state: str) -> None:
    begun = table.begin(event, role, AT_NS)
    assert (begun.before, begun.after, begun.role) == ("", state, role)
    for other in ROLES - {role}:
        with pytest.raises(EventRefused):
            table.begin(event, other, AT_NS)
    with pytest.raises(EventRefused):
        table.begin("appear", role, AT_NS)


@pytest.mark.parametrize("missing", sorted(IN_REVIEW_NEEDS))
def test_overdue_is_provisional_only_with_everything_proven_and_confirmed(missing: str) -> None:
    with pytest.raises(EventRefused) as refusal:
        application.TABLE.move("in_review", "clock", "clock", AT_NS, facts=IN_REVIEW_NEEDS - {missing})
    assert refusal.value.code == missing


def test_overdue_on_an_owned_network_is_escalated_and_never_permitted() -> None:
    facts = IN_REVIEW_NEEDS - {application.PUBLIC_NETWORK} | {application.OWNED_NETWORK}
    done = application.TABLE.move("in_review", "clock", "clock", AT_NS, facts=facts)
    assert (done.after, done.reason) == ("in_review", "overdue_escalated")


@pytest.mark.parametrize(("table", "event"), [
    (table, event) for table, _ in TABLES for event in sorted(table.demands_reason)
], ids=lambda value: value.kind if isinstance(value, Table) else value)
def test_what_takes_something_away_needs_a_reason_code(table: Table, event: str) -> None:
    state = next(state for state in table.states if event in table.rows[state])
    role = sorted(table.roles(state, event))[0]
    with pytest.raises(EventRefused) as refusal:
        table.move(state, event, role, AT_NS, facts=EVERY_FACT)
    assert refusal.value.code == "no_reason"


def test_suspension_and_revocation_need_a_second_officer_and_two_weeks() -> None:
    table = registration.TABLE
    for event in ("suspend", "revoke"):
        assert table.causes[event] == {"second officer"}
        with pytest.raises(EventRefused) as refusal:
            table.move("noticed", event, "second officer", AT_NS, reason="code")
        assert refusal.value.code == registration.NOTICE_OVER


def test_every_state_has_a_status_that_snapshots_know() -> None:
    for state in registration.TABLE.states:
        status = registration.published_status(state)
        assert status in STATUSES
        shielded = state not in registration.OVER
        assert (status in COUNTING or status == ON_HOLD) is shielded, state
    assert registration.epp_statuses("held") == ("pendingDelete", "serverDeleteProhibited")
    assert registration.epp_statuses("noticed+appeal") == ("noticed", "serverDeleteProhibited")


def test_no_state_of_anything_is_an_enforced_one() -> None:
    """Losing a registration returns a service to “not registered”: no arrow leads from there into an order."""
    for table in REGISTERING:
        for state in table.states:
            assert state not in ("canary", "live", "checked", "simulated", "activated", "blocked")


@pytest.mark.parametrize(("since", "due"), [
    ("2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z"),  # Monday
    ("2026-03-05T09:00:00Z", "2026-03-09T09:00:00Z"),  # Thursday: over the weekend
    ("2026-03-06T23:59:59Z", "2026-03-10T23:59:59Z"),  # Friday, late
    ("2026-03-07T09:00:00Z", "2026-03-11T00:00:00Z"),  # Saturday counts from Monday
    ("2026-03-08T23:00:00Z", "2026-03-11T00:00:00Z"),  # Sunday
])
def test_overdue_is_counted_in_working_days(since: str, due: str) -> None:
    since_ns, due_ns = parse_time(since), parse_time(due)
    assert due_at(application.TABLE, "in_review", since_ns) == due_ns
    assert is_due(application.TABLE, "in_review", since_ns, due_ns)
    assert not is_due(application.TABLE, "in_review", since_ns, due_ns - 1)


def test_a_registration_expires_by_its_end_and_not_by_its_age() -> None:
    end_ns = parse_time("2027-01-01")
    assert due_at(registration.TABLE, "ok", AT_NS, end_ns) == parse_time("2026-11-02")
    assert due_at(registration.TABLE, "expiring", AT_NS, end_ns) == end_ns
    assert due_at(registration.TABLE, "redemption", AT_NS, end_ns) == parse_time("2026-04-30")
    assert due_at(registration.TABLE, "ok", AT_NS) is None
    assert due_at(registration.TABLE, "noticed", AT_NS, end_ns) is None


@pytest.mark.parametrize("code", application.REFUSAL_CODES)
def test_a_refusal_has_a_code_and_a_text(code: str) -> None:
    handle = "SVC-7F3K" if code == "conflicts_with" else ""
    assert application.refusal_reason(code, "The name points elsewhere.", handle).split()[0] == code
    for bad in ("", "  ", "x" * 2_001):
        with pytest.raises(Refused):
            application.refusal_reason(code, bad, handle)


def test_public_interest_is_no_code() -> None:
    with pytest.raises(Refused, match="no reason code"):
        application.refusal_reason("public_interest", "Because.")
    with pytest.raises(Refused, match="name the service"):
        application.refusal_reason("conflicts_with", "It is another's.")


@pytest.mark.parametrize(("methods", "has_address", "has_key", "proven"), [
    (set(), True, False, False),
    ({"http-01"}, True, False, True),
    ({"dns-01"}, True, False, True),
    ({"callback-01"}, True, False, False),
    ({"ssh-01"}, True, False, False),
    ({"callback-01", "ssh-01"}, True, False, True),
    ({"http-01"}, True, True, False),
    ({"wireguard-01"}, True, True, True),
    ({"wireguard-01"}, False, True, True),
    ({"callback-01", "http-01", "dns-01", "ssh-01"}, False, True, False),
])
def test_what_methods_prove(methods: set[str], has_address: bool, has_key: bool, proven: bool) -> None:
    assert endpoint_proof.is_proven(methods, has_address=has_address, has_key=has_key) is proven


def test_each_offered_method_is_enough_alone() -> None:
    for has_address, has_key, has_name in ((True, False, True), (True, False, False), (True, True, True),
                                           (False, True, False)):
        offered = endpoint_proof.methods_for(has_address=has_address, has_key=has_key, has_name=has_name)
        assert offered
        for method in offered:
            assert endpoint_proof.is_proven({method}, has_address=has_address, has_key=has_key)
            assert has_name or method != "dns-01"


def test_only_two_states_of_an_order_are_in_force_and_only_by_way_of_notice() -> None:
    """Every path into `canary` and `live` goes through both signatures, a dry run and a notice, in that order."""
    into = {(state, event) for state, row in order.TABLE.rows.items() for event, moves in row.items()
            for one in moves if one.to in order.IN_FORCE}
    assert into == {("noticed", "activate"), ("canary", "activate"), ("canary", "clock")}
    assert leading_to("noticed") == {"approved", "stayed"}
    assert leading_to("approved") == {"simulated", "stayed"}
    assert leading_to("simulated") == {"checked", "simulated"}
    assert leading_to("checked") == {"draft", "simulated"}
    assert leading_to("stayed") == {"approved", "noticed", "canary", "live"}


def leading_to(target: str) -> set[str]:
    return {state for state, row in order.TABLE.rows.items() for moves in row.values() for one in moves
            if one.to == target}


def test_only_a_reviewer_ends_a_stay_and_what_was_in_force_begins_again() -> None:
    for role in ROLES - {"reviewer"}:
        with pytest.raises(EventRefused):
            order.TABLE.move("stayed", "activate", role, AT_NS, facts=EVERY_FACT)
    with pytest.raises(EventRefused):
        order.TABLE.move("noticed", "activate", "reviewer", AT_NS, facts=EVERY_FACT)
    assert order.TABLE.move("stayed", "activate", "reviewer", AT_NS).after == "noticed"
    left = frozenset({order.LEFT_APPROVED})
    assert order.TABLE.move("stayed", "activate", "reviewer", AT_NS, facts=left).after == "approved"


def test_a_dry_run_that_meets_a_registered_endpoint_ends_the_order() -> None:
    for state in ("checked", "simulated"):
        assert order.TABLE.move(state, "dry_run", "author", AT_NS).after == "refused"


def test_a_canary_becomes_live_after_an_hour_but_not_past_its_end() -> None:
    end_ns = parse_time("2026-03-20")
    hour_ns = 3_600 * 1_000_000_000
    assert due_at(order.TABLE, "canary", AT_NS, end_ns) == AT_NS + hour_ns
    assert due_at(order.TABLE, "simulated", AT_NS, end_ns) == AT_NS + 24 * hour_ns
    assert order.TABLE.move("canary", "clock", "clock", AT_NS).after == "live"
    ended = frozenset({order.END_REACHED})
    assert order.TABLE.move("canary", "clock", "clock", AT_NS, facts=ended).after == "expired"
    for state in ("approved", "noticed", "live", "stayed"):
        assert due_at(order.TABLE, state, AT_NS, end_ns) == end_ns


def test_silence_upholds_an_appeal_but_never_quashes_what_another_body_decided() -> None:
    own, others = frozenset({appeal.BY_OWN_DECISION}), frozenset({appeal.ADJUDICATED})
    for state in ("stayed", "assigned", "waiting"):
        assert appeal.TABLE.move(state, "clock", "clock", AT_NS, facts=own).after == "upheld"
        silent = appeal.TABLE.move(state, "clock", "clock", AT_NS, facts=others)
        assert (silent.after, silent.reason) == ("stayed", "silence_reported")


def test_final_states_of_orders_requests_and_appeals_are_final() -> None:
    for table, final in ((order.TABLE, order.FINAL), (request.TABLE, request.FINAL), (appeal.TABLE, appeal.FINAL)):
        for state in final:
            assert not table.rows[state]


def test_an_endpoint_of_an_order_has_a_handle_that_a_log_takes() -> None:
    assert order.endpoint_handle("ORD-7F3K9Q2M", 3) == "OEP-7F3K9Q2M03"
