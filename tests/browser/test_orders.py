"""A letter answered, and an order appealed against, in a real browser: each page checked as the public ones are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from enforce.reports import ENFORCER_1, ENFORCER_2, policy_lines, report, sent
from licet.model.canonical import moment_ns
from licet.model.order import file_bytes
from licet.server.orders import status_views
from licet.server.orders.desk import drafts
from licet.server.orders.models import Appeal, OrderRow, Request
from licet.server.orders.service_layer import enforcers, orders
from licet.server.public.limits import LIMITER
from licet.server.registrant import check_pool
from licet.server.registry.models import Account
from licet.server.registry.publish import publish
from order.orders import policy_toml
from server.desk.people import sign_in
from server.orders.orders_world import SIGNED, bring, by_author, by_both, dry, use_policy
from server.orders.test_drafts import filled
from server.orders.test_order_pages import LIVE, at
from server.orders.test_requests import ANSWERS, LETTER
from server.world import OK, World, make_world
from support.chromium import CHECK, chromium, needs_chromium

pytestmark = [needs_chromium, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-orders")]

WIDTHS = (1280, 390)


@pytest.fixture
def world(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    use_policy(settings, tmp_path)
    at(monkeypatch, LIVE)
    LIMITER.clear()
    return make_world("owned")


@pytest.fixture
def browser() -> Iterator[Any]:
    with chromium() as made:
        yield made


def window(browser: Any, live_server: Any, who: Account | None = None) -> Any:
    """A page of a browser of its own, in which somebody is signed in."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    if who is not None:
        cookie = sign_in(who).cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def nothing_is_wrong(page: Any) -> None:
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CHECK) == [], (page.url, width)


def test_a_letter_is_sent_read_and_answered_in_public(world: World, live_server: Any, browser: Any) -> None:
    page = window(browser, live_server)
    page.goto(f"{live_server.url}/requests/")
    nothing_is_wrong(page)
    page.click("text=Send a request")
    nothing_is_wrong(page)
    page.click("text=Send it")
    page.wait_for_selector("#problem")
    nothing_is_wrong(page)
    for name, text in LETTER.items():
        page.fill(f"[name={name}]", text)
    page.click("text=Send it")
    page.wait_for_selector("h1:has-text('Your request arrived')")
    found = Request.objects.get()
    desk = window(browser, live_server, world.first.account)
    desk.goto(f"{live_server.url}/desk/requests/")
    nothing_is_wrong(desk)
    desk.click(".row-link")
    desk.click("text=Acknowledge it")
    desk.wait_for_selector("text=Answer all of it")
    nothing_is_wrong(desk)
    for one in ANSWERS:
        desk.select_option(f"[name=ask-{one.number}-code]", one.code)
        desk.fill(f"[name=ask-{one.number}-text]", one.text)
    desk.click("text=Answer all of it")
    desk.wait_for_selector("text=Absence is neutral.")
    page.goto(f"{live_server.url}/requests/{found.handle}/")
    nothing_is_wrong(page)
    assert "absence_is_not_a_ground" in page.text_content("main")


def test_an_order_is_drafted_and_its_file_is_taken_away(
    world: World, live_server: Any, browser: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drafts, "utc_now", lambda: SIGNED)
    publish(at=SIGNED)
    desk = window(browser, live_server, world.first.account)
    desk.goto(f"{live_server.url}/desk/orders/")
    desk.click("text=Draft an order")
    nothing_is_wrong(desk)
    for name, text in filled(necessity="", class_source="").items():
        if desk.evaluate("name => document.querySelector(`[name=${name}]`).tagName", name) == "SELECT":
            desk.select_option(f"[name={name}]", text)
        else:
            desk.fill(f"[name={name}]", text)
    desk.click("text=Look at the draft")
    desk.wait_for_selector("text=It cannot be signed yet")
    assert "class_without_source" in desk.text_content("#problem")
    nothing_is_wrong(desk)
    desk.click("#problem a:has-text('Why it is needed')")
    desk.fill("[name=necessity]", "One server, for the shortest time.")
    desk.fill("[name=class_source]", "RDAP, 2026-03-02")
    desk.click("text=Look at the draft")
    desk.wait_for_selector("text=Nothing stands against signing it")
    nothing_is_wrong(desk)
    assert not OrderRow.objects.exists()


def test_an_order_is_pasted_goes_live_is_stayed_by_proof_and_quashed(
    world: World, live_server: Any, browser: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = window(browser, live_server, world.first.account)
    at(monkeypatch, SIGNED)
    desk.goto(f"{live_server.url}/desk/orders/")
    nothing_is_wrong(desk)
    desk.fill("[name=order]", file_bytes(by_both(dry(by_author()))).decode())
    desk.click("text=Take it")
    desk.wait_for_selector(".stages .now:has-text('signed by a second person')")
    nothing_is_wrong(desk)
    row = bring(OrderRow.objects.get(), "live")
    at(monkeypatch, LIVE)
    page = window(browser, live_server)
    page.goto(f"{live_server.url}/orders/{row.handle}/")
    nothing_is_wrong(page)
    assert (page.locator(".dots circle").count(), page.locator(".dots .hit").count()) == (2, 1)
    assert "1 order is in force" in page.text_content(".standing")
    # Its clock: the test's order ends in the past of the machine's clock, or in its future.
    assert re.fullmatch(r"(\d+ d )?\d\d:\d\d:\d\d", page.text_content(".countdown"))
    page.click("text=This is mine")
    nothing_is_wrong(page)
    page.fill("[name=statement]", "Our own server.")
    page.click("button:has-text('Appeal')")
    page.wait_for_selector("text=Show that it is yours")
    nothing_is_wrong(page)
    page.check("[value=http-01]")
    page.click("text=Tell me what to do")
    page.wait_for_selector("text=check now")
    nothing_is_wrong(page)
    monkeypatch.setattr(check_pool, "network_checker", lambda is_owned: lambda challenge: OK)
    page.click("text=check now")
    page.wait_for_selector("text=You have shown that the server is yours")
    row.refresh_from_db()
    assert row.state == "stayed"
    found = Appeal.objects.get()
    assert found.reviewer is not None
    reviewer = window(browser, live_server, found.reviewer.account)
    reviewer.goto(f"{live_server.url}/desk/appeals/")
    nothing_is_wrong(reviewer)
    reviewer.click(".row-link")
    reviewer.wait_for_selector("text=control was shown")
    nothing_is_wrong(reviewer)
    reviewer.check("[value=uphold]")
    reviewer.fill("[name=reasons]", "It is theirs.")
    reviewer.click("button:has-text('Decide')")
    reviewer.wait_for_url(re.compile("/desk/appeals/$"))
    page.goto(f"{live_server.url}/orders/{row.handle}/")
    assert "Quashed on appeal" in page.text_content("main")
    for path in ("/orders/", "/status/"):
        page.goto(live_server.url + path)
        nothing_is_wrong(page)


def test_the_page_of_what_is_in_force_shows_who_confirmed_and_who_was_switched_off(
    world: World, live_server: Any, browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "policy.toml").write_text(policy_toml(extra=policy_lines(ENFORCER_1, ENFORCER_2)))
    monkeypatch.setattr(status_views, "utc_now", lambda: LIVE)
    enforcers.LIMITER.clear()
    bring(orders.submit(file_bytes(by_both(dry(by_author()))), at=SIGNED), "live")
    offs = tuple(moment_ns(LIVE - timedelta(days=days)) for days in (9, 2))
    enforcers.take(sent(report(LIVE, is_off=True, is_in_force=False, offs=offs)), at=LIVE)
    page = window(browser, live_server)
    page.goto(f"{live_server.url}/status/")
    assert page.locator(".enforcer").count() == 2
    assert page.locator(".enforcer.unconfirmed").count() == 1
    assert page.locator(".enforcer li").count() == 2
    nothing_is_wrong(page)
    page.click("text=Its entries in the log")
    page.wait_for_url(re.compile(r"/log/\?handle=ENF-"))
    nothing_is_wrong(page)
