"""Which enforcers have confirmed what is in force, for the status page: each that the policy names, by its newest
report.

One has not confirmed where its report is late, or still has in force what ended or was stayed a while ago. It is shown
with since when, and with what it may still enforce, until a newer report says otherwise (lifecycle §6, 16).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from licet.errors import LicetError
from licet.lifecycle import order as orders
from licet.model.canonical import Json, canonical_json, moment_ns, time_text
from licet.model.enforcer_report import KEEPS_COUNT, EnforcerReport
from licet.server.orders import words
from licet.server.orders.measured import moment_of, report_of
from licet.server.orders.models import EnforcerOff, EnforcerRow, OrderedEnd
from licet.server.orders.policy import networks

GRACE = timedelta(minutes=5)  # the log is written once a minute, and enforcers compute as often
TURNS = 3  # of an enforcer that computes less often
OFFS_SHOWN_MAX = 5


def enforcer_handle(network: str, code: str) -> str:
    """The subject of an enforcer in the log: `ENF-7F3K9Q2MABCD`. It goes on where the enforcer gets another key."""
    digest = hashlib.sha256(canonical_json([network, code])).digest()
    return f"ENF-{base64.b32encode(digest).decode()[:12]}"


@dataclass(frozen=True, slots=True)
class StillThere:
    """A rule that should not be there, or of which nobody has heard for a while. order: its handle, "" where the
    registry has none such; endpoint; since: from when it is off, None where it is in force; until: when the firewall
    forgets it, None where it does not."""

    order: str
    endpoint: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ShownEnforcer:
    """code: as the policy names it; row, report: None where it never reported; late_since: from when its reports are
    missing, None where they are not; still: what it may enforce and should not, or where it is late all that it may;
    offs: when it was switched off by hand, as far as it was told, the newest first."""

    code: str
    network: str
    row: EnforcerRow | None
    report: EnforcerReport | None
    late_since: datetime | None
    still: tuple[StillThere, ...]
    offs: tuple[EnforcerOff, ...] = ()

    @property
    def handle(self) -> str:
        """Of its entries in the log."""
        return enforcer_handle(self.network, self.code)

    @property
    def has_confirmed(self) -> bool:
        """True where it is known to enforce nothing that ended."""
        return self.row is not None and self.late_since is None and not self.still

    @property
    def kind(self) -> words.Text:
        """What the network counts as there."""
        return "" if self.report is None else words.KINDS[self.report.kind]

    @property
    def in_force(self) -> int:
        """Rules that its firewall has, by its report."""
        return 0 if self.report is None else len(self.report.in_force)


def shown_enforcers(at: datetime) -> tuple[ShownEnforcer, ...]:
    """Every enforcer of the policy; () without one."""
    try:
        named = [(network.name, one) for network in networks() for one in network.enforcers]
    except LicetError:
        return ()
    rows = {(row.network, row.key_id): row for row in EnforcerRow.objects.all()}
    offs = {(network, one.code): _offs(network, one.code) for network, one in named}
    return tuple(replace(_shown(one.code, network, rows.get((network, one.key_id)), at), offs=offs[network, one.code])
                 for network, one in named)


def _offs(network: str, code: str) -> tuple[EnforcerOff, ...]:
    return tuple(EnforcerOff.objects.filter(network=network, code=code).order_by("-off")[:OFFS_SHOWN_MAX])


def _shown(code: str, network: str, row: EnforcerRow | None, at: datetime) -> ShownEnforcer:
    if row is None:
        return ShownEnforcer(code, network, None, None, None, ())
    report = report_of(row)
    patience = max(GRACE, TURNS * timedelta(seconds=report.every_s))
    is_late = at > row.received + patience
    still = tuple(_still_there(report, patience, at, all_of_it=is_late))
    return ShownEnforcer(code, network, row, report, row.received if is_late else None, still)


def _still_there(report: EnforcerReport, patience: timedelta, at: datetime, *, all_of_it: bool) -> Iterable[StillThere]:
    """Rules of the report that may be there and should not; all_of_it: those that should, too."""
    ends = {end.handle: end for end in OrderedEnd.objects.filter(
        handle__in=[rule.end for rule in report.in_force]).select_related("order")}
    fresh_ns = min(report.log_until_ns, report.registry_until_ns)
    for rule in report.in_force:
        until = moment_of(min(rule.until_ns, fresh_ns)) if report.output == KEEPS_COUNT else None
        if until is not None and at >= until:
            continue
        end = ends.get(rule.end)
        since = None if end is None else _off_since(end)
        if all_of_it or end is None or (since is not None and at > since + patience):
            yield StillThere("" if end is None else end.order.handle, "" if end is None else end.endpoint, since, until)


def _off_since(end: OrderedEnd) -> datetime | None:
    """From when an endpoint of an order is not in force; None where it is."""
    if end.order.state not in orders.IN_FORCE:
        return end.order.state_since
    return end.state_since if end.is_off else None


def recomputed(enforcers: Iterable[ShownEnforcer]) -> datetime | None:
    """When a set was last computed, by any of them."""
    return max((one.row.computed for one in enforcers if one.row is not None), default=None)


def enforcer_json(one: ShownEnforcer) -> dict[str, Json]:
    """For programs: a member of `licet.status/1`."""
    report = one.report
    return {
        "enforcer": one.code, "network": one.network, "confirmed": one.has_confirmed,
        "reported": _text(one.row.received) if one.row else None, "late_since": _text(one.late_since),
        "computed": _text(one.row.computed) if one.row else None,
        "mode": report.mode if report else None, "output": report.output if report else None,
        "kind": report.kind if report else None, "switched_off": report.is_off if report else None,
        "in_force": one.in_force, "set": report.set_digest if report else None,
        "log_size": report.log_size if report else None, "doubts": [*report.doubts] if report else [],
        "report": None if one.row is None else f"/status/reports/{one.row.pk}.json", "handle": one.handle,
        "offs": [{"off": _text(each.off), "told": _text(each.told)} for each in one.offs],
        "still": [{"order": each.order or None, "endpoint": each.endpoint or None, "off_since": _text(each.since),
                   "until": _text(each.until)} for each in one.still],
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment_ns(moment), 0)
