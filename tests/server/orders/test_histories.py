"""Random histories of one order: whatever people and the clock do in whatever order, the log replays, nothing is in
force that should not be, and what is over stays over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licet.errors import LicetError
from licet.lifecycle import order as table
from licet.lifecycle.replay import Replay
from licet.server.orders.models import Appeal, AppealProof, OrderRow
from licet.server.orders.service_layer import appeals, orders
from licet.server.registry.models import Outbox
from licet.server.registry.service_layer.actors import officer
from licet.tlog.entry import leaf_of, read_entry
from order.orders import evidence_line
from server.orders.orders_world import DAY, END, HOUR, MONDAY, SIGNED, an_order, clock
from server.world import FAILED, OK, World

pytestmark = pytest.mark.django_db

SECOND = "198.51.100.67:51820/udp"
STEPS = ("hour", "day", "days", "observe", "file", "prove", "fail", "uphold", "dismiss", "ask", "lift")


class Undo(Exception):
    """Takes a history back, so that the next one begins where this one did."""


def step(world: World, row: OrderRow, name: str, at: datetime) -> datetime:
    """One thing that happens. What is refused has not happened."""
    moves: dict[str, Callable[[], object]] = {
        "observe": lambda: observe(world, row, at), "lift": lambda: orders.lift(world.first, row, "court", at=at),
        "file": lambda: appeals.file(row.ends.order_by("number")[at.hour % 2],
                                     "Ours.", at=at),
        "prove": lambda: prove(True, at), "fail": lambda: prove(False, at),
        "uphold": lambda: decide(True, at), "dismiss": lambda: decide(False, at), "ask": lambda: ask(at),
    }
    if name in moves:
        try:
            with transaction.atomic():
                moves[name]()
        except LicetError:
            pass
        return at + timedelta(minutes=1)
    at += {"hour": HOUR, "day": DAY, "days": 6 * DAY}[name]
    clock(at)
    return at


def observe(world: World, row: OrderRow, at: datetime) -> None:
    seen = at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    orders.observe(world.first, row, b"\n".join(evidence_line(end, last_seen=seen) for end in (END, SECOND)), at=at)


def newest() -> Appeal:
    found = Appeal.objects.order_by("-pk").first()
    if found is None or found.reviewer is None:
        raise LicetError("none")
    return found


def prove(is_theirs: bool, at: datetime) -> None:
    found = newest()
    proof: AppealProof = appeals.start_proof(found, "http-01", at=at)
    appeals.check_proof(proof, lambda challenge: OK if is_theirs else FAILED, at=at)


def decide(uphold: bool, at: datetime) -> None:
    found = newest()
    assert found.reviewer is not None
    appeals.decide(officer(found.reviewer.account), found, uphold=uphold, reasons="So.", at=at)


def ask(at: datetime) -> None:
    found = newest()
    assert found.reviewer is not None
    appeals.ask_more(officer(found.reviewer.account), found, "Which host?", at=at)


def check(row: OrderRow, at: datetime, seen_over: set[str]) -> None:
    """What holds after every step."""
    row.refresh_from_db()
    roles = {one.role for one in orders.file_of(row).signatures}
    if row.is_in_force:
        assert {"author", "approver"} <= roles
        assert row.noticed_at is not None
        assert row.application_date <= at
        assert row.activated_at is not None
    for end in row.ends.all():
        stayed = Appeal.objects.filter(end=end, is_proven=True, state__in=("stayed", "assigned", "waiting")).exists()
        in_force = row.is_in_force and not end.is_off
        assert not (stayed and in_force), "an endpoint whose owner showed control is in force"
        upheld = Appeal.objects.filter(end=end, state="upheld").exists()
        assert not (upheld and in_force), "an endpoint whose appeal was upheld is in force"
    if row.state in table.FINAL:
        seen_over.add(row.state)
    assert len(seen_over) <= 1
    assert not seen_over or row.state in seen_over


def replays() -> None:
    replay = Replay()
    for index, entry in enumerate(Outbox.objects.order_by("pk")):
        replay.take(index, read_entry(leaf_of(bytes(entry.body))[0]))


def test_histories(world: World) -> None:
    @settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.sampled_from(STEPS), min_size=6, max_size=20))
    def history(steps: list[str]) -> None:
        with pytest.raises(Undo):
            live_through(world, steps)

    history()


@transaction.atomic
def live_through(world: World, steps: list[str]) -> None:
    """An order's life with these steps, to its end; taken back afterwards."""
    row, at, over = an_order("approved", END, SECOND), SIGNED, set[str]()
    for name in ("hour", "day", *steps):
        at = step(world, row, name, at)
        check(row, at, over)
    clock(row.end_date)
    check(row, row.end_date, over)
    assert not row.is_in_force
    replays()
    raise Undo


def test_histories_reach_what_they_should(world: World) -> None:
    """The steps above lead into force, out of it by each way, and back: a test of the test."""
    row, at = an_order("approved", END, SECOND), SIGNED
    reached = set()
    for name in ("hour", "day", "observe", "hour", "hour", "file", "prove", "dismiss", "file", "uphold", "lift"):
        at = step(world, row, name, at)
        row.refresh_from_db()
        reached |= {row.state, *(end.state for end in row.ends.all()), *Appeal.objects.values_list("state", flat=True)}
    assert {"noticed", "canary", "live", "stayed", "returned", "quashed", "upheld", "dismissed", "lifted"} <= reached
    assert at > MONDAY
