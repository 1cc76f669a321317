"""The history of a service as one page: its entries in order, and its states as a strip over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from licet.lifecycle import application, registration
from licet.server.audit import words
from licet.server.audit.entries import INDEX_DIGITS_MAX, Row, about, in_log, shown
from licet.server.audit.strip import Lane, Span
from licet.server.registry.models import Service

ENTRIES_A_PAGE = 200
STATES_MAX = 400  # of one lane: more changes than that cannot be seen in a picture

GOOD, ATTENTION, WAITING, OVER = "good", "attention", "waiting", "over"
TONES: dict[str, words.Text] = {
    GOOD: _("counts"), ATTENTION: _("something stands against it"), WAITING: _("waits"), OVER: _("over"),
}


@dataclass(frozen=True, slots=True)
class History:
    """handle: of the service; rows: the oldest first; later: the index after which the next page begins, or None;
    is_first: this page begins at the beginning; lanes: states over time, none where nothing happened; now: the states
    that it has, by the kind of the subject."""

    handle: str
    rows: tuple[Row, ...]
    later: int | None
    is_first: bool
    lanes: tuple[Lane, ...]
    now: tuple[tuple[words.Text, words.Text], ...]


def history_of(handle: str, after: str, at: datetime) -> History | None:
    """The history of a service, from an index on, or None where the log knows no such service."""
    service = Service.objects.filter(handle=handle).first()
    if service is None:
        return None
    found = in_log().filter(about(handle)).order_by("receipt__leaf_index")
    is_first = not (after.isascii() and after.isdigit() and len(after) <= INDEX_DIGITS_MAX)
    page = found if is_first else found.filter(receipt__leaf_index__gt=int(after))
    rows = shown(page[: ENTRIES_A_PAGE + 1])
    if not rows and is_first:
        return None
    lanes = _lanes(found.filter(type__in=("application", "registration")).values_list("type", "time", "after"), at)
    later = rows[ENTRIES_A_PAGE - 1].index if len(rows) > ENTRIES_A_PAGE else None
    now = tuple((lane.title, lane.spans[-1].text) for lane in lanes)
    return History(handle, rows[:ENTRIES_A_PAGE], later, is_first, lanes, now)


def _lanes(moves: Iterable[tuple[str, datetime, str]], at: datetime) -> tuple[Lane, ...]:
    """One lane of applications and one of registrations."""
    of_kind: dict[str, list[tuple[datetime, str]]] = {"application": [], "registration": []}
    for kind, time, state in moves:
        states = of_kind[kind]
        if not states or states[-1][1] != state:
            states.append((time, state))
    return tuple(Lane(words.LANES[kind], _spans(kind, states[-STATES_MAX:], at))
                 for kind, states in of_kind.items() if states)


def _spans(kind: str, states: Sequence[tuple[datetime, str]], at: datetime) -> tuple[Span, ...]:
    ends = [time for time, _ in states[1:]] + [max(at, states[-1][0])]
    return tuple(Span(begin, end, words.state_text(kind, state), _tone(kind, state))
                 for (begin, state), end in zip(states, ends, strict=True))


def _tone(kind: str, state: str) -> str:
    """The class that colours a state: it counts, something stands against it, it waits, or it is over."""
    if kind == "application":
        return OVER if state in application.FINAL else GOOD if state == application.PROVISIONAL else WAITING
    if state in registration.OVER:
        return OVER
    return GOOD if state in (registration.OK, registration.EXPIRING) else ATTENTION
