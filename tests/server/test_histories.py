"""Random histories of many registrations: what is published is what counts (lifecycle §6, 1), no move is outside the
tables (17), delay by the registry harms nobody (18), snapshots are never rewritten (14), and who loses a registration
is not registered and nothing else (19).

Each history runs on the service layer and the database, inside a transaction that is taken back at its end.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licet.errors import Refused
from licet.lifecycle import application, endpoint_proof, registration
from licet.model.canonical import moment_ns
from licet.model.registration import Record
from licet.server.registry.models import Application, Endpoint, Message, Outbox, Proof, Registration
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import applications, decisions, proofs, registrations
from licet.server.registry.service_layer.standing import proofs_valid
from licet.snapshot.form import read_form
from server.audit import audit_log, audit_snapshots
from server.histories import OFFICERS_STEPS, OFTEN, Player, Step, begin, histories
from server.world import DAY, HOUR, OK

pytestmark = pytest.mark.django_db

# Together they take about half a minute, and are the same each time. LICET_HISTORIES=5000 looks further, at random.
EXAMPLES = int(os.environ.get("LICET_HISTORIES", "40"))
STEPS_MAX = 40
QUIET_STEP = Step("time")


def bounded(examples: int) -> Any:
    """Hypothesis as it runs here: each example takes back what it did, and a busy machine is no bug."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck),
                    derandomize="LICET_HISTORIES" not in os.environ)


def shielded(player: Player) -> set[tuple[str, str, bool]]:
    """(place or key, service, whether it is on hold) as the snapshot of this moment says it. All that is in it shields:
    nothing is published about those who lost their registration."""
    snapshot = publish(at=player.at)
    assert player.seen.setdefault(snapshot.serial, snapshot.digest) == snapshot.digest
    at_ns = moment_ns(player.at)
    found = set()
    for record in read_form("snapshot", bytes(snapshot.body))[1]:
        assert record.counts(at_ns) is not record.is_held(at_ns), f"{record} is published and shields nothing"
        found.add((record.mac1_key or place_of(record), record.service, record.is_held(at_ns)))
    return found


def place_of(record: Record) -> str:
    return f"{record.address}:{record.port}/{record.transport} {record.protocol}"


def played(history: list[Step]) -> Player:
    player = begin()
    for step in history:
        player.play(step)
    return player


def test_what_is_published_is_what_counts() -> None:
    done: Counter[str] = Counter()
    states: set[tuple[str, str]] = set()

    @bounded(EXAMPLES)
    @given(histories(STEPS_MAX))
    def holds(history: list[Step]) -> None:
        with transaction.atomic():
            player = begin()
            for step in history:
                outcome = player.play(step)
                assert shielded(player) == player.ledger.counting(), step
                done[step.what] += outcome == "done"
            audit_log()
            audit_snapshots(player.seen)
            states.update(Outbox.objects.values_list("type", "after"))
            transaction.set_rollback(True)

    holds()
    # Nothing was tried where nothing happened: every kind of step was done, and every state was reached.
    assert not [what for what in OFTEN if not done[what]]
    every = {(table.kind, state) for table in (application.TABLE, endpoint_proof.TABLE, registration.TABLE)
             for state in table.states}
    assert every <= states, every - states


@bounded(EXAMPLES // 5)
@given(histories(STEPS_MAX), st.integers(1, 40))
def test_officers_who_take_their_time_worsen_nothing(history: list[Step], runs: int) -> None:
    """After any history, officers do nothing for up to four months, while everybody else does their part: renews,
    answers, passes checks. What counted counts, what waited can still be approved. What two officers had decided before
    is not delay, and an end that two services claim is between them."""
    with transaction.atomic():
        player = played(history)
        player.days(Step("days"))
        everybody_does_their_part(player)
        decided = set(Registration.objects.filter(state="pendingDelete").values_list("service__handle", flat=True))
        claims = Counter(end for end, _service in standing())
        before = {(end, service) for end, service, _held in shielded(player)}
        before = {one for one in before & standing() if claims[one[0]] == 1 and one[1] not in decided}
        waiting = [one for one in Application.objects.filter(state__in=("in_review", "provisional"))
                   if proofs_valid(one.service) and all(claims[end] == 1 for end in ends_of(one))]
        for _ in range(runs):
            player.pass_time(3 * DAY)
            player.time(QUIET_STEP)
            player.mail(QUIET_STEP)
            everybody_does_their_part(player)
        assert before <= {(end, service) for end, service, _held in shielded(player)}
        for one in waiting:
            decisions.decide(player.world.first, one, approve=True, at=player.at)
        audit_log()
        transaction.set_rollback(True)


@bounded(EXAMPLES // 5)
@given(histories(STEPS_MAX), st.integers(-400, 1_200))
def test_a_registry_that_was_away_takes_nothing_from_anybody(history: list[Step], days: int) -> None:
    """Nothing runs for years, or the clock is set back or far ahead, and then everything runs for ten days: who was
    shielded still is, and no application lapsed."""
    with transaction.atomic():
        player = played(history)
        player.time(QUIET_STEP)
        before = {service for _end, service, _held in shielded(player)}
        still_open = set(Application.objects.filter(state__in=application.OPEN).values_list("pk", flat=True))
        player.pass_time(timedelta(days=days + (4 if days >= 0 else -1)))
        for _ in range(5):
            assert before <= {service for _end, service, _held in shielded(player)}
            player.time(QUIET_STEP)
            player.mail(QUIET_STEP)
            player.pass_time(2 * DAY)
        assert still_open <= set(Application.objects.filter(state__in=application.OPEN).values_list("pk", flat=True))
        audit_log()
        transaction.set_rollback(True)


@bounded(EXAMPLES // 5)
@given(histories(STEPS_MAX))
def test_the_clock_twice_is_the_clock_once(history: list[Step]) -> None:
    with transaction.atomic():
        player = played(history)
        player.time(QUIET_STEP)
        before = rows()
        player.time(QUIET_STEP)
        assert rows() == before
        transaction.set_rollback(True)


# The parts of the above.


def standing() -> set[tuple[str, str]]:
    """(place or key, service) of endpoints whose proof stands, without keys that go after 72 h."""
    found = set()
    for endpoint in Endpoint.objects.filter(state__in=endpoint_proof.COUNTING).select_related("service"):
        found |= {(end, endpoint.service.handle) for end in (endpoint.entry_text, endpoint.mac1_key) if end}
    return found


def ends_of(one: Application) -> set[str]:
    return {end for end, service in standing() if service == one.service.handle}


def rows() -> list[Any]:
    """All that a run of the clock could change."""
    return [list(model.objects.order_by("pk").values()) for model in (Application, Endpoint, Registration, Message)]


def everybody_does_their_part(player: Player) -> None:
    """Registrants answer, renew, and pass the checks that are due."""
    for one in Application.objects.filter(state="info_needed"):
        applications.answer(player.world.owner, one, "The one by the river.", at=player.at)
    for found in Registration.objects.filter(state__in=("expiring", "redemption")):
        registrations.renew(player.world.owner, found, at=player.at)
    due = Endpoint.objects.filter(state__in=endpoint_proof.COUNTING).exclude(recheck_asked_at=None)
    for endpoint in [*due, *Endpoint.objects.filter(state=endpoint_proof.STALE)]:
        proof = endpoint.proofs.filter(status=Proof.VALID).order_by("-validated").first()
        assert proof is not None
        proofs.record_proof(proof, OK, at=player.at)


def test_a_refusal_leaves_no_trace() -> None:
    """Every step that is refused changed nothing: seen on the rows, for a history in which much is refused."""
    with transaction.atomic():
        player = played([Step("registered", number, number, 1) for number in range(3)])
        for what in sorted(OFFICERS_STEPS):
            before = rows()
            try:
                outcome = player.play(Step(what, 1, 0, 1))
            except Refused:  # pragma: no cover - play() catches it
                outcome = "refused"
            if outcome not in ("done",):
                assert rows() == before, what
        player.pass_time(HOUR)
        audit_log()
        transaction.set_rollback(True)
