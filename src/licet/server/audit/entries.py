"""Entries of the log as pages show them: read from the database, which has a receipt for each that stands in the log.

What they say is checked elsewhere: by the reader's browser against the log's own files (`verify.js`), and by `licet log
verify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from licet.lifecycle import listing
from licet.server.audit import words
from licet.server.registry.models import Application, Endpoint, Outbox

A_PAGE = 50
INDEX_DIGITS_MAX = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One entry in a list. index: in the log; text: what happened; reason: in words, or the code itself."""

    index: int
    at: datetime
    kind: str
    subject: str
    text: words.Text
    role: words.Text
    reason: words.Text
    is_service: bool


@dataclass(frozen=True, slots=True)
class EntryPage:
    """rows: the newest first; older: the index before which the next page begins, or None."""

    rows: tuple[Row, ...]
    older: int | None


def in_log() -> QuerySet[Outbox]:
    """Every entry that stands in the log."""
    return Outbox.objects.filter(receipt__isnull=False).select_related("receipt").defer("body")


def narrowed(found: QuerySet[Outbox], wanted: Mapping[str, Any]) -> QuerySet[Outbox]:
    """Those that fit. wanted: cleaned values of EntryForm; what is missing or empty narrows nothing."""
    for name, column in (("type", "type"), ("event", "event"), ("to", "after")):
        if value := wanted.get(name):
            found = found.filter(**{column: value})
    if reason := wanted.get("reason"):
        # A reason is a code, and the handle of another service may stand behind it.
        found = found.filter(Q(reason=reason) | Q(reason__startswith=f"{reason} "))
    if handle := wanted.get("handle"):
        found = found.filter(about(handle))
    if since := wanted.get("since"):
        found = found.filter(time__gte=midnight(since))
    if until := wanted.get("until"):
        found = found.filter(time__lt=midnight(until + timedelta(days=1)))
    return found


def about(handle: str) -> Q:
    """Entries of a subject; for a service, of its applications, its endpoints and its place in the directory too."""
    if not handle.startswith("SVC-"):
        return Q(subject=handle)
    return (Q(subject__in=(handle, listing.subject_of(handle)))
            | Q(subject__in=Application.objects.filter(service__handle=handle).values("handle"))
            | Q(subject__in=Endpoint.objects.filter(service__handle=handle).values("handle")))


def midnight(day: date) -> datetime:
    """The first moment of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def page_before(found: QuerySet[Outbox], before: str) -> EntryPage:
    """The newest entries of those found, or those before an index."""
    if before.isascii() and before.isdigit() and len(before) <= INDEX_DIGITS_MAX:
        found = found.filter(receipt__leaf_index__lt=int(before))
    rows = shown(found.order_by("-receipt__leaf_index")[: A_PAGE + 1])
    return EntryPage(rows[:A_PAGE], rows[A_PAGE - 1].index if len(rows) > A_PAGE else None)


def shown(found: Iterable[Outbox]) -> tuple[Row, ...]:
    """Entries in words, in the order in which they come."""
    return tuple(row_of(one) for one in found)


def row_of(one: Outbox) -> Row:
    """An entry that stands in the log, in words."""
    return Row(
        index=one.receipt.leaf_index, at=one.time, kind=one.type, subject=one.subject,
        text=words.event_text(one.type, one.event, one.after), role=words.ROLES.get(one.role, one.role),
        reason=words.reason_text(one.reason), is_service=one.subject.startswith("SVC-"))
