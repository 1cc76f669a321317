"""The report from the registry's own database: the entries that stand in the log, counted as `licet report --from-log`
counts them from the log itself."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Iterator
from datetime import timedelta
from functools import reduce

from django.db.models import Max, Q, QuerySet

from licet.app.transparency.count import (
    DETAILED_KINDS,
    REMEMBERED,
    REMEMBERED_KINDS,
    Period,
    Report,
    Seen,
    count,
    seen_of,
)
from licet.errors import Refused
from licet.model.canonical import moment_ns, parse_time
from licet.server.audit.entries import midnight
from licet.server.audit.head import public_key, served_head
from licet.server.registry.models import Outbox
from licet.tlog.entry import leaf_of, read_entry

COLUMNS = ("receipt__leaf_index", "time", "type", "subject", "event", "before", "after", "reason")
AT_ONCE = 5_000


def report_of(period: Period) -> Report:
    """What this registry did in these days. Raises Refused where the log's name is not known on this machine."""
    head, name = served_head(), public_key().partition("+")[0]
    if head is None and not name:
        raise Refused("no_log", "the log of this registry is not kept here, and its name not known: count on the "
                      "machine that writes it, or with --from-log")
    # What is written and not published yet, nobody else could count.
    published = Outbox.objects.filter(receipt__leaf_index__lt=0 if head is None else head.size)
    latest = published.aggregate(latest=Max("time"))["latest"]
    return count(_entries(published, period), period, name if head is None else head.origin,
                 0 if latest is None else moment_ns(latest))


def _entries(published: QuerySet[Outbox], period: Period) -> Iterator[Seen]:
    """The entries of the period and those before it that its numbers depend on, in the order of the log."""
    end = midnight(period.last + timedelta(days=1))
    earlier = reduce(operator.or_, (Q(type=kind, event=event) for kind, event in REMEMBERED),
                     Q(type__in=REMEMBERED_KINDS))
    wanted = published.filter(Q(time__gte=midnight(period.first)) | earlier, time__lt=end)
    # Of an order more is needed than its columns; both kinds of rows come in the order of the log.
    plain = wanted.exclude(type__in=DETAILED_KINDS).order_by("receipt__leaf_index").values_list(*COLUMNS)
    detailed = wanted.filter(type__in=DETAILED_KINDS).order_by("receipt__leaf_index").values_list(
        "receipt__leaf_index", "body")
    return heapq.merge(
        (Seen(index, moment_ns(time), *rest) for index, time, *rest in plain.iterator(AT_ONCE)),
        (_detailed(index, bytes(body)) for index, body in detailed.iterator(AT_ONCE)),
        key=lambda seen: seen.index)


def _detailed(index: int, body: bytes) -> Seen:
    entry = read_entry(leaf_of(body)[0])
    return seen_of(index, parse_time(entry.time), entry)
