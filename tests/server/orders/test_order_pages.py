"""Pages of orders and appeals, walked as people walk them: from a pasted file to a quashed order."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from lab.process import wait_until
from licet.app.log import make_trust, verify_log
from licet.app.log_key import new_log_key
from licet.errors import LicetError
from licet.lifecycle.table import AFFECTED
from licet.model.order import file_bytes, read_order_file
from licet.server.orders import appeal_views, order_views, shown, views
from licet.server.orders.desk import appeals as appeal_desk
from licet.server.orders.desk import orders as order_desk
from licet.server.orders.models import Appeal, AppealProof, OrderRow
from licet.server.orders.service_layer import appeals
from licet.server.orders.service_layer.orders import lift
from licet.server.public.limits import LIMITER
from licet.server.registrant import callback, check_pool
from licet.server.registry.proving import Challenge, Outcome
from licet.server.registry.service_layer.actors import Actor, officer
from licet.tlog.signer import LogKey
from order.orders import evidence_line
from server.desk.people import sign_in
from server.orders.orders_world import DAY, END, HOUR, MONDAY, SIGNED, an_order, by_author, by_both, dry
from server.public.test_pages import Headings
from server.world import FAILED, OK, World

pytestmark = pytest.mark.django_db

LIVE = MONDAY + DAY + 4 * HOUR


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """On the day on which an order is live."""
    at(monkeypatch, LIVE)
    LIMITER.clear()
    return world


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    for module in (appeal_views, order_views, views, order_desk, appeal_desk, callback, check_pool):
        monkeypatch.setattr(module, "utc_now", lambda: moment)


def main_of(page: Any) -> str:
    return str(page.content.decode().partition("<main")[2].partition("</main>")[0])


def test_an_order_is_shown_with_its_stages_its_clock_and_one_red_dot(world: World, client: Client) -> None:
    row = an_order("live")
    page = client.get(f"/orders/{row.handle}/")
    text = main_of(page)
    for said in (END, "may be closed", "Remote work", "This is mine", "in force", "24 March 2026, 09:00 UTC",
                 "443/tcp"):
        assert said in text
    assert (text.count("<circle"), text.count('class="hit"')) == (2, 1)
    assert text.count('class="done"') == 6
    assert 'class="now" aria-current="step"' in text
    assert not Headings(page.content.decode()).inline
    for address in (f"/orders/{row.handle}/", "/orders/", "/orders/feed.json", "/status/"):
        assert client.get(address)["Cache-Control"] == "no-cache"
    assert "1 order is in force." in client.get("/").content.decode()
    assert row.handle in main_of(client.get("/orders/"))
    assert "1 order is in force" in main_of(client.get("/status/"))


def test_an_order_says_who_signed_when_and_what_nobody_checked(world: World, client: Client) -> None:
    row = an_order("live")
    text = " ".join(client.get(f"/orders/{row.handle}/").content.decode().split())
    for said in ("author signer-1", "second person signer-2", "on one machine, an hour <time", "3 Mar, 11:00",
                 "What was not checked", "a dry run knows what passed this network", "in a data centre (RDAP",
                 f'href="/log/?handle={row.handle}"', 'data-until="2026-03-24T09:00:00+00:00"'):
        assert said in text, said
    assert "Its own port carried" not in text
    draft = an_order("checked", "198.51.100.67:51820/udp", puid="ORD-AN0THER1")
    assert [one.since is not None for one in shown.stages(draft)] == [True] * 2 + [False] * 5


def test_what_is_over_says_why_in_words(world: World, client: Client) -> None:
    row = an_order("live")
    found, _token = appeals.file(row.ends.get(), "Ours.", at=LIVE)
    assert found.reviewer is not None
    assert found.reviewer.account is not None
    reviewer = officer(found.reviewer.account)
    appeals.decide(reviewer, found, uphold=True, reasons="It is theirs.", at=LIVE)
    text = main_of(client.get(f"/orders/{row.handle}/"))
    assert "A reviewer upheld an appeal. The log has the correction." in text
    assert "countdown" not in text
    desk = sign_in(found.reviewer.account)
    for page in ("/desk/appeals/", f"/desk/appeals/{found.handle}/"):
        assert "quashed" in main_of(desk.get(page))


def test_a_policy_that_is_gone_leaves_the_keys_of_who_signed(world: World, client: Client, tmp_path: Path) -> None:
    row = an_order("live")
    (tmp_path / "policy.toml").unlink()
    text = main_of(client.get(f"/orders/{row.handle}/"))
    assert "signer-1" not in text
    assert "sha256:" in text


def test_a_look_up_leads_to_the_order_and_to_the_appeal(world: World, client: Client) -> None:
    row = an_order("live", END, "[2001:db8:9::66]:1194/udp")
    for asked in ("198.51.100.66", "198.51.100.66:51820/udp", "2001:db8:9::66"):
        page = main_of(client.get("/lookup/", {"q": asked}))
        assert f'href="/orders/{row.handle}/"' in page
        assert f"/orders/{row.handle}/appeal/" in page
    for asked in ("198.51.100.6", "198.51.100.67", "vpn.example.net"):
        assert row.handle not in main_of(client.get("/lookup/", {"q": asked}))


def test_without_orders_zero_is_printed_and_nothing_is_enforced(world: World, client: Client) -> None:
    assert "In force: 0" in client.get("/orders/").content.decode()
    assert "0 orders are in force" in main_of(client.get("/status/"))
    assert "Observing. Nothing is enforced." in client.get("/").content.decode()


def test_a_draft_is_nobodys_business(world: World, client: Client) -> None:
    row = an_order("approved")
    for address in (f"/orders/{row.handle}/", f"/orders/{row.handle}.json", f"/orders/{row.handle}/appeal/1/"):
        assert client.get(address).status_code == 404
    assert client.get("/orders/feed.json").json()["orders"] == []
    assert row.handle not in client.get("/orders/").content.decode()


def test_an_enforcer_gets_the_very_bytes_that_were_signed(world: World, client: Client) -> None:
    row = an_order("live")
    (told,) = client.get("/orders/feed.json").json()["orders"]
    assert (told["puid"], told["state"], told["digest"]) == (row.handle, "live", row.digest)
    raw = client.get(told["url"]).content
    assert raw == bytes(row.signed)
    assert {one.role for one in read_order_file(raw).signatures} == {"author", "approver"}


def test_an_order_comes_by_program_and_is_told_what_stands_against_it(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch,
) -> None:
    at(monkeypatch, SIGNED)

    def send(body: bytes) -> Any:
        return client.post("/api/orders", body, content_type="application/json")

    assert send(file_bytes(by_both(dry(by_author())))).json()["state"] == "approved"
    refused = send(file_bytes(by_author(puid="ORD-AN0THER1", necessity=" ")))
    assert (refused.status_code, "necessity" in refused.json()["problems"][0]) == (422, True)
    assert send(b"{").status_code == 400
    assert send(file_bytes(by_author(network_scope="Elsewhere"))).status_code == 409
    LIMITER.clear()
    assert 429 in {send(b"{").status_code for _ in range(200)}


def test_the_desk_takes_a_pasted_file_adds_evidence_and_lifts(
    world: World, monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert world.first.account is not None
    desk = sign_in(world.first.account)
    at(monkeypatch, SIGNED)
    wrong = desk.post("/desk/orders/", {"order": file_bytes(by_author(necessity=" ")).decode()})
    assert (wrong.status_code, b"say why this is needed" in wrong.content) == (422, True)
    assert desk.post("/desk/orders/", {"order": file_bytes(by_both(dry(by_author()))).decode()}).status_code == 302
    row = OrderRow.objects.get()
    here = f"/desk/orders/{row.handle}/"
    assert END in desk.get(here).content.decode()
    line = evidence_line(last_seen="2026-03-02T09:30:00.000000Z").decode()
    assert desk.post(f"{here}observe/", {"lines": line}).status_code == 302
    assert desk.post(f"{here}observe/", {"lines": "{}"}).status_code == 409
    assert desk.post(f"{here}lift/", {"code": ""}).status_code == 422
    assert desk.post(f"{here}lift/", {"code": "court"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "void"
    for other in (Client(), sign_in(world.owner.account, factor=False)):  # type: ignore[arg-type]
        assert other.get(here).status_code in (302, 404)
        assert other.post(f"{here}lift/", {"code": "court"}).status_code in (302, 404)


@pytest.mark.django_db(transaction=True)
def test_this_is_mine_turns_it_off_and_a_reviewer_quashes_it(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = an_order("live")
    form = f"/orders/{row.handle}/appeal/1/"
    assert b"You need no account" in client.get(form).content
    assert client.post(form, {"statement": ""}).status_code == 422
    here = client.post(form, {"statement": "Our own server."})["Location"]
    assert b"Show that it is yours" in client.get(here).content
    assert client.get(re.sub("[^/]+/$", "x/", here)).status_code == 404
    assert client.post(here, {"act": "prove", "method": "dns-01"}).status_code == 422
    assert client.post(here, {"act": "prove", "method": "http-01"}).status_code == 302
    assert AppealProof.objects.get().token in client.get(here).content.decode()
    monkeypatch.setattr(check_pool, "network_checker", lambda is_owned: lambda challenge: FAILED)
    assert client.post(here, {"act": "check"}).status_code == 302
    assert b"no answer" in client.get(here).content
    monkeypatch.setattr(check_pool, "network_checker", lambda is_owned: lambda challenge: OK)
    assert b"checked a moment ago" in client.post(here, {"act": "check"}).content
    at(monkeypatch, LIVE + timedelta(seconds=10))
    client.post(here, {"act": "check"})
    row.refresh_from_db()
    assert row.state == "stayed"
    assert b"You have shown that the server is yours" in client.get(here).content
    found = Appeal.objects.get()
    assert found.reviewer is not None
    desk = sign_in(found.reviewer.account)
    assert found.handle in desk.get("/desk/appeals/").content.decode()
    page = f"/desk/appeals/{found.handle}/"
    assert b"Our own server." in desk.get(page).content
    assert desk.post(f"{page}decide/", {"outcome": "uphold", "reasons": ""}).status_code == 422
    assert desk.post(f"{page}ask/", {"question": "Since when?"}).status_code == 302
    assert b"Since when?" in client.get(here).content
    assert client.post(here, {"act": "answer", "text": "Since May."}).status_code == 302
    assert b"Since May." in desk.get(page).content
    other = world.first if found.reviewer.account != world.first.account else world.second
    assert other.account is not None
    refused = sign_in(other.account).post(f"{page}decide/", {"outcome": "uphold", "reasons": "So."})
    assert refused.status_code == 409
    assert desk.post(f"{page}decide/", {"outcome": "uphold", "reasons": "It is theirs."}).status_code == 302
    row.refresh_from_db()
    assert row.state == "quashed"
    shown_now = client.get(f"/orders/{row.handle}/").content.decode()
    assert "It is theirs." in shown_now
    assert "Our own server." not in shown_now
    assert "Since May." not in shown_now


@pytest.mark.django_db(transaction=True)
def test_the_page_of_an_appeal_never_waits_for_a_server_that_does_not_end(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch,
) -> None:
    row, finish = an_order("live"), Event()
    here = client.post(f"/orders/{row.handle}/appeal/1/", {"statement": "Ours."})["Location"]
    client.post(here, {"act": "prove", "method": "http-01"})

    def slow(challenge: Challenge) -> Outcome:
        assert finish.wait(20)
        return OK

    monkeypatch.setattr(check_pool, "network_checker", lambda is_owned: slow)
    monkeypatch.setattr(appeal_views, "check_soon", partial(check_pool.check_soon, wait_s=0.2))
    asked = client.post(here, {"act": "check"})["Location"]
    assert "?asked=" in asked
    page = client.get(asked).content.decode()
    assert "We are still looking" in page
    assert 'http-equiv="refresh"' in page
    finish.set()
    assert check_pool.check_soon(Actor(AFFECTED), AppealProof.objects.get(), 20)
    row.refresh_from_db()
    assert row.state == "stayed"
    assert "We are still looking" not in client.get(asked).content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_off_is_off_in_the_log_at_once(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not when the clock comes by: enforcers read the log, and within a minute it is to be off at each."""
    key = new_log_key("registry.example.net/log", str(settings.DEPLOYMENT.log_key_path))
    monkeypatch.setattr(check_pool, "network_checker", lambda is_owned: lambda challenge: OK)
    for number, method in enumerate(("http-01", "callback-01"), 71):
        row = an_order("live", f"198.51.100.{number}:51820/udp", puid=f"ORD-AN0THER{number}")
        here = client.post(f"/orders/{row.handle}/appeal/1/", {"statement": "Ours."})["Location"]
        client.post(here, {"act": "prove", "method": method})
        if method == "http-01":
            client.post(here, {"act": "check"})
        else:
            sent = json.dumps({"token": AppealProof.objects.get(method=method).token})
            client.post("/api/proof/call", sent, content_type="application/json", REMOTE_ADDR=f"198.51.100.{number}")
        is_off = partial(is_stayed_in_log, key, row.handle)
        wait_until(is_off, "the order to be off in the log")


def is_stayed_in_log(key: LogKey, handle: str) -> bool:
    """False before the log is there."""
    with suppress(LicetError):
        found = verify_log(str(settings.DEPLOYMENT.log_path), make_trust(str(key.verifier))).replay.subjects
        return handle in found and found[handle].state == "stayed"
    return False


def test_a_call_from_the_machine_turns_it_off(world: World, client: Client) -> None:
    """`licet proof call TOKEN`: the registry sees the connection come from the address itself."""
    row = an_order("live")
    here = client.post(f"/orders/{row.handle}/appeal/1/", {"statement": "Ours."})["Location"]
    client.post(here, {"act": "prove", "method": "callback-01"})
    token = AppealProof.objects.get().token
    assert f"licet proof call {token}" in client.get(here).content.decode()

    def call(token: str, address: str) -> Any:
        return client.post("/api/proof/call", json.dumps({"token": token}), content_type="application/json",
                           REMOTE_ADDR=address).json()

    assert not call(token, "198.51.100.67")["ok"]
    assert not call("x" * 32, "198.51.100.66")["ok"]
    row.refresh_from_db()
    assert row.state == "live"
    assert call(token, "198.51.100.66")["ok"]
    row.refresh_from_db()
    assert row.state == "stayed"


def test_a_strip_stands_where_an_order_was_when_it_ended(world: World) -> None:
    row = an_order("live")
    for state, left in (("stayed", "live"), ("quashed", ""), ("expired", "")):
        row.state, row.left = state, left
        assert [one.kind for one in shown.stages(row)] == ["done"] * 7
    announced = an_order("noticed", "198.51.100.67:51820/udp", puid="ORD-AN0THER1")
    lift(world.first, announced, "court", at=LIVE)
    announced.refresh_from_db()
    assert announced.state == "void"
    assert [one.kind for one in shown.stages(announced)] == ["done"] * 5 + ["todo"] * 2
