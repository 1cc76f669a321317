"""Counting entries: what is counted, in which days, and what is withheld. The entries are written here by hand."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import date
from itertools import count as numbers_from
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licet.app.transparency.count import SMALL, Period, Seen, count, nearest_rank
from licet.app.transparency.numbers import BY_NAME, MEASURED, NUMBERS, PARTS, queries
from licet.app.transparency.write import report_csv, report_json, report_text
from licet.errors import BadInput
from licet.lifecycle.replay import TABLES
from licet.model.canonical import parse_time

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
ORDER = {"ground": "adjudicated", "network": "campus"}


def entry(index: int, day: str, kind: str, subject: str, event: str, after: str, *, before: str = "x", reason: str = "",
          redactions: int = 0, details: dict[str, object] | None = None) -> Seen:
    at_ns = parse_time(f"2026-{day}" if "T" in day else f"2026-{day}T12:00:00Z")
    return Seen(index, at_ns, kind, subject, event, before, after, reason, redactions, details or {})  # type: ignore[arg-type]


def story(*told: tuple[str, str, str, str, str, str]) -> list[Seen]:
    """(day, type, subject, event, to, reason) of each entry."""
    return [entry(index, day, kind, subject, event, after, reason=reason)
            for index, (day, kind, subject, event, after, reason) in enumerate(told)]


def test_what_nothing_happened_to_is_0_and_not_left_out() -> None:
    found = count([], YEAR, "example.net/log")
    assert [one.number for one in found.numbers] == list(NUMBERS)
    for one in found.numbers:
        if one.number.how == MEASURED:
            assert one.value == one.number.value
        else:
            assert one.value == (None if one.number.begins else 0), one.number.name
            assert not one.is_withheld
    refused = next(one for one in found.numbers if one.number.name == "applications_refused")
    assert [value for value, _ in refused.splits[0]] == [
        "control_not_proven", "organisation_not_proven", "conflicts_with", "false_statement", "residential_endpoint"]
    assert (found.entries, found.first, found.last) == (0, None, None)


def test_days_are_whole_both_included_and_in_utc() -> None:
    told = story(("03-01T00:00:00Z", "application", "A1", "submit", "proving", ""),
                 ("03-31T23:59:59.999999Z", "application", "A2", "submit", "proving", ""),
                 ("02-28T23:59:59.999999Z", "application", "A3", "submit", "proving", ""),
                 ("04-01T00:00:00Z", "application", "A4", "submit", "proving", ""))
    found = count(told, Period(date(2026, 3, 1), date(2026, 3, 31)), "x")
    assert (found.value("applications_received"), found.entries, found.first, found.last) == (2, 2, 0, 1)


def test_refusals_are_split_by_the_code_without_the_handle_behind_it() -> None:
    found = count(story(("03-01", "application", "A1", "refuse", "refused", "conflicts_with SVC-7F3K"),
                        ("03-02", "application", "A2", "refuse", "refused", "conflicts_with SVC-Q2MD"),
                        ("03-03", "application", "A3", "refuse", "refused", "false_statement")), YEAR, "x")
    refused = next(one for one in found.numbers if one.number.name == "applications_refused")
    assert dict(refused.splits[0]) == {"control_not_proven": 0, "organisation_not_proven": 0, "conflicts_with": 2,
                                       "false_statement": 1, "residential_endpoint": 0}
    assert found.value("applications_decided") == 3


def decisions(how_many: int, begins: str = "2026-02-27") -> Iterator[Seen]:
    """Applications that were handed in before the period, decided in it after 1, 2, 3 … hours."""
    indexes = numbers_from()
    start = parse_time(f"{begins}T00:00:00Z")
    for number in range(how_many):
        yield Seen(next(indexes), start, "application", f"A{number}", "submit", "draft", "proving", "")
    for number in range(how_many):
        yield Seen(next(indexes), start + (72 + number) * 3_600 * 10**9, "application", f"A{number}", "approve",
                   "in_review", "approved", "")


def test_a_time_begins_before_the_period_and_counts_where_it_ends() -> None:
    found = count(decisions(20), Period(date(2026, 3, 1), date(2026, 3, 31)), "x")
    assert found.value("applications_received") == 0
    assert found.value("applications_decided") == 20
    assert found.value("decision_time_median_s") == (72 + 9) * 3_600
    assert found.value("decision_time_p90_s") == (72 + 17) * 3_600


@pytest.mark.parametrize("how_many", [0, 1, SMALL - 1, SMALL])
def test_a_time_of_fewer_than_ten_is_withheld(how_many: int) -> None:
    found = count(decisions(how_many), YEAR, "x")
    median = next(one for one in found.numbers if one.number.name == "decision_time_median_s")
    assert (median.value is None) is (how_many < SMALL)
    assert median.is_withheld is (0 < how_many < SMALL)
    assert found.value("applications_decided") == how_many, "counts of entries are shown: each entry is public"
    told = {one["name"]: one for one in json.loads(report_json(found))["numbers"]}["decision_time_median_s"]
    assert told["withheld"] == ("fewer than 10" if 0 < how_many < SMALL else None)
    assert told["cases"] == how_many


def test_an_effect_on_a_few_flows_is_withheld_and_one_that_nobody_measured_is_not_0() -> None:
    for flows, shown, cases in ((0, 0, 1), (3, None, 1), (SMALL, SMALL, 1), (None, None, 0)):
        details: dict[str, object] = {} if flows is None else {"measured": flows, "predicted": True}
        found = count([entry(0, "03-01", "order", "ORD-1", "lift", "lifted", details=details)], YEAR, "x")
        measured = next(one for one in found.numbers if one.number.name == "orders_effect_measured")
        assert (measured.value, measured.cases) == (shown, cases)
        assert measured.is_withheld is (flows == 3)
        assert found.value("orders_effect_predicted") is None, "true is no number"


def test_a_registered_endpoint_counts_as_affected_only_where_its_order_was_in_force() -> None:
    told = [
        entry(0, "03-01", "order", "ORD-AAAA", "activate", "canary", before="noticed"),
        entry(1, "03-02", "order_endpoint", "OEP-AAAA02", "lift", "lifted", before="", reason="registered"),
        entry(2, "03-03", "order", "ORD-AAAA", "lift", "lifted", before="canary", reason="registered"),
        entry(3, "03-04", "order_endpoint", "OEP-AAAA01", "lift", "lifted", before="", reason="registered"),
        entry(4, "03-05", "order", "ORD-BBBB", "lift", "lifted", before="stayed", reason="registered"),
        entry(5, "03-06", "order", "ORD-CCCC", "lift", "lifted", before="live", reason="court"),
    ]
    assert count(told, YEAR, "x").value("registered_affected") == 2


def test_asks_are_counted_by_the_code_of_each_answer() -> None:
    told = [entry(0, "03-05", "request", "REQ-1", "accept_in_part", "answered",
                  details={"ask1": "no_legal_text", "ask2": "done", "ask3": "no_legal_text", "ask4": ""})]
    found = next(one for one in count(told, YEAR, "x").numbers if one.number.name == "asks_answered")
    splits = dict(found.splits[0])
    assert found.value == 3
    assert {code: value for code, value in splits.items() if value} == {"no_legal_text": 2, "done": 1}
    assert len(splits) == 11


def test_an_order_is_followed_from_its_draft_to_its_end() -> None:
    told = [
        entry(0, "03-01", "order", "ORD-1", "draft", "draft", before="", details=ORDER),
        entry(1, "03-02", "order", "ORD-2", "draft", "draft", before="", details={"ground": "network_policy"}),
        entry(2, "03-03", "order", "ORD-2", "dry_run", "refused", reason="impact"),
        entry(3, "03-10", "order", "ORD-1", "activate", "canary"),
        entry(4, "03-10T13:00:00Z", "order", "ORD-1", "clock", "live"),
        entry(5, "04-02", "order", "ORD-1", "stay", "stayed", reason="control_proved"),
        entry(6, "04-03", "order", "ORD-1", "quash", "quashed", reason="silence"),
    ]
    found = count(told, YEAR, "x")
    values = {one.number.name: one.value for one in found.numbers}
    assert {name: value for name, value in values.items() if name.startswith("orders_") and value} == {
        "orders_drafted": 2, "orders_tried": 1, "orders_refused": 1, "orders_live": 1, "orders_stayed": 1,
        "orders_quashed": 1, "orders_in_force_s": 23 * 86_400}
    splits = {one.number.name: one.splits for one in found.numbers}
    assert splits["orders_refused"] == ((("impact", 1),),)
    assert splits["orders_live"] == ((("network_policy", 0), ("adjudicated", 1)), (("campus", 1),))
    march = count(told, Period(date(2026, 3, 1), date(2026, 3, 31)), "x")
    assert march.value("orders_standing") == 1
    assert march.value("orders_in_force_s") == 21 * 86_400 + 43_200
    months = {period.first.month: {one.number.name: one.value for one in counted} for period, counted in found.months}
    assert months[3]["orders_standing"] == 1
    assert months[4]["orders_standing"] == 0
    assert sum(one["orders_in_force_s"] or 0 for one in months.values()) == values["orders_in_force_s"]


def test_what_is_in_force_is_counted_as_far_as_the_log_goes() -> None:
    told = [entry(0, "03-01", "order", "ORD-1", "activate", "canary"),
            entry(1, "03-04", "endpoint", "E1", "check_ok", "valid")]
    assert count(told, YEAR, "x").value("orders_in_force_s") == 3 * 86_400
    assert count(told[:1], YEAR, "x", told[1].at_ns).value("orders_in_force_s") == 3 * 86_400


def test_requests_and_appeals_are_counted_by_what_became_of_them() -> None:
    found = count(story(
        ("03-01", "request", "REQ-1", "receive", "received", ""),
        ("03-01", "request", "REQ-2", "receive", "received", ""),
        ("03-05", "request", "REQ-1", "decline", "answered", "no_legal_text"),
        ("04-20", "request", "REQ-2", "clock", "acknowledged", "overdue"),
        ("04-21", "request", "REQ-2", "accept", "answered", "done"),
        ("03-01", "appeal", "APL-1", "file", "filed", ""),
        ("03-02", "appeal", "APL-1", "clock", "stayed", "unassigned"),
        ("03-12", "appeal", "APL-1", "clock", "upheld", "silence"),
        ("03-12", "registration", "SVC-1", "appeal_filed", "ok", "stayed"),
        ("03-13", "registration", "SVC-1", "appeal_won", "ok", ""),
    ), YEAR, "x")
    values = {one.number.name: one.value for one in found.numbers}
    assert (values["requests_received"], values["requests_answered"], values["requests_answered_in_time"],
            values["requests_overdue"]) == (2, 2, 1, 1)
    assert (values["appeals_filed"], values["appeals_stayed"], values["appeals_upheld"],
            values["appeals_defaulted"]) == (2, 2, 1, 1)


def test_redactions_count_bodies_and_not_entries() -> None:
    found = count([entry(0, "03-01", "redaction", "RED-1", "redact", "redacted", before="", redactions=3)], YEAR, "x")
    assert found.value("redactions") == 3


@settings(derandomize=True)
@given(st.dates(date(2020, 1, 1), date(2029, 12, 31)), st.integers(0, 700))
def test_months_cover_a_period_without_gaps(first: date, days: int) -> None:
    period = Period(first, date.fromordinal(first.toordinal() + days))
    months = period.months()
    assert months[0].first == period.first
    assert months[-1].last == period.last
    assert all(one.end_ns == other.begin_ns for one, other in pairwise(months))
    assert all(one.first.month == one.last.month for one in months)


def test_a_period_that_makes_no_sense_is_said() -> None:
    with pytest.raises(BadInput, match="before it begins"):
        Period(date(2026, 3, 2), date(2026, 3, 1))
    with pytest.raises(BadInput, match="more than"):
        Period(date(1900, 1, 1), date(2026, 3, 1))


@settings(derandomize=True)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_a_percentile_is_one_of_the_values(values: list[int]) -> None:
    for percent in (50, 90):
        found = nearest_rank(values, percent)
        assert found in values
        assert sum(one <= found for one in values) * 100 >= percent * len(values)  # type: ignore[operator]


# What is printed.


def test_all_forms_say_the_same() -> None:
    found = count(decisions(12), YEAR, "registry.example.net/log")
    told = json.loads(report_json(found))
    assert (told["schema"], told["from"], told["to"]) == ("licet.report/1", "2026-01-01", "2026-12-31")
    assert told["log"] == {"origin": "registry.example.net/log", "entries": 24, "first": 0, "last": 23}
    assert len(told["months"]) == 12
    rows = list(csv.DictReader(report_csv(found).splitlines()))
    whole = {row["name"]: row for row in rows if not row["by"]}
    text = "\n".join(report_text(found))
    for one in told["numbers"]:
        assert whole[one["name"]]["value"] == ("" if one["value"] is None else str(one["value"]))
        assert f"{one['title']} " in text
        splits = {(row["by"], row["of"]): int(row["value"]) for row in rows if row["name"] == one["name"] and row["by"]}
        assert splits == {(by, of): value for by, values in one["by"].items() for of, value in values.items()}
    assert report_json(found) == report_json(count(decisions(12), YEAR, "registry.example.net/log"))


def test_no_line_of_the_text_is_wider_than_a_terminal() -> None:
    for line in report_text(count(decisions(12), YEAR, "registry.example.net/log")):
        assert len(line) <= 100, line


# What is counted is what there is.


def test_every_query_names_events_and_states_that_the_tables_have() -> None:
    known = 0
    for query in queries():
        table = TABLES.get(query.kind)
        assert table is not None, query
        known += 1
        assert query.event == "" or query.event in (*table.births, *table.events), query
        assert query.to == "" or query.to in table.states, query
    assert known > 20


def test_names_are_unique_and_parts_are_in_order() -> None:
    assert len(BY_NAME) == len(NUMBERS)
    parts = [number.part for number in NUMBERS]
    assert list(dict.fromkeys(parts)) == list(PARTS)
    assert parts == sorted(parts, key=PARTS.index)
    for number in NUMBERS:
        # A quantity carries its unit.
        assert number.name.endswith("_s") is (number.unit == "seconds"), number.name


def test_what_was_measured_once_is_what_the_page_of_recognition_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "recognition.md").read_text(encoding="utf-8")
    said = re.search(r"hold (\d+) endpoints of the families\s+above and (\d+) captures without any VPN\. licet finds "
                     r"(\d+) of them, swaps the ends of none, and says nothing of the (\d+)\.", page)
    assert said is not None
    assert [int(one) for one in said.groups()] == [BY_NAME[f"recogniser_{name}"].value
                                                   for name in ("labelled", "no_vpn", "found", "no_vpn")]
    assert BY_NAME["recogniser_swapped"].value == BY_NAME["recogniser_false"].value == 0
