"""Whether a registered tunnel on the address of a rule carries far less since the rule is there: an anomaly of
lifecycle §5.

Only this network's own sensor can see that, where `windows` under [enforce] names what it wrote. The first hours of a
rule, at most a day, are compared with the same hours of the day before and, where they were watched, of a week before;
what falls at night or at weekends falls in these too. A tunnel that is no longer answered carries no data, so packets
are what falls. Where little was carried before, or the sensor watched less than before, nothing is said.
"""

from __future__ import annotations

from licet.app.confirm.counts import handles
from licet.app.enforce.cycle import CarriedOut
from licet.app.enforce.windows import Hours, registered_hours
from licet.enforce.decide import rule_key
from licet.errors import LicetError
from licet.lifecycle.days import DAY_NS, HOUR_NS
from licet.model.endpoint import Endpoint
from licet.model.enforcer_report import FALLEN_MAX

HOURS_MAX = 24  # of a rule; after that other things change
DAY_HOURS, WEEK_HOURS = 24, 7 * 24
FACTOR = 10
PACKETS_MIN = 10_000  # in the hours before; fewer tell nothing
WATCHED_TENTHS_MIN = 9  # of what was watched before


def fallen_ends(done: CarriedOut) -> tuple[str, ...]:
    """Handles of endpoints of orders whose rules stand beside a registered tunnel that fell, sorted."""
    computed = done.computed
    windows, activated = computed.config.enforce.windows, computed.decision.memory.activated
    since = {rule: activated[rule_key(rule)] for rule in computed.rules if rule_key(rule) in activated}
    spans = {rule: span for rule, since_ns in since.items() if (span := _span(since_ns, computed.at_ns))}
    if not spans or not windows or not computed.acts:
        return ()
    first = min(span[0] for span in spans.values()) - WEEK_HOURS
    try:
        hours = registered_hours(windows, first * HOUR_NS - 1)
    except LicetError:
        return ()  # the decision found the same, and enforces nothing
    known = handles(computed.gathered.known.orders)
    beside = _by_address(hours)
    found = {known[rule_key(rule)] for rule, span in spans.items()
             if any(has_fallen(hours, end, *span) for end in beside.get(rule.endpoint.address, ())
                    if end != rule.endpoint)}
    return tuple(sorted(found)[:FALLEN_MAX])


def _span(since_ns: int, at_ns: int) -> tuple[int, int] | None:
    """The whole hours that a rule was there, as (first, after the last); None before there is one, and after a day."""
    first, end = -(-since_ns // HOUR_NS), at_ns // HOUR_NS
    return (first, min(end, first + HOURS_MAX)) if first < end and at_ns < since_ns + 2 * DAY_NS else None


def _by_address(hours: Hours) -> dict[str, set[Endpoint]]:
    found: dict[str, set[Endpoint]] = {}
    for end, _hour in hours.packets:
        found.setdefault(end.address, set()).add(end)
    return found


def has_fallen(hours: Hours, end: Endpoint, first: int, after: int) -> bool:
    """True where a registered endpoint carried less than a tenth of what it did in each of the times before."""
    def carried(back: int) -> int:
        return sum(hours.packets.get((end, hour - back), 0) for hour in range(first, after))

    def watched(back: int) -> int:
        return sum(hours.watched.get(hour - back, 0) for hour in range(first, after))

    before = [back for back in (DAY_HOURS, WEEK_HOURS) if watched(back)]
    if DAY_HOURS not in before:
        return False
    return all(carried(back) >= PACKETS_MIN and carried(0) * FACTOR < carried(back)
               and watched(0) * 10 >= watched(back) * WATCHED_TENTHS_MIN for back in before)
