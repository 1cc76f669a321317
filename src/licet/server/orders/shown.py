"""An order as its page shows it: the strip of its stages, its clock, and what it meets as dots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from licet.lifecycle import order as orders
from licet.model.order import Order, OrderFile
from licet.order.effect import Effect
from licet.order.impact import read_impact
from licet.server.orders import words
from licet.server.orders.measured import effects
from licet.server.orders.models import OrderedEnd, OrderRow
from licet.server.orders.service_layer.clock import waits_until
from licet.server.orders.service_layer.orders import file_of

STAGES = (orders.DRAFT, orders.CHECKED, orders.SIMULATED, orders.APPROVED, orders.NOTICED, orders.CANARY, orders.LIVE)
DOTS_A_ROW, DOTS_MAX = 20, 100


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the strip. kind: `done`, `now` or `todo`."""

    title: words.Text
    kind: str


@dataclass(frozen=True, slots=True)
class Dots:
    """All services on one address, the one that the rule stops first. points: (x, y, is it the one); others: what goes
    on, in words; left_out: how many are not drawn."""

    endpoint: str
    points: tuple[tuple[int, int, bool], ...]
    height: int
    others: tuple[str, ...]
    left_out: int
    hours: int
    flows: int


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """Everything for the page of an order."""

    row: OrderRow
    order: Order
    state: words.Text
    ground: words.Text
    stages: tuple[Stage, ...]
    ends: tuple[tuple[OrderedEnd, words.Text, str], ...]
    dots: tuple[Dots, ...]
    signed: tuple[tuple[str, str], ...]
    next_at: datetime | None
    is_over: bool
    effects: tuple[Effect, ...]


def shown(row: OrderRow, at: datetime) -> ShownOrder:
    """What the page of an order says."""
    file = file_of(row)
    classes = {str(one.endpoint): f"{one.endpoint_class}, {one.class_source}" for one in file.order.endpoints}
    ends = tuple((end, words.ORDER_STATES.get(end.state, "") if end.state else "", classes.get(end.endpoint, ""))
                 for end in row.ends.order_by("number"))
    return ShownOrder(row, file.order, words.ORDER_STATES[row.state], words.GROUNDS[row.ground], stages(row), ends,
                      dots(file), tuple((one.role, one.key_id) for one in file.signatures), waits_until(row),
                      row.state in orders.FINAL, effects(row, at))


def stages(row: OrderRow) -> tuple[Stage, ...]:
    """The strip. What is stayed, or over, stands where it was when that happened."""
    reached = row.left or row.state
    if row.state in STAGES:
        reached = row.state
    elif row.activated_at is not None:
        reached = orders.LIVE
    elif row.noticed_at is not None:
        reached = orders.NOTICED
    at = STAGES.index(reached) if reached in STAGES else 0
    is_now = row.state in STAGES
    return tuple(Stage(words.ORDER_STATES[name], "done" if number < at or (number == at and not is_now)
                       else "now" if number == at else "todo") for number, name in enumerate(STAGES))


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
                sum(each["flows"] for each in one["matched"]))
