"""Random histories of many registrations: what is published is what counts (lifecycle §6, 1), no move is outside the
tables (17), delay by the registry harms nobody (18), snapshots are never rewritten (14), and who loses a registration
is not registered and nothing else (19).

Each history runs on the service layer and the database, inside a transaction that is taken back at its end.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
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
from server.histories import OFFICERS_STEPS, OFTEN, Player, Step, begin, histories, history_of
from server.world import DAY, HOUR, OK

pytestmark = pytest.mark.django_db

# The histories of these numbers take about half a minute together, and are the same on every machine: what Hypothesis
# draws by itself also depends on the modules that are loaded. LICET_HISTORIES=5000 looks further, at random.
EXAMPLES = 40
RARE = (43, 107)  # and these, which reach a state that few do
STEPS_MAX = 40
AT_RANDOM = int(os.environ.get("LICET_HISTORIES", "0"))
QUIET_STEP = Step("time")


def on_histories(examples: int, least: int | None = None, most: int = 0) -> Any:
    """Try a test on so many histories; with bounds, also on a number between them. Each example takes back what it
    did."""
    bounds = () if least is None else ((least, most),)

    def on(test: Any) -> Any:
        for number in (*RARE, *range(examples)):
            numbers = [random.Random(number).randint(*one) for one in bounds]
            test = example(history_of(number, STEPS_MAX), *numbers)(test)
        test = given(histories(STEPS_MAX), *[st.integers(*one) for one in bounds])(test)
        return settings(max_examples=max(AT_RANDOM * examples // EXAMPLES, 1), deadline=None,
                        suppress_health_check=list(HealthCheck),
                        phases=list(Phase) if AT_RANDOM else [Phase.explicit])(test)

    return on


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

    @on_histories(EXAMPLES)
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


@on_histories(EXAMPLES // 5, 1, 40)
def test_officers_who_take_their_time_worsen_nothing(history: list[Step], runs: int) -> None:
    """After any history, officers do nothing for up to four months, while everybody else does their part: renews,
    answers, passes checks. What counted counts, what waited can still be approved. What two officers had decided before
    is not delay, and an end that two services claim is between them."""
    with transaction.atomic():
        player = played(history)
        player.days(Step("days"))
        everybody_does_their_part(player)
        decided = set(Registration.objects.filter(state="pendingDelete").values_list("service__handle", flat=True))
        before = {(end, service) for end, service, _held in shielded(player)}
        before = {one for one in before & uncontested() if one[1] not in decided}
        waiting = [one for one in Application.objects.filter(state__in=("in_review", "provisional"))
                   if proofs_valid(one.service) and ends_of(one) <= uncontested()]
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


@on_histories(EXAMPLES // 5, -400, 1_200)
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


@on_histories(EXAMPLES // 5)
def test_the_clock_twice_is_the_clock_once(history: list[Step]) -> None:
    with transaction.atomic():
        player = played(history)
        player.time(QUIET_STEP)
        before = rows()
        player.time(QUIET_STEP)
        assert rows() == before
        transaction.set_rollback(True)


# The parts of the above.


def standing() -> list[list[tuple[str, str]]]:
    """For each endpoint whose proof stands: its ends (place, key), each with its service; without keys that go after
    72 h."""
    found = Endpoint.objects.filter(state__in=endpoint_proof.COUNTING).select_related("service")
    return [[(end, one.service.handle) for end in (one.entry_text, one.mac1_key) if end] for one in found]


def uncontested() -> set[tuple[str, str]]:
    """The ends of endpoints of which no other endpoint claims any. Where a key is claimed by two, the address that one
    of them has beside it cannot be proven again either."""
    claims = Counter(end for ends in standing() for end, _service in ends)
    return {one for ends in standing() if all(claims[end] == 1 for end, _service in ends) for one in ends}


def ends_of(one: Application) -> set[tuple[str, str]]:
    return {end for ends in standing() for end in ends if end[1] == one.service.handle}


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
