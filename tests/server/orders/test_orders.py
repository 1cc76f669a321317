"""Orders as the registry keeps them: what it takes, what it refuses, and what the clock does with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.db.models import CharField

from enforce.reports import report
from licet.errors import BadFile, Malformed, Refused
from licet.lifecycle.replay import Replay
from licet.model.enforcer_report import read_report, report_json
from licet.model.order import file_bytes, order_json, read_order
from licet.model.policy import NAME_LENGTH_MAX
from licet.order.policy_file import read_policy
from licet.server.orders.models import EnforcerRow, OrderRow
from licet.server.orders.service_layer import orders
from licet.server.orders.service_layer.due import run_due
from licet.server.orders.service_layer.orders import NotOrderable
from licet.server.registry.models import Notice, Outbox, Registry
from licet.server.registry.service_layer import applications, decisions, services
from licet.server.registry.service_layer.actors import MACHINE
from licet.tlog.entry import leaf_of, read_entry
from order.orders import STRANGER, evidence_line, policy_toml, sign
from server.orders.orders_world import (
    DAY,
    END,
    HOUR,
    MONDAY,
    SIGNED,
    an_order,
    by_author,
    by_both,
    clock,
    dry,
    seen_again,
)
from server.world import World
from support import published

pytestmark = pytest.mark.django_db


def events(row: OrderRow) -> list[tuple[str, str, str]]:
    found = Outbox.objects.filter(subject=row.handle).order_by("sequence")
    return list(found.values_list("event", "after", "role"))


def test_an_order_goes_from_paper_to_force_and_ends_by_itself(world: World) -> None:
    row = an_order("live")
    assert events(row) == [
        ("draft", "draft", "author"), ("validate_ok", "checked", "author"), ("dry_run", "simulated", "author"),
        ("sign", "approved", "signer"), ("notice_served", "noticed", "machine"), ("activate", "canary", "machine"),
        ("clock", "live", "clock"),
    ]
    clock(row.end_date)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("expired", "end_reached")
    first, last = (json.loads(bytes(entry.body))["details"] for entry in (
        Outbox.objects.get(subject=row.handle, sequence=1), Outbox.objects.get(subject=row.handle, after="expired")))
    assert (first["ground"], first["network"]) == ("network_policy", "Example-Logistics-Hamburg")
    assert last["predicted"] == 36 * 4


def test_every_entry_replays_and_names_the_key_of_who_signed(world: World) -> None:
    row = an_order("live", END, "198.51.100.67:51820/udp")
    replay = Replay()
    for index, entry in enumerate(Outbox.objects.order_by("pk")):
        leaf, apart = leaf_of(bytes(entry.body))
        assert apart is None
        replay.take(index, read_entry(leaf))
    assert replay.subjects[row.handle].state == "live"
    keys = [read_entry_key(entry) for entry in Outbox.objects.filter(subject=row.handle).order_by("sequence")[:4]]
    file = orders.file_of(row)
    assert keys == [file.order.author] * 3 + [file.order.approver]


def read_entry_key(entry: Outbox) -> str:
    return str(json.loads(bytes(entry.body))["actorKeyId"])


def test_it_comes_in_steps_and_twice_is_the_same_as_once(world: World) -> None:
    file = by_author()
    assert orders.submit(file_bytes(file), at=SIGNED).state == "checked"
    assert orders.submit(file_bytes(file), at=SIGNED).state == "checked"
    run = dry(file)
    assert orders.submit(file_bytes(run), at=SIGNED).state == "simulated"
    for _ in range(2):
        assert orders.submit(file_bytes(by_both(run)), at=SIGNED).state == "approved"
    assert len(events(OrderRow.objects.get())) == 4


def test_what_the_limits_refuse_is_not_taken(world: World) -> None:
    far = replace(by_author().order, end_ns=by_author().order.end_ns + 60 * 24 * 3_600 * 1_000_000_000)
    for file, code in (
        (replace(by_author(), signatures=()), "not_signed"),
        (by_author(network_scope="Another"), "other_network"),
        (replace(by_author(), order=replace(by_author().order, necessity="Changed.")), "signature_invalid"),
        (replace(by_author(), order=far), "life_too_long"),
        (by_author(request="REQ-7F3K9Q2M/1"), "ask_not_accepted"),
        (by_author(author=STRANGER.key_id), "author_unknown"),
    ):
        with pytest.raises(Refused) as refused:
            orders.submit(file_bytes(file), at=SIGNED)
        assert refused.value.code == code
    with pytest.raises(Malformed):
        orders.submit(b"{}", at=SIGNED)
    assert not OrderRow.objects.exists()


def test_a_second_signature_without_its_dry_run_is_not_taken(world: World) -> None:
    run = dry(by_author())
    other = replace(by_both(run), impact=dry(by_author(), SIGNED + HOUR, other="other").impact)
    with pytest.raises(NotOrderable):
        orders.submit(file_bytes(other), at=SIGNED + 2 * HOUR)
    forged = sign(replace(run, order=replace(run.order, approver=STRANGER.key_id)), "approver", STRANGER)
    with pytest.raises(NotOrderable):
        orders.submit(file_bytes(forged), at=SIGNED)


def test_a_dry_run_that_meets_others_ends_the_order(world: World) -> None:
    row = orders.submit(file_bytes(dry(by_author(), other="other")), at=SIGNED)
    assert (row.state, row.reason) == ("refused", "tenancy_shared")
    again = orders.submit(file_bytes(by_both(dry(by_author()))), at=SIGNED)
    assert again.state == "refused"
    with pytest.raises(Refused):
        orders.lift(world.first, row, "court", at=SIGNED)


def test_a_dry_run_is_good_for_a_day_and_a_draft_for_two_weeks(world: World) -> None:
    row = an_order("simulated")
    clock(SIGNED + DAY)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("checked", "dry_run_too_old")
    clock(SIGNED + 16 * DAY)
    row.refresh_from_db()
    assert row.state == "void"


def test_another_text_under_the_same_number_is_refused(world: World) -> None:
    an_order("checked")
    with pytest.raises(Refused, match="another text"):
        orders.submit(file_bytes(by_author(necessity="Another necessity.")), at=SIGNED)


def test_people_are_told_before_anything_happens(world: World) -> None:
    row = an_order("noticed")
    told = Notice.objects.get(kind="order_notice")
    assert (told.details["to"], told.details["endpoint"]) == ("abuse@example.org", END)
    seen_again(row, MONDAY + DAY)
    clock(MONDAY + DAY)  # The notice is 23 hours old.
    row.refresh_from_db()
    assert row.state == "noticed"
    clock(MONDAY + DAY + 2 * HOUR)
    row.refresh_from_db()
    assert row.state == "canary"


def test_nothing_takes_effect_on_old_evidence(world: World) -> None:
    row = an_order("noticed")
    clock(MONDAY + 2 * DAY)
    row.refresh_from_db()
    assert row.state == "noticed"
    line = evidence_line(last_seen="2026-03-04T08:00:00.000000Z")
    orders.observe(world.first, row, line, at=MONDAY + 2 * DAY)
    clock(MONDAY + 2 * DAY)
    row.refresh_from_db()
    assert row.state == "canary"
    assert observed_in_log(row) == int((MONDAY + 2 * DAY - HOUR).timestamp())
    later = "2026-03-04T10:00:00.000000Z"
    for bad in (b"", evidence_line(grade="likely"), evidence_line(verdict="registered"), b"{}",
                evidence_line(verdict="conflict"), evidence_line(last_seen=later)):
        with pytest.raises((Refused, Malformed)):
            orders.observe(world.first, row, bad, at=MONDAY + 2 * DAY)


def observed_in_log(row: OrderRow) -> object:
    """What the entry says with which it came into force: enforcers look at it again."""
    entry = Outbox.objects.get(subject=row.handle, after="canary")
    return json.loads(bytes(entry.body))["details"]["observed"]


@pytest.mark.parametrize("state", ["checked", "simulated", "approved", "noticed", "canary", "live"])
def test_what_is_registered_meanwhile_is_let_go_at_once(world: World, state: str) -> None:
    row = an_order(state)
    service = world.service(MONDAY)
    end = world.endpoint(service, MONDAY, address="198.51.100.66", port=51820)
    world.prove(end, MONDAY)
    found = services.open_application_of(service)
    assert found is not None
    applications.submit_application(world.owner, found, at=MONDAY)
    found.refresh_from_db()
    decisions.decide(world.first, found, approve=True, at=MONDAY + HOUR)
    clock(MONDAY + DAY + 4 * HOUR)
    row.refresh_from_db()
    assert row.state in ("lifted", "void")
    assert row.reason == "registered"


def test_one_of_several_endpoints_is_let_go_alone(world: World) -> None:
    row = an_order("live", END, "198.51.100.67:51820/udp")
    first = row.ends.get(number=1)
    first.order = row
    orders.move_end(MACHINE, first, "lift", MONDAY + 3 * DAY, reason="registered")
    row.refresh_from_db()
    assert (row.state, row.ends.get(number=1).state, row.ends.get(number=2).state) == ("live", "lifted", "")
    assert Outbox.objects.get(subject=first.handle).after == "lifted"


def test_an_officer_lifts_with_a_reason_and_nobody_else(world: World) -> None:
    row = an_order("live")
    with pytest.raises(Refused, match="Only an officer"):
        orders.lift(world.owner, row, "no_longer_needed", at=MONDAY + 2 * DAY)
    with pytest.raises(Refused, match="Choose a reason"):
        orders.lift(world.first, row, "because", at=MONDAY + 2 * DAY)
    assert orders.lift(world.first, row, "no_longer_needed", at=MONDAY + 2 * DAY).state == "lifted"
    with pytest.raises(Refused):
        orders.lift(world.first, row, "no_longer_needed", at=MONDAY + 2 * DAY)


def test_the_registry_puts_nothing_in_force_right_after_it_was_away(world: World) -> None:
    row = an_order("canary")
    at = MONDAY + DAY + 4 * HOUR
    Registry.objects.update(resumed_at=at - HOUR)
    run_due(at=at)
    row.refresh_from_db()
    assert row.state == "canary"


def test_without_a_policy_nobody_can_order_anything(world: World, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").unlink()
    with pytest.raises(Refused, match=r"no policy\.toml"):
        an_order("checked")


def test_a_policy_that_its_keys_did_not_sign_is_not_ordered_by(world: World, tmp_path: Path) -> None:
    """Where the policy keys publish one: who has the server can write the file, and it counts for nothing."""
    signed = (tmp_path / "policy.toml").read_bytes()
    made = published.Registry(tmp_path / "tuf")
    made.begin(policy=signed)
    made.number(1, published.records(1))
    an_order("checked")
    (tmp_path / "policy.toml").write_bytes(signed.replace(b"signer-2", b"signer-9"))
    with pytest.raises(Refused, match="not the one that its policy keys signed"):
        an_order("checked")


def test_a_name_that_a_policy_takes_fits_wherever_it_is_repeated() -> None:
    """In an order and a report, and in the tables: one bound for all."""
    name = "N" * NAME_LENGTH_MAX
    (network,) = read_policy("policy.toml", policy_toml(name=name).encode())
    order = replace(by_author().order, network_scope=network.name)
    assert read_order(order_json(order)).network_scope == name
    assert read_report(report_json(report(MONDAY, network=name))).network == name
    assert most(OrderRow, "network") == NAME_LENGTH_MAX <= most(EnforcerRow, "network")
    for text, says in ((policy_toml(name=f"{name}N"), "name is a text of at most 120 characters"),
                       (policy_toml().replace("clerk-1", f"{name}N", 1), "code is a text of at most 120 characters")):
        with pytest.raises(BadFile, match=says):
            read_policy("policy.toml", text.encode())


def most(model: type[OrderRow | EnforcerRow], field: str) -> int:
    """How many characters a column takes."""
    found = model._meta.get_field(field)
    assert isinstance(found, CharField)
    assert found.max_length is not None
    return found.max_length
