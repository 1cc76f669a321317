"""Pages about the registry, pages for what went wrong, and who may keep a copy of which."""

from __future__ import annotations

import dataclasses
import tomllib
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from licet.app.server_table import ServerTable
from licet.server.public.pages import ABOUT_PEOPLE, ABOUT_SERVICES, OF_ORDERS, ON_RECORD, purposes
from licet.server.registry.models import Account
from licet.server.registry.publish import publish
from server.public.conftest import NOW
from server.public.test_lookup import registered
from server.world import DAY, World

pytestmark = pytest.mark.django_db

PUBLIC = ("/", "/lookup/", "/directory/", "/blocked/", "/snapshots/", "/snapshots/changes/", "/privacy/",
          "/accessibility/", "/log/", "/report/")
FOR_PROGRAMS = ("/snapshot", "/snapshot/1", "/robots.txt")
FIELDS = Path(__file__).parents[2] / "house" / "fields.toml"


@pytest.fixture
def full(world: World) -> World:
    registered(world, name="Staff access")
    publish(at=NOW)
    return world


class Headings(HTMLParser):
    """The levels of the headings of a page, its landmarks, and how often each id stands in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag[0] == "h" and tag[1:].isdigit():
            self.levels.append(int(tag[1:]))
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")


def every_page(world: World) -> tuple[str, ...]:
    handle = world.organisation.services.values_list("handle", flat=True)[0]
    return (*PUBLIC, f"/service/{handle}/", "/lookup/?q=198.51.100.10", "/lookup/?q=192.0.2.1", "/lookup/?q=1.2.3",
            "/nowhere", "/service/SVC-0000/", "/directory/?q=nobody", "/directory/?duty=perhaps",
            "/snapshots/changes/?before=1&after=2")


def test_a_page_has_one_heading_of_the_first_level_and_skips_none(full: World, client: Client) -> None:
    for address in every_page(full):
        page = Headings(client.get(address).content.decode())
        assert page.levels.count(1) == 1, address
        # An error summary may stand above the heading of the page.
        levels = page.levels[page.levels.index(1):]
        assert all(after <= before + 1 for before, after in pairwise(levels)), (address, levels)
        assert len(page.ids) == len(set(page.ids)), address
        assert page.tags.count("main") == 1, address
        assert not page.inline, address
        assert "script" not in page.tags, address


def test_titles_begin_with_the_pages_own_name_and_differ(full: World, client: Client) -> None:
    titles = []
    for address in PUBLIC:
        text = client.get(address).content.decode()
        titles.append(text.partition("<title>")[2].partition("</title>")[0])
        assert titles[-1].endswith(" · Example registry")
        assert titles[-1].split(" · ")[0].strip()
    assert len(set(titles)) == len(titles)


def test_public_pages_carry_no_cookie_and_may_be_kept(full: World, client: Client) -> None:
    for address in (*PUBLIC, *FOR_PROGRAMS):
        page = client.get(address)
        assert page.status_code == 200, address
        assert not page.cookies, address
        assert "Cookie" not in page.get("Vary", ""), address
        assert page["Cache-Control"].startswith("public, max-age="), address


def test_what_was_asked_is_kept_by_no_cache(full: World, client: Client) -> None:
    for address in ("/lookup/?q=192.0.2.1", "/lookup/?q=1.2.3", "/lookup.json?q=192.0.2.1"):
        page = client.get(address)
        assert page["Cache-Control"] == "private, no-store"
        assert not page.cookies
        assert "Cookie" not in page.get("Vary", "")


def test_public_pages_are_the_same_for_whoever_is_signed_in(full: World, client: Client) -> None:
    signed_in = Client()
    signed_in.force_login(Account.objects.filter(officer__isnull=False)[0])
    for address in every_page(full):
        mine, theirs = signed_in.get(address), client.get(address)
        assert mine.content == theirs.content, address
        assert not mine.cookies, address


def test_what_is_behind_a_sign_in_is_kept_nowhere(full: World) -> None:
    client = Client()
    client.force_login(Account.objects.filter(officer__isnull=False)[0])
    for address in ("/my/", "/desk/"):
        page = client.get(address)
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assertContains(page, "Sign out")
    assertContains(client.get("/desk/"), ">Desk</a>")
    assert "no-store" in Client().get("/account/login/")["Cache-Control"]


def test_a_public_page_takes_few_queries(full: World, client: Client, django_assert_max_num_queries: Any) -> None:
    for address in ("/", "/lookup/", "/blocked/", "/privacy/", "/accessibility/"):
        with django_assert_max_num_queries(1):
            client.get(address)


def test_pages_work_before_there_is_anything(db: None, client: Client) -> None:
    for address in (*PUBLIC, "/lookup/?q=192.0.2.1", "/robots.txt"):
        assert client.get(address).status_code == 200, address
    assert client.get("/snapshot").status_code == 404


def test_home_is_three_doors_and_the_look_up_comes_first(world: World, client: Client) -> None:
    text = client.get("/").content.decode()
    doors = [text.index(f">{door}</h") for door in ("Is it registered?", "Register mine", "Mine is blocked")]
    assert doors == sorted(doors)
    assert text.index('name="q"') < doors[1]
    assert 'action="/lookup/" method="get"' in text


def test_the_page_for_who_is_blocked_leads_to_where_one_appeals(world: World, client: Client) -> None:
    page = client.get("/blocked/")
    assertContains(page, 'href="/orders/"')
    assertContains(page, "without an account")
    assertContains(page, "number of the order")
    assertNotContains(page, 'method="post"')


def test_errors_are_pages_like_all_others(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    missing = client.get("/nowhere/")
    assertContains(missing, "There is no such page", status_code=404)
    assert missing["Cache-Control"] == "private, no-store"
    strange = client.get("/", HTTP_HOST="elsewhere.example.net")
    assertContains(strange, "This request could not be read", status_code=400)
    assertNotContains(strange, "elsewhere", status_code=400)
    stale = client.post("/contact/x/", {})
    assertContains(stale, "This form is too old", status_code=403)

    def breaks(*_args: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("licet.server.public.views.find", breaks)
    broken = client.get("/lookup/", {"q": "192.0.2.1"})
    assertContains(broken, "It is our fault and not yours", status_code=500)
    assertNotContains(broken, "secret", status_code=500)
    assert not broken.cookies


def test_the_page_for_a_broken_service_asks_nothing_of_the_database(client: Client,
                                                                    django_assert_num_queries: Any) -> None:
    from django.test import RequestFactory

    from licet.server.public.errors import bad_request, broken

    with django_assert_num_queries(0):
        for page in (broken(RequestFactory().get("/")), bad_request(RequestFactory().get("/"))):
            assert b"<main" in page.content


def test_robots_leave_look_ups_alone(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /lookup/\n" in text
    assert "Disallow: /directory" not in text


@pytest.mark.parametrize(("contact", "line"), [
    ("security@example.net", "Contact: mailto:security@example.net"),
    ("https://example.net/security", "Contact: https://example.net/security"),
])
def test_security_txt_says_whom_to_tell(client: Client, settings: Any, contact: str, line: str) -> None:
    table = ServerTable(security_contact=contact, url="https://registry.example.net/")
    settings.DEPLOYMENT = dataclasses.replace(django_settings.DEPLOYMENT, table=table)
    response = client.get("/.well-known/security.txt")
    lines = response.content.decode().splitlines()
    fields = dict(one.split(": ", 1) for one in lines)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert lines[0] == line
    expires = datetime.fromisoformat(fields["Expires"])
    assert NOW + 30 * DAY < expires < datetime(NOW.year + 1, NOW.month, NOW.day, tzinfo=UTC)
    assert fields["Canonical"] == "https://registry.example.net/.well-known/security.txt"


def test_security_txt_is_left_out_where_nobody_is_named(client: Client) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404


def test_the_privacy_page_lists_every_field_that_is_kept(world: World, client: Client) -> None:
    listed = tomllib.loads(FIELDS.read_text(encoding="utf-8"))
    assert purposes() == {"model": listed["model"], "library": listed["library"]}
    assert {*ABOUT_PEOPLE, *ABOUT_SERVICES, *OF_ORDERS, *ON_RECORD} == {*listed["model"], *listed["library"]}
    text = client.get("/privacy/").content.decode()
    for fields in (*listed["model"].values(), *listed["library"].values()):
        for field in fields:
            assert f">{field}</dt>" in text


def test_the_language_is_part_of_the_address(full: World, client: Client) -> None:
    page = client.get("/de/directory/", HTTP_ACCEPT_LANGUAGE="fr", HTTP_COOKIE="django_language=en")
    assert page["Content-Language"] == "de"
    assertContains(page, '<html lang="de"')
    assertContains(page, 'href="/directory/" hreflang="en"')
    assertContains(client.get("/directory/?q=a&page=1"), 'href="/de/directory/?q=a&amp;page=1" hreflang="de"')
    assert client.get("/directory/", HTTP_ACCEPT_LANGUAGE="de")["Content-Language"] == "en"
