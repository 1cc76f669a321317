"""Every state × event of lifecycle/ on the running service layer: what the table says happens, is logged, and nothing
else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from licet.errors import Refused
from licet.lifecycle import application, endpoint_proof, registration
from licet.lifecycle.table import Table
from licet.server.registry.models import Application, Endpoint, Message, Notice, Outbox, Proof, Registration
from licet.server.registry.service_layer import applications, decisions, endpoints, proofs, registrations
from server.world import CODE, DAY, FAILED, HOUR, MONDAY, OK, World, make_world, next_due, run_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def entries(subject: str) -> list[tuple[str, str, str]]:
    """(event, from, to) of a subject's entries, in their order."""
    return list(Outbox.objects.filter(subject=subject).order_by("sequence").values_list("event", "before", "after"))


def cells(table: Table) -> list[tuple[str, str, str | None]]:
    """(state, event, where it leads or None) for every cell of a table."""
    return [(state, event, table.rows[state][event][0].to if event in table.rows[state] else None)
            for state in table.states for event in table.events]


def check(table: Table, state: str, event: str, to: str | None, subject: str, cause: Callable[[], object],
          now: Callable[[], str]) -> None:
    """Cause an event and hold state and log against the table."""
    before = entries(subject)
    try:
        cause()
    except Refused:
        assert to is None, f"{table.kind} in {state}: {event} was refused"
    after = entries(subject)
    assert after[: len(before)] == before
    assert now() == (to or state)
    if to is None:
        assert after == before
    else:
        assert (event, state, to) in after[len(before) :]


# Applications.


def application_in(world: World, state: str) -> Application:
    if state != "lapsed":
        return world.application(state)
    found = world.application("draft")
    run_clock(MONDAY + 31 * DAY)
    found.refresh_from_db()
    return found


def cause_application(world: World, found: Application, event: str, at: datetime) -> None:
    service = found.service
    if event == "submit":
        if found.state == "draft":
            world.endpoint(service, at)
        applications.submit_application(world.owner, found, at=at)
    elif event in ("proofs_valid", "proof_failed"):
        # An endpoint of the application, proven or failed; where there is none, a proof cannot arrive.
        endpoint = service.endpoints.first()
        if endpoint is None:
            raise Refused("none", "no endpoint")
        world.prove(endpoint, at) if event == "proofs_valid" else fail(world, endpoint, at)
    elif event == "ask":
        decisions.ask(world.first, found, "And this one?", at=at)
    elif event == "answer":
        applications.answer(world.owner, found, "The one by the river.", at=at)
    elif event == "approve":
        decisions.decide(world.second, found, approve=True, at=at)
    elif event == "refuse":
        decisions.decide(world.second, found, approve=False, at=at, **CODE)
    elif event == "withdraw":
        applications.withdraw(world.owner, found, at=at)
    else:
        run_clock(at + 60 * DAY)


def fail(world: World, endpoint: Endpoint, at: datetime) -> None:
    """All proof of an endpoint is lost: its row says so, as after a month of failed checks; one more check fails."""
    if endpoint.counts:
        endpoint.proofs.update(status=Proof.PENDING, expires=at + DAY)
        endpoint.state = endpoint_proof.INACTIVE
        endpoint.save()
    proof = endpoint.proofs.first() or proofs.start_proof(world.owner, endpoint, "http-01", at=at)
    proofs.record_proof(proof, FAILED, at=at)


@pytest.mark.parametrize(("state", "event", "to"), cells(application.TABLE))
def test_application(world: World, state: str, event: str, to: str | None) -> None:
    found = application_in(world, state)
    at = found.state_since + HOUR
    if state == "provisional" and event == "clock":
        to = None  # Nothing changes, so nothing is written: a row a minute would say nothing.
    if (state, event) == ("provisional", "answer"):
        decisions.ask(world.first, found, "Which one?", at=at)
    twice = {"submit": ("proving", "in_review", "info_needed", "provisional"), "withdraw": ("withdrawn",)}
    if state in twice.get(event, ()):
        # The same click twice is the same as once.
        cause_application(world, found, event, at)
        found.refresh_from_db()
        assert found.state == state
        return

    def now() -> str:
        found.refresh_from_db()
        return found.state

    check(application.TABLE, state, event, to, found.handle, lambda: cause_application(world, found, event, at), now)


# Endpoints.


def endpoint_in(world: World, state: str) -> Endpoint:
    service = world.service()
    endpoint = world.endpoint(service, public_key=None or "") if state != "keyed" else world.endpoint(service)
    if state == "pending":
        return endpoint
    if state == "invalid":
        return world.prove(endpoint, MONDAY + HOUR, FAILED)
    world.prove(endpoint, MONDAY + HOUR)
    if state == "gone":
        endpoints.revoke_endpoint(world.owner, endpoint, at=MONDAY + 2 * HOUR)
    if state in ("stale", "inactive"):
        recheck(endpoint, MONDAY + 2 * HOUR, OK is None)
    if state == "inactive":
        let_both_notices_go(endpoint)
    endpoint.refresh_from_db()
    assert endpoint.state == state
    return endpoint


def recheck(endpoint: Endpoint, at: datetime, ok: bool) -> None:
    proof = endpoint.proofs.order_by("pk").first()
    assert proof is not None
    proofs.record_proof(proof, OK if ok else FAILED, at=at)


def let_both_notices_go(endpoint: Endpoint) -> None:
    """Two notices sent, and thirty days gone by."""
    endpoint.refresh_from_db()
    for days in (1, 16):
        run_clock(endpoint.state_since + days * DAY)
        Notice.objects.update(sent_at=endpoint.state_since + days * DAY)
    run_clock(endpoint.state_since + 31 * DAY)


def cause_endpoint(world: World, endpoint: Endpoint, event: str, at: datetime) -> None:
    if event in ("check_ok", "check_fail"):
        proof = endpoint.proofs.order_by("pk").first() or proofs.start_proof(world.owner, endpoint, "http-01", at=at)
        proofs.record_proof(proof, OK if event == "check_ok" else FAILED, at=at)
    elif event == "key_change_by_owner":
        Endpoint.objects.filter(pk=endpoint.pk).update(public_key="x", mac1_key="0" * 64)
        endpoints.change_key(world.owner, endpoint, "A" * 42 + "E=", at=at)
    elif event == "owner_revokes":
        endpoints.revoke_endpoint(world.owner, endpoint, at=at)
    elif endpoint.state == "stale":
        let_both_notices_go(endpoint)
    else:
        run_clock(at + 31 * DAY)


@pytest.mark.parametrize(("state", "event", "to"), cells(endpoint_proof.TABLE))
def test_endpoint(world: World, state: str, event: str, to: str | None) -> None:
    endpoint = endpoint_in(world, state)
    at = endpoint.state_since + HOUR

    def now() -> str:
        endpoint.refresh_from_db()
        return endpoint.state

    check(endpoint_proof.TABLE, state, event, to, endpoint.handle,
          lambda: cause_endpoint(world, endpoint, event, at), now)


# Registrations.


def cause_registration(world: World, found: Registration, event: str, at: datetime) -> None:
    if event == "renew":
        registrations.renew(world.owner, found, at=at)
    elif event == "lift":
        registrations.lift(world.second, found, at=at)
    elif event == "appeal_won":
        from server.world import an_officer

        registrations.uphold_appeal(an_officer(MONDAY), found, at=at)
    elif event == "clock":
        due = found.state in registration.TABLE.after
        run_clock(next_due(found) if due else at + 30 * DAY)
    else:
        world.step(found, event)


@pytest.mark.parametrize(("state", "event", "to"), cells(registration.TABLE))
def test_registration(world: World, state: str, event: str, to: str | None) -> None:
    found = world.registration(state)
    subject = found.service.handle
    at = found.state_since + HOUR
    if (state, event) == ("gone", "surrender"):
        registrations.surrender(world.owner, found, at=at)  # The same click twice is the same as once.
        return

    def now() -> str:
        found.refresh_from_db()
        return found.state

    check(registration.TABLE, state, event, to, subject, lambda: cause_registration(world, found, event, at), now)


def test_every_subject_begins_with_an_entry(world: World) -> None:
    found = world.registration()
    approved = found.service.applications.get()
    assert entries(approved.handle)[0] == ("open", "", "draft")
    assert entries(found.service.endpoints.get().handle)[0] == ("add", "", "pending")
    assert entries(found.service.handle) == [("approve", "", "ok")]


def test_messages_are_not_in_the_log(world: World) -> None:
    asked = world.application("info_needed")
    applications.answer(world.owner, asked, "A secret of ours.", at=MONDAY + timedelta(hours=3))
    assert Message.objects.count() == 2
    for entry in Outbox.objects.all():
        assert b"secret" not in bytes(entry.body)
        assert b"building" not in bytes(entry.body)
        assert b"@" not in bytes(entry.body)
