"""The report as a page, as JSON and as CSV: the numbers of a period, each with its unit, its query and its entries.

Counting walks through the entries of the period. So one report is counted at a time, and what was counted is kept: for
minutes while its period lasts, for longer when that is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from threading import Lock

from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from licet.app.transparency.count import SMALL, Counted, Period, Report
from licet.app.transparency.numbers import MEASURED, PARTS
from licet.app.transparency.write import addresses, entries_address, report_csv, report_json
from licet.errors import Refused
from licet.lifecycle.application import REVIEW_WORKING_DAYS
from licet.server.audit import report_words, words
from licet.server.audit.filters import day_field
from licet.server.audit.head import place
from licet.server.audit.report import report_of
from licet.server.audit.report_charts import MONTH_TITLES, Picture, months_of, pictures_of
from licet.server.clock import utc_now
from licet.server.public.limits import limited
from licet.server.registry.models import Snapshot
from licet.server.registry.service_layer.listings import listed_services

MONTHS = 12  # of a report that says no days: with the running one
DAYS_MAX = 731  # on a page; `licet report` counts any period
KEPT_S, KEPT_OVER_S = 300, 86_400
WAIT_S = 20.0  # for somebody else's report to be counted
FIGURES = ("applications_received", "applications_decided", "decision_time_median_s", "proofs_failed")

_counting = Lock()


class ReportForm(forms.Form):
    """Which days the report is of."""

    since = day_field(gettext_lazy("First day (UTC)"))
    until = day_field(gettext_lazy("Last day (UTC)"))

    def clean(self) -> dict[str, date]:
        """In order, and no longer than a page can show."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            raise ValidationError(_("The last day is before the first."))
        if since and until and (until - since).days > DAYS_MAX:
            raise ValidationError(_("A page shows two years at most; the command “licet report” counts any period."))
        return cleaned


@dataclass(frozen=True, slots=True)
class Split:
    """One value by which a number is split. code: as the entries have it; link: to the entries, where the log's pages
    can be narrowed by it, or ""."""

    text: words.Text
    code: str
    value: str
    link: str


@dataclass(frozen=True, slots=True)
class Line:
    """A number as the page prints it. value: with words where there is none; exact: the same in its unit, where the
    value is printed in a friendlier one."""

    title: words.Text
    value: str
    unit: words.Text
    exact: str
    query: str
    links: tuple[str, ...]
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the report: its pictures, and its numbers."""

    name: str
    title: words.Text
    pictures: tuple[Picture, ...]
    lines: tuple[Line, ...]


@require_safe
@limited
def report(request: HttpRequest) -> HttpResponse:
    """The report of the days that are asked for, or of the last twelve months."""
    form, period = _asked(request)
    if period is None:
        return render(request, "audit/report.html", {"form": form}, status=400)
    try:
        found = counted(period)
    except Refused:
        return render(request, "audit/report.html", {"form": form, "is_elsewhere": True})
    if found is None:
        return _busy(request)
    lines = {one.number.name: line_of(one, period) for one in found.numbers}
    return render(request, "audit/report.html", {
        "form": form, "report": found, "small": SMALL, "place": place(), "origin": found.origin,
        "days": f"since={period.first}&until={period.last}", "figures": [lines[name] for name in FIGURES],
        "parts": [_part(part, found, lines) for part in PARTS],
        "months": months_of(found), "month_titles": MONTH_TITLES, "listed": listed_services().count(),
        "snapshot": Snapshot.objects.order_by("-serial").defer("body").first(),
        "promised_days": REVIEW_WORKING_DAYS,
    })


def _part(name: str, found: Report, lines: dict[str, Line]) -> Part:
    numbers = tuple(lines[one.number.name] for one in found.numbers if one.number.part == name)
    return Part(name, report_words.PARTS[name], pictures_of(name, found), numbers)


@require_safe
@limited
def report_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as JSON or CSV: byte for byte what `licet report` prints."""
    form, period = _asked(request)
    if period is None:
        problems = "; ".join(str(one) for errors in form.errors.values() for one in errors)
        return HttpResponse(f"{problems}\n", status=400, content_type="text/plain; charset=utf-8")
    try:
        found = counted(period)
    except Refused as error:
        return HttpResponse(f"{error}\n", status=503, content_type="text/plain; charset=utf-8")
    if found is None:
        return _busy(request)
    response = (HttpResponse(report_json(found), content_type="application/json") if kind == "json"
                else HttpResponse(report_csv(found), content_type="text/csv; charset=utf-8"))
    name = f"licet-report-{period.first}-{period.last}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _asked(request: HttpRequest) -> tuple[ReportForm, Period | None]:
    """The form, and the days that it says; None where they make no sense."""
    today = utc_now().date()
    first = (today.replace(day=1) - timedelta(days=28 * (MONTHS - 1))).replace(day=1)
    form = ReportForm({"since": first, "until": today, **request.GET.dict()})
    if not form.is_valid():
        return form, None
    return form, Period(form.cleaned_data["since"] or first, form.cleaned_data["until"] or today)


def counted(period: Period) -> Report | None:
    """The report of a period, counted now or lately; None while another one is being counted. Raises Refused."""
    key = f"report-{period.first}-{period.last}"
    kept: Report | None = cache.get(key)
    if kept is not None or not _counting.acquire(timeout=WAIT_S):
        return kept
    try:
        kept = cache.get(key)
        if kept is None:
            kept = report_of(period)
            cache.set(key, kept, KEPT_S if period.last >= utc_now().date() - timedelta(days=1) else KEPT_OVER_S)
    finally:
        _counting.release()
    return kept


def _busy(request: HttpRequest) -> HttpResponse:
    response = render(request, "audit/busy.html", status=503)
    response["Retry-After"] = str(round(WAIT_S))
    return response


def line_of(one: Counted, period: Period) -> Line:
    """A number in words."""
    number = one.number
    splits = tuple(
        Split(report_words.split_text(split.by, value), value, report_words.count_text(count),
              entries_address(replace(number.queries[0], reason=value), period) if split.by == "reason" else "")
        for split, values in zip(number.breakdowns, one.splits, strict=True) for value, count in values)
    value, exact = report_words.value_text(one)
    return Line(report_words.TITLES[number.name], value, report_words.UNITS[number.unit], exact,
                "" if number.how == MEASURED else number.query, tuple(addresses(one, period)), splits)
