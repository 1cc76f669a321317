"""Orders as they arrive: checked again by every limit, moved along their table, published.

Signatures are people's; this registry has no key that could make one, and verifies those that come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import order as orders
from licet.lifecycle.table import AUTHOR, REVIEWER, SIGNER
from licet.model.canonical import Json, moment_ns, parse_time
from licet.model.order import APPROVER, OrderFile, file_bytes, order_digest, read_order_file
from licet.model.order import AUTHOR as BY_AUTHOR
from licet.model.policy import NetworkPolicy
from licet.order.impact import impact_problems, overlap_problems, read_impact
from licet.order.limits import draft_problems
from licet.order.people import signature_problems
from licet.order.problem import Problem
from licet.order.seen import read_lines
from licet.server.orders.measured import measured_packets
from licet.server.orders.models import OrderedEnd, OrderRow
from licet.server.orders.plain import plain_word
from licet.server.orders.policy import network_named
from licet.server.orders.standing import standing_of
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import Actor, require_officer
from licet.server.registry.service_layer.locks import lock_registry

REASON_CODES = ("no_longer_needed", "wrong_endpoint", "contact_answered", "court")


class NotOrderable(Refused):
    """An order that the limits refuse. problems: all that stands against it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(problems[0].code, str(problems[0]))


def submit(raw: bytes, *, at: datetime) -> OrderRow:
    """Take the file of an order: new, with a dry run, or with the second signature. What it brings moves the order as
    far as it goes; sending it twice is the same as once. Raises Malformed, Refused and NotOrderable."""
    file = read_order_file(raw)
    network = network_named(file.order.network_scope)
    _refuse_where(draft_problems(file, network, standing_of(file.order, at), moment_ns(at)))
    _refuse_where(signature_problems(file, network, (BY_AUTHOR,)))
    if file.signature_of(APPROVER) is not None:
        _refuse_where(signature_problems(file, network, (APPROVER,)))
    with transaction.atomic():
        lock_registry()
        row = OrderRow.objects.select_for_update().filter(handle=file.order.puid).first()
        if row is None:
            row = _begin(file, at)
        elif row.digest != order_digest(file.order):
            raise Refused("other_text", _("An order of this number is here, with another text: draft a new one."))
        _take(row, file, network, at)
        return row


def _refuse_where(problems: list[Problem]) -> None:
    if problems:
        raise NotOrderable(problems)


def _begin(file: OrderFile, at: datetime) -> OrderRow:
    """The row of a new order, its endpoints, and its first two entries: drafted, and checked."""
    order = file.order
    author = Actor(AUTHOR)
    drafted = journal.begin(orders.TABLE, "draft", author, at)
    row = OrderRow.objects.create(
        handle=order.puid, state=drafted.after, state_since=at, network=order.network_scope, request=order.request,
        ground=order.decision_ground, case=order.case, signed=file_bytes(file), digest=order_digest(order),
        application_date=_moment(order.application_ns), end_date=_moment(order.end_ns), cr_date=at, up_date=at,
        observed_at=_moment(_observed_ns(file)),
    )
    OrderedEnd.objects.bulk_create(
        OrderedEnd(order=row, number=number, handle=orders.endpoint_handle(order.puid, number), state_since=at,
                   endpoint=str(one.endpoint), tunnel_protocol=one.protocol, contact=one.contact, cr_date=at,
                   up_date=at)
        for number, one in enumerate(order.endpoints, 1))
    # The report counts orders by these; a name with spaces would not stand in a leaf.
    network = re.sub(r"[^A-Za-z0-9]+", "-", order.network_scope)[:40]
    journal.write(drafted, row.handle, {**details_of(row), "ground": row.ground, "network": network},
                  key_id=order.author)
    facts = frozenset({orders.LIMITS_HELD, orders.SIGNATURES_VALID})
    checked = journal.move(row, orders.TABLE, "validate_ok", author, at, facts=facts)
    row.save()
    journal.write(checked, row.handle, details_of(row), key_id=order.author)
    return row


def _take(row: OrderRow, file: OrderFile, network: NetworkPolicy, at: datetime) -> None:
    """What a file brings that the row has not: a newer dry run, the second signature."""
    if file.impact and row.state in (orders.CHECKED, orders.SIMULATED):
        _take_dry_run(row, file, at)
    if file.signature_of(APPROVER) is not None and row.state == orders.SIMULATED:
        _refuse_where(impact_problems(file, moment_ns(at)))
        facts = frozenset({orders.LIMITS_HELD, orders.SIGNATURES_VALID})
        done = journal.move(row, orders.TABLE, "sign", Actor(SIGNER), at, facts=facts)
        row.signed = file_bytes(file)
        row.save()
        details = {**details_of(row), "impact": file.order.impact}
        journal.write(done, row.handle, details, key_id=file.order.approver)


def _take_dry_run(row: OrderRow, file: OrderFile, at: datetime) -> None:
    report = read_impact(file.impact)
    computed = _moment(parse_time(report["computed"]))
    if row.computed is not None and computed <= row.computed:
        return
    found = [one for one in impact_problems(file, moment_ns(at)) if one not in overlap_problems(report)]
    _refuse_where(found)
    met = overlap_problems(report)
    facts = frozenset() if met else frozenset({orders.OVERLAP_NONE})
    done = journal.move(row, orders.TABLE, "dry_run", Actor(AUTHOR), at, facts=facts,
                        reason=met[0].code if met else "")
    row.computed, row.signed = computed, file_bytes(file)
    row.reason = done.reason
    row.save()
    journal.write(done, row.handle, details_of(row), key_id=file.order.author)


def details_of(row: OrderRow) -> dict[str, Json]:
    """What every entry of an order says: the digest of what its author signed, the day of its end, what the report
    counts orders by (its ground, and its network, in letters that a leaf may hold), and once it is over how many flows
    and packets its dry run would have stopped, and how many packets enforcers said that it did."""
    said: dict[str, Json] = {"order": row.digest, "end": row.end_date.date().isoformat(), "ground": row.ground,
                             "network": plain_word(row.network)}
    if row.state in orders.FINAL and row.computed is not None:
        report = read_impact(file_of(row).impact)
        matched = [one for end in report["endpoints"] for one in end["matched"]]
        said["predicted"] = sum(one["flows"] for one in matched)
        said["predictedPackets"] = sum(one["packets"] for one in matched)
        measured = measured_packets(row)
        if measured is not None:
            said["measured"] = measured
    return said


@transaction.atomic
def lift(actor: Actor, row: OrderRow, code: str, *, at: datetime) -> OrderRow:
    """End an order before its end. Raises Refused."""
    require_officer(actor)
    if code not in REASON_CODES:
        raise Refused("unknown_code", _("Choose a reason."), "code")
    return move(actor, lock(row), "lift", at, reason=code)


def move(actor: Actor, row: OrderRow, event: str, at: datetime, *, reason: str = "",
         facts: frozenset[str] = frozenset(), details: Mapping[str, Json] | None = None) -> OrderRow:
    """Move a locked order and write its entry, inside the caller's transaction. details: what the entry says besides.
    Raises EventRefused."""
    before = row.state
    done = journal.move(row, orders.TABLE, event, actor, at, reason=reason, facts=facts)
    if event == "stay":
        row.left = before
    if done.reason:
        row.reason = done.reason
    row.save()
    journal.write(done, row.handle, {**details_of(row), **(details or {})})
    return row


def move_end(actor: Actor, end: OrderedEnd, event: str, at: datetime, *, reason: str) -> None:
    """Move one endpoint of a locked order with several, inside the caller's transaction. Where the order has one, the
    order moves. Raises EventRefused."""
    row = end.order
    if row.ends.count() == 1:
        facts = frozenset({orders.LEFT_APPROVED}) if row.left == orders.APPROVED else frozenset()
        move(actor, row, event, at, reason=reason, facts=facts)
        return
    if end.state:
        done = journal.move(end, orders.ENDPOINT_TABLE, event, actor, at, reason=reason)
    else:
        # Only a stay and a lift begin the row of an endpoint in the log; a quashed one was stayed before.
        if event not in orders.ENDPOINT_TABLE.births:
            move_end(Actor(REVIEWER), end, "stay", at, reason=reason)
            move_end(actor, end, event, at, reason=reason)
            return
        done = replace(journal.begin(orders.ENDPOINT_TABLE, event, actor, at), reason=reason)
        end.state, end.state_since, end.up_date = done.after, at, at
    end.save()
    journal.write(done, end.handle, {"order": row.digest})


def lock(row: OrderRow) -> OrderRow:
    """The row, locked and read again."""
    return OrderRow.objects.select_for_update().get(pk=row.pk)


@transaction.atomic
def observe(actor: Actor, row: OrderRow, raw: bytes, *, at: datetime) -> OrderRow:
    """Take fresh evidence: tunnels seen since, as JSON lines, certain and judged as those that the order cites, one for
    each endpoint. Raises Refused."""
    require_officer(actor)
    found = lock(row)
    file = file_of(found)
    seen = _seen_again(file, raw, at)
    oldest = min(seen.values())
    if len(seen) < len(file.order.endpoints):
        raise Refused("evidence_missing", _("There is no certain evidence for each endpoint in these lines."))
    found.observed_at = max(found.observed_at or oldest, oldest)
    found.save()
    return found


def _seen_again(file: OrderFile, raw: bytes, at: datetime) -> dict[str, datetime]:
    """When each endpoint of an order was last seen, as the order cites it; what was seen later than now was not."""
    wanted = {(str(one.endpoint), one.protocol) for one in file.order.endpoints}
    verdicts = {one.verdict for one in read_lines(b"\n".join(file.evidence.values()))}
    seen: dict[str, datetime] = {}
    for one in read_lines(raw):
        text, moment = str(one.endpoint), _moment(one.last_seen_ns)
        if (text, one.family) in wanted and one.grade == "certain" and one.verdict in verdicts and moment <= at:
            seen[text] = max(seen.get(text, moment), moment)
    if not seen:
        raise Refused("evidence_missing", _("There is no certain evidence for each endpoint in these lines."))
    return seen


def file_of(row: OrderRow) -> OrderFile:
    """The file of a row."""
    return read_order_file(bytes(row.signed))


def _observed_ns(file: OrderFile) -> int:
    """When all endpoints of an order had been seen, by the evidence that it cites."""
    newest: dict[str, int] = {}
    for one in read_lines(b"\n".join(file.evidence.values())):
        newest[str(one.endpoint)] = max(newest.get(str(one.endpoint), 0), one.last_seen_ns)
    return min(newest.values())


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
