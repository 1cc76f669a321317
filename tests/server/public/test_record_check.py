"""A row that is changed by hand is found, named and shown: on the page of its service, and by `--published`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from licet.app.log import make_trust
from licet.app.log_key import new_log_key
from licet.app.published import compare
from licet.app.published.difference import Comparison
from licet.lifecycle.listing import subject_of
from licet.model.canonical import sha256_digest
from licet.server.log_writing import write_log
from licet.server.public.limits import LIMITER
from licet.server.registry.models import Endpoint, Organisation, Outbox, Registration, Service, Snapshot
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import endpoints, organisations, registrations
from licet.server.registry.service_layer.due import run_due
from licet.server.registry.service_layer.services import current_registration, edit_service
from licet.server.registry.upgrade import write_missing_entries
from licet.tlog.signer import LogKey
from server.world import DAY, HOUR, MONDAY, World, key, make_world

pytestmark = pytest.mark.django_db

TITLE = "What this page says is not what the record says"


class TestSite:
    """The registry as a web server, without one."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self.url = url

    def read(self, path: str, bytes_max: int) -> bytes | None:
        LIMITER.clear()
        answer = Client().get(f"/{path}")
        raw = answer.content
        assert len(raw) <= bytes_max
        return None if answer.status_code == 404 else raw

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def log_key(settings: Any, tmp_path: Path) -> LogKey:
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path)
    return new_log_key("registry.example.net/log", str(settings.DEPLOYMENT.log_key_path))


@pytest.fixture(autouse=True)
def _site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(compare, "Site", TestSite)
    yield
    LIMITER.clear()


def compared(log_key: LogKey, tmp_path: Path, snapshots: int = 2) -> Comparison:
    _, found = compare.compare_published(str(tmp_path / "log"), make_trust(str(log_key.verifier)), (),
                                         "http://registry.example.net", snapshots=snapshots, patience_s=0)
    return found


def codes(found: Comparison) -> set[str]:
    return {one.code for one in found.differences}


def page_of(service: Service) -> str:
    return Client().get(f"/service/{service.handle}/").content.decode()


def published(at: Any = MONDAY + DAY) -> None:
    publish(at=at)
    write_log()


def test_a_registry_says_what_its_log_says(world: World, log_key: LogKey, tmp_path: Path) -> None:
    """Every state, listed and not, moves, keys and days: nothing differs, and no page shows a warning."""
    found = [world.registration(state) for state in ("ok", "noticed", "serverHold", "expiring", "lapsed", "revoked",
                                                     "gone", "noticed+appeal", "pendingDelete")]
    hidden = world.registration(is_listed=False)
    world.application("provisional")
    world.application("refused")
    published()
    assert compared(log_key, tmp_path).differences == []
    endpoint = hidden.service.endpoints.get()
    endpoints.revoke_endpoint(world.owner, endpoint, at=MONDAY + 2 * DAY)
    service = found[0].service
    with_key = world.prove(world.endpoint(service, public_key=key("one"), name="vpn.example.net"))
    published(MONDAY + 3 * DAY)
    endpoints.change_key(world.owner, with_key, key("two"), at=MONDAY + 4 * DAY)
    edit_service(world.owner, service, {"logs": "Nothing."}, at=MONDAY + 4 * DAY)
    edit_service(world.owner, hidden.service, {"is_listed": True}, at=MONDAY + 4 * DAY)
    organisations.edit_organisation(world.owner, world.organisation, {"name": "Example Two"}, at=MONDAY + 4 * DAY)
    published(MONDAY + 4 * DAY)
    run_due(at=MONDAY + 40 * DAY)
    published(MONDAY + 40 * DAY)
    told = compared(log_key, tmp_path, snapshots=9)
    assert told.differences == []
    assert told.snapshots == Snapshot.objects.count()
    assert (told.services, told.listed, told.lookups) == (4, 4, 12)
    for registration in found:
        assert TITLE not in page_of(registration.service)


def change(model: Any, **values: Any) -> Callable[[Registration], None]:
    """Change a row as somebody with the database would: no table of the log hears of it."""

    def changed(registration: Registration) -> None:
        rows = {Registration: {"pk": registration.pk}, Service: {"pk": registration.service_id},
                Endpoint: {"service": registration.service_id},
                Organisation: {"services": registration.service_id}}[model]
        keys = list(model.objects.filter(**rows).values_list("pk", flat=True))
        assert model.objects.filter(pk__in=keys).update(**values) >= 1

    return changed


BY_HAND = (
    ("state", change(Registration, state="noticed"), {"status_differs"}, "The status here"),
    ("revoked", change(Registration, state="revoked"), {"not_in_directory", "lookup_differs"}, "The status here"),
    ("end", change(Registration, ex_date=MONDAY + 900 * DAY), {"end_differs"}, "The day on which"),
    ("address", change(Endpoint, address="2001:db8:ffff::1"), {"endpoint_missing"}, "An endpoint here"),
    ("port", change(Endpoint, port=1), {"endpoint_missing"}, "An endpoint here"),
    ("proof", change(Endpoint, state="invalid"), {"endpoint_missing"}, "The status here"),
    ("name", change(Service, name="Example Evil"), {"facts_differ"}, "What is said about the service"),
    ("logs", change(Service, logs="Everything."), {"facts_differ"}, "What is said about the service"),
    ("unlisted", change(Service, is_listed=False), {"not_in_directory"}, "What is said about the service"),
    ("operator", change(Organisation, name="Example Evil"), {"facts_differ"}, "What is said about the service"),
    ("proof of the operator", change(Organisation, domain_proven_at=MONDAY), {"facts_differ"},
     "What is said about the service"),
)  # fmt: skip


def test_one_row_that_was_changed_by_hand_is_found_and_shown(world: World, log_key: LogKey, tmp_path: Path) -> None:
    registration, other = world.registration(), world.registration()
    published()
    for name, by_hand, expected, shown in BY_HAND:
        with transaction.atomic():
            by_hand(registration)
            found = compared(log_key, tmp_path)
            assert expected <= codes(found), (name, found.differences)
            # An organisation answers for both services.
            handles = {one.service for one in found.differences}
            assert registration.service.handle in handles, name
            assert handles == {registration.service.handle} or "operator" in name, name
            page = page_of(registration.service)
            assert TITLE in page, name
            assert shown in page, name
            assert (TITLE in page_of(other.service)) == ("operator" in name), name
            transaction.set_rollback(True)
    assert compared(log_key, tmp_path).differences == []


@pytest.mark.parametrize(("by_hand", "expected"), [
    (change(Registration, state="noticed"), "status_differs"), (change(Endpoint, port=1), "endpoint_missing"),
    (change(Endpoint, mac1_key="ab" * 32), "end_added"), (change(Registration, state="revoked"), "endpoint_missing"),
])  # fmt: skip
def test_what_a_changed_row_made_of_the_snapshot_is_found(
    world: World, log_key: LogKey, tmp_path: Path, by_hand: Callable[[Registration], None], expected: str
) -> None:
    """The registry goes on, and publishes what it was made to say."""
    registration = world.registration()
    published()
    by_hand(registration)
    published(MONDAY + 2 * DAY)
    found = compared(log_key, tmp_path)
    assert any(one.code == expected and "snapshot" in one.where for one in found.differences), found.differences
    assert {one.service for one in found.differences} == {registration.service.handle}


def test_an_end_of_a_service_that_is_not_listed_cannot_be_moved_by_hand(
    world: World, log_key: LogKey, tmp_path: Path
) -> None:
    """The log does not say which end it is, but that nothing happened to it."""
    hidden = world.registration(is_listed=False)
    published()
    change(Endpoint, address="2001:db8:ffff::1")(hidden)
    published(MONDAY + 2 * DAY)
    found = compared(log_key, tmp_path)
    assert codes(found) == {"end_added", "end_gone"}
    assert {one.service for one in found.differences} == {hidden.service.handle}
    change(Endpoint, address="2001:db8:fffe::1")(hidden)
    assert TITLE in page_of(hidden.service)


def test_a_service_that_was_put_in_by_hand_is_found(world: World, log_key: LogKey, tmp_path: Path) -> None:
    world.registration()
    published()
    service = Service.objects.create(handle="SVC-EVIL", name="Example Evil", organisation=world.organisation,
                                     cr_date=MONDAY, up_date=MONDAY)
    Registration.objects.create(service=service, state="ok", state_since=MONDAY, cr_date=MONDAY, up_date=MONDAY,
                                ex_date=MONDAY + 300 * DAY)
    Endpoint.objects.create(handle="END-EVIL", service=service, address="192.0.2.66", transport="udp", port=1194,
                            tunnel_protocol="openvpn", entry_text="192.0.2.66:1194/udp openvpn", state="valid",
                            state_since=MONDAY, valid_since=MONDAY, cr_date=MONDAY, up_date=MONDAY)
    published(MONDAY + 2 * DAY)
    found = compared(log_key, tmp_path)
    assert {"not_registered", "not_listed"} <= codes(found)
    assert {one.service for one in found.differences} == {"SVC-EVIL"}
    assert "Something here has no entry" in page_of(service)


def test_a_snapshot_that_was_replaced_is_found(world: World, log_key: LogKey, tmp_path: Path) -> None:
    world.registration()
    published()
    last = Snapshot.objects.order_by("-serial").first()
    assert last is not None
    body = bytes(last.body).replace(b'"port":51820', b'"port":51821')
    Snapshot.objects.filter(pk=last.pk).update(body=body)
    assert codes(compared(log_key, tmp_path)) == {"snapshot_changed"}


def test_an_earlier_snapshot_that_was_replaced_or_taken_away_is_found(
    world: World, log_key: LogKey, tmp_path: Path
) -> None:
    world.registration()
    published()
    world.registration()
    published(MONDAY + 2 * DAY)
    first = Snapshot.objects.get(serial=1)
    body = bytes(first.body).replace(b'"port":51820', b'"port":51821')
    Snapshot.objects.filter(pk=first.pk).update(body=body)
    assert codes(compared(log_key, tmp_path)) == {"snapshot_changed"}
    assert compared(log_key, tmp_path, snapshots=1).differences == []
    Snapshot.objects.filter(pk=first.pk)._raw_delete("default")  # type: ignore[attr-defined]
    assert codes(compared(log_key, tmp_path)) == {"snapshot_missing"}


def test_an_entry_that_was_changed_in_the_database_is_shown(world: World, log_key: LogKey) -> None:
    """The row and its entry say the same, and the log says something else."""
    registration = world.registration()
    published()
    entry = Outbox.objects.filter(subject=registration.service.handle).order_by("-sequence").first()
    assert entry is not None
    forged = bytes(entry.body).replace(b'"exDate":"2027', b'"exDate":"2028')
    assert forged != bytes(entry.body)
    Outbox.objects.filter(pk=entry.pk).update(body=forged, body_digest=sha256_digest(forged))
    Registration.objects.filter(pk=registration.pk).update(ex_date=registration.ex_date + timedelta(days=366))
    page = page_of(registration.service)
    assert "An entry in the database is not the one in the log" in page
    assert "The day on which" not in page


def test_what_waits_to_be_written_is_no_contradiction(world: World, log_key: LogKey, tmp_path: Path) -> None:
    registration = world.registration()
    published()
    registrations.give_notice(world.first, registration, code="false_statement", text="See the page.",
                              at=MONDAY + DAY + HOUR)
    assert TITLE not in page_of(registration.service)
    assert codes(compared(log_key, tmp_path)) == {"status_differs"}  # after the patience of a minute it is written
    published(MONDAY + DAY + HOUR)
    assert compared(log_key, tmp_path).differences == []
    current = current_registration(registration.service)
    assert current is not None


def test_what_an_earlier_version_did_not_write_is_written_at_the_start(
    world: World, log_key: LogKey, tmp_path: Path
) -> None:
    registration, hidden = world.registration(), world.registration(is_listed=False)
    publish(at=MONDAY + DAY)
    Outbox.objects.filter(type__in=("listing", "snapshot"))._raw_delete("default")  # type: ignore[attr-defined]
    assert TITLE in page_of(registration.service)
    assert write_missing_entries(at=MONDAY + DAY + HOUR) == 2
    assert write_missing_entries(at=MONDAY + DAY + HOUR) == 0
    published(MONDAY + DAY + HOUR)
    assert compared(log_key, tmp_path).differences == []
    assert TITLE not in page_of(registration.service)
    assert not Outbox.objects.filter(subject=subject_of(hidden.service.handle)).exists()
