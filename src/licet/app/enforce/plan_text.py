"""A plan in words: what would change at the firewall, what is left out and why, and what all of it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from licet.app.enforce.cycle import Computed, Difference
from licet.enforce.base import Rule
from licet.model.canonical import time_text

LEFT_OUT_MAX = 50


def plan_lines(computed: Computed, change: Difference | None) -> Iterator[str]:
    """change: None where the firewall could not be asked."""
    yield from _rests_on(computed)
    yield ""
    for problem in computed.decision.doubts:
        yield f"nothing is enforced: {problem.sentence} ({problem.code})"
    if change is not None:
        yield from (f"+ {_words(rule)}" for rule in change.added)
        yield from (f"- {endpoint}  {order}" for endpoint, order in change.taken)
        yield _count(len(change.added), len(change.taken), len(change.kept))
    else:
        yield from (f"  {_words(rule)}" for rule in computed.rules)
    yield from _left_out(computed)
    yield _what_happens(computed)


def _rests_on(computed: Computed) -> Iterator[str]:
    known = computed.gathered.known
    name = known.policy.name if known.policy else computed.config.network_name or "without a name"
    yield f"network:  {name}, which counts as {computed.decision.kind}"
    heard = computed.gathered.heard
    if heard is not None:
        yield f"log:      {heard.origin}, {heard.logged.size:,} entries, good until {time_text(heard.until_ns, 0)}"
    for register in computed.gathered.registers.present:
        serial, until = register.snapshot.serial, time_text(register.until_ns, 0)
        yield f"registry: {register.place}, serial {serial}, good until {until}"
    for remark in computed.gathered.remarks:
        yield f"remark:   {remark}"


def _words(rule: Rule) -> str:
    return f"{rule.endpoint}  {rule.protocol}  {rule.order}  until {time_text(rule.until_ns, 0)}"


def _count(added: int, taken: int, kept: int) -> str:
    if not added and not taken:
        return f"no change; {kept} in force" if kept else "no change; nothing is in force"
    return f"{added} to add, {taken} to take away, {kept} unchanged"


def _left_out(computed: Computed) -> Iterator[str]:
    left_out = computed.decision.left_out
    for one in left_out[:LEFT_OUT_MAX]:
        where = one.order if one.endpoint is None else f"{one.order} {one.endpoint}"
        yield f"left out: {where}: {one.problem.sentence} ({one.problem.code})"
    if len(left_out) > LEFT_OUT_MAX:
        yield f"left out: {len(left_out) - LEFT_OUT_MAX:,} more; --format json has them all"


def _what_happens(computed: Computed) -> str:
    if computed.is_off:
        return "Switched off: nothing is applied until somebody runs `licet enforce apply`."
    if computed.config.enforce.mode != "enforce":
        return 'Observing: nothing is applied. mode = "enforce" under [enforce] in licet.toml changes that.'
    return "`licet enforce apply` makes it so."
