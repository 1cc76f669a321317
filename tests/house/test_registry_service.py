"""docs/registry-service.md and docs/orders.md say how things move exactly as the tables do. The message of a failure is
the table to put there."""

from __future__ import annotations

import re

import pytest

from house.source import ROOT
from licet.lifecycle import appeal, application, domain_proof, endpoint_proof, order, registration, request
from licet.lifecycle.table import SECOND_OFFICER, TIME_PASSED, Table

PAGE = ROOT / "docs" / "registry-service.md"
ORDERS = ROOT / "docs" / "orders.md"
TABLES = {table.kind: (table, PAGE) for table in (application.TABLE, endpoint_proof.TABLE, domain_proof.TABLE,
                                                  registration.TABLE)}
TABLES |= {table.kind: (table, ORDERS) for table in (request.TABLE, order.TABLE, order.ENDPOINT_TABLE, appeal.TABLE)}


def as_markdown(table: Table) -> str:
    """A state a row, an event a column; the clock's column says when."""
    events = [event for event in table.events if any(event in row for row in table.rows.values())]
    heads = [f"{event} (two)" if table.causes[event] == {SECOND_OFFICER} else event for event in events]
    lines = ["| state | " + " | ".join(heads) + " |", "|---" * (len(events) + 1) + "|"]
    for state in table.states:
        row = table.rows[state]
        if not row:
            lines.append(f"| {state} | final" + " |" * len(events))
            continue
        lines.append(f"| {state} | " + " | ".join(cell(table, state, event) for event in events) + " |")
    return "\n".join(lines)


def cell(table: Table, state: str, event: str) -> str:
    moves = table.rows[state].get(event, ())
    if not moves or (event == TIME_PASSED and state not in table.after):
        return "–"
    to = " or ".join(dict.fromkeys(move.to for move in moves))
    return f"{to} ({when(table, state)})" if event == TIME_PASSED else to


def when(table: Table, state: str) -> str:
    after = table.after[state]
    if after.from_end:
        return f"{-after.days} d before the end" if after.days else "at the end"
    if after.hours:
        return f"{after.hours} h"
    return f"{after.days} working days" if after.working else f"{after.days} d"


@pytest.mark.parametrize("kind", TABLES)
def test_the_page_prints_the_tables_as_they_are(kind: str) -> None:
    table, page = TABLES[kind]
    found = re.search(rf"<!-- table {kind} -->\n(.*?)\n?<!-- end -->", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    expected = as_markdown(table)
    assert found[1].strip() == expected, f"put this there:\n{expected}"


def test_the_page_names_every_code_of_a_refusal_and_every_number_that_it_promises() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    for code in application.REFUSAL_CODES:
        assert f"`{code}`" in text
    assert f"for {registration.NOTICE_DAYS} days" in text
    assert f"after {registration.HOLD_DAYS} days" in text
    assert f"for {endpoint_proof.STALE_DAYS} days more" in text
    assert f"for {endpoint_proof.BOTH_COUNT_HOURS} hours" in text
    assert application.REVIEW_WORKING_DAYS == 2
    assert "two working days to decide" in text
    assert application.PROVISIONAL_PER_ORGANISATION_MAX == 3
    assert "at most three services" in text
