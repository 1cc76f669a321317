"""Every address of the service with parts that nobody has, and every page asked with values that make no sense: each is
answered with a page that says so, whoever asks and whatever database there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from licet.server.public.limits import LIMITER
from server.desk.people import Desk, make_desk

pytestmark = pytest.mark.django_db

# Larger than a number of any database; characters that PostgreSQL takes in no text, that are no text, and that turn it.
MAD = {
    "int": ("0", "99999999999999999999"),
    "str": ("%00", "SVC-%00", "%ED%A0%80", "%E2%80%AE", "x" * 500),
    "slug": ("x" * 500,),
    "path": ("%00", "a%00b.json", "../" * 20),
}
PART = re.compile(r"<(?:(\w+):)?\w+>")
ASKED = ("q", "page", "after", "before", "since", "until", "month", "show", "type", "event", "handle", "asked",
         "return", "next", "protocol", "duty", "old", "new", "ask")
AT_ONCE = ("-1", "99999999999999999999", "%FF" * 200)
WHOSE = {"registrant": "/my/", "officer": "/desk/", "stranger": "/"}  # the first that fits
NOT_TRIED = ("logout", "delete", "healthz", "readyz", "metrics")  # what ends the visit, and what reads no value


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every address as it is written in the tables of them; without those that are regular expressions."""
    for one in resolver.url_patterns:
        here = before + str(getattr(one.pattern, "_route", ""))
        if isinstance(one, URLResolver):
            yield from routes(one, here)
        elif isinstance(one, URLPattern) and hasattr(one.pattern, "_route"):
            yield here


def addresses() -> list[str]:
    """Each route with parts, once for each mad value of the first kind of them that it has."""
    found = []
    for route in dict.fromkeys(routes(get_resolver())):
        kinds = [match[1] or "str" for match in PART.finditer(route)]
        found += [mad(route, number) for number in range(max((len(MAD[kind]) for kind in kinds), default=0))]
    return found


def mad(route: str, number: int) -> str:
    """The address with the mad value of that number for each of its parts."""
    def value(part: re.Match[str]) -> str:
        values = MAD[part[1] or "str"]
        return values[number % len(values)]

    return "/" + PART.sub(value, route)


@pytest.fixture
def desk() -> Desk:
    cache.clear()
    return make_desk()


def answered(client: Client, address: str, **sent: Any) -> int:
    """The status; a page that breaks raises what broke it. 503 is an answer: there is no log here to count."""
    LIMITER.clear()
    return client.post(address, sent).status_code if sent else client.get(address).status_code


def of(who: str, tried: list[str]) -> list[str]:
    """Those of the addresses that are somebody's own."""
    return [one for one in tried if who == next(name for name, begin in WHOSE.items() if one.startswith(begin))]


@pytest.mark.parametrize("who", WHOSE)
def test_no_part_of_an_address_breaks_a_page(desk: Desk, who: str) -> None:
    tried = of(who, addresses())
    assert len(tried) > 20
    for address in tried:
        assert answered(desk.clients[who], address) != 500, address
        assert answered(desk.clients[who], address, text="x") != 500, address


@pytest.mark.parametrize("who", WHOSE)
def test_nothing_that_is_asked_breaks_a_page(desk: Desk, who: str) -> None:
    plain = dict.fromkeys("/" + route for route in routes(get_resolver()) if not PART.search(route))
    pages = [one for one in of(who, list(plain)) if not any(word in one for word in NOT_TRIED)]
    assert len(pages) > 2
    for page in pages:
        for value in AT_ONCE:
            asked = "&".join(f"{name}={value}" for name in ASKED)
            assert answered(desk.clients[who], f"{page}?{asked}") != 500, (page, value)
        for name in ASKED:
            assert answered(desk.clients[who], f"{page}?{name}=a%00b") != 500, (page, name)
