"""Appeals: off within the check of a proof, decided by somebody else, won by silence."""

from __future__ import annotations

from typing import Any

import pytest

from licet.errors import Refused
from licet.server.orders.models import Appeal, OrderRow
from licet.server.orders.service_layer import appeals
from licet.server.registry.models import Notice, Officer, Outbox
from licet.server.registry.service_layer.actors import Actor, officer
from licet.server.registry.service_layer.errors import Invalid
from server.orders.orders_world import DAY, END, HOUR, MONDAY, an_order, clock
from server.world import FAILED, OK, World

pytestmark = pytest.mark.django_db

LIVE = MONDAY + DAY + 3 * HOUR
FILED = LIVE + HOUR


def filed(row: OrderRow, number: int = 1, contact: str = "owner@example.org") -> Appeal:
    found, token = appeals.file(row.ends.get(number=number), "This is our server.", contact, at=FILED)
    assert len(token) >= 32
    return found


def reviewer_of(found: Appeal) -> Actor:
    assert found.reviewer is not None
    return officer(found.reviewer.account)


def fresh(*rows: Any) -> None:
    for row in rows:
        row.refresh_from_db()


def test_proof_of_control_turns_the_order_off_at_once(world: World) -> None:
    row = an_order("live")
    found = filed(row)
    proof = appeals.start_proof(found, "http-01", at=FILED)
    appeals.check_proof(proof, lambda challenge: FAILED, at=FILED)
    fresh(row)
    assert row.state == "live"
    asked: list[Any] = []
    appeals.check_proof(proof, lambda challenge: asked.append(challenge) or OK, at=FILED)  # type: ignore[func-returns-value]
    fresh(row, found)
    assert str(asked[0].endpoint) == END
    assert (row.state, row.left, found.state) == ("stayed", "live", "stayed")
    assert found.is_proven
    assert found.stayed_at == FILED


def test_upheld_it_is_quashed_for_good_and_everybody_is_told(world: World) -> None:
    row = an_order("live")
    found = filed(row)
    appeals.decide(reviewer_of(found), found, uphold=True, reasons="It is theirs.", at=FILED + HOUR)
    fresh(row, found)
    assert (row.state, found.state, found.reasons) == ("quashed", "upheld", "It is theirs.")
    told = Notice.objects.get(kind="appeal_decided")
    assert (told.details["to"], told.details["outcome"]) == ("owner@example.org", "upheld")
    with pytest.raises(Refused, match="quashed"):
        an_order("checked", puid="ORD-AN0THER1")


def test_dismissed_it_goes_back_and_never_past_its_notice(world: World) -> None:
    row = an_order("live")
    found = filed(row)
    appeals.check_proof(appeals.start_proof(found, "http-01", at=FILED), lambda challenge: OK, at=FILED)
    appeals.decide(reviewer_of(found), found, uphold=False, reasons="It is not the same server.", at=FILED + HOUR)
    fresh(row, found)
    assert (row.state, found.state) == ("noticed", "dismissed")
    assert found.remedy
    last = Outbox.objects.filter(subject=row.handle).order_by("-sequence")[0]
    assert (last.event, last.role, last.reason) == ("activate", "reviewer", "appeal_dismissed")


def test_a_proof_that_comes_after_the_decision_changes_nothing(world: World) -> None:
    row = an_order("live")
    found = filed(row)
    proof = appeals.start_proof(found, "http-01", at=FILED)
    appeals.decide(reviewer_of(found), found, uphold=False, reasons="It is not the same server.", at=FILED + HOUR)
    appeals.check_proof(proof, lambda challenge: OK, at=FILED + 2 * HOUR)
    fresh(row, found)
    assert (row.state, found.state, found.is_proven) == ("live", "dismissed", False)


def test_only_the_reviewer_of_the_rota_decides_and_with_reasons(world: World) -> None:
    found = filed(an_order("live"))
    others = [one for one in (world.first, world.second) if one.account != reviewer_of(found).account]
    for actor in (*others, world.owner):
        with pytest.raises(Refused):
            appeals.decide(actor, found, uphold=False, reasons="Because.", at=FILED)
    for reasons in (" ", "x" * 2_001, "to the \u202eleft"):
        with pytest.raises(Invalid):
            appeals.decide(reviewer_of(found), found, uphold=False, reasons=reasons, at=FILED)
    fresh(found)
    assert found.is_open


def test_a_signer_is_never_the_reviewer(world: World) -> None:
    row = an_order("live")
    Officer.objects.all().update(retired_at=MONDAY)
    assert filed(row).reviewer is None
    Officer.objects.filter(pk=Officer.objects.order_by("pk")[0].pk).update(retired_at=None, code="signer-1")
    assert filed(row).reviewer is None


def test_nobody_reads_it_for_a_day_and_the_order_is_off(world: World) -> None:
    row = an_order("live")
    Officer.objects.all().update(retired_at=MONDAY)
    found = filed(row)
    clock(FILED + DAY - HOUR)
    fresh(row)
    assert row.state == "live"
    clock(FILED + DAY)
    fresh(row, found)
    assert (row.state, row.reason, found.state) == ("stayed", "unassigned", "stayed")


def test_silence_upholds_after_ten_days_whatever_it_waited_for(world: World) -> None:
    row = an_order("live")
    found = filed(row)
    clock(FILED + 10 * DAY - HOUR)
    fresh(row)
    assert row.state == "live"
    clock(FILED + 10 * DAY)
    fresh(row, found)
    assert (row.state, row.reason, found.state) == ("quashed", "silence", "upheld")


def test_more_is_asked_once_and_silence_after_it_upholds(world: World) -> None:
    row = an_order("live")
    found = filed(row)
    who = reviewer_of(found)
    appeals.ask_more(who, found, "Which host is it?", at=FILED + HOUR)
    appeals.answer(found, "The third one.", at=FILED + 2 * HOUR)
    with pytest.raises(Refused):
        appeals.ask_more(who, found, "And which rack?", at=FILED + 3 * HOUR)
    clock(FILED + HOUR + 14 * DAY)
    fresh(row, found)
    assert (row.state, found.state) == ("quashed", "upheld")


def test_appeals_about_one_endpoint_are_one_case(world: World) -> None:
    row = an_order("live")
    one, two = filed(row), filed(row, contact="")
    appeals.decide(reviewer_of(one), one, uphold=True, reasons="Both are right.", at=FILED + HOUR)
    fresh(one, two)
    assert (one.state, two.state) == ("upheld", "upheld")


def test_one_of_several_endpoints_is_appealed_alone(world: World) -> None:
    row = an_order("live", END, "198.51.100.67:51820/udp")
    found = filed(row, 2)
    appeals.check_proof(appeals.start_proof(found, "http-01", at=FILED), lambda challenge: OK, at=FILED)
    fresh(row)
    states = [end.state for end in row.ends.order_by("number")]
    assert (row.state, states) == ("live", ["", "stayed"])
    appeals.decide(reviewer_of(found), found, uphold=True, reasons="It is theirs.", at=FILED + HOUR)
    states = [end.state for end in row.ends.order_by("number")]
    assert (row.state, states) == ("live", ["", "quashed"])
    # Without proof and without a stay, one endpoint is quashed by itself too.
    other = filed(row, 1)
    appeals.decide(reviewer_of(other), other, uphold=True, reasons="Theirs, too.", at=FILED + HOUR)
    assert [end.state for end in row.ends.order_by("number")] == ["quashed", "quashed"]


@pytest.mark.parametrize("state", ["checked", "simulated"])
def test_what_two_people_have_not_signed_cannot_be_appealed(world: World, state: str) -> None:
    with pytest.raises(Refused, match="Nothing is ordered"):
        filed(an_order(state))


@pytest.mark.parametrize(("method", "values", "field"), [
    ("ssh-01", {}, "method"), ("dns-01", {}, "name"), ("wireguard-01", {"public_key": "x"}, "public_key"),
])
def test_a_challenge_says_what_it_needs(world: World, method: str, values: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        appeals.start_proof(filed(an_order("live")), method, at=FILED, **values)
    assert field in refused.value.problems


def test_what_who_appeals_wrote_is_in_no_entry(world: World) -> None:
    found = filed(an_order("live"))
    appeals.decide(reviewer_of(found), found, uphold=True, reasons="It is theirs.", at=FILED)
    for entry in Outbox.objects.all():
        for said in (b"our server", b"owner@example.org", b"theirs"):
            assert said not in bytes(entry.body)
