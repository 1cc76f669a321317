"""Random histories of a server that is wholly an attacker's: its log, its registry, its clock, every file it sends.

What it has not: the keys of two people, the enforcer's memory, the policy that was signed offline. Whatever it says,
and in whatever order, no rule stands that two different people did not sign, that is registered (or was in what this
enforcer verified in thirty days), or that is past its end. A naive model, which knows what people did, is the judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

from hypothesis import event, given, settings
from hypothesis import strategies as st

from enforce.cases import AT_NS, HOUR_NS
from enforce.orders import (
    DAY_NS,
    REVIEWER_1,
    SIGNER_1,
    STRANGER,
    Books,
    network,
    order,
    record,
    signed,
)
from licet.enforce.decide import Known, decide
from licet.enforce.logged import Logged, State
from licet.enforce.memory import Memory, read_memory
from licet.lifecycle.order import TABLE
from licet.model.order import ADJUDICATED, OrderFile
from licet.model.policy import OWNED, PUBLIC

ENDPOINTS = tuple(f"203.0.113.{number}:51820/udp" for number in range(1, 6))
PUIDS = tuple(f"ORD-0000000{number}" for number in range(1, 6))
PINNED = "sha256:" + "1" * 64


@cache
def true_orders(kind: str) -> tuple[OrderFile, ...]:
    """What two people of the policy did sign: the first three endpoints, with different ends."""
    ground = ADJUDICATED if kind == PUBLIC else "network_policy"
    files = []
    for number in range(3):
        file = order(ENDPOINTS[number], puid=PUIDS[number], ground=ground)
        files.append(signed(replace(file, order=replace(
            file.order, end_ns=file.order.application_ns + (2 + 4 * number) * DAY_NS))))
    return tuple(files)


@cache
def forgeries(kind: str) -> tuple[OrderFile, ...]:
    """What an attacker can make of them with keys of the server's own, and with one signer's."""
    one, ground = true_orders(kind)[0], ADJUDICATED if kind == PUBLIC else "network_policy"
    other = order(ENDPOINTS[3], puid=PUIDS[3], ground=ground)
    return (
        other,
        signed(other, author=STRANGER, approver=STRANGER),
        signed(other, author=SIGNER_1, approver=SIGNER_1),
        signed(other, author=SIGNER_1, approver=STRANGER),
        signed(other, author=SIGNER_1, approver=REVIEWER_1),
        replace(signed(other), signatures=signed(other).signatures[:1]),
        replace(one, order=replace(one.order, end_ns=one.order.end_ns + 20 * DAY_NS)),
        replace(one, order=replace(one.order, endpoints=signed(other).order.endpoints)),
        replace(one, order=replace(one.order, puid=PUIDS[4])),
        replace(signed(other), signatures=one.signatures),
        signed(order(ENDPOINTS[4], puid=PUIDS[4], ground="not_registered")),
        signed(order(*ENDPOINTS[:2], puid=PUIDS[4], network_scope="Example Shipping")),
    )


@dataclass
class World:
    """The enforcer, what the attacker tells it, and what is true. seen: what its verified snapshots held, and when."""

    kind: str
    now_ns: int = AT_NS
    latest_ns: int = 0
    memory: Memory = field(default_factory=Memory)
    states: dict[str, str] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    seen: dict[str, int] = field(default_factory=dict)
    sent: list[OrderFile] = field(default_factory=list)
    heard_ns: int = 0
    enforced: int = 0

    def refresh(self, is_heard: bool) -> None:
        """One computation; where nothing is heard, what was heard last gets older."""
        if is_heard:
            self.heard_ns = self.now_ns
            self.seen.update(dict.fromkeys(self.registered, self.now_ns))
        logged = Logged({puid: State(state, self.now_ns, 0) for puid, state in self.states.items()}, self.heard_ns, 9)
        books = Books([(record(f"{one} wireguard"), seen_ns) for one, seen_ns in self.seen.items()])
        fresh_ns = self.heard_ns + 24 * HOUR_NS
        decision = decide(Known(
            network(self.kind), tuple(self.sent), logged, fresh_ns, books, fresh_ns, self.memory, is_canary=True,
            pinned=PINNED), self.now_ns)
        self.memory = read_memory(decision.memory.to_bytes())
        rules = decision.rules.in_force(self.now_ns)
        self.enforced += len(rules)
        self.check({(str(rule.endpoint), rule.order) for rule in rules})
        self.latest_ns = max(self.latest_ns, self.now_ns)

    def check(self, rules: set[tuple[str, str]]) -> None:
        """Against what is true, by the words of the invariants and nothing of the code's."""
        truth = {(str(one.endpoint), file.order.puid): file.order for file in true_orders(self.kind)
                 for one in file.order.endpoints}
        assert rules <= truth.keys(), "a rule that two people did not sign"
        for pair in rules:
            assert truth[pair].application_ns <= self.now_ns < truth[pair].end_ns, "a rule out of its time"
            assert self.now_ns - self.seen.get(pair[0], -DAY_NS * 999) >= 30 * DAY_NS, "a rule against a registered one"
            assert self.states.get(pair[1]) in ("canary", "live"), "a rule that the log does not have in force"
            assert self.now_ns < self.heard_ns + 24 * HOUR_NS, "a rule of a registry that is stale"
            assert self.now_ns >= self.latest_ns - 5 * 10**9, "a rule while the clock is back"
        assert len(rules) <= (100 if self.kind == PUBLIC else 500)


STEPS = st.lists(st.one_of(
    st.tuples(st.just("hours"), st.sampled_from((1, 5, 25, 80))),
    st.tuples(st.just("back"), st.sampled_from((1, 30, 500))),
    st.tuples(st.just("hear"), st.just(0)),
    st.tuples(st.just("lose"), st.just(0)),
    st.tuples(st.just("send"), st.integers(0, 2)),
    st.tuples(st.just("forge"), st.integers(0, 11)),
    st.tuples(st.just("register"), st.integers(0, 4)),
    st.tuples(st.just("strike"), st.integers(0, 4)),
    st.tuples(st.just("say"), st.tuples(st.integers(0, 4), st.sampled_from(TABLE.states))),
    st.tuples(st.just("all live"), st.just(0)),
), min_size=4, max_size=30)  # fmt: skip


@settings(max_examples=80, derandomize=True, deadline=None, database=None)
@given(st.sampled_from((OWNED, PUBLIC)), STEPS)
def test_no_history_makes_a_rule_that_is_not_true(kind: str, steps: list[tuple[str, object]]) -> None:
    world = World(kind)
    notice = [("hours", 25)] * (1 if kind == OWNED else 3)
    for name, value in (("send", 1), ("send", 2), ("all live", 0), *notice, *steps):
        take(world, name, value)
    event("something was enforced" if world.enforced else "nothing was enforced")


def take(world: World, name: str, value: object) -> None:
    """One step, then a computation."""
    if name in ("hours", "back"):
        assert isinstance(value, int)
        world.now_ns += value * HOUR_NS if name == "hours" else -value * HOUR_NS
    elif name == "all live":
        world.states = dict.fromkeys(PUIDS, "live")
    elif name == "say":
        assert isinstance(value, tuple)
        world.states[PUIDS[value[0]]] = value[1]
    elif isinstance(value, int) and name in ("send", "forge"):
        pool = true_orders(world.kind) if name == "send" else forgeries(world.kind)
        world.sent = [one for one in world.sent if one.order.puid != pool[value].order.puid] + [pool[value]]
    elif isinstance(value, int) and name in ("register", "strike"):
        (world.registered.add if name == "register" else world.registered.discard)(ENDPOINTS[value])
    world.refresh(is_heard=name != "lose")


def test_the_histories_can_enforce_something() -> None:
    """The property above would also hold of an enforcer that never does anything."""
    for kind, hours in ((OWNED, 25), (PUBLIC, 80)):
        world = World(kind)
        for name, value in (("send", 1), ("all live", 0), ("hours", hours)):
            take(world, name, value)
        assert world.enforced == 1
        for name, value in (("register", 1), ("strike", 1), ("hours", 25), ("hours", 25)):
            take(world, name, value)
        assert world.enforced == 1, "once registered, it is shielded for thirty days"


def test_each_forgery_alone_makes_no_rule() -> None:
    for kind in (OWNED, PUBLIC):
        for number in range(len(forgeries(kind))):
            world = World(kind)
            for name, value in (("send", 0), ("forge", number), ("all live", 0), ("hours", 25), ("hours", 25),
                                ("hours", 25), ("hear", 0)):
                take(world, name, value)
