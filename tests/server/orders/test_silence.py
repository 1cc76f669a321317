"""An order that nothing met for three days ends, where all that enforce it say so; in doubt it stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from enforce.reports import ENFORCER_1, ENFORCER_2, ReportedHits, ReportedLeftOut, policy_lines, report, sent
from licet.model.canonical import moment_ns
from licet.server.orders.models import OrderRow
from licet.server.orders.service_layer import enforcers
from licet.server.registry.models import Outbox
from order.orders import policy_toml
from server.orders.orders_world import DAY, HOUR, MONDAY, an_order, clock, use_policy
from server.world import World, make_world

pytestmark = pytest.mark.django_db

LIVE = MONDAY + DAY + 3 * HOUR
OVER = LIVE + 3 * DAY
OTHER_END = "198.51.100.67:51820/udp"
ONE, TWO = "OEP-7F3K9Q2M01", "OEP-7F3K9Q2M02"


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    use_policy(settings, tmp_path)
    (tmp_path / "policy.toml").write_text(policy_toml(extra=policy_lines(ENFORCER_1, ENFORCER_2)))
    enforcers.LIMITER.clear()
    return make_world("owned")


def silent(*ends: str, code: str = "silent") -> tuple[ReportedLeftOut, ...]:
    return tuple(ReportedLeftOut("ORD-7F3K9Q2M", end, code) for end in ends)


def tell(at: Any, by: Any = ENFORCER_1, **changes: object) -> None:
    enforcers.take(sent(report(at, **changes), by), at=at)


def observes(at: Any, by: Any = ENFORCER_2) -> None:
    tell(at, by, mode="observe", is_in_force=False)


def after_the_clock(row: OrderRow, at: Any = OVER) -> str:
    clock(at)
    row.refresh_from_db()
    return row.state


def test_what_all_that_enforce_it_call_silent_expires(world: World) -> None:
    row = an_order("live")
    tell(OVER, left_out=silent(ONE))
    tell(OVER, ENFORCER_2, left_out=silent(ONE))
    assert after_the_clock(row) == "expired"
    assert row.reason == "silent"
    last = json.loads(bytes(Outbox.objects.filter(subject=row.handle).order_by("-sequence")[0].body))
    assert (last["event"], last["role"], last["reason"], last["to"]) == ("clock", "clock", "silent", "expired")
    assert b"Nothing met its rule for three days." in Client().get(f"/orders/{row.handle}/").content


def test_one_that_only_observes_has_no_say(world: World) -> None:
    row = an_order("live")
    tell(OVER, left_out=silent(ONE))
    observes(OVER)
    assert after_the_clock(row) == "expired"


def second_not_heard_of() -> None:
    tell(OVER, left_out=silent(ONE))


def second_is_late() -> None:
    tell(OVER - HOUR, ENFORCER_2, left_out=silent(ONE))
    tell(OVER, left_out=silent(ONE))


def second_still_has_it() -> None:
    tell(OVER, left_out=silent(ONE))
    enforcers.take(sent(report(OVER, ONE), ENFORCER_2), at=OVER)


def second_leaves_it_out_for_something_else() -> None:
    tell(OVER, left_out=silent(ONE))
    tell(OVER, ENFORCER_2, left_out=silent(ONE, code="activations_max"))


def second_is_in_doubt() -> None:
    tell(OVER, left_out=silent(ONE))
    tell(OVER, ENFORCER_2, doubts=("log_stale",))


def second_does_not_count() -> None:
    tell(OVER, left_out=silent(ONE))
    tell(OVER, ENFORCER_2, output="suricata", left_out=silent(ONE))


def nobody_enforces() -> None:
    observes(OVER, ENFORCER_1)
    observes(OVER)


def counted_the_day_before() -> None:
    tell(OVER - DAY, hits=(ReportedHits(ONE, 1, 148),))
    tell(OVER, left_out=silent(ONE), hits=(ReportedHits(ONE, 1, 148),))
    observes(OVER)


@pytest.mark.parametrize("doubt", [
    second_not_heard_of, second_is_late, second_still_has_it, second_leaves_it_out_for_something_else,
    second_is_in_doubt, second_does_not_count, nobody_enforces, counted_the_day_before,
], ids=lambda one: one.__name__)
def test_in_doubt_it_stays(world: World, doubt: Any) -> None:
    row = an_order("live")
    doubt()
    assert after_the_clock(row) == "live"


def test_a_report_alone_ends_nothing_early(world: World) -> None:
    """Whoever has the keys of all enforcers waits three days like everybody."""
    row = an_order("live")
    early = OVER - HOUR
    for who in (ENFORCER_1, ENFORCER_2):
        tell(early, who, left_out=silent(ONE))
    assert after_the_clock(row, early) == "live"


def test_each_endpoint_is_lifted_by_itself_and_the_order_ends_with_the_last(world: World) -> None:
    row = an_order("live", "198.51.100.66:51820/udp", OTHER_END)
    counts = {"hits": (ReportedHits(ONE, 5, 740),), "hits_since_ns": moment_ns(LIVE)}
    tell(OVER, left_out=silent(TWO), **counts)
    observes(OVER)
    assert after_the_clock(row) == "live"
    assert list(row.ends.order_by("number").values_list("state", flat=True)) == ["", "lifted"]
    entry = json.loads(bytes(Outbox.objects.get(subject=TWO).body))
    assert (entry["event"], entry["role"], entry["reason"]) == ("lift", "machine", "silent")
    later = OVER + 3 * DAY
    tell(later, left_out=(*silent(ONE), *silent(TWO, code="stayed")), **counts)
    observes(later)
    assert after_the_clock(row, later) == "expired"
    assert row.reason == "silent"
