"""Requests: received, published, answered ask by ask; what is accepted rests on an exact endpoint and a quoted text."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from licet.errors import Refused
from licet.lifecycle import request as requests_table
from licet.lifecycle.replay import Replay
from licet.lifecycle.table import REQUESTER
from licet.server.orders.asks import endpoint_in, suggestions
from licet.server.orders.models import Request
from licet.server.orders.service_layer import requests
from licet.server.orders.service_layer.due import run_due
from licet.server.orders.service_layer.requests import Answer
from licet.server.public.limits import LIMITER
from licet.server.registry.models import Notice, Outbox
from licet.server.registry.service_layer.actors import Actor
from licet.server.registry.service_layer.errors import Invalid
from licet.tlog.entry import leaf_of, read_entry
from server.desk.people import sign_in
from server.world import DAY, HOUR, MONDAY, World, make_world

pytestmark = pytest.mark.django_db

SENDER = Actor(REQUESTER)
LETTER = {
    "requester": "Example Authority", "principal": "", "addressee": "Example Logistics", "relays": "Example Ministry",
    "legal_ground": "Tunnels Act, § 4", "legal_text_quoted": "Tunnels to named servers may be closed.",
    "legal_text_url": "https://law.example.org/4", "contact": "letters@example.org",
    "asks": "Close 198.51.100.66:51820/udp\nClose all unregistered VPNs\nPromote registered ones",
}
CITE, DONE = requests_table.DRAFT_MAY_CITE, requests_table.DONE
ANSWERS = [Answer(1, CITE, "It names one server."),
           Answer(2, requests_table.ABSENCE_IS_NO_GROUND, "Absence is neutral."),
           Answer(3, DONE, "The directory is published.")]


@pytest.fixture
def world() -> World:
    LIMITER.clear()
    return make_world()


def received(**changes: str) -> Request:
    return requests.receive(SENDER, {**LETTER, **changes}, at=MONDAY)


def read_by(world: World, **changes: str) -> Request:
    return requests.acknowledge(world.first, received(**changes), at=MONDAY + HOUR)


def test_a_letter_is_answered_ask_by_ask_and_published(world: World, client: Client) -> None:
    found = received()
    assert client.get(f"/requests/{found.handle}/").status_code == 404
    found = requests.acknowledge(world.first, found, at=MONDAY + HOUR)
    assert b"not answered yet" in client.get(f"/requests/{found.handle}/").content
    found = requests.answer(world.first, found, ANSWERS, at=MONDAY + DAY)
    assert found.state == "answered"
    page = client.get(f"/requests/{found.handle}/").content.decode()
    assert found.asks.count() == 3
    for said in ("Example Authority asks Example Logistics", "Example Ministry",
                 "Tunnels to named servers may be closed.", "absence_is_not_a_ground", "Absence is neutral.",
                 "Nothing is blocked by an answer"):
        assert said in page
    assert "letters@example.org" not in page
    told = client.get(f"/requests/{found.handle}.json").json()
    assert [one["code"] for one in told["asks"]] == [CITE, "absence_is_not_a_ground", DONE]
    assert told["asks"][0]["endpoint"] == "198.51.100.66:51820/udp"
    assert "letters@example.org" not in json.dumps(told)
    assert found.handle in client.get("/requests/").content.decode()
    notice = Notice.objects.get(kind="request_answered")
    assert notice.details["to"] == "letters@example.org"


def test_every_step_is_an_entry_that_replays(world: World) -> None:
    found = read_by(world)
    requests.answer(world.first, found, ANSWERS, at=MONDAY + DAY)
    replay = Replay()
    for index, row in enumerate(Outbox.objects.filter(subject=found.handle).order_by("sequence")):
        leaf, _apart = leaf_of(bytes(row.body))
        assert b"letters@example.org" not in bytes(row.body)
        replay.take(index, read_entry(leaf))
    assert replay.subjects[found.handle].state == "answered"


@pytest.mark.parametrize(("codes", "event"), [
    ((CITE, DONE, DONE), "accept"), ((CITE, "asks_for_list", DONE), "accept_in_part"),
    (("asks_for_list",) * 3, "decline"),
])
def test_what_happens_follows_from_the_answers(world: World, codes: tuple[str, ...], event: str) -> None:
    found = read_by(world)
    answers = [Answer(number, code, "So.") for number, code in enumerate(codes, 1)]
    requests.answer(world.first, found, answers, at=MONDAY)
    assert Outbox.objects.filter(subject=found.handle).order_by("-sequence")[0].event == event


@pytest.mark.parametrize(("changes", "answers", "says"), [
    ({}, ANSWERS[:2], "code and a text"),
    ({}, [ANSWERS[0], ANSWERS[1], Answer(3, "public_interest", "Because.")], "Choose a code"),
    ({}, [ANSWERS[0], ANSWERS[1], Answer(3, DONE, " ")], "in words"),
    ({}, [ANSWERS[0], Answer(2, CITE, "All of them."), ANSWERS[2]], "names none"),
    ({"legal_text_quoted": ""}, ANSWERS, "No legal text is quoted"),
])
def test_an_ask_cannot_be_accepted_without_an_endpoint_and_a_text(
    world: World, changes: dict[str, str], answers: list[Answer], says: str,
) -> None:
    found = read_by(world, **changes)
    with pytest.raises(Invalid, match=says):
        requests.answer(world.first, found, answers, at=MONDAY + DAY)
    found.refresh_from_db()
    assert found.state == "acknowledged"
    assert not found.asks.exclude(code="").exists()


def test_a_registered_endpoint_is_never_accepted(world: World) -> None:
    registered = world.registration()
    end = registered.service.endpoints.get()
    found = read_by(world, asks=f"Close [{end.address}]:{end.port}/udp")
    with pytest.raises(Invalid, match=f"{registered.service.handle} is registered there"):
        requests.answer(world.first, found, [Answer(1, CITE, "It names one server.")], at=MONDAY + DAY)


def test_a_seal_hides_words_once_and_supports_no_order(world: World, client: Client) -> None:
    found = requests.acknowledge(world.first, received(), at=MONDAY + HOUR)
    # Pages show the time of now: sealed far enough ahead for whoever runs this.
    Request.objects.filter(pk=found.pk).update(sealed_until=MONDAY + timedelta(days=40_000))
    page = client.get(f"/requests/{found.handle}/").content.decode()
    assert "unregistered" not in page.partition("<main")[2].partition("</main>")[0]
    for kept in ("Example Authority", "Tunnels to named servers", "198.51.100.66:51820/udp"):
        assert kept in page
    found.refresh_from_db()
    with pytest.raises(Invalid, match="sealed request supports no order"):
        requests.answer(world.first, found, ANSWERS, at=MONDAY + DAY)
    with pytest.raises(Refused, match="once at most"):
        requests.seal(world.first, found, 10, at=MONDAY + DAY)
    for days in (0, 91):
        with pytest.raises(Invalid):
            requests.seal(world.first, received(), days, at=MONDAY)


def test_the_clock_publishes_after_two_days_and_shows_what_is_overdue(world: World, client: Client) -> None:
    found = received()
    assert run_due(at=MONDAY + 2 * DAY - HOUR) == "nothing was due"
    assert run_due(at=MONDAY + 2 * DAY) == "1 requests published"
    assert run_due(at=MONDAY + 2 * DAY) == "nothing was due"
    assert client.get(f"/requests/{found.handle}/").status_code == 200
    requests.acknowledge(world.first, found, at=MONDAY + 3 * DAY)
    assert run_due(at=MONDAY + 33 * DAY) == "1 requests overdue"
    assert b"its answer is overdue" in client.get(f"/requests/{found.handle}/").content


def test_lines_end_as_browsers_end_them(world: World) -> None:
    found = received(asks="Close this\r\n\r\nand that", legal_text_quoted="One.\r\nTwo.")
    assert [ask.text for ask in found.asks.order_by("number")] == ["Close this", "and that"]
    assert found.legal_text_quoted == "One.\nTwo."


@pytest.mark.parametrize(("changes", "field"), [
    ({"requester": ""}, "requester"), ({"contact": ""}, "contact"), ({"asks": " \n "}, "asks"),
    ({"asks": "a\n" * 51}, "asks"), ({"asks": "x" * 1_001}, "asks"),
    ({"legal_text_url": "http://a.example"}, "legal_text_url"),
    ({"requester": "turned \u202eround"}, "requester"), ({"client": "198.51.100.7"}, "client"),
])
def test_a_letter_that_cannot_be_read_is_refused_beside_its_field(
    world: World, changes: dict[str, str], field: str,
) -> None:
    with pytest.raises(Invalid) as refused:
        received(**changes)
    assert field in refused.value.problems
    assert not Request.objects.exists()


def test_only_an_officer_answers(world: World) -> None:
    found = received()
    for act in (lambda: requests.acknowledge(world.owner, found, at=MONDAY),
                lambda: requests.answer(SENDER, found, ANSWERS, at=MONDAY),
                lambda: requests.withdraw(world.owner, found, at=MONDAY)):
        with pytest.raises(Refused, match="Only an officer"):
            act()
    with pytest.raises(Refused, match="not possible"):
        requests.answer(world.first, found, ANSWERS, at=MONDAY)
    requests.withdraw(world.first, found, at=MONDAY)
    with pytest.raises(Refused):
        requests.acknowledge(world.first, found, at=MONDAY)


def test_a_letter_comes_by_page_and_by_program(world: World, client: Client) -> None:
    assert b"What you send is published" in client.get("/requests/new/").content
    done = client.post("/requests/new/", LETTER)
    assert done.status_code == 302
    assert "Its number is" in client.get(done["Location"]).content.decode()
    wrong = client.post("/requests/new/", {**LETTER, "asks": ""})
    assert (wrong.status_code, b"There is a problem" in wrong.content) == (422, True)
    sent = client.post("/api/requests", json.dumps(LETTER), content_type="application/json")
    assert (sent.status_code, sent.json()["state"]) == (201, "received")
    for body, status in (("[]", 400), ("{", 400), ("[" * 5_000, 400), (json.dumps({**LETTER, "asks": 3}), 422)):
        assert client.post("/api/requests", body, content_type="application/json").status_code == status
    LIMITER.clear()
    codes = {client.post("/api/requests", "{}", content_type="application/json").status_code for _ in range(200)}
    assert 429 in codes


def test_the_desk_takes_a_letter_from_arrival_to_answer(world: World) -> None:
    assert world.first.account is not None
    desk = sign_in(world.first.account)
    assert desk.post("/desk/requests/enter/", LETTER).status_code == 302
    found = Request.objects.get()
    assert found.handle in desk.get("/desk/requests/").content.decode()
    here = f"/desk/requests/{found.handle}/"
    assert b"Acknowledge it" in desk.get(here).content
    assert desk.post(f"{here}acknowledge/").status_code == 302
    filled: dict[str, Any] = {}
    for one in ANSWERS:
        filled |= {f"ask-{one.number}-code": one.code, f"ask-{one.number}-text": one.text}
    wrong = desk.post(f"{here}answer/", {**filled, "ask-2-code": CITE})
    assert (wrong.status_code, b"names none" in wrong.content) == (422, True)
    assert desk.post(f"{here}answer/", filled).status_code == 302
    assert b"Absence is neutral." in desk.get(here).content
    assert desk.post(f"{here}answer/", filled).status_code == 409
    for other in (Client(), sign_in(world.owner.account, factor=False)):  # type: ignore[arg-type]
        assert other.get(here).status_code in (302, 404)
        assert other.post(f"{here}acknowledge/").status_code in (302, 404)


@pytest.mark.parametrize(("text", "endpoint"), [
    ("Close 198.51.100.66:51820/udp, please", "198.51.100.66:51820/udp"),
    ("Close [2001:DB8::1]:1194/UDP", "[2001:db8::1]:1194/udp"), ("Close 198.51.100.0/24", ""),
    ("198.51.100.66:51820/udp and 198.51.100.67:51820/udp", ""), ("198.51.100.66:0/udp", ""),
    ("all of them", ""), ("vpn.example.net:443/tcp", ""),
])
def test_one_exact_endpoint_is_found_in_an_ask(text: str, endpoint: str) -> None:
    assert endpoint_in(text) == endpoint


def test_what_may_fit_is_shown_and_nothing_is_chosen_beforehand(world: World) -> None:
    assert world.first.account is not None
    found = received(asks="Close 198.51.100.66:51820/udp")
    requests.acknowledge(world.first, found, at=MONDAY)
    page = sign_in(world.first.account).get(f"/desk/requests/{found.handle}/").content.decode()
    assert "<details open><summary>What may fit" in page
    assert '<option value="" selected>' in page
    assert page.count(" selected>") == 1


@pytest.mark.parametrize(("text", "code"), [
    ("Block all unregistered VPNs", "absence_is_not_a_ground"), ("Send us the list of VPN servers", "asks_for_list"),
    ("Name the users of 198.51.100.66:51820/udp", "asks_for_people"), ("Keep this confidential", "asks_for_secrecy"),
    ("Block the website example.org", "text_covers_content_not_endpoints"), ("Promote registered VPNs", "done"),
])
def test_a_code_that_may_fit_is_suggested(text: str, code: str) -> None:
    assert code in suggestions(text, endpoint_in(text), "A quote.", "")
