"""What a registrant does afterwards: answer, renew, appeal, give up, apply again; and deleting the account."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client

from licet.lifecycle.registration import TABLE
from licet.server.clock import utc_now
from licet.server.registry.models import Account, Application, Message, Outbox, Service
from licet.server.registry.service_layer.services import current_registration, open_application_of
from server.registrant.signed_in import client_of, owner_of
from server.world import DAY, PATHS, World, account, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(at=utc_now() - 30 * DAY)


def test_a_question_is_answered_in_a_thread(world: World) -> None:
    asked = world.application("info_needed")
    client, page = owner_of(world), f"/my/service/{asked.service.handle}/messages/"
    home = client.get("/my/").content.decode()
    assert home.index("Read and answer it") < home.index("All services")
    assert "Which building?" in client.get(page).content.decode()
    assert b"error-summary" in client.post(page, {"text": " "}).content
    assert b"error-summary" in client.post(page, {"text": "x" * 2_001}).content
    assert client.post(page, {"text": "The <b>second</b> one."})["Location"] == page
    text = client.get(page).content.decode()
    assert "The &lt;b&gt;second&lt;/b&gt; one." in text
    assert "No question is open" in text
    asked.refresh_from_db()
    assert asked.state == "in_review"
    # Sent again from a page that was open in another tab: told, and not written twice.
    assert "No question is open" in client.post(page, {"text": "Again"}).content.decode()
    assert Message.objects.filter(kind=Message.ANSWER).count() == 1


@pytest.mark.parametrize("state", PATHS)
def test_every_state_of_a_registration_has_words_and_offers_only_what_can_be_done(world: World, state: str) -> None:
    found = world.registration(state)
    client, here = owner_of(world), f"/my/service/{found.service.handle}/"
    text = client.get(here).content.decode()
    assert 'class="state state-' in text
    for word in ("illegal", "violat", "offen", "unregistered", "suspicious"):
        assert word not in text.lower().replace("no offence", "")
    can_appeal = not found.is_over and TABLE.allows(state, "appeal_filed", "registrant")
    assert (f'{here}appeal/"' in text) is can_appeal
    assert client.get(f"{here}appeal/").status_code == (404 if found.is_over else 200 if can_appeal else 302)
    renewed = client.post(f"{here}renew/")
    before = found.ex_date
    found.refresh_from_db()
    if TABLE.allows(state, "renew", "registrant"):
        assert renewed["Location"] == here
        assert found.ex_date > before
    else:
        assert found.ex_date == before
        assert found.state == state


def test_an_appeal_is_filed_once(world: World) -> None:
    found = world.registration("noticed")
    client, page = owner_of(world), f"/my/service/{found.service.handle}/appeal/"
    assert b"error-summary" in client.post(page, {"text": ""}).content
    for _ in range(2):
        client.post(page, {"text": "It is ours."})
    found.refresh_from_db()
    assert found.state == "noticed+appeal"
    assert Message.objects.filter(kind=Message.APPEAL).count() == 1


def test_giving_up_asks_once_and_applying_again_is_always_possible(world: World) -> None:
    found = world.registration()
    client, here = owner_of(world), f"/my/service/{found.service.handle}/"
    assert b"error-summary" in client.post(f"{here}surrender/", {}).content
    found.refresh_from_db()
    assert found.state == "ok"
    assert client.post(f"{here}surrender/", {"confirm": "on"})["Location"] == here
    found.refresh_from_db()
    assert found.state == "gone"
    assert client.post(f"{here}surrender/", {"confirm": "on"}).status_code == 404
    # That it is not registered is a fact and no task: the home page does not press for it.
    assert "Nothing is waiting for you." in client.get("/my/").content.decode()
    for _ in range(2):
        assert client.post(f"{here}apply/")["Location"] == f"{here}summary/"
    assert found.service.applications.filter(state="draft").count() == 1


def test_an_application_is_taken_back(world: World) -> None:
    found = world.application("in_review")
    client, page = owner_of(world), f"/my/service/{found.service.handle}/withdraw/"
    assert client.post(page, {"confirm": "on"}).status_code == 302
    assert client.post(page, {"confirm": "on"}).status_code == 302
    found.refresh_from_db()
    assert found.state == "withdrawn"


def test_a_service_is_renamed_and_unlisted(world: World) -> None:
    service = world.registration().service
    client, here = owner_of(world), f"/my/service/{service.handle}/"
    assert client.post(f"{here}edit/name/?return=service", {"name": "Renamed"})["Location"] == here
    assert client.post(f"{here}edit/listing/?return=service", {"is_listed": "no"})["Location"] == here
    # Where to go afterwards is one of our own words, never an address.
    elsewhere = client.post(f"{here}edit/listing/?return=https://example.net/", {"is_listed": "no"})["Location"]
    assert elsewhere == f"{here}endpoints/"
    service.refresh_from_db()
    assert (service.name, service.is_listed) == ("Renamed", False)


# Deleting the account.

def test_the_last_member_is_told_what_ends_and_what_stays(world: World) -> None:
    registered, open_one = world.registration().service, world.application("in_review").service
    client = owner_of(world)
    sign_in_lately(client)
    text = client.get("/my/account/delete/").content.decode()
    for words in (registered.name, open_one.name, "You are the last to act for these", "What stays, and why"):
        assert words in text
    assert b"error-summary" in client.post("/my/account/delete/", {}).content
    assert Account.objects.filter(pk=world.owner.account.pk).exists()  # type: ignore[union-attr]
    entries = Outbox.objects.count()
    assert client.post("/my/account/delete/", {"confirm": "on"})["Location"] == "/account/login/"
    assert not Account.objects.filter(pk=world.owner.account.pk).exists()  # type: ignore[union-attr]
    assert current_registration(registered) is None
    assert open_application_of(open_one) is None
    assert Outbox.objects.count() == entries + 2  # the record stays, and tells how it ended
    assert client.get("/my/")["Location"].startswith("/account/login/")


def test_what_others_act_for_too_goes_on(world: World) -> None:
    registered = world.registration().service
    world.organisation.memberships.create(account=account(), since=world.at)
    client = owner_of(world)
    sign_in_lately(client)
    assert "You are the last" not in client.get("/my/account/delete/").content.decode()
    client.post("/my/account/delete/", {"confirm": "on"})
    assert current_registration(registered) is not None


def test_an_officers_account_stays(world: World) -> None:
    officer = world.first.account
    assert officer is not None
    client = client_of(officer)
    sign_in_lately(client)
    assert "you decided is on record" in client.get("/my/account/delete/").content.decode()
    client.post("/my/account/delete/", {"confirm": "on"})
    assert Account.objects.filter(pk=officer.pk).exists()


def test_deleting_asks_for_the_password_again(world: World) -> None:
    client = owner_of(world)
    answer = client.get("/my/account/delete/")
    assert answer["Location"].startswith("/account/reauthenticate/")
    client.post(answer["Location"], {"password": "not the password"})
    assert client.get("/my/account/delete/").status_code == 302
    client.post(answer["Location"], {"password": "a long enough password"})
    assert client.get("/my/account/delete/").status_code == 200


def test_who_confirmed_a_page_that_was_open_for_long_is_asked_for_the_password_first(world: World) -> None:
    client, before = owner_of(world), Account.objects.count()
    answer = client.post("/my/account/delete/", {"confirm": "on"})
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert Account.objects.count() == before
    client.post(answer["Location"], {"password": "a long enough password"})
    assert Account.objects.count() == before - 1


def sign_in_lately(client: Client) -> None:
    """As after signing in by password a moment ago."""
    client.post("/account/reauthenticate/?next=/my/", {"password": "a long enough password"})


def test_nothing_else_is_left_of_an_account(world: World) -> None:
    """No row of any table names the account or its address afterwards."""
    somebody = account("leaving@example.org")
    client = client_of(somebody)
    sign_in_lately(client)
    client.post("/my/new/self_declared/", {"name": "Leaving", "abuse_contact": ""})
    client.post("/my/account/delete/", {"confirm": "on"})
    assert not Account.objects.filter(email="leaving@example.org").exists()
    for model in apps.get_models():
        for row in model._default_manager.all():
            assert "leaving@example.org" not in str(row.__dict__), model
    assert not Service.objects.filter(organisation__name="Leaving").exists()
    assert not Application.objects.filter(service__organisation__name="Leaving").exists()
