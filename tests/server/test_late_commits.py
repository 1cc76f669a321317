"""On PostgreSQL an entry with a smaller key can be committed later than one with a larger key: none is lost, and what a
snapshot says it holds it does hold."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from licet.model.canonical import Json
from licet.server.registry import publish as publishing
from licet.server.registry.models import Outbox, Registration, Snapshot
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import locks, receipts, registrations
from server.world import DAY, MONDAY, World, make_world

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'",
                       reason="SQLite lets one transaction write at a time, so nothing is committed late there; with "
                              "PostgreSQL installed, `pytest tests/server/test_postgresql.py` runs this on it"),
]

NOW = MONDAY + DAY
WAIT_S = 60


@pytest.fixture
def world() -> World:
    publishing._known.clear()
    return make_world()


@contextmanager
def written_and_not_committed(act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Something that was done in a transaction of another connection, and is not committed before what is handed out is
    called, or the block ends."""
    done, go_on, problems = threading.Event(), threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            with transaction.atomic():
                act()
                done.set()
                assert go_on.wait(WAIT_S)
        except BaseException as error:
            problems.append(error)
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()

    def commit() -> None:
        go_on.set()
        thread.join(WAIT_S)
        assert not thread.is_alive()
        assert not problems, problems

    assert done.wait(WAIT_S)
    try:
        yield commit
    finally:
        commit()


def handles(snapshot: Snapshot) -> set[str]:
    return {json.loads(line)["service"] for line in bytes(snapshot.body).splitlines()[1:]}


def details(entry: Outbox) -> dict[str, Json]:
    found = json.loads(bytes(entry.body))["details"]
    assert isinstance(found, dict)
    return found


def surrendered(world: World, found: Registration) -> Callable[[], object]:
    return lambda: registrations.surrender(world.owner, found, at=NOW)


def test_what_was_committed_late_is_in_the_next_snapshot(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "OUTBOX_WAIT_MS", 50)
    slow, quick = world.registration(), world.registration()
    assert handles(publish(at=NOW)) == {slow.service.handle, quick.service.handle}
    with written_and_not_committed(surrendered(world, slow)) as commit:
        surrendered(world, quick)()
        between = publish(at=NOW)
        assert handles(between) == {slow.service.handle}
        commit()
    entries = Outbox.objects.filter(event="surrender").order_by("pk")
    in_order = [slow.service.handle, quick.service.handle]
    assert [one.subject for one in entries] == in_order, "what was committed later has the smaller key"
    assert handles(publish(at=NOW)) == set()
    noted = [details(one) for one in Outbox.objects.filter(type="snapshot").order_by("sequence", "pk")]
    assert [one.get("unsettled", False) for one in noted] == [False, True, False]


def test_a_snapshot_waits_for_who_is_about_to_commit(world: World) -> None:
    slow, quick = world.registration(), world.registration()
    publish(at=NOW)
    before = Snapshot.objects.count()
    with written_and_not_committed(surrendered(world, slow)) as commit:
        surrendered(world, quick)()
        timer = threading.Timer(0.1, commit)
        timer.start()
        found = publish(at=NOW)
        timer.join()
    entry = Outbox.objects.filter(type="snapshot").latest("pk")
    if not details(entry).get("unsettled"):  # on a machine so busy that the wait was over first, it says so
        assert handles(found) == set()
        assert entry.pk > max(Outbox.objects.filter(event="surrender").values_list("pk", flat=True))
    assert Snapshot.objects.count() == before + 1


def test_who_writes_meanwhile_waits_and_is_not_stopped(world: World) -> None:
    found = world.registration()
    with transaction.atomic():
        assert locks.settle_outbox()
        writer = threading.Thread(target=lambda: (surrendered(world, found)(), connection.close()))
        writer.start()
        writer.join(0.2)
        assert writer.is_alive()
        assert not Outbox.objects.filter(event="surrender").exists()
    writer.join(WAIT_S)
    assert Outbox.objects.filter(event="surrender").count() == 1


def test_an_entry_that_was_committed_late_comes_into_the_log(world: World) -> None:
    slow, quick = world.registration(), world.registration()
    with written_and_not_committed(surrendered(world, slow)) as commit:
        surrendered(world, quick)()
        first = receipts.waiting(10_000)
        receipts.write_receipts(first, 0)
        assert receipts.waiting(10_000) == []
        commit()
    assert [one.subject for one in receipts.waiting(10_000)] == [slow.service.handle]
