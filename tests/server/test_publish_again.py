"""Publishing reads everything only when something could have changed, and misses nothing that did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from licet.server.registry import publish as publishing
from licet.server.registry.models import Endpoint, Snapshot
from licet.server.registry.publish import publish, records_at
from licet.server.registry.service_layer import endpoints, officers, registrations, services
from licet.server.registry.service_layer.applications import submit_application
from licet.server.registry.service_layer.decisions import decide
from server.world import DAY, HOUR, MONDAY, World, key, make_world

pytestmark = pytest.mark.django_db
NOW = MONDAY + DAY
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    publishing._known.clear()
    return make_world()


def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often everything was read: one entry each time."""
    found: list[int] = []

    def counted(*args: Any) -> Any:
        found.append(1)
        return records_at(*args)

    monkeypatch.setattr(publishing, "records_at", counted)
    return found


def test_where_nothing_happened_nothing_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.registration()
    first = publish(at=NOW)
    read = reads(monkeypatch)
    for _ in range(5):
        assert publish(at=NOW + MINUTE).serial == first.serial
    assert not read
    assert publish(at=NOW + 11 * MINUTE).serial == first.serial
    assert len(read) == 1, "whatever happened, everything is read again after ten minutes"
    assert Snapshot.objects.count() == 1


CHANGES: dict[str, Callable[[World, Any], object]] = {
    "unlisted": lambda world, found: services.edit_service(world.owner, found.service, {"is_listed": False}, at=NOW),
    "another service": lambda world, found: world.registration(at=NOW),
    "given up": lambda world, found: registrations.surrender(world.owner, found, at=NOW),
    "endpoint given up": lambda world, found: endpoints.revoke_endpoint(
        world.owner, found.service.endpoints.first(), at=NOW),
    "endpoint added": lambda world, found: world.prove(world.endpoint(found.service, NOW), NOW),
    "renewed": lambda world, found: registrations.renew(world.owner, found, at=NOW),
    "registry renamed": lambda world, found: officers.rename_registry("Another name"),
    "key changed": lambda world, found: endpoints.change_key(
        world.owner, found.service.endpoints.exclude(public_key="").get(), key("another"), at=NOW),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_published_at_once(world: World, change: str) -> None:
    found = world.application("draft", name="With a name")
    service = found.service
    endpoint = world.endpoint(service, public_key=key("first"), name="vpn.example.net")
    submit_application(world.owner, found, at=MONDAY)
    world.prove(endpoint)
    found.refresh_from_db()
    decide(world.first, found, approve=True, at=MONDAY)
    registration = service.registrations.get()
    before = publish(at=NOW)
    assert publish(at=NOW).serial == before.serial
    CHANGES[change](world, registration)
    after = publish(at=NOW + MINUTE)
    assert after.serial == before.serial + 1
    assert after.content_digest != before.content_digest


def test_an_old_key_ends_by_itself(world: World) -> None:
    found = world.application("draft")
    endpoint = world.endpoint(found.service, public_key=key("first"))
    submit_application(world.owner, found, at=MONDAY)
    world.prove(endpoint)
    found.refresh_from_db()
    decide(world.first, found, approve=True, at=MONDAY)
    endpoints.change_key(world.owner, endpoint, key("second"), at=NOW)
    both = publish(at=NOW + HOUR)
    until = Endpoint.objects.get().old_key_until
    assert until is not None
    assert publish(at=until - MINUTE).serial == both.serial
    one = publish(at=until + MINUTE)
    assert (one.serial, one.records) == (both.serial + 1, both.records - 1)


def test_what_moves_while_everything_is_read_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody gives a service up after it was read: what was read is not published."""
    found = world.registration()
    other = world.registration()
    moved: list[int] = []

    def read(at: Any) -> Any:
        records = records_at(at)
        if not moved:
            moved.append(1)
            registrations.surrender(world.owner, found, at=NOW)
        return records

    monkeypatch.setattr(publishing, "records_at", read)
    body = bytes(publish(at=NOW).body).decode()
    assert other.service.handle in body
    assert found.service.handle not in body


def test_a_registry_that_never_rests_is_published_under_the_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []

    def read(at: Any) -> Any:
        records = records_at(at)
        if len(turns) < publishing.TRIES:
            turns.append(1)
            world.registration(at=NOW)
        return records

    monkeypatch.setattr(publishing, "records_at", read)
    assert publish(at=NOW).records == publishing.TRIES
