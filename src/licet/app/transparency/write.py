"""The report as JSON, as CSV and as text: the same bytes for the same entries.

Addresses of entries are those of the registry's own pages, below whatever address it has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from urllib.parse import urlencode

from licet.app.transparency.count import SMALL, Counted, Period, Report
from licet.app.transparency.numbers import Query
from licet.model.canonical import Json, canonical_json

SCHEMA = "licet.report/1"
COLUMNS = ("name", "by", "of", "value", "unit", "withheld", "title", "query", "entries")
WITHHELD = f"fewer than {SMALL}"


def entries_address(query: Query, period: Period) -> str:
    """The page that lists what a query counts."""
    days = (("since", period.first.isoformat()), ("until", period.last.isoformat()))
    return f"/log/?{urlencode((*query.members(), *days))}"


def addresses(one: Counted, period: Period) -> list[str]:
    """The pages that list what a number counts; none for what is not counted."""
    return [entries_address(query, period) for query in one.number.queries]


def report_json(report: Report) -> bytes:
    """`licet.report/1` of docs/report.md, as canonical JSON (RFC 8785)."""
    return canonical_json({
        "schema": SCHEMA,
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "log": {"origin": report.origin, "entries": report.entries, "first": report.first, "last": report.last},
        "numbers": [_number(one, report.period) for one in report.numbers],
        "months": [{"from": month.first.isoformat(), "to": month.last.isoformat(),
                    "values": {one.number.name: one.value for one in numbers if one.number.queries}}
                   for month, numbers in report.months],
    }) + b"\n"


def _number(one: Counted, period: Period) -> dict[str, Json]:
    number = one.number
    return {
        "name": number.name, "part": number.part, "title": number.title, "unit": number.unit, "value": one.value,
        "cases": one.cases,
        "withheld": WITHHELD if one.is_withheld else None, "query": number.query,
        "entries": list(addresses(one, period)),
        "by": {split.by: dict(values) for split, values in zip(number.breakdowns, one.splits, strict=True)},
    }


def report_csv(report: Report) -> str:
    """One line a number, and one for each value that it is split by; for a spreadsheet."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")  # RFC 4180 §2
    writer.writeheader()
    for one in report.numbers:
        number = one.number
        row = {"name": number.name, "unit": number.unit, "title": number.title, "query": number.query,
               "value": "" if one.value is None else one.value, "withheld": WITHHELD if one.is_withheld else "",
               "entries": " ".join(addresses(one, report.period))}
        writer.writerow(row)
        for split, values in zip(number.breakdowns, one.splits, strict=True):
            writer.writerows({**row, "by": split.by, "of": value, "value": count} for value, count in values)
    return out.getvalue()


def report_text(report: Report) -> Iterator[str]:
    """Lines for a terminal."""
    yield f"{report.origin}, {report.period.first} to {report.period.last}: {report.entries:,} entries"
    part = ""
    for one in report.numbers:
        if one.number.part != part:
            part = one.number.part
            yield ""
            yield part
        value = WITHHELD if one.is_withheld else "none" if one.value is None else f"{one.value:,}"
        yield f"  {one.number.title:<56} {value:>15} {one.number.unit}"
        for split, values in zip(one.number.breakdowns, one.splits, strict=True):
            for name, count in values:
                yield f"    {split.by + ' ' + name:<54} {count:>15,}"
