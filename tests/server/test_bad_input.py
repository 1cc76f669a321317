"""Every form that a person can send, sent wrongly: unknown fields, wrong types, too much, characters that nobody sees,
and the same again. What is wrong is said on the page, and nothing is half-written: no row of any table changes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from licet.proof import http_01, names
from licet.server.backup.rows import kept_models
from licet.server.clock import utc_now
from licet.server.registry.models import Endpoint, Organisation, Proof, Service
from licet.server.registry.service_layer import proofs
from licet.server.registry.service_layer.domains import set_domain
from server.desk.people import REASON, Desk, make_desk
from server.registrant.signed_in import client_of, owner_of
from server.registrant.test_wizard import DETAILS, ORGANISATION
from server.test_domains import company
from server.world import DAY, key
from support.hostile_servers import CHUNK, Answer, never_ends, redirect, says, tcp_server

pytestmark = pytest.mark.django_db

LONG = "x" * 30_000  # less than a request may have, more than any field takes
TEXTS = {"characters that nobody sees": "a\0b\u202ec", "too much": LONG}
REFUSED = (200, 400, 409, 422)  # the page with its sentence, never a redirect


@dataclass(frozen=True)
class Form:
    """who: whose browser; page; values: that would be taken."""

    who: Client
    page: str
    values: dict[str, str]


def rows() -> dict[str, list[Any]]:
    """Every row of the registry, as it is now."""
    return {model.__name__: list(model._base_manager.order_by("pk").values_list()) for model in kept_models()}


def forms_of(desk: Desk) -> dict[str, Form]:
    """The forms of the registrant's pages and of the desk, by a name, each with values that would be taken."""
    world, client, officer = desk.world, owner_of(desk.world), desk.clients["officer"]
    service, registered = world.service(name="As it was"), world.registration().service
    asked, noticed = world.application("info_needed").service, world.registration("noticed").service
    review, made = world.application("in_review").service, company(world)
    endpoint = registered.endpoints.get()
    keyed = world.prove(world.endpoint(world.service(), public_key=key("bad")))
    mine, here = f"/my/service/{service.handle}/", f"/my/organisation/{made.handle}/"
    case = f"/desk/case/{review.handle}/"
    return {name: Form(who, page, values) for name, who, page, values in (
        ("who", client, "/my/new/", {"who": made.handle}),
        ("organisation", client, "/my/new/organisation/", ORGANISATION),
        ("self", client, "/my/new/self_declared/", {"name": "Somebody"}),
        ("description", client, f"{here}edit/description/", ORGANISATION),
        ("facts of it", client, f"{here}edit/facts/", {"registration_number": "HRB 1", "lei": ""}),
        ("domain", client, f"{here}domain/", {"domain": "example.net"}),
        ("member", client, f"{here}members/", {"email": "second@example.net"}),
        ("service", client, f"{here}service/", {"name": "Another"}),
        ("name", client, f"{mine}edit/name/", {"name": "Another"}),
        ("purpose", client, f"{mine}edit/purpose/", {"purpose": "For us"}),
        ("logs", client, f"{mine}edit/logs/", {"logs": "Nothing"}),
        ("duty", client, f"{mine}edit/interception/", {"interception_duty": "no"}),
        ("listing", client, f"{mine}edit/listing/", {"is_listed": "no"}),
        ("facts", client, f"{mine}edit/facts/", {"website": "https://example.net/", "audit_url": "", "audit_date": ""}),
        ("endpoint", client, f"{mine}endpoints/details/", DETAILS),
        ("replacement", client, f"/my/endpoint/{endpoint.handle}/replace/", {**DETAILS, "address": "192.0.2.77"}),
        ("key", client, f"/my/endpoint/{keyed.handle}/key/", {"public_key": key("next")}),
        ("answer", client, f"/my/service/{asked.handle}/messages/", {"text": "The one by the river."}),
        ("appeal", client, f"/my/service/{noticed.handle}/appeal/", {"text": "It is ours."}),
        ("surrender", client, f"/my/service/{registered.handle}/surrender/", {"confirm": "on"}),
        ("question", officer, f"{case}ask/", {"text": "Which building?"}),
        ("refusal", officer, f"{case}refuse/", {**REASON}),
        ("notice", officer, f"/desk/case/{registered.handle}/notice/", {**REASON}),
        ("proposal", officer, f"/desk/case/{noticed.handle}/propose/", {"event": "suspend", **REASON}),
    )}


@pytest.fixture
def desk() -> Desk:
    cache.clear()
    return make_desk()


def wrongly(name: str, form: Form) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong, and what is sent."""
    yield "an unknown field", {**form.values, "handle": "SVC-EVIL"}
    yield "fields of the table behind it", {**form.values, "state": "ok", "is_attested": "on"}
    yield "too many fields", {f"field{number}": "x" for number in range(300)}
    for field in form.values if name != "surrender" else ():
        for what, text in TEXTS.items():
            yield f"{what} in {field}", {**form.values, field: text}
    yield "more than a request may have", {next(iter(form.values)): "x" * 300_000}


def test_a_form_that_is_sent_wrongly_changes_nothing(desk: Desk) -> None:
    for name, form in forms_of(desk).items():
        before = rows()
        for what, values in wrongly(name, form):
            answer = form.who.post(form.page, values)
            assert answer.status_code in REFUSED, (name, what, answer.status_code)
            text = answer.content.decode()
            is_said = 'role="alert"' in text or 'class="error' in text or answer.status_code == 400
            assert is_said, (name, what)
        assert rows() == before, name


@pytest.mark.parametrize("name", ["organisation", "self", "service"])
def test_a_double_click_makes_one_thing(desk: Desk, name: str) -> None:
    form = forms_of(desk)[name]
    before = Organisation.objects.count() + Service.objects.count()
    first, second = (form.who.post(form.page, form.values) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert Organisation.objects.count() + Service.objects.count() == before + 1


def test_two_officers_at_once_decide_once(desk: Desk) -> None:
    """Both have the page open; the second one to press is told what the first one did."""
    found = desk.world.application("in_review")
    page = desk.clients["officer"].get(f"/desk/case/{found.service.handle}/").content.decode()
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen is not None
    assert desk.post("officer", found.service, "approve", seen=seen[1]).status_code == 302
    before = rows()
    late = desk.post("second officer", found.service, "refuse", seen=seen[1], **REASON)
    assert late.status_code == 409
    assert "approved this already" in late.content.decode()
    assert rows() == before


@pytest.mark.parametrize("step", ["notice", "propose"])
def test_a_conflict_is_with_a_service_that_there_is(desk: Desk, step: str) -> None:
    service = desk.world.registration("ok" if step == "notice" else "noticed").service
    before = rows()
    values = {**REASON, "code": "conflicts_with", "conflicts_with": "SVC-0000"}
    if step == "propose":
        values["event"] = "suspend"
    answer = desk.post("officer", service, step, **values)
    assert answer.status_code == 422
    assert "There is no service SVC-0000" in answer.content.decode()
    assert rows() == before


def test_a_key_that_is_somebody_elses_is_refused_beside_its_field(desk: Desk) -> None:
    world = desk.world
    world.prove(world.endpoint(world.service(), public_key=key("theirs")))
    other = make_other(desk)
    before = rows()
    answer = other.who.post(other.page, {**DETAILS, "address": "192.0.2.99", "public_key": key("theirs")})
    assert 'href="#id_public_key"' in answer.content.decode()
    assert rows() == before


def make_other(desk: Desk) -> Form:
    """Another registrant's page on which an endpoint is entered."""
    from licet.server.registry.service_layer import organisations, services
    from licet.server.registry.service_layer.actors import registrant
    from server.world import account

    stranger = account()
    made = organisations.create_organisation(
        registrant(stranger), {"kind": "self_declared", "name": "Somebody else"}, at=utc_now())
    service = services.create_service(registrant(stranger), made, {"name": "Theirs"}, at=utc_now())
    return Form(client_of(stranger), f"/my/service/{service.handle}/endpoints/details/", DETAILS)


# What another machine answers, seen on the page of a proof.


@pytest.fixture
def _port() -> Any:
    before = http_01.PORT
    yield
    http_01.PORT = before


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_port")
@pytest.mark.parametrize(("answer", "said"), [
    (never_ends(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", CHUNK), "Put only the value"),
    (never_ends(b"HTTP/1.1 200 OK\r\nX: ", CHUNK), "Put only the value"),
    (says(redirect("http://169.254.169.254/latest/meta-data")), "without a redirect"),
    (says(b"HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n<script>alert(1)</script>\0\xff%(x)s"), "Put only the value"),
])
def test_a_hostile_server_is_a_sentence_on_the_page(settings: Any, answer: Answer, said: str) -> None:
    desk = make_desk("owned")
    settings.DEPLOYMENT = replace(settings.DEPLOYMENT, prefixes=(ipaddress.ip_network("127.0.0.0/8"),))
    endpoint = desk.world.endpoint(desk.world.service())
    Endpoint.objects.update(address="127.0.0.1")  # which nobody can register; it is this machine's own
    client, page = owner_of(desk.world), f"/my/endpoint/{endpoint.handle}/proof/http-01/"
    with tcp_server(answer, "127.0.0.1") as port:
        http_01.PORT = port
        client.post(page)
        client.post(page)
    text = client.get(page).content.decode()
    assert "Not found yet" in text
    assert said in text
    assert "<script>alert" not in text
    german = client.get(f"/de{page}").content.decode()
    assert "Noch nicht gefunden" in german
    assert said not in german


@pytest.mark.django_db(transaction=True)
def test_a_name_that_leads_inside_contacts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a public registry: the address that a name has inside is neither offered nor contacted."""
    desk = make_desk()
    monkeypatch.setattr(names, "addresses", lambda *_args, **_more: ("10.0.0.7", "169.254.169.254"), raising=False)
    client, service = owner_of(desk.world), desk.world.service()
    page = f"/my/service/{service.handle}/endpoints/details/"
    answer = client.post(page, {**DETAILS, "address": "10.0.0.7", "name": "inside.example.net"})
    assert 'href="#id_address"' in answer.content.decode()
    assert not service.endpoints.exists()


def test_a_check_that_came_too_late_is_refused_and_writes_nothing(desk: Desk) -> None:
    """A replay: the outcome of a challenge that ended."""
    from licet.errors import Refused
    from server.world import OK

    endpoint = desk.world.endpoint(desk.world.service())
    proof = proofs.start_proof(desk.world.owner, endpoint, "http-01", at=desk.world.at)
    before = rows()
    with pytest.raises(Refused):
        proofs.record_proof(proof, OK, at=desk.world.at + 8 * DAY)
    assert rows() == before
    assert Proof.objects.get(pk=proof.pk).status == Proof.PENDING


def test_an_address_is_neither_taken_as_a_domain_nor_anything_else_half_written(desk: Desk) -> None:
    made = company(desk.world)
    set_domain(desk.world.owner, made, "example.net", at=utc_now())
    client, before = owner_of(desk.world), rows()
    for wrong in ("192.0.2.1", "0x7f.1", "[::1]", "localhost", "example.net/path", "exa mple.net"):
        client.post(f"/my/organisation/{made.handle}/domain/change/", {"domain": wrong})
    assert rows() == before


