"""The report's pictures: what happened by month, drawn from the same numbers as its tables."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from licet.app.report.charts import Drawing
from licet.app.transparency.count import Period, Report
from licet.app.transparency.numbers import APPEALS, NUMBERS, ORDERS, PROOFS, REGISTRATIONS, REQUESTS
from licet.server.audit import report_words
from licet.server.public.charts import Series, draw_beside, draw_stacked
from licet.server.public.words import Text

HOUR_S = 3_600
COLUMNS_MAX = 24  # the latest months, where a period has more


@dataclass(frozen=True, slots=True)
class Picture:
    """kinds: (class that colours it, name of a series), none where there is one; is_empty: nothing happened, so that
    there is nothing to draw."""

    title: Text
    note: Text
    drawings: tuple[Drawing, ...]
    kinds: tuple[tuple[str, Text], ...]
    is_empty: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """series: (number, class that colours it); is_time: in hours, side by side, instead of stacked counts."""

    title: Text
    note: Text
    series: tuple[tuple[str, str], ...]
    is_time: bool = False


_SUM = _("By month. The number above a column is the sum.")
_PLANS: dict[str, tuple[_Plan, ...]] = {
    REGISTRATIONS: (
        _Plan(_("Applications received"), _("By month."), (("applications_received", "received"),)),
        _Plan(_("Applications decided"), _SUM, (("applications_approved", "good"), ("applications_refused", "other"))),
        _Plan(_("Hours to a decision"), _("By month of the decision; “–” is a month with fewer than ten. The number "
              "above a pair is the larger one."),
              (("decision_time_median_s", "received"), ("decision_time_p90_s", "other")), is_time=True),
    ),
    PROOFS: (_Plan(_("Checks of proofs that failed"), _("By month."), (("proofs_failed", "other"),)),),
    REQUESTS: (_Plan(_("Requests received"), _("By month."), (("requests_received", "received"),)),),
    ORDERS: (_Plan(_("Orders that went live"), _("By month."), (("orders_live", "other"),)),),
    APPEALS: (_Plan(_("Appeals filed"), _("By month."), (("appeals_filed", "received"),)),),
}

# The same numbers as a table, a month a row.
MONTHLY = frozenset(name for plans in _PLANS.values() for plan in plans for name, _kind in plan.series)
MONTH_TITLES = tuple(report_words.TITLES[number.name] for number in NUMBERS if number.name in MONTHLY)


def months_of(report: Report) -> tuple[tuple[Period, tuple[str, ...]], ...]:
    """Each month with what is drawn of it, in words."""
    return tuple((period, tuple(report_words.value_text(one)[0] for one in numbers if one.number.name in MONTHLY))
                 for period, numbers in report.months)


def pictures_of(part: str, report: Report) -> tuple[Picture, ...]:
    """The pictures of a part of the report."""
    return tuple(_draw(plan, report) for plan in _PLANS.get(part, ()))


def _draw(plan: _Plan, report: Report) -> Picture:
    months = report.months[-COLUMNS_MAX:]
    names = [date_format(period.first, "M") for period, _numbers in months]
    values = [{one.number.name: one.value for one in numbers} for _period, numbers in months]
    series = [Series(str(report_words.TITLES[name]), kind, tuple(_scaled(one[name], plan) for one in values))
              for name, kind in plan.series]
    drawings = (draw_beside if plan.is_time else draw_stacked)(names, series)
    kinds = tuple((kind, report_words.TITLES[name]) for name, kind in plan.series) if len(series) > 1 else ()
    return Picture(plan.title, plan.note, drawings, kinds, not any(value for one in series for value in one.values))


def _scaled(value: int | None, plan: _Plan) -> float | None:
    return value if value is None or not plan.is_time else value / HOUR_S
