"""Random histories of a registry: what registrants, officers, proofs and the clock do, one step after another.

A step is data, so that one history can be played twice: as it was, and with time in between. Each is tried on the
service layer; one that is refused did nothing. What was done is also told to a naive model (`server.naive`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from hypothesis import strategies as st

from licet.errors import Refused
from licet.server.registry import publish as publishing
from licet.server.registry.models import Application, Endpoint, Notice, Proposal, Registration, Service, Snapshot
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import (
    applications,
    decisions,
    endpoints,
    proofs,
    registrations,
    services,
)
from licet.server.registry.service_layer.due import run_due
from server.naive import Ledger
from server.world import CODE, DAY, FAILED, HOUR, OK, World, an_officer, key, make_world

PLACES, KEYS = 6, 5
SERVICES_MAX, ENDPOINTS_MAX = 5, 8


@dataclass(frozen=True)
class Step:
    """what: a method of Player; which, other: choose among what there is; hours: how much later than the step before,
    and less than nothing where the clock was set back."""

    what: str
    which: int = 0
    other: int = 0
    hours: int = 1


# How often each is drawn. The long ways of a registration need many steps, so shortcuts lead into their midst.
OFTEN = {
    "create": 2, "add": 3, "submit": 3, "prove": 5, "fail": 3, "replace": 2, "new_key": 2, "give_up": 1, "withdraw": 1,
    "apply_again": 1, "answer": 3, "renew": 2, "surrender": 1, "appeal": 2,
    "ask": 3, "approve": 4, "refuse": 1, "notice": 3, "propose_hold": 2, "propose_end": 2, "confirm": 4, "drop": 1,
    "lift": 2, "uphold": 2,
    "time": 4, "days": 4, "mail": 3, "publish": 3, "registered": 4, "waiting": 3, "in_trouble": 3,
}
HOURS = (0, 1, 1, 1, 5, 24, 24, 71, 73, 15 * 24, 16 * 24, 31 * 24, 62 * 24, 320 * 24, 1_000 * 24, -1, -25, -40 * 24)
BEGINNINGS = ("registered", "registered", "waiting", "in_trouble")
OFFICERS_STEPS = frozenset({
    "ask", "approve", "refuse", "notice", "propose_hold", "propose_end", "confirm", "drop", "lift", "uphold",
})

KINDS = [what for what, often in OFTEN.items() for _ in range(often)]


def history_of(number: int, length: int) -> list[Step]:
    """The history of a number: a beginning that has something to happen to, and so many steps. The same number with
    less length is the same history, broken off earlier. Drawn step by step, histories came out too much alike to get
    anywhere."""
    chance = random.Random(number)

    def draw(kinds: Sequence[str]) -> Step:
        return Step(chance.choice(kinds), chance.randrange(8), chance.randrange(8), chance.choice(HOURS))

    return [draw(BEGINNINGS) for _ in range(4)] + [draw(KINDS) for _ in range(length)]


def histories(most: int) -> st.SearchStrategy[list[Step]]:
    """Histories of at most so many steps."""
    return st.builds(history_of, st.integers(0, 2**32), st.integers(most // 2, most))


@dataclass
class Player:
    """Plays steps. at: what the registry's clock shows; seen: the digest of each serial when it was published."""

    world: World
    at: datetime
    ledger: Ledger
    reviewer: Any
    seen: dict[int, str] = field(default_factory=dict)
    outcomes: list[str] = field(default_factory=list)

    def play(self, step: Step) -> str:
        """One step; returns "done", the code of the refusal, or "nothing" where there is nothing it could be about."""
        self.pass_time(timedelta(hours=step.hours))
        try:
            did = getattr(self, step.what)(step)
        except Refused as refused:
            did = refused.code
        self.outcomes.append(did or "done")
        return self.outcomes[-1]

    def pass_time(self, by: timedelta) -> None:
        """Time goes by; nothing runs."""
        self.at += by
        self.ledger.now = self.at

    # What there is.

    def services(self) -> list[Service]:
        return list(Service.objects.order_by("pk"))

    def open_proposals(self) -> list[Proposal]:
        return list(Proposal.objects.filter(closed_at=None).order_by("pk"))

    def applications(self, *states: str) -> list[Application]:
        found = Application.objects.order_by("pk")
        return list(found.filter(state__in=states) if states else found)

    def _on(self, rows: list[Any], step: Step, act: Callable[[Any], object], likely: list[Any] | None = None) -> str:
        """Act on one of the rows: mostly on one with which it is likely to do something."""
        if not rows:
            return "nothing"
        if likely and step.other % 4:
            rows = likely
        result = act(rows[step.which % len(rows)])
        return result if isinstance(result, str) else ""

    # Registrants.

    def create(self, step: Step) -> str:
        if Service.objects.count() >= SERVICES_MAX:
            return "nothing"
        made = self.world.service(self.at, is_listed=bool(step.other % 3))
        self.ledger.created(made.handle)
        return ""

    def add(self, step: Step) -> str:
        return self._on(self.services(), step, lambda one: self._add(one, step))

    def _add(self, service: Service, step: Step) -> str:
        if Endpoint.objects.filter(service=service).count() >= ENDPOINTS_MAX:
            return "nothing"
        values = place_of(step.other)
        made = endpoints.add_endpoint(self.world.owner, service, values, at=self.at)
        self.ledger.added(service.handle, made.handle, made.entry_text, made.mac1_key)
        return ""

    def submit(self, step: Step) -> str:
        def act(one: Application) -> None:
            was = one.submitted_at
            applications.submit_application(self.world.owner, one, at=self.at)
            if was is None:
                self.ledger.submitted(one.service.handle)

        ready = list(Application.objects.filter(state="draft").exclude(service__endpoints=None).order_by("pk"))
        return self._on(self.applications("draft", "proving", "in_review"), step, act, ready)

    def prove(self, step: Step) -> str:
        return self._on(list(Endpoint.objects.order_by("pk")), step, lambda one: self._check(one, ok=True))

    def fail(self, step: Step) -> str:
        return self._on(list(Endpoint.objects.order_by("pk")), step, lambda one: self._check(one, ok=False))

    def _check(self, endpoint: Endpoint, *, ok: bool) -> None:
        proof = None if ok else endpoint.proofs.filter(status="valid").last()
        if proof is None:
            method = "wireguard-01" if endpoint.public_key else "http-01"
            proof = proofs.start_proof(self.world.owner, endpoint, method, at=self.at)
        is_recheck = proof.status == "valid"
        done = proofs.record_proof(proof, OK if ok else FAILED, at=self.at)
        self.ledger.checked(endpoint.handle, ok, is_recheck)
        assert (done.error == "") is self.ledger.last_check_was_taken_as_good

    def replace(self, step: Step) -> str:
        def act(one: Endpoint) -> str:
            if Endpoint.objects.filter(service=one.service).count() >= ENDPOINTS_MAX:
                return "nothing"
            made = endpoints.replace_endpoint(self.world.owner, one, place_of(step.other), at=self.at)
            self.ledger.added(one.service.handle, made.handle, made.entry_text, made.mac1_key,
                              instead_of=one.handle)
            return ""

        return self._on(list(Endpoint.objects.order_by("pk")), step, act)

    def new_key(self, step: Step) -> str:
        def act(one: Endpoint) -> None:
            was = one.mac1_key
            made = endpoints.change_key(self.world.owner, one, key(step.other % KEYS), at=self.at)
            if made.mac1_key != was:
                self.ledger.key_changed(one.handle, was, made.mac1_key)

        return self._on(list(Endpoint.objects.order_by("pk")), step, act)

    def give_up(self, step: Step) -> str:
        def act(one: Endpoint) -> None:
            endpoints.revoke_endpoint(self.world.owner, one, at=self.at)
            self.ledger.given_up(one.handle)

        return self._on(list(Endpoint.objects.order_by("pk")), step, act)

    def withdraw(self, step: Step) -> str:
        def act(one: Application) -> None:
            applications.withdraw(self.world.owner, one, at=self.at)
            if one.is_open:
                self.ledger.withdrawn(one.service.handle)

        return self._on(self.applications(), step, act)

    def apply_again(self, step: Step) -> str:
        def act(one: Service) -> None:
            services.open_application(self.world.owner, one, at=self.at)
            self.ledger.applied_again(one.handle)

        over = [one for one in self.services() if services.open_application_of(one) is None
                and services.current_registration(one) is None]
        return self._on(self.services(), step, act, over)

    def answer(self, step: Step) -> str:
        def act(one: Application) -> None:
            applications.answer(self.world.owner, one, "The one by the river.", at=self.at)
            self.ledger.answered(one.service.handle)

        return self._on(self.applications("info_needed", "provisional"), step, act, self.applications("info_needed"))

    def renew(self, step: Step) -> str:
        return self._registration(step, lambda one: registrations.renew(self.world.owner, one, at=self.at), "renewed")

    def surrender(self, step: Step) -> str:
        return self._registration(step, lambda one: registrations.surrender(self.world.owner, one, at=self.at),
                                  "surrendered")

    def appeal(self, step: Step) -> str:
        return self._registration(
            step, lambda one: registrations.file_appeal(self.world.owner, one, "It is ours.", at=self.at), "appealed")

    def _registration(self, step: Step, act: Callable[[Registration], object], told: str) -> str:
        def both(one: Registration) -> None:
            is_current = not one.is_over
            act(one)
            if is_current or told == "upheld":
                getattr(self.ledger, told)(one.service.handle)

        # Those that something stands against come first: most of what can be done is about them.
        standing_against = Q(state__in=("noticed", "noticed+appeal", "serverHold", "pendingDelete", "held"))
        likely = list(Registration.objects.filter(standing_against).order_by("pk")) if step.which % 2 else None
        return self._on(list(Registration.objects.order_by("-pk")), step, both, likely)

    # Officers.

    def ask(self, step: Step) -> str:
        def act(one: Application) -> None:
            decisions.ask(self.world.first, one, "Which building?", at=self.at)
            self.ledger.asked(one.service.handle)

        return self._on(self.applications("in_review", "provisional"), step, act)

    def approve(self, step: Step) -> str:
        return self._decide(step, approve=True)

    def refuse(self, step: Step) -> str:
        return self._decide(step, approve=False)

    def _decide(self, step: Step, *, approve: bool) -> str:
        def act(one: Application) -> None:
            decisions.decide(self.world.second, one, approve=approve, at=self.at, **({} if approve else CODE))
            self.ledger.decided(one.service.handle, approve)

        return self._on(self.applications("in_review", "provisional", "info_needed", "proving"), step, act)

    def notice(self, step: Step) -> str:
        return self._registration(
            step, lambda one: registrations.give_notice(self.world.first, one, at=self.at, **CODE), "noticed")

    def propose_hold(self, step: Step) -> str:
        return self._on(list(Registration.objects.order_by("-pk")), step, lambda one: self._none(
            registrations.propose_suspension(self.world.first, one, at=self.at, **CODE)))

    def propose_end(self, step: Step) -> str:
        return self._on(list(Registration.objects.order_by("-pk")), step, lambda one: self._none(
            registrations.propose_revocation(self.world.first, one, at=self.at, **CODE)))

    def confirm(self, step: Step) -> str:
        def act(one: Proposal) -> None:
            was = one.closed_at
            who = self.world.second if step.other % 4 else self.world.first
            registrations.confirm_proposal(who, one, at=self.at)
            if was is None:
                self.ledger.confirmed(one.registration.service.handle, one.event)

        return self._on(list(Proposal.objects.order_by("-pk")), step, act, self.open_proposals())

    def drop(self, step: Step) -> str:
        return self._on(list(Proposal.objects.order_by("-pk")), step, lambda one: self._none(
            registrations.drop_proposal(self.world.first, one, at=self.at)), self.open_proposals())

    def lift(self, step: Step) -> str:
        return self._registration(step, lambda one: registrations.lift(self.world.first, one, at=self.at), "lifted")

    def uphold(self, step: Step) -> str:
        return self._registration(step, lambda one: registrations.uphold_appeal(self.reviewer, one, at=self.at),
                                  "upheld")

    # Time, mail and what is published.

    def time(self, step: Step) -> str:
        run_due(at=self.at)
        self.ledger.time()
        return ""

    def mail(self, step: Step) -> str:
        Notice.objects.filter(sent_at=None).update(sent_at=self.at)
        self.ledger.mailed()
        return ""

    def publish(self, step: Step) -> str:
        made = publish(at=self.at)
        assert self.seen.setdefault(made.serial, made.digest) == made.digest
        assert Snapshot.objects.order_by("-serial").first() == made
        return ""

    def days(self, step: Step) -> str:
        """Weeks or months go by while the registry runs, and nobody does anything."""
        for _ in range((1, 2, 4, 6, 11, 21)[step.which % 6]):
            self.pass_time(3 * DAY)
            self.time(step)
            self.mail(step)
        return ""

    # Shortcuts: several of the steps above.

    def waiting(self, step: Step) -> str:
        """A service whose application waits for an officer."""
        if Service.objects.count() >= SERVICES_MAX:
            return "nothing"
        self.create(step)
        last = Service.objects.order_by("pk").last()
        assert last is not None
        self._add(last, step)
        made = Endpoint.objects.order_by("pk").last()
        application = services.open_application_of(last)
        assert made is not None
        assert application is not None
        applications.submit_application(self.world.owner, application, at=self.at)
        self.ledger.submitted(last.handle)
        self._check(made, ok=True)
        return ""

    def registered(self, step: Step) -> str:
        """A service that is registered."""
        did = self.waiting(step)
        found = Application.objects.filter(state="in_review").order_by("-pk").first()
        if did or found is None:
            return did or "nothing"
        decisions.decide(self.world.first, found, approve=True, at=self.at)
        self.ledger.decided(found.service.handle, approve=True)
        return ""

    def in_trouble(self, step: Step) -> str:
        """A registration that was noticed, and a proposal about it two weeks later."""
        found = Registration.objects.filter(state__in=("ok", "expiring")).order_by("-pk").first()
        if found is None:
            return "nothing"
        registrations.give_notice(self.world.first, found, at=self.at, **CODE)
        self.ledger.noticed(found.service.handle)
        self.pass_time(15 * DAY)
        propose = registrations.propose_suspension if step.other % 2 else registrations.propose_revocation
        propose(self.world.first, found, at=self.at, **CODE)
        return ""

    @staticmethod
    def _none(_result: object) -> None:
        return None


def place_of(number: int) -> dict[str, Any]:
    """Fields of an endpoint: few places and few keys, so that they are fought over."""
    place = {"address": f"192.0.2.{number % PLACES + 1}", "port": 51820}
    if number % 4 == 0:
        return {"public_key": key(number % KEYS), "proof_address": "192.0.2.99", "proof_port": 51820}
    return {**place, "public_key": key(number % KEYS)} if number % 4 == 1 else place


def begin() -> Player:
    """A new registry, whose clock shows Monday morning."""
    publishing._known.clear()  # of a history that was taken back
    world = make_world()
    reviewer = an_officer(world.at)
    return Player(world, world.at + HOUR, Ledger(), reviewer)
