"""An order as its page shows it: the strip of its stages, its clock, and what it meets as dots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from licet.errors import LicetError
from licet.lifecycle import order as orders
from licet.model.order import Order, OrderFile
from licet.order.effect import Effect
from licet.order.impact import read_impact
from licet.server.orders import words
from licet.server.orders.measured import effects
from licet.server.orders.models import OrderedEnd, OrderRow
from licet.server.orders.policy import network_named
from licet.server.orders.service_layer.clock import waits_until
from licet.server.orders.service_layer.orders import file_of
from licet.server.registry.models import Outbox

STAGES = (orders.DRAFT, orders.CHECKED, orders.SIMULATED, orders.APPROVED, orders.NOTICED, orders.CANARY, orders.LIVE)
DOTS_A_ROW, DOTS_MAX = 20, 100


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the strip. kind: `done`, `now` or `todo`; since: when it was reached first, or None."""

    title: words.Text
    kind: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Dots:
    """All services on one address, the one that the rule stops first. points: (x, y, is it the one); others: what goes
    on, in words; left_out: how many are not drawn; port_alone: nothing but the tunnel ran over its port."""

    endpoint: str
    points: tuple[tuple[int, int, bool], ...]
    height: int
    others: tuple[str, ...]
    left_out: int
    hours: int
    flows: int
    port_alone: bool


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """Everything for the page of an order. reason: why it moved last, in words, or its code; signed: role, code of the
    policy or "", and key id; waits: time is yet to pass before it may take effect;
    request: the handle of the request that it answers."""

    row: OrderRow
    order: Order
    state: words.Text
    ground: words.Text
    stages: tuple[Stage, ...]
    ends: tuple[tuple[OrderedEnd, words.Text, tuple[words.Text, str]], ...]
    dots: tuple[Dots, ...]
    signed: tuple[tuple[words.Text, str, str], ...]
    next_at: datetime | None
    is_over: bool
    reason: words.Text
    waits: bool
    request: str
    effects: tuple[Effect, ...]


def shown(row: OrderRow, at: datetime) -> ShownOrder:
    """What the page of an order says."""
    file = file_of(row)
    class_words = dict(words.ENDPOINT_CLASSES)
    classes = {str(one.endpoint): (class_words.get(one.endpoint_class, one.endpoint_class), one.class_source)
               for one in file.order.endpoints}
    ends = tuple((end, words.ORDER_STATES.get(end.state, "") if end.state else "", classes.get(end.endpoint, ("", "")))
                 for end in row.ends.order_by("number"))
    return ShownOrder(row, file.order, words.ORDER_STATES[row.state], words.GROUNDS[row.ground], stages(row), ends,
                      dots(file), _signed(row, file), waits_until(row), row.state in orders.FINAL, _reason(row.reason),
                      row.state not in orders.FINAL and at < row.application_date, row.request.partition("/")[0],
                      effects(row, at))


def _reason(code: str) -> words.Text:
    return words.REASONS.get(code) or words.LIFT_CODES.get(code) or code


def _signed(row: OrderRow, file: OrderFile) -> tuple[tuple[words.Text, str, str], ...]:
    """Who signed: the code of each in the policy, as long as it names them."""
    try:
        network = network_named(row.network)
    except LicetError:
        codes: dict[str, str] = {}
    else:
        people = (*network.signers, *network.adjudicators, *network.reviewers)
        codes = {one.key_id: one.code for one in people}
    return tuple((words.SIGNING_ROLES[one.role], codes.get(one.key_id, ""), one.key_id) for one in file.signatures)


def stages(row: OrderRow) -> tuple[Stage, ...]:
    """The strip. What is stayed, or over, stands where it was when that happened."""
    since, is_now = _reached(row), row.state in STAGES
    if is_now:
        reached = row.state
    elif row.activated_at is not None:
        reached = orders.LIVE
    else:
        reached = max(since, key=STAGES.index, default=orders.DRAFT)
    at = STAGES.index(reached)
    return tuple(Stage(words.STAGES[name], "done" if number < at or (number == at and not is_now)
                       else "now" if number == at else "todo", since.get(name) if number <= at else None)
                 for number, name in enumerate(STAGES))


def _reached(row: OrderRow) -> dict[str, datetime]:
    """When an order reached each state first, by its entries in the log."""
    entries = Outbox.objects.filter(subject=row.handle, after__in=STAGES).order_by("-sequence")
    return dict(entries.values_list("after", "time"))


def dots(file: OrderFile) -> tuple[Dots, ...]:
    """The dry run, an endpoint a picture; none where there was no dry run."""
    if not file.impact:
        return ()
    return tuple(_dots(one) for one in read_impact(file.impact)["endpoints"])


def _dots(one: dict[str, Any]) -> Dots:
    services = one["services"]
    drawn = min(len(services), DOTS_MAX - 1) + 1
    points = tuple((10 + 20 * (number % DOTS_A_ROW), 10 + 20 * (number // DOTS_A_ROW), number == 0)
                   for number in range(drawn))
    others = tuple(f"{each['port']}/{each['transport']}" for each in services[:8])
    return Dots(one["endpoint"], points, points[-1][1] + 10, others,
                one["servicesLeftOut"] + len(services) + 1 - drawn, one["hours"],
                sum(each["flows"] for each in one["matched"]), bool(one["portAlone"]))
