"""Signing up and in, the link that makes an officer, and who may see what."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from licet.server.clock import utc_now
from licet.server.registry.models import Account, Officer
from licet.server.registry.service_layer import officers, organisations
from server.world import World, account, make_world

pytestmark = pytest.mark.django_db
PASSWORD = "a quiet river in spring"


@pytest.fixture(autouse=True)
def world() -> World:
    cache.clear()
    return make_world(at=utc_now())


def test_sign_up_confirm_and_sign_in() -> None:
    client = Client()
    done = client.post("/account/signup/", {"email": "New@Example.net", "password1": PASSWORD})
    assert done.status_code == 302
    assert client.get("/my/").status_code == 302, "an address that is not confirmed signs nobody in"
    code = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", mail.outbox[0].body, re.MULTILINE)
    assert code, mail.outbox[0].body
    done = client.post(done["Location"], {"code": code[1]})
    assert done.status_code == 302
    assert client.get("/my/").status_code == 200
    client.post("/account/logout/")
    assert client.get("/my/").status_code == 302
    client.post("/account/login/", {"login": "new@example.net", "password": PASSWORD})
    assert client.get("/my/").status_code == 200
    assert Account.objects.filter(email="new@example.net").exists()


@pytest.mark.parametrize("password", ["short", "password1234", ""])
def test_a_weak_password_is_refused(password: str) -> None:
    done = Client().post("/account/signup/", {"email": "new@example.net", "password1": password})
    assert done.status_code == 200
    assert not Account.objects.filter(email="new@example.net").exists()


def test_guessing_is_throttled() -> None:
    account("someone@example.net")
    client = Client()
    answers = [client.post("/account/login/", {"login": "someone@example.net", "password": f"no {number}"})
               for number in range(8)]
    assert "Too many" in answers[-1].content.decode()
    right = client.post("/account/login/", {"login": "someone@example.net", "password": "a long enough password"})
    assert right.status_code == 200, "not even the right password, for a while"


def test_who_asks_too_often_is_told_what_to_do_next() -> None:
    client = Client()
    answers = [client.post("/account/password/reset/", {"email": "often@example.net"}) for _ in range(8)]
    assert answers[-1].status_code == 429
    page = answers[-1].content.decode()
    assert "Wait five minutes" in page
    assert "<main" in page, "a page in the look of all others"
    assert "often@example.net" not in page


def test_the_first_officer_signs_up_by_link_and_only_once() -> None:
    Officer.objects.all().update(retired_at=utc_now())
    token = officers.invite_first_officer(at=utc_now())
    client = Client()
    assert client.get(f"/officer/{token}/").status_code == 200
    done = client.post(f"/officer/{token}/", {"email": "desk@example.net", "password": PASSWORD})
    assert (done.status_code, done["Location"]) == (302, "/desk/")
    assert client.get("/desk/").status_code == 200
    again = Client().post(f"/officer/{token}/", {"email": "other@example.net", "password": PASSWORD})
    assert again.status_code == 404
    assert not Account.objects.filter(email="other@example.net").exists()
    assert officers.invite_first_officer(at=utc_now()) is None


def test_an_officers_link_expires_and_keeps_its_secret() -> None:
    Officer.objects.all().update(retired_at=utc_now())
    token = officers.invite_first_officer(at=utc_now() - timedelta(hours=25))
    assert Client().get(f"/officer/{token}/").status_code == 404
    assert Client().get("/officer/guessed/").status_code == 404


def test_the_desk_is_for_officers_alone(world: World) -> None:
    assert Client().get("/desk/")["Location"] == "/account/login/?next=/desk/"
    stranger = Client()
    stranger.force_login(account())
    assert stranger.get("/desk/").status_code == 404
    inside = Client()
    assert world.first.account is not None
    inside.force_login(world.first.account)
    assert inside.get("/desk/").status_code == 200


def test_a_contact_is_confirmed_by_a_button_and_not_by_the_link(world: World) -> None:
    from licet.server.notices import send_notices

    organisation = organisations.edit_organisation(world.owner, world.organisation,
                                                   {"abuse_contact": "noc@example.org"}, at=utc_now())
    organisations.start_contact_check(world.owner, organisation, at=utc_now())
    assert send_notices(at=utc_now()) == (1, 0)
    assert mail.outbox[-1].to == ["noc@example.org"]
    path = re.search(r"/contact/\S+/", mail.outbox[-1].body)
    assert path
    Client().get(path[0])
    organisation.refresh_from_db()
    assert organisation.contact_confirmed_at is None
    assert Client().post(path[0]).status_code == 200
    organisation.refresh_from_db()
    assert organisation.contact_confirmed_at is not None
    assert Client().post("/contact/wrong/").status_code == 404


@pytest.mark.parametrize("path", ["/", "/account/login/", "/account/signup/", "/account/signup/passkey/",
                                  "/account/password/reset/"])
def test_pages_are_strict_and_have_no_inline_script(path: str) -> None:
    page = Client().get(path)
    assert page.status_code == 200
    text = page.content.decode()
    policy = page["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for attributes in re.findall(r"<script\b([^>]*)>", text):
        assert "src=" in attributes or 'type="application/json"' in attributes
    assert not re.search(r"\son\w+=|style=", text)
    assert "Observing. Nothing is enforced." in text
    assert '<a class="skip-link" href="#main">' in text


def test_a_form_without_its_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/account/login/", {"login": "a@example.net", "password": "x"}).status_code == 403
