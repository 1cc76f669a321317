"""The queue: what waits for an officer, the oldest first, with its proofs already looked at.

It only reads, and asks the database the same few questions however many rows a page has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, QuerySet

from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof
from licet.lifecycle import registration as registrations
from licet.lifecycle.due import due_at, is_due
from licet.model.canonical import moment_ns
from licet.server.registry.models import Application, Endpoint, Message, Proof, Proposal, Registration

ROWS_A_PAGE = 50
WAITING = (applications.IN_REVIEW, applications.PROVISIONAL)
APPEALED = (registrations.NOTICED_APPEAL, registrations.HELD)

# What can be asked for by `?show=`; each is a state or a few of them, told apart by words in the template.
SHOWS = ("waiting", "overdue", "provisional", "questions", "proving", "decided")


@dataclass(frozen=True, slots=True)
class ProofSummary:
    """The proofs of a case in one glance. total, proven: endpoints; methods: of what is proven; checked: the oldest of
    the last checks; failed: what the last failed check saw."""

    total: int
    proven: int
    methods: tuple[str, ...]
    checked: datetime | None
    failed: str

    @property
    def is_green(self) -> bool:
        """True where nothing is missing."""
        return 0 < self.total == self.proven


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the queue. due: when it becomes overdue; question: open, or None."""

    application: Application
    proofs: ProofSummary
    is_overdue: bool
    due: datetime | None
    question: Message | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are under each filter."""

    waiting: int
    overdue: int
    provisional: int
    questions: int
    proving: int


def overdue_cutoff(at: datetime) -> datetime:
    """What came into review before this moment is overdue. Working days make the rule a staircase, so that it is
    searched for; two working days are never longer than a week."""
    low, high = 0, int(timedelta(days=7).total_seconds())
    now_ns = moment_ns(at)
    while low < high:
        middle = (low + high) // 2
        since = at - timedelta(seconds=middle)
        if is_due(applications.TABLE, applications.IN_REVIEW, moment_ns(since), now_ns):
            high = middle
        else:
            low = middle + 1
    return at - timedelta(seconds=low)


def selected(show: str, at: datetime) -> QuerySet[Application]:
    """The applications under a filter. show: one of SHOWS."""
    found = Application.objects.all()
    if show == "overdue":
        found = found.filter(state__in=WAITING, clock_since__lte=overdue_cutoff(at))
    elif show == "provisional":
        found = found.filter(state=applications.PROVISIONAL)
    elif show == "questions":
        found = found.filter(state=applications.INFO_NEEDED)
    elif show == "proving":
        found = found.filter(state=applications.PROVING)
    elif show == "decided":
        return found.exclude(decided_at=None).order_by("-decided_at", "-pk")
    else:
        found = found.filter(state__in=WAITING)
    return found.order_by("clock_since", "pk")


def counts(at: datetime) -> Counts:
    """How many wait, by what for."""
    by_state = dict(Application.objects.filter(state__in=applications.OPEN).values_list("state")
                    .annotate(Count("pk")).order_by())
    overdue = Application.objects.filter(state__in=WAITING, clock_since__lte=overdue_cutoff(at)).count()
    return Counts(
        waiting=sum(by_state.get(state, 0) for state in WAITING), overdue=overdue,
        provisional=by_state.get(applications.PROVISIONAL, 0), questions=by_state.get(applications.INFO_NEEDED, 0),
        proving=by_state.get(applications.PROVING, 0))


def page(show: str, number: str | int, at: datetime) -> tuple[Page[Application], list[Row]]:
    """One page of the queue, and its rows."""
    chosen = selected(show, at)
    found = Paginator(chosen, ROWS_A_PAGE).get_page(number)
    begin = (found.number - 1) * ROWS_A_PAGE
    return found, rows(chosen[begin:begin + ROWS_A_PAGE], at)


def questions(at: datetime, most: int) -> list[Row]:
    """Applications whose question waits for an answer, the oldest first."""
    return rows(selected("questions", at)[:most], at)


def rows(found: QuerySet[Application], at: datetime) -> list[Row]:
    """Rows of a few applications, with everything that a line shows."""
    proofs = Proof.objects.exclude(tried_at=None).order_by("-tried_at", "-pk")
    live = Endpoint.objects.filter(dropped_at=None).exclude(state=endpoint_proof.GONE).order_by("pk")
    shown = found.select_related("service__organisation", "decided_by").prefetch_related(
        Prefetch("service__endpoints", live.prefetch_related(Prefetch("proofs", proofs, "tried")), "live"),
        Prefetch("messages", Message.objects.filter(kind=Message.QUESTION, answered_at=None), "open_questions"))
    return [_row(application, at) for application in shown]


def _row(application: Application, at: datetime) -> Row:
    due_ns = due_at(applications.TABLE, applications.IN_REVIEW, moment_ns(application.clock_since))
    waits = application.state in WAITING and due_ns is not None
    due = datetime.fromtimestamp(due_ns / 1e9, UTC) if waits and due_ns is not None else None
    asked: list[Message] = application.open_questions  # type: ignore[attr-defined]  # prefetched
    return Row(application, summary(application.service.live), due is not None and due <= at, due,  # type: ignore[attr-defined]
               asked[-1] if asked else None)


def summary(live: Iterable[Endpoint]) -> ProofSummary:
    """live: endpoints with `tried`, their proofs that were checked, the newest first."""
    total = proven = 0
    methods: list[str] = []
    checked: list[datetime] = []
    failed = ""
    for endpoint in live:
        total += 1
        tried: list[Proof] = endpoint.tried  # type: ignore[attr-defined]  # prefetched
        if endpoint.counts:
            proven += 1
            methods += [proof.method for proof in tried if proof.status == Proof.VALID and proof.method not in methods]
        elif tried and not failed:
            failed = tried[0].seen
        if endpoint.checked_at is not None:
            checked.append(endpoint.checked_at)
    return ProofSummary(total, proven, tuple(methods), min(checked, default=None), failed)


def open_proposals() -> list[Proposal]:
    """What one officer proposed and a second one has not settled, the oldest first."""
    found = Proposal.objects.filter(closed_at=None)
    return list(found.select_related("registration__service__organisation", "proposed_by").order_by("proposed_at"))


def appeals() -> list[Registration]:
    """Registrations with an appeal that nobody has decided, the oldest first."""
    found = Registration.objects.filter(state__in=APPEALED).select_related("service__organisation")
    return list(found.order_by("state_since", "pk"))
