"""Every text of the public pages goes through the translation files, and the German ones are complete."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

import licet.server
from licet.model.family import PROTOCOL_WORDS
from licet.server.public.directory import protocol_title
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import registrations
from licet.server.registry.service_layer.services import current_registration, edit_service
from server.public.conftest import NOW
from server.public.test_lookup import registered
from server.world import DAY, World, key

SERVER = Path(licet.server.__file__).parent
PO = sorted(SERVER.glob("**/locale/*/LC_MESSAGES/django.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|<[^>]+>")

# What is said by data and not by the pages.
DATA = ("Example registry", "An administrator", "Staff access", "Second thing", "Connection times", "Example purpose",
        "English", "Deutsch", "DE", "somebody")
# Names of protocols, the longest first: “IKE (IPsec)” before “IPsec”.
PROTOCOLS = sorted((protocol_title(word) for word in PROTOCOL_WORDS if word != "other-vpn"), key=len, reverse=True)


def entries(path: Path) -> Iterator[tuple[str, list[str], list[str], list[str]]]:
    """(reference, sources, translations, flags) of each entry of a .po file but its header."""
    for block in path.read_text(encoding="utf-8").split("\n\n")[1:]:
        texts: dict[str, str] = {}
        name, places, flags = "", "", []
        for line in block.splitlines():
            if line.startswith("#"):
                places += line[2:] if line.startswith("#:") else ""
                flags += line[2:].replace(" ", "").split(",") if line.startswith("#,") else []
            elif line.startswith("msg"):
                name, _, quoted = line.partition(" ")
                texts[name] = ast.literal_eval(quoted)
            elif line:
                texts[name] += ast.literal_eval(line)
        sources = [texts[one] for one in ("msgid", "msgid_plural") if one in texts]
        if "msgctxt" in texts:  # as a compiled file has it
            sources[0] = f"{texts['msgctxt']}\4{sources[0]}"
        yield places, sources, [text for one, text in texts.items() if one.startswith("msgstr")], flags


@pytest.mark.parametrize("path", PO, ids=lambda path: str(path.relative_to(SERVER)))
def test_translations_keep_what_is_filled_in(path: Path) -> None:
    for _places, sources, translations, flags in entries(path):
        assert "fuzzy" not in flags, sources
        for text in filter(None, translations):
            known = {one for source in sources for one in PLACEHOLDER.findall(source)}
            assert set(PLACEHOLDER.findall(text)) <= known, sources
            if len(sources) == 1:
                assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(sources[0])), sources


@pytest.mark.parametrize("path", PO, ids=lambda path: str(path.relative_to(SERVER)))
def test_what_is_used_is_what_was_written(path: Path) -> None:
    """The compiled file has every translation of its source: `msgfmt` was run."""
    with path.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for _places, sources, translations, _flags in entries(path):
        if translations[0] and len(sources) == 1:
            assert compiled.gettext(sources[0]) == translations[0]
        elif translations[0]:
            assert [compiled.ngettext(*sources, count) for count in (1, 2)] == translations


def test_the_public_face_is_complete_in_german() -> None:
    count = 0
    for path in PO:
        is_public = path.is_relative_to(SERVER / "public") or path.is_relative_to(SERVER / "audit")
        for places, sources, translations, _flags in entries(path):
            if is_public or re.search(r"templates/(?:[0-9]{3}|base|home)\.html", places):
                assert all(translations), sources
                count += 1
    assert count > 500


class Left(HTMLParser):
    """What is left of a page's texts, and of the attributes that are read out, without marked texts and data."""

    SKIPPED = frozenset({"style", "code", "pre"})
    VOID = frozenset({"meta", "link", "input", "path", "br"})
    READ_OUT = frozenset({"aria-label", "title", "placeholder", "alt"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self._skipping: list[bool] = [False]
        self._texts: list[str] = []
        self.feed(page)
        left = " ".join(self._texts)
        while left != (less := re.sub(r"⟦[^⟦⟧]*⟧", " ", left)):
            left = less
        left = re.sub(r"https://\S+|\S+/(?:udp|tcp)|(?:SVC|END)-\w+|\S+@example\.net", " ", left)
        for one in (*DATA, *PROTOCOLS):
            left = left.replace(one, " ")
        self.words = re.findall(r"[^\W\d_]{2,}", left)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self._texts += [value or "" for name, value in attrs if name in self.READ_OUT]
        if tag not in self.VOID:
            is_data = bool({"mono", "handle"} & set((known.get("class") or "").split())) or tag in self.SKIPPED
            is_quoted = "lang" in known and tag != "html"
            self._skipping.append(self._skipping[-1] or is_data or is_quoted)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._texts += [value or "" for name, value in attrs if name in self.READ_OUT]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self._skipping.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipping[-1]:
            self._texts.append(data)


@pytest.mark.django_db
def test_every_text_goes_through_the_translation_files(world: World, client: Client,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text that is translated is marked on its way to the page. What is left without a mark is data, or a text
    that was forgotten."""
    service = registered(world, name="Staff access", logs="Connection times", public_key=key("staff"))
    edit_service(world.owner, service, {"purpose": "Example purpose", "website": "https://example.net/"}, at=NOW)
    publish(at=NOW)
    other = registered(world, "198.51.100.20", name="Second thing")
    ended = current_registration(other)
    assert ended is not None
    registrations.surrender(world.owner, ended, at=NOW)
    registered(world, "198.51.100.30", is_listed=False)
    publish(at=NOW + DAY)

    def mark(text: str) -> str:
        return f"⟦{text}⟧" if text else text

    monkeypatch.setattr(translation._trans, "gettext", mark)
    monkeypatch.setattr(translation._trans, "pgettext", lambda _context, text: mark(text))
    monkeypatch.setattr(translation._trans, "ngettext", lambda one, many, count: mark(one if count == 1 else many))
    monkeypatch.setattr(translation._trans, "npgettext", lambda _c, one, many, count: mark(one if count == 1 else many))
    for address in (
        "/", "/lookup/", "/lookup/?q=198.51.100.10", "/lookup/?q=198.51.100.10:1", "/lookup/?q=192.0.2.1",
        "/lookup/?q=198.51.100.30", "/lookup/?q=1.2.3", "/lookup/?q=somebody", "/directory/", "/directory/?q=nobody",
        "/directory/?duty=perhaps", f"/service/{service.handle}/", f"/service/{other.handle}/", "/service/SVC-0000/",
        "/blocked/", "/snapshots/", "/snapshots/changes/", "/snapshots/changes/?before=1&after=2",
        "/snapshots/changes/?before=1&after=9", "/report/", "/privacy/", "/accessibility/", "/nowhere",
    ):
        page = client.get(address).content.decode()
        assert "⟦" in page
        left = Left(page).words
        assert not left, (address, left)
