"""The enforced set: a function of what is known, and of nothing else (lifecycle §5, §6; invariants marked **E**).

Every rule has an order whose two signatures hold, by different people of the signed policy; its state in a log that
holds is in force; its time has come and is not over; nothing shields its endpoint. What is not certain is left out, and
it is said why. Checks that are handed in (`further`) can only take away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from licet.enforce.base import NOTHING, TRANSPORTS, Rule, RuleSet
from licet.enforce.logged import Logged, State
from licet.enforce.memory import Memory, kept
from licet.enforce.shield import Excepted, Registers, shielded_by, within
from licet.errors import Malformed
from licet.lifecycle.days import DAY_NS, HOUR_NS
from licet.lifecycle.order import CANARY, IN_FORCE, LIVE, NOTICED, RETURNED, SILENT_DAYS, endpoint_handle
from licet.model.canonical import sha256_digest
from licet.model.endpoint import Endpoint, parse_address
from licet.model.order import ADJUDICATED, APPROVER, AUTHOR, GROUNDS, Order, OrderedEndpoint, OrderFile, order_digest
from licet.model.policy import LIMITS, OWNED, PUBLIC, Limits, NetworkPolicy
from licet.order.network import effective_kind
from licet.order.people import people_problems, signature_problems
from licet.order.problem import Problem

CLOCK_BACK_NS = 5 * 1_000_000_000  # a correction of the clock, not a jump
CLOCK_AHEAD_NS = 300 * 1_000_000_000  # by how much others' clocks may be ahead of this one
NOTICE_SERVED = frozenset({NOTICED, CANARY, LIVE})

Further = Callable[[OrderFile, NetworkPolicy, str], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Known:
    """policy: of this network, verified; orders: files as they came; logged: what the log says, None where it does not
    hold; log_until_ns, registry_until_ns: from when each is too old to act on; is_canary: orders are tried here first;
    inside_a_day: inside addresses that the sensor counted in a day; pinned: digest of the keys that the policy was
    verified with; doubts: what did not verify; unseen: keys of rules whose endpoint nobody saw again lately."""

    policy: NetworkPolicy | None
    orders: tuple[OrderFile, ...]
    logged: Logged | None
    log_until_ns: int
    registers: Registers
    registry_until_ns: int
    memory: Memory
    excepted: Excepted = field(default_factory=Excepted)
    is_canary: bool = False
    inside_a_day: int = 0
    pinned: str = ""
    doubts: tuple[Problem, ...] = ()
    further: tuple[Further, ...] = ()
    unseen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that there is not. endpoint: None where it is the whole order."""

    order: str
    endpoint: Endpoint | None
    problem: Problem


@dataclass(frozen=True, slots=True)
class Decision:
    """rules: what is enforced; left_out: what is not, and why; doubts: why nothing is; kind: what the network counts
    as; memory: for the next time."""

    rules: RuleSet
    left_out: tuple[LeftOut, ...]
    doubts: tuple[Problem, ...]
    kind: str
    memory: Memory


@dataclass(frozen=True, slots=True)
class _Candidate:
    rule: Rule
    index: int
    key: str


def decide(known: Known, at_ns: int) -> Decision:
    """The enforced set at a time in nanoseconds since the epoch."""
    kind = network_kind(known)
    doubts = _doubts(known, at_ns)
    memory = _remember(known, kind, at_ns)
    if doubts or known.policy is None or known.logged is None:
        return Decision(NOTHING, (), doubts, kind, memory)
    limits = known.policy.limits.stricter(LIMITS[kind])
    policy = replace(known.policy, limits=limits)
    candidates: list[_Candidate] = []
    left_out: list[LeftOut] = []
    for file in known.orders:
        problems = _order_problems(file, policy, kind, known, memory, at_ns)
        left_out += [LeftOut(file.order.puid, None, one) for one in problems]
        if not problems:
            _take_endpoints(file, policy, known, at_ns, candidates, left_out)
    rules, memory = _within_caps(candidates, limits, memory, at_ns, left_out)
    until_ns = min(known.log_until_ns, known.registry_until_ns)
    return Decision(RuleSet(tuple(sorted(rules)), policy.prefixes, until_ns), tuple(left_out), (), kind, memory)


def network_kind(known: Known) -> str:
    """Owned only where policy, prefixes and people allow it, and never under keys that once said public (§6, 26)."""
    if known.policy is None or (known.memory.public_under and known.memory.public_under == known.pinned):
        return PUBLIC
    return effective_kind(known.policy, known.inside_a_day)[0]


def rule_key(rule: Rule) -> str:
    """Names a rule in the memory."""
    return f"{rule.order} {rule.endpoint}"


def _doubts(known: Known, at_ns: int) -> tuple[Problem, ...]:
    found = list(known.doubts)
    if at_ns < known.memory.last_ns - CLOCK_BACK_NS:
        found.append(Problem("clock_back", "the clock of this machine went back: set it right"))
    if known.policy is None:
        found.append(Problem("no_policy", "there is no policy that its keys signed"))
    elif any(prefix.prefixlen == 0 for prefix in known.policy.prefixes):
        found.append(Problem("scope_everything", "the policy's prefixes hold a default route, which is nobody's"))
    if known.logged is None:
        found.append(Problem("no_log", "there is no log that holds"))
    elif known.logged.newest_ns > at_ns + CLOCK_AHEAD_NS:
        found.append(Problem("clock_behind", "the log has entries of a later time than this machine's: set its clock"))
    if at_ns >= known.log_until_ns:
        found.append(Problem("log_stale", "nothing was heard of the log for too long"))
    if at_ns >= known.registry_until_ns:
        found.append(Problem("registry_stale", "nothing was heard of the registry for too long"))
    return tuple(found)


def _order_problems(file: OrderFile, policy: NetworkPolicy, kind: str, known: Known, memory: Memory,
                    at_ns: int) -> list[Problem]:
    """What stands against the order as a whole."""
    order, state = file.order, known.logged.states.get(file.order.puid) if known.logged else None
    if state is None or state.state not in IN_FORCE:
        return [Problem("not_in_force", f"the log has it as {state.state if state else 'unknown'}")]
    if state.state == CANARY and not known.is_canary:
        return [Problem("canary_elsewhere", "it is tried at another enforcer first")]
    found = [
        *_content_problems(order, policy, kind, at_ns), *people_problems(order, policy),
        *signature_problems(file, policy, (AUTHOR, APPROVER)), *_impact_problems(file),
    ]
    for check in known.further:
        found += check(file, policy, kind)
    return found or _notice_problems(order, policy.limits, kind, memory, at_ns)


def _content_problems(order: Order, policy: NetworkPolicy, kind: str, at_ns: int) -> list[Problem]:
    found = []
    if order.network_scope != policy.name:
        found.append(Problem("other_network", "it is for another network"))
    if order.decision_ground not in GROUNDS or (kind == PUBLIC and order.decision_ground != ADJUDICATED):
        found.append(Problem("ground_not_allowed", f"“{order.decision_ground}” is no ground on this network ({kind})"))
    if not order.approver or not order.legal_text_quoted.strip():
        found.append(Problem("incomplete", "it names no approver, or quotes no ground"))
    if not 1 <= len(order.endpoints) <= policy.limits.endpoints:
        found.append(Problem("endpoint_count", f"it names {len(order.endpoints)} endpoints"))
    if order.end_ns - order.application_ns > policy.limits.life_days * DAY_NS:
        found.append(Problem("life_too_long", "it lasts longer than an order may"))
    if not order.is_in_time(at_ns):
        found.append(Problem("not_in_time", "its time has not come, or is over"))
    return found


def _impact_problems(file: OrderFile) -> list[Problem]:
    holds = bool(file.impact) and sha256_digest(file.impact) == file.order.impact
    return [] if holds else [Problem("no_dry_run", "the report of its dry run is not the one that was signed")]


def _notice_problems(order: Order, limits: Limits, kind: str, memory: Memory, at_ns: int) -> list[Problem]:
    """Notice is counted from when this enforcer first saw it served: by its own clock, not by the log's word."""
    told = all(one.contact for one in order.endpoints)
    hours = limits.notice_hours if told else limits.notice_hours_without_contact
    first_ns = memory.first_seen.get(_notice_key(order, kind))
    if first_ns is None or at_ns < first_ns + hours * HOUR_NS:
        return [Problem("notice_running", f"{hours} hours of notice are not over since it was first seen here")]
    return []


def _notice_key(order: Order, kind: str) -> str:
    return order.case if kind == OWNED else order_digest(order)


def _take_endpoints(file: OrderFile, policy: NetworkPolicy, known: Known, at_ns: int, candidates: list[_Candidate],
                    left_out: list[LeftOut]) -> None:
    """Sort the endpoints of an order that holds into candidates and those that are left out."""
    order, states = file.order, known.logged.states if known.logged else {}
    for number, one in enumerate(order.endpoints, 1):
        code = _endpoint_code(one, states.get(endpoint_handle(order.puid, number)), policy, known, at_ns)
        try:
            rule = Rule(one.endpoint, one.protocol, order.puid, order.end_ns)
        except Malformed as error:
            left_out.append(LeftOut(order.puid, one.endpoint, Problem("no_rule", str(error))))
            continue
        code = code or _evidence_code(rule_key(rule), known, at_ns)
        if code:
            left_out.append(LeftOut(order.puid, one.endpoint, Problem(code, _WHY[code])))
        else:
            candidates.append(_Candidate(rule, states[order.puid].index, rule_key(rule)))


def _evidence_code(key: str, known: Known, at_ns: int) -> str:
    """Nothing takes effect on evidence older than a day, and what meets nothing for days ends."""
    since_ns = known.memory.activated.get(key)
    if since_ns is None:
        return "evidence_old" if key in known.unseen else ""
    return "silent" if at_ns - max(since_ns, known.memory.hit.get(key, 0)) > SILENT_DAYS * DAY_NS else ""


def _endpoint_code(one: OrderedEndpoint, state: State | None, policy: NetworkPolicy, known: Known, at_ns: int) -> str:
    if state is not None and state.state != RETURNED:
        return "stayed"
    if one.endpoint.transport not in TRANSPORTS:
        return "no_port"
    if within(parse_address(one.endpoint.address), policy.never_block):
        return "never_block"
    return shielded_by(one.endpoint, known.registers, known.excepted, at_ns)


_WHY = {
    "stayed": "it is stayed, lifted or quashed by itself",
    "no_port": "only UDP and TCP can be acted on",
    "never_block": "it is never blocked",
    "registered_endpoint": "it is registered, or was in the last thirty days",
    "registered_key": "a registered key was met there in the last thirty days",
    "excepted_here": "this machine's own file takes it out",
    "evidence_old": "nobody saw it again in the day before it would take effect",
    "silent": f"nothing met the rule for {SILENT_DAYS} days",
    "same_endpoint": "another order in force names the same endpoint for longer",
    "rules_max": "as many rules as there may be are in force",
    "activations_max": "as many as may take effect in an hour did; it waits",
}


def _within_caps(candidates: list[_Candidate], limits: Limits, memory: Memory, at_ns: int,
                 left_out: list[LeftOut]) -> tuple[list[Rule], Memory]:
    """One rule an endpoint, the oldest first, until a cap is reached; and the memory of what took effect."""
    activated = kept(memory.activated, at_ns)
    free = limits.activations - sum(1 for since_ns in activated.values() if since_ns > at_ns - HOUR_NS)
    rules: dict[Endpoint, Rule] = {}
    for one in sorted(candidates, key=lambda each: (-each.rule.until_ns, each.index, each.rule)):
        if one.rule.endpoint in rules:
            left_out.append(_left(one, "same_endpoint"))
            continue
        rules[one.rule.endpoint] = one.rule
    chosen = [one for one in candidates if rules[one.rule.endpoint] is one.rule]
    taken: list[Rule] = []
    for one in sorted(chosen, key=lambda each: (activated.get(each.key, at_ns), each.index, each.rule)):
        is_new = one.key not in activated
        if len(taken) >= limits.rules:
            left_out.append(_left(one, "rules_max"))
        elif is_new and free <= 0:
            left_out.append(_left(one, "activations_max"))
        else:
            free -= is_new
            activated.setdefault(one.key, at_ns)
            taken.append(one.rule)
    return taken, replace(memory, activated=activated)


def _left(one: _Candidate, code: str) -> LeftOut:
    return LeftOut(one.rule.order, one.rule.endpoint, Problem(code, _WHY[code]))


def _remember(known: Known, kind: str, at_ns: int) -> Memory:
    """The memory, with this moment in it. Nothing is learned from what did not verify, or by a clock that is off."""
    memory = known.memory
    if known.policy is None or known.logged is None or known.doubts or at_ns < memory.last_ns:
        return replace(memory, last_ns=max(memory.last_ns, at_ns))
    first_seen = kept(memory.first_seen, at_ns)
    for file in known.orders:
        key, state = _notice_key(file.order, kind), known.logged.states.get(file.order.puid)
        if key in first_seen or state is None or state.state not in NOTICE_SERVED:
            continue
        if not people_problems(file.order, known.policy) and not signature_problems(
                file, known.policy, (AUTHOR, APPROVER)):
            first_seen[key] = at_ns
    public_under = known.pinned if known.policy.kind != OWNED else memory.public_under
    return replace(memory, last_ns=at_ns, first_seen=first_seen, public_under=public_under,
                   hit=kept(memory.hit, at_ns))
