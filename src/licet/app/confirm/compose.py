"""The report of one computation: what of it the registry and everybody may know. No address is in it."""

from __future__ import annotations

from collections.abc import Sequence

from licet.app.confirm.counts import Counts, handles
from licet.app.enforce.cycle import CarriedOut
from licet.errors import LicetError
from licet.model.canonical import sha256_digest
from licet.model.enforcer_report import (
    DOUBTS_MAX,
    LEFT_OUT_MAX,
    OFFS_MAX,
    REGISTRIES_MAX,
    EnforcerReport,
    ReportedLeftOut,
    ReportedRule,
)
from licet.order.policy_file import POLICY_BYTES_MAX
from licet.snapshot.store import read_bytes

MICROSECOND_NS = 1_000


def compose(done: CarriedOut, counts: Counts, offs: Sequence[int]) -> EnforcerReport:
    """What is told of a computation. counts: with what it added; offs: when somebody switched it off, sorted."""
    computed, known, decision = done.computed, done.computed.gathered.known, done.computed.decision
    table, ends = computed.config.enforce, handles(known.orders)
    rules = sorted(ReportedRule(ends[f"{rule.order} {rule.endpoint}"], _whole(rule.until_ns))
                   for rule in computed.rules)
    left_out = [ReportedLeftOut(one.order, ends.get(f"{one.order} {one.endpoint}", ""), one.problem.code)
                for one in decision.left_out]
    present = computed.gathered.registers.present[:REGISTRIES_MAX]
    return EnforcerReport(
        network=known.policy.name if known.policy else table.network or computed.config.network_name,
        computed_ns=_whole(computed.at_ns), every_s=table.every_s, mode=table.mode, output=table.output,
        kind=decision.kind, is_off=computed.is_off, is_canary=table.canary, policy=_policy_digest(table.policy),
        log_size=0 if known.logged is None else known.logged.size, log_until_ns=_whole(known.log_until_ns),
        registries=tuple((one.snapshot.serial, one.snapshot.digest) for one in present),
        registry_until_ns=_whole(known.registry_until_ns),
        is_in_force=computed.acts, rules=tuple(rules),
        doubts=tuple(dict.fromkeys(one.code for one in decision.doubts))[:DOUBTS_MAX],
        left_out=tuple(left_out[:LEFT_OUT_MAX]), left_out_more=max(0, len(left_out) - LEFT_OUT_MAX),
        hits_since_ns=_whole(counts.since_ns), hits=counts.hits(),
        # What is later than now was noted by another clock, and waits until this one gets there.
        offs=tuple(time_ns for time_ns in offs if time_ns <= computed.at_ns)[-OFFS_MAX:],
    )


def _whole(time_ns: int) -> int:
    """As a report writes it."""
    return time_ns // MICROSECOND_NS * MICROSECOND_NS


def _policy_digest(path: str) -> str:
    try:
        return sha256_digest(read_bytes(path, POLICY_BYTES_MAX)) if path else ""
    except LicetError:
        return ""
