"""The desk's pages: the queue, one page a case, the calendar and how long decisions take. Thin: read, show."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from licet.server.clock import utc_now
from licet.server.desk import calendar as calendars
from licet.server.desk import queue
from licet.server.desk.case import Case, case_of, find, search
from licet.server.desk.drawing import calendar_chart, decision_chart
from licet.server.desk.forms import DeskForm
from licet.server.desk.steps import STEPS
from licet.server.entrance import account_of, lacks_second_factor, officer_required
from licet.server.paths import NUL
from licet.server.registry.decision_times import monthly_times, recent_times
from licet.server.registry.models import Service
from licet.server.registry.service_layer.actors import registry

QUESTIONS_MAX = 20
SEARCH_LENGTH_MAX = 120


def head(request: HttpRequest, place: str) -> dict[str, Any]:
    """What stands on every page of the desk: how long decisions take, and whether this officer can decide yet. place:
    which of its pages this is."""
    return {"place": place, "times": recent_times(utc_now()),
            "lacks_second_factor": lacks_second_factor(account_of(request))}


@require_safe
@never_cache
@officer_required
def home(request: HttpRequest) -> HttpResponse:
    """The queue, the oldest first, with what waits for a second officer or an answer apart."""
    at = utc_now()
    show = request.GET.get("show", "")
    show = show if show in queue.SHOWS else "waiting"
    page, rows = queue.page(show, request.GET.get("page", "1")[:6], at)
    context = {"show": show, "page": page, "rows": rows, "counts": queue.counts(at), "at": at,
               "proposals": queue.open_proposals(), "appeals": queue.appeals(),
               **head(request, "queue")}
    if show == "waiting" and page.number == 1:
        context["questions"] = queue.questions(at, QUESTIONS_MAX)
    return render(request, "desk/home.html", context)


@require_safe
@never_cache
@officer_required
def case(request: HttpRequest, handle: str) -> HttpResponse:
    """One case, and the steps that can be taken."""
    service = service_of(handle)
    return render_case(request, case_of(service, account_of(request), registry(), utc_now()))


def render_case(request: HttpRequest, shown: Case, tried: str = "", form: DeskForm | None = None, problem: str = "",
                status: int = 200) -> HttpResponse:
    """The page of a case. tried, form: the step that was just refused, with what was filled in; problem: a sentence."""
    forms = {name: step.form(auto_id=f"{name}_%s", initial={"seen": shown.version}) for name, step in STEPS.items()}
    if form is not None:
        forms[tried] = form
    context = {"case": shown, "forms": forms, "tried": tried, "problem": problem, "at": utc_now(),
               **head(request, "case")}
    return render(request, "desk/case.html", context, status=status)


def service_of(handle: str) -> Service:
    """The service of a handle. Raises Http404."""
    found = find(handle)
    if found is None:
        raise Http404
    return found


@require_safe
@never_cache
@officer_required
def find_case(request: HttpRequest) -> HttpResponse:
    """A handle leads to its case; any other text is looked for in names."""
    text = request.GET.get("q", "").replace(NUL, "").strip()[:SEARCH_LENGTH_MAX]
    found = find(text) if text else None
    if found is not None:
        return redirect("desk:case", handle=found.handle)
    services = search(text) if text else []
    return render(request, "desk/find.html", {"text": text, "services": services, **head(request, "find")})


@require_safe
@never_cache
@officer_required
def calendar(request: HttpRequest) -> HttpResponse:
    """What ends and what is to be reviewed in the year ahead."""
    shown = calendars.calendar(utc_now(), calendars.read_month(request.GET.get("month", "")))
    return render(request, "desk/calendar.html", {
        "calendar": shown, "chart": calendar_chart(shown.months), "at": utc_now(), **head(request, "calendar")})


@require_safe
@never_cache
@officer_required
def times(request: HttpRequest) -> HttpResponse:
    """How long decisions took, month by month."""
    return render(request, "desk/times.html", {
        "chart": decision_chart(monthly_times(utc_now())), **head(request, "times")})


@require_safe
@officer_required
def keys(request: HttpRequest) -> HttpResponse:
    """The single keys."""
    return render(request, "desk/keys.html", head(request, "keys"))
