"""Every mail that a registrant gets, sent by SMTP to a server of its own: plain text, short, with a way to act on it,
and nothing in it of where somebody signed in from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core import mail
from django.test import Client
from django.utils import translation

from licet.server.clock import utc_now
from licet.server.mail import mail_settings
from licet.server.notices import send_notices
from licet.server.registry.models import Account, Notice
from licet.server.registry.service_layer import decisions, organisations, proofs
from licet.server.registry.service_layer.due import run_due
from server.registrant.signed_in import owner_of
from server.world import CODE, DAY, FAILED, MONDAY, World, make_world
from support.mailbox import Mailbox, mailbox, text_of

pytestmark = pytest.mark.django_db

LINES_MAX, COLUMNS_MAX = 16, 140


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def box(settings: Any) -> Iterator[Mailbox]:
    with mailbox() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", found.port, False
        settings.EMAIL_USE_SSL, settings.EMAIL_HOST_USER, settings.EMAIL_TIMEOUT = False, "", 60
        yield found


def owners_address(world: World) -> str:
    assert world.owner.account is not None
    return world.owner.account.email


def newest(box: Mailbox, receiver: str, subject: str) -> str:
    """The text of the newest mail, checked for its form."""
    found = box.to(receiver, subject)
    assert found, [one["Subject"] for one in box.to(receiver)]
    message = found[-1]
    assert message.get_content_type() == "text/plain"
    assert not message.is_multipart()
    text = text_of(message)
    assert len(text.splitlines()) <= LINES_MAX
    assert max(map(len, text.splitlines())) <= COLUMNS_MAX
    assert "&" not in text
    assert "{" not in text
    assert not re.search(r"\b\d+\.\d+\.\d+\.\d+\b", text.replace("127.0.0.1:", "").replace("http://127.0.0.1", ""))
    return text


def test_a_question_a_decision_and_a_failed_check_are_written_about(world: World, box: Mailbox) -> None:
    asked = world.application("in_review")
    decisions.ask(world.first, asked, "Which building?", at=MONDAY)
    refused = world.application("in_review")
    decisions.decide(world.first, refused, approve=False, at=MONDAY, **CODE)
    approved = world.application("approved")
    stale = world.registration().service
    # The proof that stood is checked again and fails.
    standing = stale.endpoints.get().proofs.filter(status="valid").get()
    proofs.record_proof(standing, FAILED, at=MONDAY + DAY)
    send_notices(at=MONDAY + DAY)
    to = owners_address(world)
    for handle, words in ((asked.service.handle, "a question about your application"),
                          (refused.service.handle, "your application was refused"),
                          (approved.service.handle, "is registered"), (stale.handle, "we could not check an endpoint")):
        text = newest(box, to, f"{handle}")
        assert any(words in one["Subject"] for one in box.to(to, handle)), words
        assert "/my/" in text


def test_before_an_end_it_is_written_three_times(world: World, box: Mailbox) -> None:
    found = world.registration()
    for days in (61, 59, 29, 6):
        at = found.ex_date - timedelta(days=days)
        run_due(at=at)
        send_notices(at=at)
        send_notices(at=at)
    subjects = [one["Subject"] for one in box.to(owners_address(world), found.service.handle)]
    assert sum("renew" in subject for subject in subjects) == 3


def test_mail_is_in_the_language_of_the_registry_whatever_page_was_shown_last(world: World, box: Mailbox) -> None:
    asked = world.application("info_needed")
    with translation.override("de"):  # as a thread is left that answered a page under /de/
        send_notices(at=MONDAY)
    newest(box, owners_address(world), f"{asked.service.handle}: a question about your application")


def test_a_mail_that_is_refused_is_tried_again(world: World, box: Mailbox) -> None:
    world.application("info_needed")
    box.refuses.add(owners_address(world))
    assert send_notices(at=MONDAY) == (0, 1)
    box.refuses.clear()
    assert send_notices(at=MONDAY) == (1, 0)
    assert send_notices(at=MONDAY) == (0, 0)


def test_the_contact_is_confirmed_by_the_link_in_its_mail(world: World, box: Mailbox) -> None:
    values = {"kind": "organisation", "name": "Example Logistics", "legal_name": "Example Logistics GmbH",
              "jurisdiction": "DE", "abuse_contact": "abuse@logistics.example.net"}
    found = organisations.create_organisation(world.owner, values, at=MONDAY)
    client = owner_of(world)
    page = f"/my/organisation/{found.handle}/"
    assert "not confirmed yet" in client.get(page).content.decode()
    client.post(page)
    send_notices(at=MONDAY)
    text = newest(box, "abuse@logistics.example.net", "Is this the contact")
    path = re.search(r"/contact/\S+/", text)
    assert path is not None
    # A scanner that follows the link confirms nothing; a person presses the button.
    Client().get(path[0])
    found.refresh_from_db()
    assert not found.is_confirmed
    assert Client().post(path[0]).status_code == 200
    found.refresh_from_db()
    assert found.is_confirmed
    assert "not confirmed yet" not in client.get(page).content.decode()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_template_of_a_notice_can_be_sent(world: World, box: Mailbox, settings: Any, language: str) -> None:
    folder = Path(__file__).parents[3] / "src/licet/server/templates/mail"
    kinds = sorted(path.stem for path in folder.glob("*.txt"))
    service = world.service()
    for kind in kinds:
        Notice.objects.create(organisation=world.organisation, service=service, kind=kind, key=f"test {kind}",
                              details={"path": "/contact/x/", "email": "second@example.net"}, created=MONDAY)
    settings.LANGUAGE_CODE = language
    sent, failed = send_notices(at=MONDAY)
    assert (sent, failed) == (len(kinds), 0)
    for message in box.to(owners_address(world)):
        assert message["Subject"]
        newest(box, owners_address(world), message["Subject"])


# Mail of the sign-in.

def test_signing_up_is_confirmed_by_a_code(db: None, box: Mailbox) -> None:
    make_world()
    client = Client()
    answer = client.post("/account/signup/", {"email": "new@example.org", "password1": "a long enough secret"})
    assert answer["Location"] == "/account/confirm-email/"
    text = newest(box, "new@example.org", "Confirm your e-mail address")
    code = re.search(r"^ {4}(\S+)$", text, re.MULTILINE)
    assert code is not None, text
    assert client.post("/account/confirm-email/", {"code": "WRONG1"}).status_code == 200
    assert client.post("/account/confirm-email/", {"code": code[1]})["Location"] == "/my/"
    assert Account.objects.get(email="new@example.org").emailaddress_set.get().verified  # type: ignore[attr-defined]


def test_who_has_an_account_is_told_so_by_mail_alone(world: World, box: Mailbox) -> None:
    answer = Client().post("/account/signup/", {"email": owners_address(world), "password1": "a long enough secret"})
    assert answer["Location"] == "/account/confirm-email/"  # the same as for a new one
    assert "choose a new one" in newest(box, owners_address(world), "You have an account already")


def test_a_forgotten_password_is_replaced_by_a_link(world: World, box: Mailbox) -> None:
    client = Client()
    client.post("/account/password/reset/", {"email": owners_address(world)})
    path = re.search(r"/account/password/reset/key/\S+", newest(box, owners_address(world), "A new password"))
    assert path is not None
    page = client.get(path[0], follow=True)
    there = page.redirect_chain[-1][0]
    answer = client.post(there, {"password1": "another long secret", "password2": "another long secret"})
    assert answer.status_code == 302
    fresh = Client()
    signed_in = fresh.post("/account/login/", {"login": owners_address(world), "password": "another long secret"})
    assert signed_in["Location"] == "/my/"
    # Told to the owner, without where it came from.
    text = newest(box, owners_address(world), "Password")
    assert "If that was you" in text
    assert "Browser" not in text
    assert "IP" not in text


def test_an_address_without_account_gets_a_mail_and_the_page_is_the_same(world: World, box: Mailbox) -> None:
    answer = Client().post("/account/password/reset/", {"email": "nobody@example.org"})
    assert answer["Location"] == "/account/password/reset/done/"
    assert "There is no account" in newest(box, "nobody@example.org", "No account with this address")


def test_a_demonstration_shows_its_mail_on_the_terminal_and_a_registry_without_server_keeps_it(world: World) -> None:
    plain = replace(configured.DEPLOYMENT, is_demo=False)
    assert mail_settings(plain)["EMAIL_BACKEND"].endswith("filebased.EmailBackend")
    assert mail_settings(replace(plain, is_demo=True))["EMAIL_BACKEND"].endswith("console.EmailBackend")
    world.application("info_needed")
    send_notices(at=utc_now())
    assert len(mail.outbox) == 1
