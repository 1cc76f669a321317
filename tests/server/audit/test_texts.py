"""Every text of the audit face goes through the translation files."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from licet.server.log_writing import write_log
from licet.tlog.signer import LogKey
from server.public.test_translations import Left
from server.world import World


@pytest.mark.django_db
def test_every_text_of_the_audit_face_goes_through_the_translation_files(
    world: World, key: LogKey, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked = world.registration("revoked").service
    refused = world.application("refused").service
    write_log()
    world.application("draft")  # it waits to be written

    def mark(text: str) -> str:
        return f"⟦{text}⟧" if text else text

    monkeypatch.setattr(translation._trans, "gettext", mark)
    monkeypatch.setattr(translation._trans, "pgettext", lambda _context, text: mark(text))
    monkeypatch.setattr(translation._trans, "ngettext", lambda one, many, count: mark(one if count == 1 else many))
    monkeypatch.setattr(translation._trans, "npgettext", lambda _c, one, many, count: mark(one if count == 1 else many))
    for address in ("/log/", "/log/?type=redaction", "/log/?since=never", "/log/?before=3&type=endpoint",
                    "/log/entries/1", f"/log/services/{revoked.handle}/", f"/log/services/{refused.handle}/",
                    f"/log/services/{revoked.handle}/?after=3", "/report/", "/report/?since=never",
                    "/report/?since=2026-02-01&until=2026-04-30"):
        page = client.get(address).content.decode()
        assert "⟦" in page
        # Events and states are chosen by the names that entries have.
        found = Left(page.replace("<option ", '<option class="mono" ')).words
        assert set(found) <= {"APP", "UTC", "JSON", "CSV"}, (address, found)
