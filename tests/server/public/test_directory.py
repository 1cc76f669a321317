"""The directory and the page of a service: who is in it, what is said, and how many queries it takes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from licet.server.public.directory import A_PAGE
from licet.server.public.service_page import HISTORY_MAX
from licet.server.registry.models import Endpoint, Organisation, Registration, Service
from licet.server.registry.service_layer import proofs
from licet.server.registry.service_layer.services import edit_service
from server.public.conftest import NOW, set_clock
from server.public.test_lookup import registered
from server.world import DAY, FAILED, MONDAY, PATHS, World, key

pytestmark = pytest.mark.django_db

STANDING = [state for state in PATHS if state not in ("lapsed", "revoked", "gone")]


def fill(world: World, count: int) -> None:
    """Many registered services at once, past the service layer: what is measured is reading them."""
    organisation = world.organisation
    services = Service.objects.bulk_create(
        Service(handle=f"SVC-{number:05d}", organisation=organisation, name=f"Service {number:05d}",
                interception_duty="no" if number % 2 else "yes", cr_date=MONDAY, up_date=MONDAY)
        for number in range(count))
    Registration.objects.bulk_create(
        Registration(service=one, state="ok", state_since=MONDAY, cr_date=MONDAY, up_date=MONDAY,
                     ex_date=MONDAY + 365 * DAY) for one in services)
    Endpoint.objects.bulk_create(
        Endpoint(handle=f"END-{number:05d}", service=one, address=f"2001:db8:{number >> 8:x}:{number & 255:x}::1",
                 transport="udp", port=51820, tunnel_protocol="wireguard" if number % 3 else "openvpn",
                 entry_text=f"{number}", state="valid", state_since=MONDAY, valid_since=MONDAY, cr_date=MONDAY,
                 up_date=MONDAY) for number, one in enumerate(services))


@pytest.mark.parametrize("state", list(PATHS))
def test_who_is_registered_is_listed_and_nobody_else(world: World, client: Client, state: str) -> None:
    found = world.registration(state, name="The one service")
    page = client.get("/directory/")
    assert (found.service.handle.encode() in page.content) is (state in STANDING)


@pytest.mark.parametrize("state", ["draft", "proving", "in_review", "info_needed", "provisional", "refused"])
def test_what_is_not_decided_is_not_listed(world: World, client: Client, state: str) -> None:
    world.application(state, name="The one service")
    assertNotContains(client.get("/directory/"), "The one service")
    assertNotContains(client.get("/directory/", {"q": "The one"}), "SVC-")


def test_unlisted_services_are_in_no_list_and_on_no_page(world: World, client: Client) -> None:
    service = registered(world, name="Hidden thing", is_listed=False, public_key=key("hidden"))
    assertNotContains(client.get("/directory/"), service.handle)
    assertNotContains(client.get("/directory/", {"q": service.handle}), "/service/")
    page = client.get(f"/service/{service.handle}/")
    assertContains(page, "keeps the details unlisted")
    for secret in ("Hidden thing", "An administrator", "198.51.100.10", "What happened"):
        assertNotContains(page, secret)


def test_a_full_page_takes_as_many_queries_as_an_empty_one(world: World, client: Client,
                                                           django_assert_num_queries: Any) -> None:
    fill(world, 2 * A_PAGE + 1)
    # The registry's row, the countries of the form, the count, the services, their endpoints and their registrations.
    with django_assert_num_queries(6):
        page = client.get("/directory/", {"page": "2", "q": "service"})
    assert page.content.count(b'class="entry"') == A_PAGE
    assertContains(page, "101 services")
    assertContains(page, 'aria-current="page" href="?q=service&amp;page=2"')


@pytest.mark.parametrize(("wanted", "count"), [
    ({"protocol": "openvpn"}, 4), ({"duty": "yes"}, 5), ({"duty": "yes", "protocol": "openvpn"}, 2),
    ({"q": "00007"}, 1), ({"q": "administrator"}, 10), ({"q": "nobody"}, 0), ({"q": "%"}, 0),
    ({"jurisdiction": "DE"}, 10), ({}, 10),
])
def test_filters(world: World, client: Client, wanted: dict[str, str], count: int) -> None:
    fill(world, 10)
    Organisation.objects.update(jurisdiction="DE")
    page = client.get("/directory/", wanted)
    assert page.content.count(b'class="entry"') == count
    assertContains(page, f"{count} service{'' if count == 1 else 's'}<")


@pytest.mark.parametrize("wanted", [
    {"protocol": "carrier-pigeon"}, {"jurisdiction": "ZZ"}, {"duty": "perhaps"}, {"q": "x" * 101}, {"q": "a\x00b"},
])
def test_a_filter_that_is_none_is_said_beside_its_field(world: World, client: Client, wanted: dict[str, str]) -> None:
    page = client.get("/directory/", wanted)
    assert page.status_code == 400
    assertContains(page, 'class="error"', status_code=400)


@pytest.mark.parametrize("number", ["0", "-1", "9999", "x", "1e9", "²"])
def test_a_page_that_there_is_not_is_the_nearest_one(world: World, client: Client, number: str) -> None:
    fill(world, A_PAGE + 1)
    assert client.get("/directory/", {"page": number}).status_code == 200


def test_the_order_is_alphabetical_whatever_the_case(world: World, client: Client) -> None:
    for number, name in enumerate(("beta", "Alpha", "gamma")):
        registered(world, f"198.51.100.{number + 1}", name=name)
    text = client.get("/directory/").content.decode()
    assert text.index("Alpha") < text.index("beta") < text.index("gamma")


def test_facts_are_the_operators_and_a_duty_is_a_warning(world: World, client: Client) -> None:
    service = registered(world, name="Staff access", logs="Nothing at all")
    edit_service(world.owner, service, {
        "interception_duty": "yes", "audit_url": "https://audit.example.org/2026", "audit_date": date(2026, 1, 5),
        "website": "https://vpn.example.org/"}, at=NOW)
    for address in ("/directory/", f"/service/{service.handle}/"):
        page = client.get(address)
        for text in ("Nothing at all", "The law can make it intercept traffic.", "5 January 2026", "name not proven",
                     "self-declared", "Registered is not the same as private"):
            assertContains(page, text)
    page = client.get(f"/service/{service.handle}/")
    for text in ("198.51.100.10:51820/udp", "a page at its address", "2 March 2026", "https://vpn.example.org/",
                 f"/lookup.json?q={service.handle}", "no contact given"):
        assertContains(page, text)


@pytest.mark.parametrize("state", list(PATHS))
def test_every_state_is_explained(world: World, client: Client, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from licet.server.public import words

    found = world.registration(state, name="The one service")
    set_clock(monkeypatch, found.state_since + DAY)
    page = client.get(f"/service/{found.service.handle}/")
    assertContains(page, str(words.REGISTRATIONS[state].title))
    assertContains(page, str(words.REGISTRATIONS[state].meaning)[:30])
    ended = state not in STANDING
    assert (b"What was proven" in page.content) is not ended


def test_the_history_says_what_and_in_which_role_and_never_who(world: World, client: Client) -> None:
    found = world.registration("noticed+appeal")
    page = client.get(f"/service/{found.service.handle}/")
    for text in ("An application was begun.", "The application was approved.", "A notice was given.",
                 "control of an endpoint was not proven", "An appeal was filed.", "By an officer of the registry.",
                 "By its operator.", "By the automatic check."):
        assertContains(page, text)
    for secret in ("@example.net", "OFF-", "It is ours.", "The name points elsewhere."):
        assertNotContains(page, secret)


def test_checks_that_change_nothing_do_not_fill_the_history(world: World, client: Client,
                                                            django_assert_max_num_queries: Any) -> None:
    service = registered(world)
    proof = service.endpoints.get().proofs.get()
    from server.world import OK

    for number in range(HISTORY_MAX):
        proofs.record_proof(proof, OK, at=NOW + timedelta(days=30 * number))
    with django_assert_max_num_queries(12):
        page = client.get(f"/service/{service.handle}/")
    assertContains(page, "An endpoint was proven.", count=1)
    assertNotContains(page, "Only the latest entries are shown.")


def test_a_stale_proof_still_counts_and_is_said_beside_its_endpoint(world: World, client: Client) -> None:
    service = registered(world)
    proofs.record_proof(service.endpoints.get().proofs.get(), FAILED, at=NOW)
    page = client.get(f"/service/{service.handle}/")
    assertContains(page, "last check failed")
    assertContains(page, "an outage is no loss of control")
    assertNotContains(page, "Open the port.")


def test_a_handle_has_one_address(world: World, client: Client) -> None:
    service = registered(world)
    moved = client.get(f"/service/{service.handle.lower()}/")
    assert (moved.status_code, moved["Location"]) == (301, f"/service/{service.handle}/")


@pytest.mark.parametrize("handle", ["SVC-0000", "nonsense", "SVC-" + "A" * 500, "<script>", "..", "APP-7F3K"])
def test_a_service_that_there_is_not_has_a_kind_page(world: World, client: Client, handle: str) -> None:
    page = client.get(f"/service/{handle}/", follow=True)
    assert page.status_code == 404
    assertNotContains(page, "<script", status_code=404)
