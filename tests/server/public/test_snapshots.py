"""The snapshots' page: each number for download with its digest, and what changed between two."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from licet.app.tuf_keys import make_starter
from licet.server.clock import utc_now
from licet.server.public.snapshots import A_PAGE, COMPARED_RECORDS_MAX
from licet.server.registry.models import Snapshot
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import registrations
from licet.server.registry.service_layer.services import current_registration
from licet.server.snapshot_signing import publish_signed
from server.public.conftest import NOW
from server.public.test_lookup import registered
from server.world import DAY, World
from support.published import Registry, records

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(world: World) -> tuple[Snapshot, Snapshot]:
    """One service in the first snapshot; another one instead of it in the second."""
    first = registered(world, name="First")
    before = publish(at=NOW)
    registered(world, "198.51.100.20", name="Second")
    found = current_registration(first)
    assert found is not None
    registrations.surrender(world.owner, found, at=NOW)
    return before, publish(at=NOW + DAY)


def test_the_latest_comes_first_with_its_digest(two: tuple[Snapshot, Snapshot], client: Client) -> None:
    text = client.get("/snapshots/").content.decode()
    assert text.index("Number 2 is the latest") < text.index('href="/snapshot/2"') < text.index('href="/snapshot/1"')
    for one in two:
        body = client.get(f"/snapshot/{one.serial}").content
        assert f"sha256:{hashlib.sha256(body).hexdigest()}" in text
    assert "licet scan office.pcap --registry licet-2.snapshot" in text
    assert 'filename="licet-2.snapshot"' in client.get("/snapshot")["Content-Disposition"]


def test_what_changed_between_two(two: tuple[Snapshot, Snapshot], client: Client) -> None:
    for query in ({"before": 1, "after": 2}, {"before": 2, "after": 1}):
        page = client.get("/snapshots/changes/", query)
        text = page.content.decode()
        assert "1 record is new" in text
        assert "1 record is gone" in text
        assert text.index("198.51.100.20:51820/udp, wireguard") < text.index("198.51.100.10:51820/udp, wireguard")


@pytest.mark.parametrize("query", [
    {"before": "1", "after": "1"}, {"before": "1", "after": "99"}, {"before": "0", "after": "1"}, {"before": "x"},
    {"before": "1"}, {"before": "-1", "after": "2"}, {"before": "9" * 30, "after": "2"}, {"before": "", "after": ""},
])
def test_numbers_that_are_none_are_said(two: tuple[Snapshot, Snapshot], client: Client, query: dict[str, str]) -> None:
    page = client.get("/snapshots/changes/", query)
    assert page.status_code == 400
    assertNotContains(page, "is new", status_code=400)


def test_what_is_too_large_for_a_page_is_left_to_diff(two: tuple[Snapshot, Snapshot], client: Client) -> None:
    Snapshot.objects.filter(serial=2).update(records=COMPARED_RECORDS_MAX)
    assertContains(client.get("/snapshots/changes/", {"before": 1, "after": 2}), "too large", status_code=400)


def test_the_list_reads_no_bodies_and_pages(two: tuple[Snapshot, Snapshot], client: Client,
                                            django_assert_num_queries: Any) -> None:
    body = bytes(two[0].body)
    for number in range(3, A_PAGE + 5):
        Snapshot.objects.create(serial=number, digest=f"sha256:{number}", content_digest=f"sha256:{number}", records=1,
                                published_at=NOW, body=body)
    with django_assert_num_queries(4) as queries:
        page = client.get("/snapshots/")
    assert not [one for one in queries.captured_queries if '"body"' in one["sql"]]
    assertContains(page, 'rel="next"')
    assertContains(client.get("/snapshots/", {"page": 2}), 'rel="prev"')


def test_names_of_unlisted_services_are_not_in_a_difference(world: World, client: Client) -> None:
    registered(world)
    publish(at=NOW)
    registered(world, "198.51.100.30", name="Hidden thing", is_listed=False)
    publish(at=NOW + DAY)
    page = client.get("/snapshots/changes/", {"before": 1, "after": 2})
    assertContains(page, "198.51.100.30")
    assertNotContains(page, "Hidden thing")


def test_the_page_says_how_to_keep_a_copy_and_links_to_its_files(two: tuple[Snapshot, Snapshot], client: Client,
                                                                 settings: Any, tmp_path: Path) -> None:
    assertNotContains(client.get("/snapshots/"), "licet snapshot sync")  # nothing is signed here
    table = dataclasses.replace(settings.DEPLOYMENT.table, url="https://registry.example.net/")
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path, table=table)
    made = Registry(tmp_path / "tuf")
    root = made.begin()
    made.number(1, records(2))
    fingerprint = f"sha256:{hashlib.sha256(root).hexdigest()}"
    page = client.get("/snapshots/")
    command = f"licet snapshot sync https://registry.example.net/tuf registry \\\n    --root {fingerprint}"
    assertContains(page, command)
    assertContains(page, "Number 1 is signed as the newest until")
    assertNotContains(page, "were made by the server itself")
    for link in ("/tuf/metadata/timestamp.json", "/tuf/metadata/1.root.json"):
        assertContains(page, f'href="{link}"')
        assert client.get(link).status_code == 200
    assertContains(client.get("/de/snapshots/"), "Nummer 1 ist bis")


def test_the_page_says_whose_keys_are_the_servers_own(two: tuple[Snapshot, Snapshot], client: Client, settings: Any,
                                                      tmp_path: Path) -> None:
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path)
    made = settings.DEPLOYMENT
    make_starter(made.tuf_path, made.online_keys_path, made.starter_keys_path, utc_now())
    assert publish_signed(at=utc_now()).startswith("snapshot 2 is signed until")
    assertContains(client.get("/snapshots/"), "were made by the server itself")
