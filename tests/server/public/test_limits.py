"""The limiter: bounded, forgetful, and the only place that holds a visitor's address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from licet.server import diagnostics
from licet.server.public import limits
from licet.server.public.limits import LOOKUPS_A_MINUTE, Limiter, visitor_of
from server.public.conftest import NOW, set_clock
from server.world import World

VISITOR = "93.184.216.34"  # an address that nothing else in these tests has


def second(number: float) -> Any:
    return NOW + timedelta(seconds=number)


def test_a_minutes_worth_is_allowed_and_then_one_a_second() -> None:
    limiter = Limiter(a_minute=60)
    assert all(limiter.allows("one", NOW) for _ in range(60))
    assert not limiter.allows("one", NOW)
    assert limiter.allows("two", NOW)
    assert not limiter.allows("one", second(0.5))
    assert limiter.allows("one", second(1.5))


def test_a_visitor_is_forgotten_after_a_minute() -> None:
    limiter = Limiter()
    limiter.allows("one", NOW)
    limiter.allows("two", second(30))
    assert len(limiter) == 2
    limiter.allows("three", second(61))
    assert len(limiter) == 2
    limiter.allows("three", second(200))
    assert len(limiter) == 1


def test_the_table_is_bounded_and_a_full_one_lets_through() -> None:
    limiter = Limiter(a_minute=1, visitors_max=100)
    assert all(limiter.allows(f"visitor {number}", NOW) for number in range(1_000))
    assert len(limiter) == 100


def test_a_clock_that_is_set_back_blocks_nobody() -> None:
    limiter = Limiter(a_minute=2)
    assert limiter.allows("one", NOW)
    assert limiter.allows("one", second(-3_600))


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 10)), max_size=200))
def test_nobody_gets_more_than_twice_their_share_of_any_minute(events: list[tuple[int, float]]) -> None:
    limiter, at, allowed = Limiter(a_minute=5), 0.0, {}
    for visitor, wait in events:
        at += wait
        if limiter.allows(str(visitor), second(at)):
            allowed.setdefault(visitor, []).append(at)
    for times in allowed.values():
        for begin in times:
            assert sum(begin <= one < begin + 60 for one in times) <= 10


@pytest.mark.parametrize(("proxies", "meta", "expected"), [
    (0, {"REMOTE_ADDR": "192.0.2.1"}, "192.0.2.1"),
    (0, {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}, "192.0.2.1"),
    (1, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.9.9.9, 198.51.100.1"}, "198.51.100.1"),
    (1, {"REMOTE_ADDR": "192.0.2.1"}, "192.0.2.1"),
    (0, {"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"),
    (0, {"REMOTE_ADDR": "::ffff:192.0.2.1"}, "192.0.2.1"),
    (0, {"REMOTE_ADDR": ""}, "unknown"),
    (1, {"REMOTE_ADDR": "x", "HTTP_X_FORWARDED_FOR": "no address"}, "unknown"),
])
def test_visitors_are_told_apart_by_what_cannot_be_made_up(settings: Any, proxies: int, meta: dict[str, str],
                                                           expected: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert visitor_of(RequestFactory().get("/", **meta)) == expected


def test_too_many_look_ups_are_answered_with_a_clear_page(world: World, client: Client,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [client.get("/lookup/", {"q": "192.0.2.1"}).status_code for _ in range(LOOKUPS_A_MINUTE + 1)]
    assert answers == [200] * LOOKUPS_A_MINUTE + [429]
    page = client.get("/lookup.json", {"q": "192.0.2.1"})
    assert (page.status_code, page["Retry-After"], page["Cache-Control"]) == (429, "15", "private, no-store")
    assert b"Wait a moment" in page.content
    assert client.get("/").status_code == client.get("/lookup/").status_code == 200  # nothing is asked here
    assert client.get("/lookup/", {"q": "192.0.2.1"}, REMOTE_ADDR="198.51.100.9").status_code == 200
    set_clock(monkeypatch, second(15))
    assert client.get("/lookup/", {"q": "192.0.2.1"}).status_code == 200


PAGES = ("/", "/lookup/?q=192.0.2.1", "/lookup/?q=nonsense:", "/lookup.json?q=192.0.2.1", "/directory/?q=a", "/nowhere",
         "/service/SVC-0000/", "/numbers/", "/snapshot", "/my/", "/desk/", "/account/login/", "/officer/x/")


@pytest.mark.django_db
def test_a_visitors_address_is_in_the_limiter_and_nowhere_else(world: World, capfd: pytest.CaptureFixture[str],
                                                               caplog: pytest.LogCaptureFixture,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of answer is given, a wrong sign-in and a page that breaks among them; then the whole database, what
    was written to the terminal, every line of the libraries and the metrics are searched."""
    diagnostics.configure()
    client = Client(REMOTE_ADDR=VISITOR, raise_request_exception=False, HTTP_USER_AGENT="a browser of theirs")
    for address in PAGES:
        client.get(address)
    client.post("/account/login/", {"login": "nobody@example.net", "password": "wrong password"})
    client.get("/", HTTP_HOST="elsewhere.example.net")

    def breaks(*_args: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("licet.server.public.views.find", breaks)
    assert client.get("/lookup/", {"q": "192.0.2.1"}).status_code == 500
    assert any(VISITOR in visitor for visitor in limits.LIMITER._buckets)

    call_command("dumpdata", verbosity=0)  # to standard output, which is searched with the rest
    written = "".join(capfd.readouterr()) + caplog.text + client.get("/metrics").content.decode()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            written += repr(cursor.fetchall())
    assert "Example registry" in written
    for theirs in (VISITOR, "a browser of theirs"):
        assert theirs not in written


def test_the_web_server_writes_no_list_of_requests() -> None:
    import inspect

    from granian import Granian

    from licet.server import start

    assert "log_access" not in inspect.getsource(start)
    assert inspect.signature(Granian.__init__).parameters["log_access"].default is False
