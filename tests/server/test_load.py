"""A large registry stays quick: the same few questions to the database, each answered from an index.

LICET_LOAD=50000 fills that many services; left alone it is 2,000, which is enough to see what reads a whole table.
Times are printed (`-s`) and bounded generously: a busy machine is no bug, a page that takes seconds is.
"""

from __future__ import annotations

import os
from time import perf_counter, process_time
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licet.server.clock import utc_now
from licet.server.registry.models import Endpoint, Officer
from licet.server.registry.publish import publish, records_at
from licet.server.registry.service_layer.due import run_due
from server.bulk import fill
from server.desk.people import Desk, make_desk

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("load")]
COUNT = int(os.environ.get("LICET_LOAD", "2000"))


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Filled once, inside a transaction that is taken back at the end."""
    from django.db import transaction

    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        cache.clear()
        desk = make_desk()
        begun = perf_counter()
        fill(COUNT, at=utc_now(), officer=Officer.objects.earliest("pk"))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        print(f"\nfilled {COUNT} services in {perf_counter() - begun:.1f} s")
        yield desk
        transaction.set_rollback(True)
        outer.__exit__(None, None, None)


def timed(what: str, call: Any) -> tuple[Any, float, int]:
    """The answer of a call, its seconds, and how many questions it asked."""
    with CaptureQueriesContext(connection) as seen:
        begun, busy = perf_counter(), process_time()
        answer = call()
        took, busy = perf_counter() - begun, process_time() - busy
    slowest = max(seen.captured_queries, key=lambda one: float(one["time"]), default=None)
    slow = f"; slowest query {slowest['time']} s: {slowest['sql'][:160]}" if slowest else ""
    print(f"{what}: {took * 1000:.0f} ms ({busy * 1000:.0f} ms of CPU), {len(seen)} queries{slow}")
    return answer, took, len(seen)


@pytest.mark.parametrize(("page", "queries"), [
    ("/desk/", 22), ("/desk/?show=decided", 20), ("/desk/?show=decided&page=9", 20), ("/desk/calendar/", 14),
    ("/desk/times/", 12), ("/desk/officers/", 12), ("/desk/find/?q=service 19", 12), ("/desk/find/?q=APP-000050", 9),
    ("/desk/case/SVC-000050/", 32), ("/metrics", 20), ("/snapshot", 5), ("/", 6),
])
def test_a_page_of_a_large_registry(large: Desk, page: str, queries: int) -> None:
    client = large.clients["officer"] if page.startswith("/desk") else Client()
    client.get(page)
    cache.clear()
    answer, took, count = timed(page, lambda: client.get(page))
    assert answer.status_code in (200, 302, 404)
    assert count <= queries
    assert took < 3
    if page.startswith("/desk"):
        timed(f"{page} again", lambda: client.get(page))


def test_publishing_a_large_registry(large: Desk) -> None:
    at = utc_now()
    snapshot, took, count = timed("publish", lambda: publish(at=at))
    assert snapshot.records > COUNT
    assert count < 40, "some for the snapshot and some for what is not published yet, none for each service"
    assert took < 3 + COUNT / 2_000
    again, took, count = timed("publish again", lambda: publish(at=at))
    assert again.serial == snapshot.serial
    assert took < 1, "nothing happened since"
    timed("records", lambda: records_at(at))


def test_the_clock_of_a_large_registry(large: Desk) -> None:
    run_due(at=utc_now())
    report, took, count = timed("run_due", lambda: run_due(at=utc_now()))
    # What is overdue and lacks something for the next state is tried again; all else is left alone.
    assert count < 60 + 15 * report.held_back
    assert took < 3 + COUNT / 5_000


def test_one_step_in_a_large_registry(large: Desk) -> None:
    service = large.world.application("in_review", at=utc_now()).service
    answer, took, count = timed("approve", lambda: large.post("officer", service, "approve"))
    assert answer.status_code == 302
    assert count < 60
    assert took < 2
    assert Endpoint.objects.count() > COUNT
