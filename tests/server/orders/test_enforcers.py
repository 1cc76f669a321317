"""Reports of enforcers as they arrive: whose are taken, what they show on the pages, and what they end."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from enforce.orders import STRANGER
from enforce.reports import (
    ENFORCER_1,
    ENFORCER_2,
    ReportedHits,
    ReportedLeftOut,
    ReportedRule,
    policy_lines,
    report,
    sent,
)
from licet.model.canonical import moment_ns
from licet.model.enforcer_report import FILE_BYTES_MAX, NAMESPACE, EnforcerReport, report_file, signed_bytes
from licet.model.order import NAMESPACE as ORDERS
from licet.server import metrics
from licet.server.notices import send_notices
from licet.server.orders import order_views, status_views
from licet.server.orders.desk import orders as order_desk
from licet.server.orders.models import EnforcerHits, EnforcerRow, OrderRow
from licet.server.orders.service_layer import enforcers
from licet.server.orders.service_layer.orders import lift
from licet.server.public.limits import LIMITER
from licet.server.registry.models import Outbox, Registry
from licet.server.registry.service_layer.actors import officer
from order.orders import policy_toml
from server.desk.people import sign_in
from server.orders.orders_world import DAY, END, HOUR, MONDAY, an_order, clock
from server.world import World

pytestmark = pytest.mark.django_db

LIVE = MONDAY + DAY + 4 * HOUR
MINUTE = timedelta(minutes=1)
ONE, TWO = "OEP-7F3K9Q2M01", "OEP-7F3K9Q2M02"


@pytest.fixture
def world(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """With two enforcers in its policy, on the day on which an order is live."""
    (tmp_path / "policy.toml").write_text(policy_toml(extra=policy_lines(ENFORCER_1, ENFORCER_2)))
    it_is(monkeypatch, LIVE)
    for limiter in (LIMITER, enforcers.LIMITER):
        limiter.clear()
    return world


def it_is(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    for module in (status_views, order_views, order_desk, metrics):
        monkeypatch.setattr(module, "utc_now", lambda: moment)


def post(body: bytes) -> Any:
    return Client().post("/api/enforcer-reports", body, content_type="application/json")


def tell(at: datetime, *ends: str, by: Any = ENFORCER_1, **changes: object) -> EnforcerRow:
    """A report that is taken."""
    return enforcers.take(sent(report(at, *ends, **changes), by), at=at)


def hits(end: str, packets: int) -> tuple[ReportedHits, ...]:
    return (ReportedHits(end, packets, packets * 148),)


def main_of(page: Any) -> str:
    return " ".join(page.content.decode().partition("<main")[2].partition("</main>")[0].split())


def plain(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", main_of(page)).split())


# Whose reports are taken.


def test_a_report_is_taken_once_and_the_newest_is_kept(world: World) -> None:
    first = sent(report(LIVE, ONE))
    assert post(first).json() == {"schema": "licet.enforcer-report-taken/1", "computed": "2026-03-03T13:00:00.000000Z"}
    kept = EnforcerRow.objects.get()
    assert (bytes(kept.report), kept.received, kept.key_id) == (first, LIVE, ENFORCER_1.key_id)
    again = post(first)
    assert (again.status_code, again.json()["type"]) == (409, "licet:replayed")
    assert post(sent(report(LIVE - MINUTE, ONE))).status_code == 409, "an older one"
    assert post(sent(report(LIVE + MINUTE, ONE))).status_code == 200
    assert EnforcerRow.objects.count() == 1


def refused_ones() -> dict[str, tuple[bytes, int, str]]:
    good = report(LIVE, ONE)
    other = replace(good, rules=())
    return {
        "forged: by a key that the policy does not name": (
            sent(good, STRANGER), 403, "names no enforcer with this key"),
        "forged: signed by somebody else than it says": (
            report_file(good, ENFORCER_1.key_id, STRANGER.sign(signed_bytes(good), NAMESPACE)), 403, "another key"),
        "forged: changed after it was signed": (
            report_file(other, ENFORCER_1.key_id, ENFORCER_1.sign(signed_bytes(good), NAMESPACE)), 403,
            "does not hold"),
        "forged: a signature for something else": (sent(good, namespace=ORDERS), 403, "sign with -n licet-enforcer"),
        "no signature": (report_file(good, ENFORCER_1.key_id, ""), 400, "no SSH signature"),
        "of another network": (sent(replace(good, network="Elsewhere")), 409, "names no network"),
        "old": (sent(report(LIVE - 6 * MINUTE, ONE)), 409, "more than 5 minutes ago"),
        "from tomorrow": (sent(report(LIVE + DAY, ONE)), 409, "later than it is"),
        "too large": (b" " * (FILE_BYTES_MAX + 1), 413, "at most 524,288 bytes"),
        "no report": (b"{}", 400, "has not the members"),
    }


@pytest.mark.parametrize("case", refused_ones())
def test_whatever_else_is_refused_in_a_sentence_and_nothing_of_it_is_kept(world: World, case: str) -> None:
    body, status, said = refused_ones()[case]
    answer = post(body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert said in answer.json()["title"]
    assert not EnforcerRow.objects.exists()


def test_one_enforcer_cannot_drown_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_views.LIMITER, "allows", lambda visitor, at: True)
    found = {post(sent(report(LIVE + timedelta(seconds=number), ONE))).status_code
             for number in range(enforcers.REPORTS_A_MINUTE + 1)}
    assert found == {200, 429}
    assert post(sent(report(LIVE, ONE), ENFORCER_2)).status_code == 200


def test_a_visitor_who_sends_rubbish_is_told_to_wait(world: World) -> None:
    assert 429 in {post(b"{").status_code for _ in range(200)}


def test_without_a_policy_no_report_is_taken(world: World, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").unlink()
    assert post(sent(report(LIVE))).status_code == 409
    assert b"None reports to this registry" in Client().get("/status/").content


# What they show.


def test_an_enforcer_that_never_reported_is_red(world: World) -> None:
    page = Client().get("/status/")
    assert plain(page).count("It has never reported. Nobody knows what it enforces.") == 2
    assert "2 have not confirmed what is in force." in plain(page)
    assert main_of(page).count('class="enforcer unconfirmed"') == 2


def test_the_status_page_says_who_confirmed_what(world: World) -> None:
    an_order("live")
    tell(LIVE, ONE)
    tell(LIVE, by=ENFORCER_2, mode="observe", is_in_force=False, is_canary=True, kind="public")
    page = Client().get("/status/")
    text = plain(page)
    for said in ("1 order is in force", "All have confirmed what is in force.", "enforcer-1", "enforcer-2",
                 "1 rule is in force there.", "It observes: nothing is enforced there.",
                 "Rules last computed 3 March 2026, 13:00 UTC", "from 42 entries of the log, for nftables",
                 "counts as owned", "counts as public", "Orders are tried here first."):
        assert said in text, said
    assert "unconfirmed" not in main_of(page)
    german = plain(Client().get("/de/status/"))
    assert "Alle haben bestätigt" in german


def test_what_is_not_heard_of_is_red_with_what_it_may_still_enforce(
    world: World, monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = an_order("live")
    tell(LIVE, ONE)
    for minutes, is_red in ((5, False), (6, True)):
        it_is(monkeypatch, LIVE + minutes * MINUTE)
        found = Client().get("/status.json").json()["enforcers"][0]
        assert found["confirmed"] is not is_red
    text = plain(Client().get("/status/"))
    assert "Not heard of since 3 March 2026, 13:00 UTC." in text
    assert f"It may still enforce: {row.handle} {END} ; its firewall forgets it by 4 March 2026, 13:00 UTC" in text
    it_is(monkeypatch, LIVE + DAY)
    (one, _other) = Client().get("/status.json").json()["enforcers"]
    assert (one["confirmed"], one["late_since"], one["still"]) == (False, "2026-03-03T13:00:00Z", [])


def test_an_enforcer_that_computes_once_an_hour_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(LIVE, every_s=3_600)
    for hours, is_late in ((3, False), (4, True)):
        it_is(monkeypatch, LIVE + hours * HOUR)
        assert (Client().get("/status.json").json()["enforcers"][0]["late_since"] is not None) is is_late


def test_a_file_of_rules_is_not_forgotten_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    an_order("live")
    tell(LIVE, ONE, output="suricata")
    it_is(monkeypatch, LIVE + 20 * DAY)
    assert "its firewall does not forget it by itself" in plain(Client().get("/status/"))


def test_one_that_goes_on_after_the_end_is_red_until_it_confirms(
    world: World, monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = an_order("live")
    tell(LIVE, ONE)
    tell(LIVE, by=ENFORCER_2)
    assert world.first.account is not None
    lift(officer(world.first.account), row, "court", at=LIVE + MINUTE)
    for minutes, is_red in ((5, False), (7, True)):
        at = LIVE + minutes * MINUTE
        tell(at, ONE)
        tell(at, by=ENFORCER_2)
        it_is(monkeypatch, at)
        first, second = Client().get("/status.json").json()["enforcers"]
        assert (first["confirmed"], second["confirmed"]) == (not is_red, True)
    text = plain(Client().get("/status/"))
    assert "It has rules of orders that are off. 1 rule is in force there. It still enforces:" in text
    assert f"{row.handle} {END} , which is off since 3 March 2026, 13:01 UTC" in text
    assert first["still"] == [{"order": row.handle, "endpoint": END, "off_since": "2026-03-03T13:01:00Z",
                               "until": "2026-03-04T13:07:00Z"}]
    at = LIVE + 8 * MINUTE
    tell(at)
    it_is(monkeypatch, at)
    assert Client().get("/status.json").json()["enforcers"][0]["confirmed"]


def test_a_rule_that_the_registry_never_heard_of_is_red(world: World) -> None:
    tell(LIVE, "OEP-UNKN0WN101")
    assert "an order that this registry does not know" in plain(Client().get("/status/"))


def test_anybody_gets_the_very_bytes_that_an_enforcer_signed(world: World) -> None:
    tell(LIVE, ONE)
    (found, never) = Client().get("/status.json").json()["enforcers"]
    assert Client().get(found["report"]).content == sent(report(LIVE, ONE))
    assert never["report"] is None
    assert Client().get("/status/reports/999.json").status_code == 404


def test_doubts_and_the_switch_are_shown(world: World) -> None:
    tell(LIVE, doubts=("log_stale", "clock_back"))
    tell(LIVE, by=ENFORCER_2, is_off=True, is_in_force=False)
    text = plain(Client().get("/status/"))
    assert "In doubt, so nothing is enforced there: log_stale clock_back" in text
    assert "Switched off by hand: nothing is enforced there." in text


def test_metrics_count_who_has_confirmed(world: World) -> None:
    an_order("live")
    tell(LIVE, ONE)
    found = Client().get("/metrics").content.decode()
    assert 'licet_enforcers{outcome="confirmed"} 1.0' in found
    assert 'licet_enforcers{outcome="unconfirmed"} 1.0' in found
    assert 'licet_orders{state="live"} 1.0' in found


# What rules met.


def test_hits_stand_beside_what_the_dry_run_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = an_order("live")
    page = f"/orders/{row.handle}/"
    assert "What it met, by its enforcers" not in plain(Client().get(page))
    tell(LIVE, ONE)
    assert "0 packets were refused in 2 hours" in plain(Client().get(page))
    assert "Nothing met it." in plain(Client().get(page))
    tell(LIVE + MINUTE, ONE, hits=hits(ONE, 70))
    tell(LIVE + MINUTE, ONE, by=ENFORCER_2, hits=hits(ONE, 5))
    assert world.first.account is not None
    for who, where in ((Client(), page), (sign_in(world.first.account), f"/desk/orders/{row.handle}/")):
        text = plain(who.get(where))
        # The dry run met 50 packets an hour.
        assert f"{END} : 75 packets were refused in 2 hours; by its dry run 100 were expected in that time. " \
               "No more than was predicted." in text
    tell(LIVE + 2 * MINUTE, ONE, hits=hits(ONE, 200))
    assert "More than was predicted." in plain(Client().get(page))


def test_sums_only_grow_and_a_lost_count_begins_beside_the_old_one(world: World) -> None:
    row = an_order("live")
    for minutes, packets, since in ((0, 10, 0), (1, 10, 0), (2, 30, 0), (3, 20, 0), (4, 5, 3), (5, 6, 3)):
        tell(LIVE + minutes * MINUTE, ONE, hits=hits(ONE, packets), hits_since_ns=moment_ns(LIVE + since * MINUTE))
    found = EnforcerHits.objects.order_by("since").values_list("packets", "bytes")
    assert list(found) == [(30, 30 * 148), (6, 6 * 148)]
    row.refresh_from_db()
    assert row.state == "live"


def test_hits_of_what_never_took_effect_are_not_kept(world: World) -> None:
    an_order("noticed")
    tell(LIVE, hits=(*hits(ONE, 5), *hits("OEP-UNKN0WN101", 5)))
    assert not EnforcerHits.objects.exists()


def ending(row: OrderRow) -> dict[str, Any]:
    """The details of the entry with which an order ended."""
    body = Outbox.objects.filter(subject=row.handle).order_by("-sequence")[0].body
    return dict(json.loads(bytes(body))["details"])


@pytest.mark.parametrize(("output", "met", "measured"), [
    ("nftables", 70, 70), ("nftables", 0, 0), ("suricata", 0, None), ("", 0, None)])
def test_the_entry_of_its_end_says_what_was_measured(world: World, output: str, met: int, measured: int | None) -> None:
    """Zero is told where an enforcer that counts was there, and nothing where none was: 0 would be untrue."""
    row = an_order("live")
    if output:
        tell(LIVE, ONE, output=output, hits=hits(ONE, met) if met else ())
    clock(row.end_date)
    row.refresh_from_db()
    said = ending(row)
    assert (row.state, said["predicted"], said["predictedPackets"]) == ("expired", 36 * 4, 36 * 50)
    assert said.get("measured") == measured


def test_a_page_of_hits_names_nobody(world: World) -> None:
    row = an_order("live")
    tell(LIVE, ONE, hits=hits(ONE, 70))
    shown = Client().get("/status/").content + Client().get(f"/orders/{row.handle}/").content
    assert not re.search(rb"\b(?:192\.0\.2|10\.|172\.1)", shown.replace(b"192.0.2.0/24", b""))


# What they end.


def test_far_more_than_was_predicted_rolls_the_order_back(world: World, client: Client) -> None:
    row = an_order("live")
    at, most = LIVE, 10 * 720 * 3 * 2  # ten times as often as its three clients may try in two hours
    tell(at - MINUTE, ONE, hits=hits(ONE, most))
    row.refresh_from_db()
    assert row.state == "live"
    tell(at, ONE, hits=hits(ONE, most + 1))
    row.refresh_from_db()
    assert (row.state, row.reason) == ("rolled_back", "hits_above_prediction")
    last = json.loads(bytes(Outbox.objects.filter(subject=row.handle).order_by("-sequence")[0].body))
    assert (last["event"], last["role"]) == ("anomaly", "machine")
    assert last["details"]["measured"] == most + 1
    assert "Far more than was predicted." in plain(client.get(f"/orders/{row.handle}/"))
    Registry.objects.update(name="Example registry")
    send_notices(at=at + MINUTE)
    assert mail.outbox
    assert all(f"the order {row.handle} was rolled back" in one.subject for one in mail.outbox
               if "rolled" in one.subject)
    tell(at + 2 * MINUTE, ONE, hits=hits(ONE, 10**6))
    row.refresh_from_db()
    assert row.state == "rolled_back"


@pytest.mark.parametrize("code", ["registered_endpoint", "registered_key"])
def test_an_enforcer_that_met_something_registered_ends_the_order(world: World, code: str) -> None:
    row = an_order("live")
    left_out = (ReportedLeftOut(row.handle, ONE, code),)
    tell(LIVE, left_out=left_out)
    row.refresh_from_db()
    assert row.state == "live", "it never was enforced there: nobody was hit"
    tell(LIVE + MINUTE, ONE)
    tell(LIVE + 2 * MINUTE, left_out=left_out)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("rolled_back", "registered_endpoint")


@pytest.mark.parametrize("code", ["excepted_here", "stayed", "activations_max"])
def test_what_else_an_enforcer_leaves_out_ends_nothing(world: World, code: str) -> None:
    row = an_order("live")
    tell(LIVE, ONE)
    tell(LIVE + MINUTE, left_out=(ReportedLeftOut(row.handle, ONE, code),))
    row.refresh_from_db()
    assert row.state == "live"


def state_of(row: OrderRow) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.reason


def test_a_registered_tunnel_that_fell_beside_a_rule_ends_the_order(world: World) -> None:
    row = an_order("live")
    tell(LIVE, fallen=(ONE,))
    assert state_of(row)[0] == "live", "it never was enforced there"
    tell(LIVE + MINUTE, ONE)
    tell(LIVE + 2 * MINUTE, ONE, fallen=(ONE,))
    assert state_of(row) == ("rolled_back", "registered_fell")
    Registry.objects.update(name="Example registry")
    send_notices(at=LIVE + 3 * MINUTE)
    assert any("less than a tenth of what it did" in one.body for one in mail.outbox)


@pytest.mark.parametrize("doubt", ["clock_back", "clock_behind"])
def test_a_clock_that_is_unsure_twice_in_a_row_ends_what_was_enforced_there(world: World, doubt: str) -> None:
    row = an_order("live")
    tell(LIVE, ONE)
    tell(LIVE + MINUTE, doubts=(doubt,))
    tell(LIVE + 2 * MINUTE, ONE)
    tell(LIVE + 3 * MINUTE, doubts=(doubt,))
    assert state_of(row)[0] == "live", "once is a clock that was set right"
    tell(LIVE + 4 * MINUTE, doubts=(doubt,))
    assert state_of(row) == ("rolled_back", "clock_unsure")


def observing() -> dict[str, Any]:
    return {"mode": "observe", "is_in_force": False}


@pytest.mark.parametrize("changes", [
    {"doubts": ("log_stale",)}, {"doubts": ("clock_back",), **observing()},
    {"doubts": ("clock_back",), "is_off": True, "is_in_force": False},
])
def test_other_doubts_and_who_enforces_nothing_end_nothing(world: World, changes: dict[str, Any]) -> None:
    row = an_order("live")
    for minutes in range(4):
        tell(LIVE + minutes * MINUTE, **changes)
    assert state_of(row)[0] == "live"


def test_what_is_on_trial_elsewhere_is_not_ended_by_a_clock_here(world: World) -> None:
    row = an_order("canary")
    row.refresh_from_db()
    for minutes in range(1, 4):
        tell(LIVE + minutes * MINUTE, doubts=("clock_back",))
    assert state_of(row)[0] == "canary"
    for minutes in range(1, 4):
        tell(LIVE + minutes * MINUTE, doubts=("clock_back",), by=ENFORCER_2, is_canary=True)
    assert state_of(row) == ("rolled_back", "clock_unsure")


def test_an_enforcer_ends_nothing_of_another_network(world: World, tmp_path: Path) -> None:
    """Whatever it says that it enforced, counted or found: with its key all that is its own network's can end."""
    row = an_order("live")
    OrderRow.objects.filter(pk=row.pk).update(network="Elsewhere")
    tell(LIVE, ONE)
    tell(LIVE + MINUTE, ONE, fallen=(ONE,), hits=hits(ONE, 10**9))
    tell(LIVE + 2 * MINUTE, left_out=(ReportedLeftOut(row.handle, ONE, "registered_endpoint"),))
    for minutes in (3, 4, 5):
        tell(LIVE + minutes * MINUTE, doubts=("clock_back",))
    assert state_of(row)[0] == "live"


@pytest.mark.parametrize(("state", "ended"), [
    ("live", "rolled_back"), ("canary", "rolled_back"), ("noticed", "void"), ("checked", "void"),
])
def test_an_officer_says_that_the_address_has_another_owner(world: World, state: str, ended: str) -> None:
    row = an_order(state)
    assert world.first.account is not None
    form = sign_in(world.first.account)
    page = f"/desk/orders/{row.handle}/"
    assert "Somebody else has the address by now" in plain(form.get(page))
    form.post(f"{page}lift/", {"code": "owner_changed"})
    assert state_of(row) == (ended, "owner_changed")
    if ended == "rolled_back":
        last = json.loads(bytes(Outbox.objects.filter(subject=row.handle).order_by("-sequence")[0].body))
        assert (last["event"], last["role"], last["reason"]) == ("anomaly", "officer", "owner_changed")


def test_a_report_never_begins_prolongs_or_restores_anything(world: World) -> None:
    """Whatever an enforcer's key signs, every order stands where it stood, or is over."""
    row = an_order("noticed")
    told: list[EnforcerReport] = [
        report(LIVE, ONE, TWO), report(LIVE + MINUTE, ONE, hits=hits(ONE, 10**9)),
        report(LIVE + 2 * MINUTE, rules=(ReportedRule(ONE, moment_ns(LIVE + 900 * DAY)),), is_canary=True),
        report(LIVE + 3 * MINUTE, left_out=(ReportedLeftOut(row.handle, ONE, "registered_key"),), fallen=(ONE,)),
        report(LIVE + 4 * MINUTE, doubts=("clock_back",)), report(LIVE + 5 * MINUTE, doubts=("clock_back",)),
    ]
    before = OrderRow.objects.values().get()
    entries = Outbox.objects.count()
    for one in told:
        enforcers.take(sent(one), at=LIVE + 3 * MINUTE)
    assert OrderRow.objects.values().get() == before
    assert Outbox.objects.count() == entries


# The switch.


def logged_offs() -> list[dict[str, Any]]:
    """The entries of the log about the switch."""
    rows = Outbox.objects.filter(type="enforcer").order_by("pk")
    return [json.loads(bytes(row.body)) for row in rows]


def test_the_switch_is_logged_when_contact_returns_and_once(world: World) -> None:
    """Days later, and however often it is said (lifecycle §6, 25)."""
    off = LIVE - 4 * DAY
    for minutes in range(3):
        tell(LIVE + minutes * MINUTE, offs=(moment_ns(off),))
    (entry,) = logged_offs()
    assert (entry["event"], entry["to"], entry["role"], entry["reason"]) == ("off", "switched_off", "machine", "")
    assert entry["time"] == "2026-03-03T13:00:00.000000Z"
    assert entry["details"] == {"enforcer": "enforcer-1", "network": "Example-Logistics-Hamburg",
                                "off": int(off.timestamp())}
    tell(LIVE + 3 * MINUTE, offs=(moment_ns(off), moment_ns(LIVE + 2 * MINUTE)))
    tell(LIVE + 3 * MINUTE, offs=(moment_ns(off),), by=ENFORCER_2)
    first, second, other = logged_offs()
    assert (second["subject"], second["prevSubjectLeaf"] != "") == (first["subject"], True)
    assert other["subject"] != first["subject"]
    text = plain(Client().get("/status/"))
    assert "27 February 2026, 13:00 UTC; this registry was told on 3 March 2026, 13:00 UTC" in text
    found = Client().get("/status.json").json()["enforcers"][0]
    assert found["offs"] == [{"off": "2026-03-03T13:02:00Z", "told": "2026-03-03T13:03:00Z"},
                             {"off": "2026-02-27T13:00:00Z", "told": "2026-03-03T13:00:00Z"}]
    assert f"/log/?handle={found['handle']}" in main_of(Client().get("/status/"))
    assert found["handle"] == first["subject"]


def test_another_key_of_the_same_machine_makes_no_second_entry(world: World, tmp_path: Path) -> None:
    tell(LIVE, offs=(moment_ns(LIVE - DAY),))
    new_key = replace(STRANGER, code="enforcer-1")
    (tmp_path / "policy.toml").write_text(policy_toml(extra=policy_lines(new_key)))
    tell(LIVE + MINUTE, offs=(moment_ns(LIVE - DAY),), by=new_key)
    assert len(logged_offs()) == 1


def test_an_enforcer_cannot_fill_the_log_and_what_is_beyond_waits_a_day(world: World) -> None:
    many = tuple(moment_ns(LIVE - DAY + number * MINUTE) for number in range(64))
    tell(LIVE, offs=many)
    more = (*many[1:], moment_ns(LIVE))
    tell(LIVE + MINUTE, offs=more)
    assert len(logged_offs()) == 64
    tell(LIVE + DAY, offs=more)
    assert len(logged_offs()) == 65


def test_a_report_that_is_not_taken_logs_no_switch(world: World) -> None:
    made = report(LIVE, offs=(moment_ns(LIVE - DAY),))
    assert post(sent(made, STRANGER)).status_code == 403
    assert post(sent(replace(made, computed_ns=moment_ns(LIVE - DAY)))).status_code == 409
    assert not logged_offs()
