"""Every text of the pages behind a sign-in goes through the translation files: what is left of a page without a mark is
data, or a text that was forgotten."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import translation

from licet.server.registry.models import Application
from licet.server.registry.service_layer import registrations
from licet.server.registry.service_layer.services import current_registration
from server.desk.people import REASON, Desk, make_desk
from server.public.test_translations import Left
from server.registrant.signed_in import OWN, owner_of, pages_of
from server.world import DAY

pytestmark = pytest.mark.django_db

# Data of this world, beside what `Left` knows.
DATA = {
    "Service", "Remote", "access", "An", "administrator", "wireguard", "openvpn", "udp", "tcp", "UTC", "LEI",
    "Which",
    "building", "the", "token", "there", "The", "name", "points", "elsewhere", "It", "is", "ours", "URL", "someone",
    "UDP", "TCP", "ESP", "AH", "IP",
}


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture
def _marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def mark(text: str) -> str:
        return f"⟦{text}⟧" if text else text

    monkeypatch.setattr(translation._trans, "gettext", mark)
    monkeypatch.setattr(translation._trans, "pgettext", lambda _context, text: mark(text))
    monkeypatch.setattr(translation._trans, "ngettext", lambda one, many, count: mark(one if count == 1 else many))
    monkeypatch.setattr(translation._trans, "npgettext", lambda _c, one, many, count: mark(one if count == 1 else many))


def left_on(client: Client, page: str) -> list[str]:
    """The words on a page that are neither marked nor data."""
    text = client.get(page).content.decode()
    assert "⟦" in text, page
    text = re.sub(r"<script.*?</script>|\b(?:ORG|APP|OFF|DOM)-\w+|\b(?:http|dns|wireguard|callback)-01\b", " ", text,
                  flags=re.DOTALL)
    return [word for word in Left(text).words if word not in DATA]


def test_of_the_registrant(desk: Desk, request: pytest.FixtureRequest) -> None:
    client, pages = owner_of(desk.world), pages_of(desk.world)
    request.getfixturevalue("_marked")
    left = {page: words for page in (*OWN, *pages) if (words := left_on(client, page))}
    assert not left


def test_of_the_desk(desk: Desk, request: pytest.FixtureRequest) -> None:
    world = desk.world
    made = [world.application(state) for state in ("in_review", "info_needed", "refused", "approved")]
    noticed = current_registration(made[-1].service)
    assert noticed is not None
    registrations.give_notice(world.first, noticed, code=REASON["code"], text=REASON["text"], at=world.at + DAY)
    registrations.propose_suspension(world.first, noticed, code=REASON["code"], text=REASON["text"],
                                     at=world.at + 20 * DAY)
    cases = [f"/desk/case/{one.service.handle}/" for one in Application.objects.select_related("service")]
    request.getfixturevalue("_marked")
    pages = ("/desk/", "/desk/?show=decided", "/desk/calendar/", "/desk/times/", "/desk/officers/", "/desk/keys/",
             "/desk/find/?q=service", "/desk/attest/", *cases)
    left = {page: words for page in pages if (words := left_on(desk.clients["officer"], page))}
    assert not left


@pytest.mark.parametrize("page", ["/account/login/", "/account/signup/", "/account/signup/passkey/",
                                  "/account/password/reset/", "/account/password/reset/done/", "/join/x/",
                                  "/contact/x/", "/officer/x/"])
def test_of_the_sign_in(desk: Desk, request: pytest.FixtureRequest, page: str) -> None:
    request.getfixturevalue("_marked")
    assert left_on(Client(), page) == []
