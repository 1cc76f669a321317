"""Twenty writers at once: nothing is lost, nobody sees an error, and two who decide the same thing cannot both."""

from __future__ import annotations

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from licet.errors import Refused
from licet.server.registry.models import Application, Endpoint, Outbox, Registration, Snapshot
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import decisions, proofs, registrations
from licet.server.registry.service_layer.due import run_due
from server.world import CODE, DAY, HOUR, MONDAY, OK, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 20
ROUNDS = 3


def at_once(jobs: list[Callable[[], object]]) -> list[object]:
    """Run jobs in threads that begin together; what each returned, or the refusal that it met. Anything else that is
    raised fails the test."""
    results: list[object] = [None] * len(jobs)
    ready = threading.Barrier(len(jobs))

    def run(number: int) -> None:
        try:
            ready.wait(30)
            results[number] = jobs[number]()
        except BaseException as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Refused):
            raise result
    return results


@pytest.fixture
def world() -> World:
    return make_world()


def test_twenty_registrants_at_once_lose_nothing(world: World) -> None:
    def write() -> list[str]:
        made = []
        for _ in range(ROUNDS):
            service = world.service()
            world.prove(world.endpoint(service))
            made.append(service.handle)
        return made

    results = at_once([write] * WRITERS)
    handles = {handle for made in results for handle in made}  # type: ignore[attr-defined]
    assert len(handles) == WRITERS * ROUNDS
    assert Endpoint.objects.filter(state="valid").count() == WRITERS * ROUNDS
    assert Outbox.objects.filter(event="check_ok").count() == WRITERS * ROUNDS
    assert_log_is_whole()


def test_twenty_decisions_on_one_application_are_one(world: World) -> None:
    found = world.application("in_review")

    def approve() -> object:
        return decisions.decide(world.first, found, approve=True, at=MONDAY + HOUR)

    def refuse() -> object:
        return decisions.decide(world.second, found, approve=False, at=MONDAY + HOUR, **CODE)

    results = at_once([approve, refuse] * (WRITERS // 2))
    found.refresh_from_db()
    decided = Outbox.objects.filter(subject=found.handle, event__in=("approve", "refuse"))
    assert decided.count() == 1
    assert decided.get().after == found.state
    assert Registration.objects.count() == (1 if found.state == "approved" else 0)
    # The one who decided may click again; the other one is told that it is too late.
    assert sum(isinstance(result, Refused) for result in results) == WRITERS // 2
    assert_log_is_whole()


def test_two_services_cannot_prove_one_endpoint_at_once(world: World) -> None:
    place = {"address": "192.0.2.200", "port": 51820}
    pairs = []
    for _ in range(WRITERS):
        endpoint = world.endpoint(world.service(), **place)
        pairs.append(proofs.start_proof(world.owner, endpoint, "http-01", at=MONDAY))
    at_once([lambda one=proof: proofs.record_proof(one, OK, at=MONDAY + HOUR) for proof in pairs])
    assert Counter(Endpoint.objects.values_list("state", flat=True)) == {"valid": 1, "invalid": WRITERS - 1}
    assert_log_is_whole()


def test_twenty_clocks_at_once_are_one(world: World) -> None:
    for _ in range(4):
        world.application("in_review")
    world.registration("pendingDelete")
    at_once([lambda: run_due(at=MONDAY + 60 * DAY)] * WRITERS)
    # Three places are left to an organisation; the fourth application waits.
    states = Counter(Application.objects.exclude(state="approved").values_list("state", flat=True))
    assert states == {"provisional": 3, "in_review": 1}
    assert Outbox.objects.filter(event="clock", after="revoked").count() == 1
    assert_log_is_whole()


def test_twenty_publishers_at_once_number_without_a_gap(world: World) -> None:
    found = world.registration()

    def publish_and_renew(number: int) -> object:
        registrations.renew(world.owner, found, at=MONDAY + number * DAY)
        return publish(at=MONDAY + timedelta(minutes=number))

    at_once([lambda one=number: publish_and_renew(one) for number in range(WRITERS)])
    serials = list(Snapshot.objects.order_by("serial").values_list("serial", flat=True))
    assert serials == list(range(1, len(serials) + 1))
    contents = list(Snapshot.objects.order_by("serial").values_list("content_digest", flat=True))
    assert all(before != after for before, after in itertools.pairwise(contents))


def assert_log_is_whole() -> None:
    """Each subject's entries are counted from one, and each names the one before."""
    last: dict[str, Outbox] = {}
    for entry in Outbox.objects.order_by("subject", "sequence"):
        before = last.get(entry.subject)
        assert entry.sequence == (1 if before is None else before.sequence + 1)
        assert entry.prev_subject_leaf == ("" if before is None else before.body_digest)
        assert entry.before == ("" if before is None else before.after)
        last[entry.subject] = entry


def test_these_tests_ran_on_the_database_that_was_asked_for() -> None:
    asked = "postgresql" if os.environ.get("LICET_DATABASE") else "sqlite"
    assert connection.vendor == asked
