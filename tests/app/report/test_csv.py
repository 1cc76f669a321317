"""CSV: the facts of the JSON lines, read back by another reader, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

from app.sample_results import full_result, hostile_result
from licet.app.report.csv import COLUMNS, write_csv
from licet.app.report.jsonl import tunnel_object


def written(result) -> str:
    out = io.StringIO(newline="")
    write_csv(result, out)
    return out.getvalue()


def rows(result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(result).removeprefix("\ufeff"), newline="")))


def test_columns_are_those_named_and_line_ends_those_of_rfc_4180():
    text = written(full_result())
    assert text.startswith("\ufeff" + ",".join(COLUMNS) + "\r\n")
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n") == 1 + len(full_result().tunnels)


def test_every_flat_fact_comes_back():
    for row, judged in zip(rows(full_result()), full_result().tunnels, strict=True):
        for name, value in tunnel_object(judged).items():
            if name in COLUMNS:
                assert row[name] == ("" if value is None else str(value))
        assert row["evidence_rules"] == judged.tunnel.evidence[0].rule
        assert row["evidence_packets"] == " ".join(map(str, judged.tunnel.evidence[0].packets))
        assert row["service"] == judged.service_title


def test_no_cell_starts_a_formula_or_holds_a_control_character():
    [row] = rows(hostile_result())
    for value in row.values():
        assert not value.startswith(("=", "+", "-", "@"))
        assert value == "" or value.isprintable()
    assert row["capture"].startswith("'=cmd|")
    assert row["registration"].startswith("'-SVC")
