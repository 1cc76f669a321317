"""The look-up: what it answers, what it does not show, and what it says to input that is none."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from licet.app.lookup import look_up
from licet.model.canonical import moment_ns
from licet.server.public.lookup import SERVICES_MAX, find
from licet.server.registry.models import Endpoint, Service
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import attested, endpoints
from licet.server.registry.service_layer.errors import Invalid
from licet.snapshot import load
from server.public.conftest import NOW, set_clock
from server.world import DAY, MONDAY, World, key, make_world

pytestmark = pytest.mark.django_db


def registered(world: World, address: str = "198.51.100.10", port: int = 51820, **values: Any) -> Service:
    """A registered service with one endpoint."""
    described = {name: values.pop(name) for name in ("name", "is_listed", "logs") if name in values}
    service = world.service(**described)
    return approve(world, service, address=address, port=port, **values)


def approve(world: World, service: Service, **endpoint: Any) -> Service:
    from licet.server.registry.service_layer import applications, decisions
    from licet.server.registry.service_layer.services import open_application_of

    made = world.endpoint(service, **endpoint)
    application = open_application_of(service)
    assert application is not None
    applications.submit_application(world.owner, application, at=world.at)
    world.prove(made)
    application.refresh_from_db()
    decisions.decide(world.first, application, approve=True, at=world.at)
    return service


def answer(text: str) -> str:
    return find(text, NOW).answer


@pytest.mark.parametrize(("text", "expected"), [
    ("198.51.100.10", "registered"),
    (" 198.51.100.10 ", "registered"),
    ("198.51.100.10:51820/udp", "registered"),
    ("198.51.100.10:51820/UDP", "registered"),
    ("198.51.100.10:51820", "registered"),
    ("198.51.100.10:51821", "conflict"),
    ("198.51.100.10:51820/tcp", "conflict"),
    ("198.51.100.11", "unregistered"),
    ("[2001:db8::1]:51820", "unregistered"),
    ("2001:db8::1", "unregistered"),
    ("vpn.example.net", "registered"),
    ("VPN.example.net.", "registered"),
    ("https://vpn.example.net/login?a=b", "registered"),
    ("vpn.example.net:51820", "registered"),
    ("other.example.net", "unregistered"),
    ("Staff access", "registered"),
    ("staff ACCESS", "registered"),
    ("an administrator", "registered"),
    (key("staff"), "registered"),
    (f"wireguard:{key('staff')}", "registered"),
    (key("somebody else"), "unregistered"),
    ("10.0.0.1", "unregistered"),
])
def test_each_kind_of_question_has_its_answer(world: World, text: str, expected: str) -> None:
    registered(world, name="Staff access", public_key=key("staff"))
    Endpoint.objects.update(name="vpn.example.net")
    assert answer(text) == expected


def test_a_handle_is_answered_however_it_is_written(world: World) -> None:
    service = registered(world)
    assert answer(service.handle) == answer(service.handle.lower()) == "registered"
    assert answer("SVC-0000") == "unregistered"


def test_the_answer_is_that_of_the_snapshot_that_anybody_can_ask(world: World, tmp_path: Path) -> None:
    registered(world, public_key=key("staff"))
    registered(world, "198.51.100.20", is_listed=False)
    world.registration("serverHold")
    path = tmp_path / "registry.snapshot"
    path.write_bytes(bytes(publish(at=NOW).body))
    snapshot = load(str(path))
    held = Endpoint.objects.order_by("-pk").values_list("address", flat=True)[0]
    for text in ("198.51.100.10", "198.51.100.10:51821/udp", "198.51.100.20:51820/udp", "198.51.100.99", key("staff"),
                 str(held), f"[{held}]:51820/udp"):
        assert answer(text) == look_up(text, [("here", snapshot)], moment_ns(NOW)).answer, text


def test_a_hold_is_a_conflict_and_says_that_it_shields(world: World, client: Client,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    found = world.registration("serverHold")
    set_clock(monkeypatch, found.state_since + timedelta(hours=1))
    page = client.get("/lookup/", {"q": str(found.service.endpoints.get().address)})
    assertContains(page, "on hold for a stated reason")
    assertContains(page, "still protected from being blocked")


def test_absence_is_no_offence_and_leads_to_registering(world: World, client: Client) -> None:
    page = client.get("/lookup/", {"q": "198.51.100.99:1194/udp"})
    assertContains(page, "not registered")
    assertContains(page, "no offence")
    assertContains(page, "Is it yours?")


def test_an_unlisted_service_is_answered_exactly_and_without_details(world: World, client: Client) -> None:
    service = registered(world, name="Hidden thing", is_listed=False, public_key=key("hidden"))
    Endpoint.objects.update(name="hidden.example.net")
    for question in ("198.51.100.10", "198.51.100.10:51820/udp", key("hidden"), "hidden.example.net", service.handle):
        page = client.get("/lookup/", {"q": question})
        assertContains(page, "Registered; its operator keeps the details unlisted.")
        assertNotContains(page, "Hidden thing")
        assertNotContains(page, "An administrator")
        if question != service.handle:
            assertNotContains(page, service.handle)
        data = client.get("/lookup.json", {"q": question}).json()
        assert (data["answer"], data["matches"], data["unlisted"]) == ("registered", [], 1)
    other = client.get("/lookup/", {"q": "198.51.100.10:1194/udp"})
    assertContains(other, "conflict")
    assertNotContains(other, "51820/udp, ")


def test_no_name_finds_an_unlisted_or_undecided_service(world: World) -> None:
    registered(world, name="Hidden thing", is_listed=False)
    world.application("provisional", name="Undecided thing")
    assert find("Hidden thing", NOW).answer == "unregistered"
    assert find("An administrator", NOW + 6 * DAY).answer == "unregistered"
    assert find("Undecided thing", NOW + 6 * DAY).answer == "unregistered"


def test_a_provisional_service_is_registered_for_now_and_not_shown(world: World, client: Client,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    found = world.application("provisional", name="Undecided thing")
    set_clock(monkeypatch, MONDAY + 6 * DAY)
    page = client.get("/lookup/", {"q": str(found.service.endpoints.get().address)})
    assertContains(page, "registered for now")
    assertNotContains(page, "Undecided thing")


@pytest.mark.parametrize("state", ["draft", "proving", "in_review", "info_needed", "refused", "withdrawn"])
def test_an_application_is_nobodys_business(world: World, client: Client, state: str) -> None:
    found = world.application(state, name="Undecided thing")
    asked = [found.service.handle, "Undecided thing", found.handle]
    asked += [str(one.address) for one in found.service.endpoints.all()]
    for question in asked:
        page = client.get("/lookup/", {"q": question})
        assertContains(page, "not registered")
        assert page.content.count(b"Undecided thing") <= 4 * (question == "Undecided thing")
    assert client.get(f"/service/{found.service.handle}/").status_code == 404


@pytest.mark.parametrize("state", ["lapsed", "revoked", "gone"])
def test_who_lost_a_registration_is_not_registered_and_nothing_more(world: World, state: str) -> None:
    found = world.registration(state)
    assert find(str(found.service.endpoints.get().address), found.state_since + DAY).answer == "unregistered"


def test_the_old_key_counts_beside_the_new_one_for_72_hours(world: World) -> None:
    service = registered(world, public_key=key("old"))
    endpoints.change_key(world.owner, service.endpoints.get(), key("new"), at=NOW)
    assert [find(key(one), NOW + DAY).answer for one in ("old", "new")] == ["registered", "registered"]
    assert [find(key(one), NOW + 4 * DAY).answer for one in ("old", "new")] == ["unregistered", "registered"]


def test_what_the_owner_of_a_network_permits_is_said_to_be_that(db: None, client: Client) -> None:
    world = make_world("owned")
    attested.attest(world.first, {"name": "Vendor line", "purpose": "Support", "sponsor": "Facilities"},
                    [{"address": "203.0.113.9", "port": 1194, "tunnel_protocol": "openvpn"}],
                    review_date=(MONDAY + 90 * DAY).date(), at=MONDAY)
    page = client.get("/lookup/", {"q": "203.0.113.9"})
    assertContains(page, "The owner of this network permits it.")
    assertNotContains(page, "Vendor line")
    assertNotContains(page, "Facilities")


@pytest.mark.parametrize("text", [
    "192.0.2.300", "192.0.2", "192.0.2.0/24", "192.0.2.10:99999/udp", "192.0.2.10:0", "192.0.2.10/sctp", "::1%eth0",
    "2001:db8:::1", "A" * 43 + "=", key("x")[:-1], key("x")[1:], "wireguard:nonsense", "", "   ", "a\x00b",
    "x" * 301, "‮evil", "1.2.3.4:",
])
def test_what_cannot_be_looked_up_is_said_in_one_sentence(world: World, client: Client, text: str) -> None:
    with pytest.raises(Invalid):
        find(text, NOW)
    page = client.get("/lookup/", {"q": text})
    assertContains(page, 'role="alert"', status_code=400)
    assertContains(page, 'aria-invalid="true"', status_code=400)
    problem = client.get("/lookup.json", {"q": text})
    assert problem.status_code == 400
    assert "\n" not in problem.json()["problem"]


def test_what_is_asked_is_shown_as_text_and_runs_nowhere(world: World, client: Client) -> None:
    page = client.get("/lookup/", {"q": "<script>alert(1)</script>"})
    assertNotContains(page, "<script", status_code=page.status_code)
    quoted = client.get("/lookup/", {"q": '" onfocus="x'})
    assertNotContains(quoted, '" onfocus="x', status_code=quoted.status_code)


def test_unknown_parameters_and_other_methods_change_nothing(world: World, client: Client) -> None:
    registered(world)
    page = client.get("/lookup/", {"q": "198.51.100.10", "format": "xml", "x": ["1", "2"]})
    assertContains(page, "A registration covers this.")
    for method in (client.post, client.put, client.delete):
        assert method("/lookup/", {"q": "198.51.100.10"}).status_code == 405


def test_a_company_of_many_services_is_cut_and_says_so(world: World, client: Client,
                                                       django_assert_max_num_queries: Any) -> None:
    first = registered(world, name="First")
    registration = first.registrations.get()
    endpoint = first.endpoints.get()
    for number in range(SERVICES_MAX + 1):
        twin = Service.objects.create(handle=f"SVC-T{number}", organisation=first.organisation, name=f"Twin {number}",
                                      cr_date=MONDAY, up_date=MONDAY)
        registration.pk, registration.service, registration._state.adding = None, twin, True
        registration.save()
        endpoint.pk, endpoint.service, endpoint.handle = None, twin, f"END-T{number}"
        endpoint.entry_text, endpoint.address, endpoint._state.adding = f"t{number}", f"2001:db8::{number + 1:x}", True
        endpoint.save()
    with django_assert_max_num_queries(14):
        page = client.get("/lookup/", {"q": "An administrator"})
    assertContains(page, "There are more")


def test_the_same_for_programs(world: World, client: Client) -> None:
    service = registered(world, name="Staff access")
    response = client.get("/lookup.json", {"q": "198.51.100.10:51820/udp"})
    data = json.loads(response.content)
    assert (data["schema"], data["answer"], data["notice"]) == ("licet.lookup/1", "registered", None)
    (match,) = data["matches"]
    assert (match["service"], match["title"], match["operator"]) == (service.handle, "Staff access", "An administrator")
    assert client.get("/lookup.json", {"q": "198.51.100.99"}).json()["notice"]
