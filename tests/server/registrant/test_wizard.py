"""From nothing to submitted, page by page; what is wrong is said beside its field, and nothing is half-written."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licet.server.clock import utc_now
from licet.server.notices import send_notices
from licet.server.registry.models import Application, Endpoint, Notice, Organisation, Outbox, Service
from licet.server.registry.service_layer import proofs
from licet.server.registry.service_layer.services import open_application_of
from server.registrant.signed_in import owner_of, stranger
from server.world import OK, World, key, make_world

pytestmark = pytest.mark.django_db

ORGANISATION = {"name": "Example Logistics", "legal_name": "Example Logistics GmbH", "jurisdiction": "DE",
                "abuse_contact": "abuse@logistics.example.net"}
DETAILS = {"tunnel_protocol": "wireguard", "address": "192.0.2.10", "port": "51820", "transport": "udp", "name": "",
           "public_key": "", "is_published": "yes", "endpoint_class": "datacentre"}


@pytest.fixture
def world() -> World:
    return make_world()


def errors_of(client: Client, page: str, values: dict[str, str]) -> list[str]:
    """The sentences of the error summary after a form was sent; each also stands beside its field."""
    text = client.post(page, values).content.decode()
    summary = re.search(r'<div class="error-summary".*?</div>', text, re.DOTALL)
    assert summary is not None, page
    return re.findall(r'href="#(\w+)"', summary[0]) or re.findall(r"<li>(.*?)</li>", summary[0])


def test_an_organisation_goes_from_nothing_to_submitted(world: World) -> None:
    client = stranger()
    assert "Nothing is registered yet" in client.get("/my/").content.decode()
    assert client.post("/my/new/", {"who": "organisation"})["Location"] == "/my/new/organisation/"
    there = client.post("/my/new/organisation/", ORGANISATION)["Location"]
    organisation = Organisation.objects.get(name="Example Logistics")
    assert there == f"/my/organisation/{organisation.handle}/service/"

    # Its contact is written to at once.
    send_notices(at=utc_now())
    assert [one.to for one in mail.outbox] == [["abuse@logistics.example.net"]]

    there = client.post(there, {"name": "Staff remote access"})["Location"]
    service = Service.objects.get(name="Staff remote access")
    assert there == f"/my/service/{service.handle}/edit/purpose/"
    for answer in ({"purpose": "Remote access for staff"}, {"logs": ""}, {"interception_duty": "no"},
                   {"is_listed": "no"}):
        there = client.post(there, answer)["Location"]
    assert there == f"/my/service/{service.handle}/endpoints/"
    assert client.get(there)["Location"] == f"{there}add/"

    text = client.post(f"{there}add/", {"pasted": f"192.0.2.10:51820/udp {key('wizard')}"}).content.decode()
    assert 'value="192.0.2.10"' in text
    assert f'value="{key("wizard")}"' in text
    assert Endpoint.objects.count() == 0
    answer = client.post(f"{there}details/", {**DETAILS, "public_key": key("wizard")})
    assert answer["Location"] == there
    endpoint = Endpoint.objects.get(service=service)
    assert f"/my/endpoint/{endpoint.handle}/" in client.get(there).content.decode()

    there = client.post(f"/my/endpoint/{endpoint.handle}/", {"method": "wireguard-01"})["Location"]
    text = client.get(there).content.decode()
    proof = endpoint.proofs.get()
    assert "sudo wg set wg0 peer" in text
    assert proof.token not in text  # the peer's keys are made from it
    proofs.record_proof(proof, OK, at=utc_now())
    assert "Nothing more" not in client.get(there).content.decode()

    summary = f"/my/service/{service.handle}/summary/"
    assert f'href="{summary}"' in client.get(f"/my/service/{service.handle}/endpoints/").content.decode()
    assert client.post(summary)["Location"] == f"/my/service/{service.handle}/"
    application = Application.objects.get(service=service)
    assert application.state == "in_review"
    service.refresh_from_db()
    assert (service.purpose, service.interception_duty, service.is_listed) == ("Remote access for staff", "no", False)


def test_somebody_alone_is_asked_for_a_name_and_nothing_else(world: World) -> None:
    client = stranger()
    text = client.get("/my/new/self_declared/").content.decode()
    assert re.findall(r'name="(\w+)"', re.search(r"<main.*</main>", text, re.DOTALL)[0]) == [  # type: ignore[index]
        "csrfmiddlewaretoken", "name", "abuse_contact"]
    client.post("/my/new/self_declared/", {"name": "A freelance administrator", "abuse_contact": ""})
    made = Organisation.objects.get(name="A freelance administrator")
    assert made.is_confirmed
    assert not Notice.objects.filter(organisation=made).exists()


def test_what_was_entered_is_still_there_when_one_comes_back(world: World) -> None:
    client, service = owner_of(world), world.service(name="Half done")
    client.post(f"/my/service/{service.handle}/edit/logs/", {"logs": "Nothing"})
    assert "Nothing" in client.get(f"/my/service/{service.handle}/edit/logs/").content.decode()
    home = client.get("/my/").content.decode()
    assert f'/my/service/{service.handle}/endpoints/add/' in home  # the next missing thing, on top
    assert home.index("endpoints/add/") < home.index("All services")


def test_a_second_tab_works(world: World) -> None:
    """Two pages of one service, sent one after the other: neither takes back what the other said."""
    client, service = owner_of(world), world.service()
    client.get(f"/my/service/{service.handle}/edit/logs/")
    client.post(f"/my/service/{service.handle}/edit/purpose/", {"purpose": "From the second tab"})
    client.post(f"/my/service/{service.handle}/edit/logs/", {"logs": "From the first tab"})
    service.refresh_from_db()
    assert (service.purpose, service.logs) == ("From the second tab", "From the first tab")


def test_submitting_twice_is_the_same_as_once(world: World) -> None:
    client, service = owner_of(world), world.service()
    world.prove(world.endpoint(service))
    for _ in range(2):
        answer = client.post(f"/my/service/{service.handle}/summary/")
        assert answer["Location"] == f"/my/service/{service.handle}/"
    assert Outbox.objects.filter(type="application", event="submit").count() == 1


def test_the_same_endpoint_sent_twice_is_there_once(world: World) -> None:
    client, service = owner_of(world), world.service()
    page = f"/my/service/{service.handle}/endpoints/details/"
    assert client.post(page, DETAILS).status_code == 302
    assert errors_of(client, page, DETAILS) == ["id_address"]
    assert service.endpoints.count() == 1


def test_it_can_be_submitted_before_it_is_proven(world: World) -> None:
    client, service = owner_of(world), world.service()
    page = f"/my/service/{service.handle}/summary/"
    assert "Add where it is reached" in client.get(page).content.decode()
    client.post(page)
    assert open_application_of(service).state == "draft"  # type: ignore[union-attr]  # nothing to register yet
    world.endpoint(service)
    assert "Submit now, prove later" in client.get(page).content.decode()
    client.post(page)
    assert open_application_of(service).state == "proving"  # type: ignore[union-attr]


@pytest.mark.parametrize(("values", "field"), [
    ({"name": ""}, "id_name"),
    ({"name": "x" * 121}, "id_name"),
    ({"name": "with a control\x07"}, "id_name"),
    ({"jurisdiction": "D1"}, "id_jurisdiction"),
    ({"jurisdiction": ""}, "id_jurisdiction"),
    ({"abuse_contact": "not a contact"}, "id_abuse_contact"),
    ({"abuse_contact": "http://example.net/"}, "id_abuse_contact"),
    ({"legal_name": " "}, "id_legal_name"),
])
def test_a_wrong_organisation_is_told_by_field(world: World, values: dict[str, str], field: str) -> None:
    client, before = stranger(), Organisation.objects.count()
    assert errors_of(client, "/my/new/organisation/", {**ORGANISATION, **values}) == [field]
    assert Organisation.objects.count() == before


@pytest.mark.parametrize(("values", "field"), [
    ({"address": "not an address"}, "id_address"),
    ({"address": "192.0.2.0/24"}, "id_address"),
    ({"address": "10.0.0.1"}, "id_address"),
    ({"address": "127.0.0.1"}, "id_address"),
    ({"address": ""}, "id_address"),
    ({"address": "9" * 46}, "id_address"),
    ({"port": "0"}, "id_port"),
    ({"port": "65536"}, "id_port"),
    ({"port": "x"}, "id_port"),
    ({"port": ""}, "id_port"),
    ({"transport": "sctp"}, "id_transport"),
    ({"transport": "tcp"}, "id_transport"),
    ({"tunnel_protocol": "carrier-pigeon"}, "id_tunnel_protocol"),
    ({"name": "no_name"}, "id_name"),
    ({"public_key": "AAAA"}, "id_public_key"),
    ({"public_key": "A" * 65}, "id_public_key"),
    ({"tunnel_protocol": "openvpn", "public_key": key("wrong")}, "id_public_key"),
    ({"endpoint_class": "residential"}, "id_endpoint_class_0"),
    ({"endpoint_class": "palace"}, "id_endpoint_class_0"),
    ({"is_published": "no"}, "id_address"),
])
def test_a_wrong_endpoint_is_told_by_field(world: World, values: dict[str, str], field: str) -> None:
    client, service = owner_of(world), world.service()
    page = f"/my/service/{service.handle}/endpoints/details/"
    assert field in errors_of(client, page, {**DETAILS, **values})
    assert not Endpoint.objects.exists()


def test_an_endpoint_that_another_has_proven_is_refused(world: World) -> None:
    other = world.registration().service.endpoints.get()
    client, service = owner_of(world), world.service()
    found = errors_of(client, f"/my/service/{service.handle}/endpoints/details/",
                      {**DETAILS, "address": other.address or ""})
    assert found == ["id_address"]


@pytest.mark.parametrize("page", ["name", "purpose", "logs", "interception", "listing", "facts"])
def test_a_field_that_is_not_on_the_page_is_refused(world: World, page: str) -> None:
    client, service = owner_of(world), world.service(name="As it was")
    values = {"name": "N", "purpose": "P", "logs": "L", "interception_duty": "no", "is_listed": "yes"}
    asked = {"interception": "interception_duty", "listing": "is_listed"}.get(page, page)
    sent = {asked: values[asked]} if asked in values else {}
    text = client.post(f"/my/service/{service.handle}/edit/{page}/", {
        **sent, "is_attested": "on", "handle": "SVC-EVIL"}).content.decode()
    assert "something it does not ask for" in text
    service.refresh_from_db()
    assert (service.name, service.is_attested, service.purpose) == ("As it was", False, "")


def test_too_much_is_refused_before_it_is_read(world: World) -> None:
    client, service = owner_of(world), world.service()
    page = f"/my/service/{service.handle}/endpoints/add/"
    assert client.post(page, {"pasted": "x" * 300_000}).status_code == 400
    assert client.post(page, {f"field{number}": "x" for number in range(300)}).status_code == 400
    assert errors_of(client, page, {"pasted": "x" * 9_000}) == ["id_pasted"]


PRIVATE = "aFlCzxH2WpbNGPKLyVcSUmdI8MeTYRHjQn0B4kX7F2w="


@pytest.mark.parametrize("pasted", [
    f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = 51820\n",
    f"privatekey={PRIVATE}",
    f"[Peer]\nPublicKey = {PRIVATE}\nPresharedKey = {PRIVATE}\nEndpoint = 192.0.2.10:51820",
    f"private key: {PRIVATE}",
])
def test_a_private_key_is_refused_and_never_shown_again(world: World, pasted: str) -> None:
    client, service = owner_of(world), world.service()
    answer = client.post(f"/my/service/{service.handle}/endpoints/add/", {"pasted": pasted})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "thrown away, unread and unsaved" in text
    assert PRIVATE not in text
    assert PRIVATE[:8] not in text
    assert not Endpoint.objects.exists()
    assert PRIVATE not in str(list(client.session.items()))


def test_a_key_alone_publishes_no_address(world: World) -> None:
    client, service = owner_of(world), world.service()
    client.post(f"/my/service/{service.handle}/endpoints/details/", {
        **DETAILS, "public_key": key("home"), "is_published": "no", "endpoint_class": "residential"})
    endpoint = service.endpoints.get()
    assert (endpoint.address, endpoint.entry_text) == (None, "")
    assert (endpoint.proof_address, endpoint.proof_port) == ("192.0.2.10", 51820)
    assert "(not published)" in client.get(f"/my/endpoint/{endpoint.handle}/").content.decode()


def test_a_home_cannot_be_listed_afterwards_either(world: World) -> None:
    client, service = owner_of(world), world.service(is_listed=False)
    world.endpoint(service, endpoint_class="residential")
    found = errors_of(client, f"/my/service/{service.handle}/edit/listing/", {"is_listed": "yes"})
    assert found == ["id_is_listed_0"]
    service.refresh_from_db()
    assert not service.is_listed


def test_the_home_page_asks_as_often_for_many_as_for_few(world: World) -> None:
    client, counts = owner_of(world), []
    for number in range(3):
        for _ in range(1 + 6 * number):
            service = world.service()
            world.endpoint(service)
            world.endpoint(service)
            world.application("info_needed")
            world.registration()
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/my/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 30


def test_the_page_of_a_service_asks_as_often_for_many_endpoints(world: World) -> None:
    client, service, counts = owner_of(world), world.service(), []
    for number in (1, 30):
        for _ in range(number):
            world.endpoint(service)
        for page in (f"/my/service/{service.handle}/", f"/my/service/{service.handle}/summary/",
                     f"/my/service/{service.handle}/endpoints/"):
            with CaptureQueriesContext(connection) as asked:
                assert client.get(page).status_code == 200
            counts.append((page, len(asked)))
    assert counts[:3] == counts[3:]


def test_many_services_are_shown_in_pages(world: World) -> None:
    for _ in range(60):
        world.service()
    text = owner_of(world).get("/my/").content.decode()
    assert "Page 1 of 2" in text
    assert text.count("<h3>") == 50
    assert owner_of(world).get("/my/?page=2").content.decode().count("<h3>") == 10
    assert owner_of(world).get("/my/?page=nonsense").status_code == 200


def test_the_strip_shows_when_registrations_end(world: World) -> None:
    world.registration(at=utc_now() - timedelta(days=340))
    text = owner_of(world).get("/my/").content.decode()
    assert 'class="strip"' in text
    assert text.count('class="end"') == 1
    assert 'class="due"' in text
