"""The log browser: everything that stands in the log, in words, narrowed by the members of an entry, page by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from licet.lifecycle import (
    appeal,
    application,
    domain_proof,
    endpoint_proof,
    keeping,
    listing,
    order,
    publication,
    redaction,
    registration,
    request,
    switching,
)
from licet.lifecycle.table import Table
from licet.server.audit import entries, words
from licet.server.log_writing import write_log
from licet.server.public.limits import LIMITER, LOOKUPS_A_MINUTE
from licet.server.registry.models import Outbox
from licet.server.registry.service_layer import endpoints
from licet.tlog.signer import LogKey
from server.world import DAY, FAILED, MONDAY, World

NOW = MONDAY + 90 * DAY  # as conftest.py has it
pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def indexes(page: Any) -> list[int]:
    """The entries that a page lists, by their links."""
    rows = re.search(r'<ol class="log-rows">(.*?)</ol>', page.content.decode(), re.DOTALL)
    return [] if rows is None else [int(one) for one in re.findall(r'/log/entries/(\d+)"', rows[1])]


@pytest.fixture
def full(world: World, key: LogKey) -> World:
    """Every kind of thing happened to several services, and stands in the log."""
    for state in ("serverHold", "revoked"):
        world.registration(state)
    for state in ("refused", "draft"):
        world.application(state)
    world.prove(world.endpoint(world.service()), outcome=FAILED)
    world.registration(is_listed=False)
    write_log()
    return world


def test_all_that_stands_in_the_log_is_listed_the_newest_first_and_nothing_else(
    full: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "A_PAGE", 7)
    count = Outbox.objects.count()
    full.application("draft")  # it waits, and is not in the log yet
    seen, address = [], "/log/"
    while address:
        page = client.get(address)
        seen += indexes(page)
        older = re.search(r'rel="next" href="(\?before=\d+)"', page.content.decode())
        address = f"/log/{older[1]}" if older else ""
    assert seen == list(range(count))[::-1]
    assertContains(client.get("/log/"), f"{count} entries, the newest first")
    assertContains(client.get("/log/"), "One more entry waits")


FILTERS: list[tuple[str, Callable[[Outbox], bool]]] = [
    ("type=registration", lambda one: one.type == "registration"),
    ("event=check_ok", lambda one: one.event == "check_ok"),
    ("type=application&event=approve", lambda one: (one.type, one.event) == ("application", "approve")),
    ("to=revoked", lambda one: one.after == "revoked"),
    ("event=clock&to=pendingDelete", lambda one: False),
    ("reason=control_not_proven", lambda one: one.reason.partition(" ")[0] == "control_not_proven"),
    ("since=2026-03-03", lambda one: one.time.astimezone(UTC).date().isoformat() >= "2026-03-03"),
    ("until=2026-03-02", lambda one: one.time.astimezone(UTC).date().isoformat() <= "2026-03-02"),
    ("since=2026-03-17&until=2026-03-17", lambda one: one.time.astimezone(UTC).date().isoformat() == "2026-03-17"),
]


def test_a_filter_lists_exactly_what_fits(full: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "A_PAGE", 1_000)
    every = list(Outbox.objects.select_related("receipt"))
    for asked, fits in FILTERS:
        wanted = [one.receipt.leaf_index for one in every if fits(one)]
        assert sorted(indexes(client.get(f"/log/?{asked}"))) == sorted(wanted), asked


def test_days_are_whole_days_in_utc(full: World, client: Client) -> None:
    first = MONDAY.date().isoformat()
    assert indexes(client.get(f"/log/?since={first}&until={first}"))
    assert not indexes(client.get(f"/log/?until={(MONDAY - DAY).date().isoformat()}"))


def test_a_service_stands_for_its_applications_and_endpoints(full: World, client: Client,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "A_PAGE", 1_000)
    for service in full.organisation.services.all():
        subjects = {service.handle, listing.subject_of(service.handle),
                    *service.applications.values_list("handle", flat=True),
                    *service.endpoints.values_list("handle", flat=True)}
        wanted = Outbox.objects.filter(subject__in=subjects).values_list("receipt__leaf_index", flat=True)
        assert sorted(indexes(client.get(f"/log/?handle={service.handle.lower()}"))) == sorted(wanted)
    endpoint = Outbox.objects.filter(type="endpoint").first()
    assert endpoint is not None
    assert set(indexes(client.get(f"/log/?handle={endpoint.subject}"))) == set(
        Outbox.objects.filter(subject=endpoint.subject).values_list("receipt__leaf_index", flat=True))


def test_a_filter_that_makes_no_sense_is_said_and_narrows_nothing(full: World, client: Client) -> None:
    for asked in ("type=nonsense", "event=%00", "handle=nobody", "since=yesterday", "until=0001-01-01",
                  "reason=Robert%27%29", "since=9999-12-31", "to=" + "x" * 5_000):
        page = client.get(f"/log/?{asked}")
        assertContains(page, "This filter cannot be used", status_code=400)
        assert len(indexes(page)) == min(entries.A_PAGE, Outbox.objects.count()), asked
    for before in ("0", "x", "-1", "9" * 30, "²"):
        assert client.get("/log/", {"before": before}).status_code == 200, before


def test_an_empty_log_says_what_begins_it(world: World, key: LogKey, client: Client) -> None:
    assertContains(client.get("/log/"), "Nothing happened yet")
    assertContains(client.get("/log/"), "No part of the log is published yet")
    assertContains(client.get("/log/?type=endpoint"), "No entry fits all of this")


def test_the_files_of_the_log_and_its_key_are_named(full: World, key: LogKey, client: Client) -> None:
    page = client.get("/log/")
    assertContains(page, str(key.verifier))
    for address in re.findall(r'href="(/log/(?:checkpoint|tile/[^"]+))"', page.content.decode()):
        assert client.get(address).status_code == 200
    assertContains(page, "licet log verify https://registry.example.net/log --key log.key")


def test_no_page_of_the_log_names_anything_but_handles(full: World, client: Client) -> None:
    """Names, addresses and organisations are in the directory, where their owner wants them; never here."""
    endpoints.add_endpoint(full.owner, full.service(name="Staff access"), {"address": "198.51.100.77", "port": 1194},
                           at=MONDAY)
    write_log()
    handles = full.organisation.services.values_list("handle", flat=True)
    pages = ["/log/", "/log/feed", *(f"/log/services/{handle}/" for handle in handles),
             *(f"/log/entries/{index}" for index in range(Outbox.objects.count()))]
    for address in pages:
        page = client.get(address)
        assert page.status_code == 200, address
        for name in ("Staff access", "198.51.100.77", "2001:db8", full.organisation.name, "@example.net", ">Service "):
            assertNotContains(page, name)


def test_pages_of_the_log_are_the_same_for_everybody(full: World, client: Client) -> None:
    for address in ("/log/", "/log/entries/3", "/log/feed", "/log/?type=endpoint", "/log/entries/3/proof"):
        page = client.get(address)
        assert not page.cookies, address
        assert "Cookie" not in page.get("Vary", ""), address
        assert page["Cache-Control"].startswith("public, max-age="), address
        assert client.post(address).status_code == 405, address


def test_a_page_takes_few_queries_however_long_the_log_is(full: World, client: Client,
                                                          django_assert_max_num_queries: Any) -> None:
    for address in ("/log/", "/log/?type=endpoint", f"/log/?handle={full.organisation.services.first().handle}",
                    "/log/entries/3"):
        with django_assert_max_num_queries(5):
            assert client.get(address).status_code == 200


def test_asking_too_often_is_answered_with_a_wait(full: World, client: Client) -> None:
    assert client.get("/log/?type=endpoint").status_code == 200
    for _ in range(LOOKUPS_A_MINUTE):
        LIMITER.allows("127.0.0.1", NOW)
    assert client.get("/log/?type=endpoint").status_code == 429
    assert client.get("/log/feed?type=endpoint").status_code == 429
    assert client.get("/log/").status_code == 200


# The feed.


def items_of(page: Any) -> list[ElementTree.Element]:
    return ElementTree.fromstring(page.content).findall(f"{ATOM}entry")


def test_the_feed_has_the_newest_entries_with_their_permanent_links(full: World, client: Client) -> None:
    page = client.get("/log/feed")
    assert page["Content-Type"].startswith("application/atom+xml")
    items, count = items_of(page), Outbox.objects.count()
    assert len(items) == min(50, count)
    for number, item in enumerate(items):
        index = count - 1 - number
        link = item.find(f"{ATOM}link")
        assert link is not None
        assert link.get("href") == item.findtext(f"{ATOM}id") == f"http://testserver/log/entries/{index}"
        found = Outbox.objects.get(receipt__leaf_index=index)
        assert (item.findtext(f"{ATOM}title") or "").startswith(f"{found.subject}: ")
        assert (item.findtext(f"{ATOM}updated") or "").startswith(found.time.strftime("%Y-%m-%dT%H:%M:%S"))


def test_the_feed_is_narrowed_like_the_page(full: World, client: Client) -> None:
    narrowed = items_of(client.get("/log/feed?type=registration&event=approve"))
    assert len(narrowed) == Outbox.objects.filter(type="registration", event="approve").count() > 0
    assert items_of(client.get("/log/feed?event=nonsense"))
    assert b"/log/feed?type=registration" in client.get("/log/?type=registration").content


# Words.


@pytest.mark.parametrize("table", [
    application.TABLE, domain_proof.TABLE, endpoint_proof.TABLE, registration.TABLE, listing.TABLE, publication.TABLE,
    request.TABLE, order.TABLE, order.ENDPOINT_TABLE, appeal.TABLE, redaction.TABLE,
    keeping.TABLE, switching.TABLE], ids=lambda table: table.kind)
def test_every_move_of_a_table_has_its_words(table: Table) -> None:
    moves = [(event, state) for event, (state, _roles) in table.births.items()]
    moves += [(event, move.to) for row in table.rows.values() for event, moves in row.items() for move in moves]
    reasons = {move.reason for row in table.rows.values() for moves in row.values() for move in moves}
    for event, after in moves:
        assert str(words.event_text(table.kind, event, after)).endswith("."), (table.kind, event, after)
    for code in {*application.REFUSAL_CODES, *reasons} - {""}:
        assert words.reason_text(code) != code.replace("_", " "), code
    births = [roles for _state, roles in table.births.values()]
    for role in {role for causes in (*table.causes.values(), *births) for role in causes}:
        assert role in words.ROLES


def test_a_word_that_nobody_knows_is_printed_as_it_is() -> None:
    assert words.event_text("treaty", "dry_run", "simulated") == "dry run"
    assert words.kind_title("treaty") == "treaty"
    assert words.reason_text("some_new_code SVC-7F3K") == "some new code"
    assert words.state_text("treaty", "live") == "live"
