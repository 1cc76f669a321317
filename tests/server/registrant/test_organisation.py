"""The pages of an organisation: its domain, who acts for it, and the link of an invitation."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from licet.server.clock import utc_now
from licet.server.notices import send_notices
from licet.server.registrant import domain_pages
from licet.server.registry.models import DomainProof, MemberInvitation, Organisation
from licet.server.registry.service_layer import organisations
from licet.server.registry.service_layer.domains import record_domain
from server.registrant.signed_in import client_of, owner_of, stranger
from server.test_domains import COMPANY
from server.world import FAILED, OK, World, account, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def here(world: World) -> str:
    made = organisations.create_organisation(world.owner, COMPANY, at=utc_now())
    return f"/my/organisation/{made.handle}/"


def text_of(client: Client, page: str) -> str:
    return client.get(page).content.decode()


def test_a_domain_is_entered_proven_changed_and_taken_back(world: World, here: str,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    client = owner_of(world)
    assert "Prove a domain" in text_of(client, here)
    assert "Which domain is its own?" in text_of(client, f"{here}domain/")
    assert client.post(f"{here}domain/", {"domain": "Example.net"}).status_code == 302
    page = text_of(client, f"{here}domain/")
    proof = DomainProof.objects.get()
    assert "_licet-challenge.example.net. 300 IN TXT" in page
    assert "Not proven yet" in page
    assert proof.token not in page, "what is published is the digest"

    outcomes = [FAILED, OK]
    monkeypatch.setattr(domain_pages, "check_soon", lambda actor, proof: bool(
        record_domain(proof, outcomes.pop(0), proof.token, at=utc_now())))
    client.post(f"{here}domain/")
    page = text_of(client, f"{here}domain/")
    assert "Not found yet" in page
    assert "Open the port." in page
    client.post(f"{here}domain/")
    assert "Users see the domain beside the name" in text_of(client, f"{here}domain/")
    assert Organisation.objects.get(domain="example.net").name_is_proven

    client.post(f"{here}domain/change/", {"domain": "example.org"})
    assert not Organisation.objects.get(domain="example.org").name_is_proven
    assert client.post(f"{here}domain/remove/", {"confirm": "on"}).status_code == 302
    assert client.get(f"{here}domain/remove/").status_code == 404
    assert "Prove a domain" in text_of(client, here)


@pytest.mark.parametrize(("sent", "said"), [
    ({"domain": ""}, "Fill this in"), ({"domain": "localhost"}, "This is not a DNS name"),
    ({"domain": "x" * 300}, "at most 253"), ({"domain": "192.0.2.1"}, "This is not a domain"),
    ({"domain": "example.net", "domain_proven_at": "2026-01-01"}, "something it does not ask for"),
])
def test_a_wrong_domain_is_said_beside_its_field(world: World, here: str, sent: dict[str, str], said: str) -> None:
    answer = owner_of(world).post(f"{here}domain/", sent)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not DomainProof.objects.exists()


def test_who_works_alone_has_no_domain_page(world: World) -> None:
    client = owner_of(world)
    page = f"/my/organisation/{world.organisation.handle}/"
    assert client.get(f"{page}domain/").status_code == 404
    assert client.post(f"{page}domain/", {"domain": "example.net"}).status_code == 404


def test_strangers_see_neither_domain_nor_members(world: World, here: str) -> None:
    owner_of(world).post(f"{here}members/", {"email": "second@example.net"})
    invitation = MemberInvitation.objects.get()
    for client in (stranger(), client_of(account())):
        for rest in ("domain/", "domain/change/", "domain/remove/", "members/", f"invitations/{invitation.pk}/back/"):
            assert client.get(here + rest).status_code == 404
            assert client.post(here + rest, {"email": "x@example.net", "confirm": "on"}).status_code == 404
    invitation.refresh_from_db()
    assert invitation.closed_at is None


def the_link() -> str:
    """The path of the link in the newest mail."""
    send_notices(at=utc_now())
    found = re.search(r"/join/\S+/", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


def test_a_second_member_joins_by_the_link_in_the_mail(world: World, here: str) -> None:
    client, second = owner_of(world), account()
    assert "You are the only one" in text_of(client, f"{here}members/")
    client.post(f"{here}members/", {"email": second.email})
    assert second.email in text_of(client, f"{here}members/")
    link = the_link()
    assert mail.outbox[-1].to == [second.email]

    # Who is not signed in is asked to, and comes back; looking at the page joins nobody.
    page = text_of(Client(), link)
    assert "Act for Example Logistics?" in page
    assert f"/account/login/?next={link}" in page
    assert Client().post(link).status_code == 200
    assert client_of(second).get(here).status_code == 404

    answer = client_of(second).post(link)
    assert answer.status_code == 302
    assert answer["Location"] == here
    assert client_of(second).get(here).status_code == 200
    assert client_of(account()).post(link).status_code == 404
    assert "This link was used" in text_of(stranger(), link)

    # Leaving, and who is left cannot go.
    membership = second.memberships.get()
    client_of(second).post(f"{here}members/{membership.pk}/end/", {"confirm": "on"})
    assert client_of(second).get(here).status_code == 404
    last = Organisation.objects.get(name="Example Logistics").memberships.get()
    answer = client.post(f"{here}members/{last.pk}/end/", {"confirm": "on"})
    assert "Nobody else acts for this organisation" in answer.content.decode()
    assert client.get(here).status_code == 200


def test_an_invitation_is_taken_back(world: World, here: str) -> None:
    client = owner_of(world)
    client.post(f"{here}members/", {"email": "second@example.net"})
    link = the_link()
    assert "second@example.net" in text_of(client, f"{here}members/")
    client.post(f"{here}invitations/{MemberInvitation.objects.get().pk}/back/")
    assert "second@example.net" not in text_of(client, f"{here}members/")
    assert client_of(account()).get(link).status_code == 404


@pytest.mark.parametrize("sent", [
    {}, {"email": "nobody"}, {"email": "a" * 300 + "@example.net"}, {"email": "x@example.net", "organisation": "1"},
    {"email": "x@example.net", "expires": "2099-01-01"},
])
def test_a_wrong_invitation_is_said_and_sends_nothing(world: World, here: str, sent: dict[str, str]) -> None:
    answer = owner_of(world).post(f"{here}members/", sent)
    assert answer.status_code == 200
    assert "There is a problem" in answer.content.decode()
    assert not MemberInvitation.objects.exists()


@pytest.mark.parametrize("token", ["x", "x" * 500, "%00", "..%2f..", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_a_token_that_nobody_made_opens_nothing(token: str) -> None:
    assert Client().get(f"/join/{token}/").status_code == 404
    assert stranger().post(f"/join/{token}/").status_code == 404


def test_who_has_no_account_makes_one_and_comes_back(world: World, here: str) -> None:
    owner_of(world).post(f"{here}members/", {"email": "joining@example.org"})
    link = the_link()
    client = Client()
    page = text_of(client, f"/account/signup/?next={link}")
    assert f'name="next" value="{link}"' in page
    assert f"/account/login/?next={link.replace('/', '%2F')}" in page, "who has an account comes back too"
    client.post("/account/signup/", {"email": "joining@example.org", "password1": "a long enough secret", "next": link})
    code = re.search(r"^ {4}(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code is not None
    answer = client.post("/account/confirm-email/", {"code": code[1], "next": link})
    assert answer["Location"] == link
    assert client.post(link)["Location"] == here
