"""Every button of every state, pressed by everybody: what the tables allow happens, and nothing else does.

What should happen is worked out here from the tables of `licet.lifecycle` alone. A button is on the page if, and only
if, pressing it would work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction

from licet.lifecycle import application, registration
from licet.lifecycle.table import OFFICER, REVIEWER, SECOND_OFFICER
from licet.server.clock import utc_now
from licet.server.desk.steps import STEPS
from licet.server.registry.models import Application, Message, Officer, Outbox, Proposal, Registration, Service
from licet.server.registry.service_layer import attested
from licet.server.registry.service_layer.due import run_due
from licet.server.registry.service_layer.services import current_registration
from server.desk.people import REASON, Desk
from server.world import DAY

pytestmark = pytest.mark.django_db

OFFICERS = ("proposer", "second officer", "officer")
OTHERS = ("stranger", "registrant", "another registrant")
VALUES: dict[str, dict[str, str]] = {
    "approve": {}, "refuse": REASON, "ask": {"text": "Which building?"}, "notice": REASON,
    "propose": {"event": "suspend", **REASON}, "confirm": {}, "drop": {}, "lift": {}, "uphold": {},
    "renew": {"review_date": (utc_now() + timedelta(days=100)).date().isoformat()}, "surrender": {},
}


@contextmanager
def tried() -> Iterator[None]:
    """Whatever happens inside did not happen afterwards."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


# The proposer approved every registration here, and the second officer confirmed what was proposed.
APPROVED = frozenset({("approve", "proposer")})
CONFIRMED = APPROVED | {("confirm", "second officer")}
BEFORE = dict.fromkeys(("serverHold", "pendingDelete", "held", "revoked"), CONFIRMED)


def state_of(service: Service) -> tuple[object, ...]:
    """All that a step could change."""
    return (
        list(service.applications.order_by("pk").values_list("state", "up_date", "decided_by")),
        list(service.registrations.order_by("pk").values_list("state", "up_date", "ex_date")),
        list(Proposal.objects.filter(registration__service=service).order_by("pk")
             .values_list("event", "closed_at", "confirmed")),
        service.messages.count(), Outbox.objects.count(),
    )


def press_all(desk: Desk, service: Service, possible: dict[str, set[str]],
              done: frozenset[tuple[str, str]] = frozenset()) -> None:
    """possible: for each step, the officers for whom it works; done: (step, officer) of what was done by that officer
    before, which is the same as once."""
    assert set(VALUES) == set(STEPS)
    before = state_of(service)
    for step, values in VALUES.items():
        for who in (*OTHERS, *OFFICERS):
            works = who in possible.get(step, set())
            with tried():
                answer = desk.post(who, service, step, **values)
                changed = state_of(service) != before
                said = answer.content.decode()
            assert changed is works, f"{step} by {who}: {answer.status_code}"
            if who in OTHERS:
                assert answer.status_code == (302 if who == "stranger" else 404), f"{step} by {who}"
            elif works or (step, who) in done:
                assert answer.status_code == 302, f"{step} by {who}: {answer.status_code}"
            else:
                assert answer.status_code in (409, 422), f"{step} by {who}: {answer.status_code}"
                assert 'role="alert"' in said, f"{step} by {who} is refused without a word"
            assert "Traceback" not in said
            assert "not_in_table" not in said
    for who in OFFICERS:
        page = desk.clients[who].get(f"/desk/case/{service.handle}/").content.decode()
        offered = {step for step in STEPS if f"/{service.handle}/{step}/" in page}
        assert offered == {step for step, officers in possible.items() if who in officers}, who


def application_in(desk: Desk, state: str) -> Application:
    if state != "lapsed":
        return desk.world.application(state)
    found = desk.world.application("draft")
    run_due(at=desk.world.at + 31 * DAY)
    found.refresh_from_db()
    return found


@pytest.mark.parametrize("state", application.TABLE.states)
def test_applications(desk: Desk, state: str) -> None:
    found = application_in(desk, state)
    facts = frozenset({application.PROOFS_VALID}) if state in ("in_review", "provisional", "approved") else frozenset()
    possible = {step: set(OFFICERS) for step in ("approve", "refuse", "ask")
                if application.TABLE.allows(state, step, OFFICER, facts)}
    if state == "approved":
        possible["notice"] = set(OFFICERS)  # it is registered now
    done = frozenset({({"approved": "approve", "refused": "refuse"}.get(state, ""), "proposer")})
    press_all(desk, found.service, possible, done)


def test_a_provisional_application_with_a_question_open(desk: Desk) -> None:
    found = desk.world.application("provisional")
    desk.post("officer", found.service, "ask", text="Which building?")
    assert Message.objects.filter(application=found, answered_at=None).count() == 1
    press_all(desk, found.service, {"approve": set(OFFICERS), "refuse": set(OFFICERS)})


def possible_for(found: Registration, took_part: set[str], *, is_attested: bool = False) -> dict[str, set[str]]:
    """From the table of registrations: what each officer can do about one that has no open proposal."""
    noticed = found.noticed_at is not None and found.noticed_at + timedelta(days=14) <= utc_now()
    facts = frozenset({registration.NOTICE_OVER}) if noticed else frozenset()
    table, state = registration.TABLE, found.state
    possible = {step: set(OFFICERS) for step in ("notice", "lift") if table.allows(state, step, OFFICER, facts)}
    if is_attested:
        possible |= {step: set(OFFICERS) for step in ("renew", "surrender")
                     if table.allows(state, step, OFFICER, facts)}
    if table.allows(state, "appeal_won", REVIEWER, facts):
        possible["uphold"] = set(OFFICERS) - took_part
    if table.allows(state, "suspend", SECOND_OFFICER, facts):
        possible["propose"] = set(OFFICERS)
    return possible


@pytest.mark.parametrize("state", registration.TABLE.states)
def test_registrations(desk: Desk, state: str) -> None:
    found = desk.world.registration(state)
    took_part = set()
    if found.noticed_by_id is not None:
        took_part.add("proposer")
    if found.proposals.filter(confirmed=True).exists():
        took_part |= {"proposer", "second officer"}
    possible = possible_for(found, took_part)
    if state == "serverHold":
        # From a hold only a revocation follows; the button is there, and a second hold is refused.
        page = desk.clients["officer"].get(f"/desk/case/{found.service.handle}/").content.decode()
        assert f"/{found.service.handle}/propose/" in page
        with tried():
            values = {"event": "revoke", **REASON}
            assert desk.post("officer", found.service, "propose", **values).status_code == 302
        return
    press_all(desk, found.service, possible, BEFORE.get(state, APPROVED))


@pytest.mark.parametrize("event", ["suspend", "revoke"])
def test_a_proposal_waits_for_another_officer(desk: Desk, event: str) -> None:
    found = desk.world.registration("noticed")
    desk.post("proposer", found.service, "propose", event=event, **REASON)
    possible = {"lift": set(OFFICERS), "drop": set(OFFICERS), "confirm": {"second officer", "officer"},
                "uphold": {"second officer", "officer"}}
    press_all(desk, found.service, possible, APPROVED)
    answer = desk.post("proposer", found.service, "confirm")
    assert "a second officer has to confirm it" in answer.content.decode()
    desk.post("second officer", found.service, "confirm")
    found.refresh_from_db()
    assert found.state == {"suspend": "serverHold", "revoke": "pendingDelete"}[event]


@pytest.mark.parametrize("days", [0, 13])
def test_nothing_follows_from_a_notice_within_14_days(desk: Desk, days: int) -> None:
    found = desk.world.registration("ok")
    desk.post("proposer", found.service, "notice", **REASON)
    Registration.objects.filter(pk=found.pk).update(noticed_at=utc_now() - timedelta(days=days))
    for event in ("suspend", "revoke"):
        answer = desk.post("officer", found.service, "propose", event=event, **REASON)
        assert answer.status_code == 409
        assert "14 days from the notice" in answer.content.decode()
    assert not Proposal.objects.exists()


def attest(desk: Desk) -> Registration:
    values = {"name": "Lift maintenance", "purpose": "Remote maintenance of lifts", "sponsor": "Facilities"}
    places = [{"address": "192.0.2.77", "port": 51820, "transport": "udp", "tunnel_protocol": "wireguard"}]
    service = attested.attest(desk.world.first, values, places, at=desk.world.at,
                              review_date=(desk.world.at + timedelta(days=300)).date())
    found = current_registration(service)
    assert found is not None
    return found


@pytest.mark.parametrize("state", ["ok", "expiring", "redemption", "noticed", "gone"])
def test_what_the_owner_permits_is_renewed_and_ended_by_officers(owned_desk: Desk, state: str) -> None:
    found = attest(owned_desk)
    changes: dict[str, object] = {"state": state}
    if state == "noticed":
        first = Officer.objects.get(account=owned_desk.world.first.account)
        changes |= {"noticed_at": utc_now() - timedelta(days=3), "noticed_by": first}
    Registration.objects.filter(pk=found.pk).update(**changes)
    found.refresh_from_db()
    took_part = {"proposer"} if state == "noticed" else set()
    done = frozenset(("surrender", who) for who in OFFICERS) if state == "gone" else frozenset()
    press_all(owned_desk, found.service, possible_for(found, took_part, is_attested=True), done)
