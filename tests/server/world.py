"""A small world for tests of the service: a registry, accounts, officers, and services in the state that is wanted.

Everything is made through the service layer, at times that the test says.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress

from licet.server.registry.models import (
    Account,
    Application,
    Endpoint,
    Organisation,
    Registration,
    Service,
)
from licet.server.registry.proving import Outcome
from licet.server.registry.service_layer import (
    applications,
    decisions,
    endpoints,
    officers,
    organisations,
    proofs,
    registrations,
    services,
)
from licet.server.registry.service_layer.actors import Actor, officer, registrant

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CODE = {"code": "control_not_proven", "text": "The name points elsewhere."}

OK = Outcome(True, "", "the token", "there", "the token", "")
FAILED = Outcome(False, "no_answer", "the token", "there", "no answer", "Open the port.")

_numbers = count(1)


def key(seed: object) -> str:
    """A WireGuard public key in base64."""
    return base64.b64encode(hashlib.sha256(str(seed).encode()).digest()).decode()


def account(email: str | None = None, *, confirmed: bool = True) -> Account:
    """Somebody who can sign in."""
    made = Account.objects.create_user(email or f"someone{next(_numbers)}@example.net", "a long enough password")
    EmailAddress.objects.create(user=made, email=made.email, verified=confirmed, primary=True)
    return made


def an_officer(at: datetime = MONDAY) -> Actor:
    """An officer of the registry."""
    made = account()
    token = officers.invite_first_officer(at=at)
    if token is None:
        first = Account.objects.filter(officer__retired_at=None, officer__isnull=False).first()
        assert first is not None
        token = officers.invite_officer(officer(first), at=at)
        second = Account.objects.filter(officer__retired_at=None, officer__isnull=False).exclude(pk=first.pk).first()
        if second is not None:
            officers.confirm_invitation(officer(second), officers.open_invitations(at)[0], at=at)
    officers.accept_invitation(token, made, at=at)
    return officer(made)


def address(number: int) -> str:
    """A documentation address of its own for each number below 2^16."""
    return f"2001:db8:{number >> 8:x}:{number & 0xFF:x}::1"


@dataclass
class World:
    """A registry with two officers and one registrant's organisation."""

    kind: str
    at: datetime
    first: Actor
    second: Actor
    owner: Actor
    organisation: Organisation

    def service(self, at: datetime | None = None, **values: Any) -> Service:
        """A service with the draft of its application."""
        at = at or self.at
        return services.create_service(self.owner, self.organisation, {"name": f"Service {next(_numbers)}", **values},
                                       at=at)

    def endpoint(self, service: Service, at: datetime | None = None, **values: Any) -> Endpoint:
        """An endpoint to be proven, at an address of its own."""
        given = {"address": address(next(_numbers)), "port": 51820, **values}
        return endpoints.add_endpoint(self.owner, service, given, at=at or self.at)

    def prove(self, endpoint: Endpoint, at: datetime | None = None, outcome: Outcome = OK) -> Endpoint:
        """Check the endpoint's proof, with this outcome."""
        at = at or self.at
        method = "wireguard-01" if endpoint.public_key else "http-01"
        proof = proofs.start_proof(self.owner, endpoint, method, at=at)
        proofs.record_proof(proof, outcome, at=at)
        endpoint.refresh_from_db()
        return endpoint

    def application(self, state: str, at: datetime | None = None, **values: Any) -> Application:
        """An application in a state, brought there from the beginning."""
        at = at or self.at
        service = self.service(at, **values)
        found = services.open_application_of(service)
        assert found is not None
        if state == "draft":
            return found
        if state == "withdrawn":
            return applications.withdraw(self.owner, found, at=at)
        endpoint = self.endpoint(service, at)
        found = applications.submit_application(self.owner, found, at=at)
        if state == "proving":
            return found
        self.prove(endpoint, at)
        found.refresh_from_db()
        assert found.state == "in_review"
        if state == "info_needed":
            decisions.ask(self.first, found, "Which building?", at=at)
        elif state in ("approved", "refused"):
            reason = {} if state == "approved" else CODE
            decisions.decide(self.first, found, approve=state == "approved", at=at, **reason)
        elif state == "provisional":
            run_clock(at + 5 * DAY)
        found.refresh_from_db()
        assert found.state == state, found.state
        return found

    def registration(self, state: str = "ok", at: datetime | None = None, **values: Any) -> Registration:
        """A registration in a state, brought there from the beginning; `at` is when the service was approved."""
        at = at or self.at
        approved = self.application("approved", at, **values)
        found = services.current_registration(approved.service)
        assert found is not None
        for step in PATHS[state]:
            self.step(found, step)
            found.refresh_from_db()
        assert found.state == state, found.state
        return found

    def step(self, found: Registration, event: str, at: datetime | None = None) -> None:
        """Cause one event of a registration's table, in time for it to be possible."""
        at = at or max(self.at, found.state_since) + (15 * DAY if event in ("suspend", "revoke") else HOUR)
        if event == "notice":
            registrations.give_notice(self.first, found, at=at, **CODE)
        elif event in ("suspend", "revoke"):
            propose = registrations.propose_suspension if event == "suspend" else registrations.propose_revocation
            proposal = propose(self.first, found, at=at, **CODE)
            registrations.confirm_proposal(self.second, proposal, at=at)
        elif event == "appeal_filed":
            registrations.file_appeal(self.owner, found, "It is ours.", at=at)
        elif event == "surrender":
            registrations.surrender(self.owner, found, at=at)
        elif event == "clock":
            run_clock(next_due(found))
        else:
            raise AssertionError(event)


# How a registration gets into each state.
PATHS: dict[str, tuple[str, ...]] = {
    "ok": (),
    "noticed": ("notice",),
    "noticed+appeal": ("notice", "appeal_filed"),
    "expiring": ("clock",),
    "redemption": ("clock", "clock"),
    "serverHold": ("notice", "suspend"),
    "pendingDelete": ("notice", "revoke"),
    "held": ("notice", "revoke", "appeal_filed"),
    "lapsed": ("clock", "clock", "clock"),
    "revoked": ("notice", "revoke", "clock"),
    "gone": ("surrender",),
}


def next_due(found: Registration) -> datetime:
    """When the clock moves a registration."""
    from licet.lifecycle.due import due_at
    from licet.lifecycle.registration import TABLE
    from licet.model.canonical import moment_ns

    due_ns = due_at(TABLE, found.state, moment_ns(found.state_since), moment_ns(found.ex_date))
    assert due_ns is not None
    return datetime.fromtimestamp(due_ns / 1e9, UTC) + timedelta(seconds=1)


def run_clock(at: datetime) -> None:
    """The clock's run at a moment, in a registry that was never away before it."""
    from licet.server.registry.models import Registry
    from licet.server.registry.service_layer.due import run_due

    Registry.objects.update(clock_ran_at=at - HOUR)
    run_due(at=at)


def make_world(kind: str = "public", at: datetime = MONDAY) -> World:
    """A new registry."""
    officers.init_registry(kind, "Example registry", at=at)
    owner = registrant(account())
    values = {"kind": "self_declared", "name": "An administrator"}
    organisation = organisations.create_organisation(owner, values, at=at)
    return World(kind, at, an_officer(at), an_officer(at), owner, organisation)
