"""Who sees which page: its owner; for anybody else, an officer among them, there is no such page."""

from __future__ import annotations

import pytest
from django.test import Client

from licet.server.registry.models import Outbox
from server.registrant.signed_in import OWN, client_of, owner_of, pages_of, stranger
from server.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def test_its_owner_sees_every_page(world: World) -> None:
    client = owner_of(world)
    for page in (*OWN, *pages_of(world)):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "no-store" in answer["Cache-Control"], page


def test_who_is_not_signed_in_is_asked_to(world: World) -> None:
    for page in (*OWN, *pages_of(world), "/my/account/delete/"):
        answer = Client().get(page)
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"/account/login/?next={page}")


def test_for_a_stranger_and_an_officer_there_is_no_such_page(world: World) -> None:
    assert world.first.account is not None
    pages = pages_of(world)
    before = Outbox.objects.count()
    for client in (stranger(), client_of(world.first.account)):
        for page in pages:
            assert client.get(page).status_code == 404, page
            assert client.post(page, {"confirm": "on", "text": "x", "public_key": "x", "name": "x"}).status_code == 404
    assert Outbox.objects.count() == before


def test_a_stranger_can_use_their_own_pages(world: World) -> None:
    client = stranger()
    for page in OWN:
        assert client.get(page).status_code == 200
    assert world.organisation.name not in client.get("/my/").content.decode()


def test_what_does_not_exist_is_said_to(world: World) -> None:
    client, service = owner_of(world), world.service()
    for page in ("/my/service/SVC-0000/", "/my/endpoint/END-0000/", "/my/organisation/ORG-0000/",
                 f"/my/service/{service.handle}/edit/nonsense/", "/my/new/nonsense/",
                 f"/my/service/{service.handle}/renew/", f"/my/service/{service.handle}/appeal/",
                 f"/my/organisation/{world.organisation.handle}/edit/facts/"):
        assert client.get(page).status_code == 404, page


def test_pages_take_no_other_methods(world: World) -> None:
    client, service = owner_of(world), world.service()
    for method in (client.put, client.delete, client.patch):
        assert method(f"/my/service/{service.handle}/").status_code == 405
    assert client.post("/my/").status_code == 405
