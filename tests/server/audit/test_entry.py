"""The page of an entry and its proof file, the log's own files, and the history of a service."""

from __future__ import annotations

import html
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from licet.app.log import make_trust, verify_log
from licet.lifecycle import listing
from licet.model.canonical import sha256_digest
from licet.server.audit import history, strip
from licet.server.audit.strip import Lane, Span, draw_strip
from licet.server.log_writing import write_log
from licet.server.registry.models import Outbox, Receipt
from licet.tlog.entry import read_entry
from licet.tlog.proof_file import verify_proof
from licet.tlog.signer import LogKey
from licet.tlog.store import FolderStore
from licet.tlog.writer import Writer
from server.world import DAY, MONDAY, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(world: World, key: LogKey) -> World:
    world.registration("revoked")
    world.application("refused")
    world.registration(is_listed=True)
    write_log()
    return world


def leaves(folder: Path, key: LogKey) -> list[bytes]:
    return [leaf for _, leaf in Writer(FolderStore(folder / "log"), key).leaves_from(0)]


def test_a_page_shows_the_very_bytes_of_the_log(full: World, key: LogKey, tmp_path: Path, client: Client) -> None:
    for index, leaf in enumerate(leaves(tmp_path, key)):
        text = client.get(f"/log/entries/{index}").content.decode()
        shown = re.search(r'<code id="leaf">(.*?)</code>', text, re.DOTALL)
        assert shown is not None
        assert html.unescape(shown[1]).encode() == leaf
        entry = read_entry(leaf)
        assert entry.subject in text
        assert str(key.verifier) in html.unescape(text)
        if entry.body_digest:
            body = client.get(f"/log/body/{entry.body_digest.removeprefix('sha256:')}")
            assert f'href="/log/body/{entry.body_digest.removeprefix("sha256:")}"' in text
            assert sha256_digest(body.content) == entry.body_digest


def test_entries_of_one_subject_lead_to_each_other(full: World, client: Client) -> None:
    first = Outbox.objects.filter(sequence=1).order_by("pk")[0]
    later = Outbox.objects.get(subject=first.subject, sequence=2)
    page = client.get(f"/log/entries/{first.receipt.leaf_index}")
    assertContains(page, f'href="/log/entries/{later.receipt.leaf_index}">after: entry')
    assertNotContains(page, ">before: entry")
    assertContains(client.get(f"/log/entries/{later.receipt.leaf_index}"), ">before: entry")


def test_an_entry_that_is_not_there_is_not_there(full: World, client: Client) -> None:
    for index in ("99999", "9" * 40, "-1", "x", "0x1"):
        assert client.get(f"/log/entries/{index}").status_code == 404, index
        assert client.get(f"/log/entries/{index}/proof").status_code == 404, index


def test_an_entry_that_is_not_published_yet_claims_no_proof(full: World, tmp_path: Path, client: Client) -> None:
    (tmp_path / "log" / "checkpoint").unlink()
    page = client.get("/log/entries/3")
    assertContains(page, "not published yet")
    assertNotContains(page, "<script")
    assert client.get("/log/entries/3/proof").status_code == 404


def test_a_page_without_scripts_says_how_to_check_and_does_not_say_verified(full: World, client: Client) -> None:
    page = client.get("/log/entries/3")
    policy = page["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    text = page.content.decode()
    shown = re.sub(r"<template.*?</template>", "", text, flags=re.DOTALL)
    assert "licet log verify-proof entry-3.tlog-proof --key log.key" in shown
    assert "erified" not in shown
    assert text.count("<script") == 1
    assert re.search(r'<script src="/static/licet/verify\.js" defer></script>', text)
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", text)


def test_the_proof_file_of_every_entry_holds(full: World, key: LogKey, tmp_path: Path, client: Client) -> None:
    for index, leaf in enumerate(leaves(tmp_path, key)):
        answer = client.get(f"/log/entries/{index}/proof")
        checkpoint, at, proven = verify_proof(answer.content, key.verifier)
        assert (at, proven, checkpoint.size) == (index, leaf, Receipt.objects.count())
        assert f'filename="entry-{index}.tlog-proof"' in answer["Content-Disposition"]


# The log's own files.


def test_every_file_of_the_log_is_served_as_it_is(full: World, key: LogKey, tmp_path: Path, client: Client) -> None:
    folder = tmp_path / "log"
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    public = [path for path in paths if not path.startswith(".writer")]
    assert {path.split("/")[0] for path in public} == {"checkpoint", "tile", "body"}
    for path in public:
        answer = client.get(f"/log/{path}")
        assert answer.content == (folder / path).read_bytes()
        assert answer["X-Content-Type-Options"] == "nosniff"
        is_for_ever = "immutable" in answer["Cache-Control"]
        assert is_for_ever is path.startswith("tile/"), path
        assert client.head(f"/log/{path}").status_code == 200
    assert os.path.exists(folder / ".writer/head")
    assert client.get("/log/.writer/head").status_code == 404


def test_nothing_else_can_be_named(full: World, client: Client) -> None:
    for path in ("tile/0/../../log_key", "tile/0/%2e%2e/000", "body/..", "body/" + "0" * 64, "tile/8/000",
                 "tile/0/000.p/999", "tile/0/000.p/0", "tile/entries/", "checkpoint/", "body/../../log_key",
                 "tile/0/x001/x001/x001/x001/x001/x001/000", ".writer/lock"):
        assert client.get(f"/log/{path}").status_code == 404, path


def test_a_mirror_of_what_is_served_verifies(full: World, key: LogKey, tmp_path: Path, client: Client) -> None:
    """Every path that the verifier asks for is one that is served."""
    for path in [one for one in (tmp_path / "log").rglob("*") if one.is_file() and ".writer" not in one.parts]:
        target = tmp_path / "mirror" / path.relative_to(tmp_path / "log")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(client.get(f"/log/{path.relative_to(tmp_path / 'log').as_posix()}").content)
    assert verify_log(str(tmp_path / "mirror"), make_trust(str(key.verifier))).checkpoint.size == Outbox.objects.count()


# The history of a service.


def test_a_history_has_all_entries_of_a_service_in_order(full: World, client: Client,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "ENTRIES_A_PAGE", 4)
    for service in full.organisation.services.all():
        subjects = {service.handle, listing.subject_of(service.handle),
                    *service.applications.values_list("handle", flat=True),
                    *service.endpoints.values_list("handle", flat=True)}
        found = Outbox.objects.filter(subject__in=subjects).order_by("pk")
        seen, address = [], f"/log/services/{service.handle}/"
        while address:
            text = client.get(address).content.decode()
            rows = re.search(r'<ol class="log-rows">(.*?)</ol>', text, re.DOTALL)
            assert rows is not None
            seen += [int(one) for one in re.findall(r'/log/entries/(\d+)"', rows[1])]
            later = re.search(r'rel="next" href="(\?after=\d+)"', text)
            address = f"/log/services/{service.handle}/{later[1]}" if later else ""
        assert seen == list(found.values_list("receipt__leaf_index", flat=True))


def test_a_history_draws_the_states_and_says_the_last_one(full: World, client: Client) -> None:
    revoked = next(one for one in full.organisation.services.all()
                   if one.registrations.filter(state="revoked").exists())
    page = client.get(f"/log/services/{revoked.handle}/")
    assertContains(page, "<dd>not registered any more</dd>")
    assertContains(page, 'role="img"', count=2)
    text = page.content.decode()
    for tone in ("good", "attention", "over"):
        assert f'<path class="{tone}"' in text
    assert client.get(f"/log/services/{revoked.handle.lower()}/").status_code == 301
    assert client.get("/log/services/SVC-0000/").status_code == 404
    assert client.get("/log/services/../").status_code == 404
    assert client.get(f"/log/services/{revoked.handle}/?after=x").status_code == 200


def test_a_strip_stays_inside_its_picture_and_loses_no_state() -> None:
    spans = tuple(Span(MONDAY + n * DAY, MONDAY + (n + 1) * DAY, f"state {n}", "good") for n in range(300))
    short = (Span(MONDAY, MONDAY, "a moment", "over"),)
    for drawing in draw_strip([Lane("one", spans), Lane("two", short)]):
        boxes = [re.match(r"M([\d.]+) (\d+)h([\d.]+)v(\d+)", shape.path) for shape in drawing.shapes]
        assert len(boxes) == 301
        for box in boxes:
            assert box is not None
            assert 0 <= float(box[1]) <= drawing.width
            assert float(box[1]) + float(box[3]) <= drawing.width + 2
            assert int(box[2]) + strip.LANE < drawing.height
        assert all(0 <= label.x <= drawing.width and 0 < label.y < drawing.height for label in drawing.labels)
    assert draw_strip([]) == ()


def test_the_page_of_a_service_leads_to_its_entries(full: World, client: Client) -> None:
    listed = full.organisation.services.filter(is_listed=True, registrations__state="ok").first()
    assert listed is not None
    page = client.get(f"/service/{listed.handle}/")
    assertContains(page, f'href="/log/services/{listed.handle}/"')
    found = Outbox.objects.filter(subject=listed.handle).order_by("pk")[0]
    assertContains(page, f'href="/log/entries/{found.receipt.leaf_index}"')
    full.application("draft", MONDAY + timedelta(days=1))
    assert client.get(f"/service/{listed.handle}/").status_code == 200
