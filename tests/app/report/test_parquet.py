"""Parquet: what DuckDB reads back is what the JSON lines say, column by column."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app.report.test_observations import full_window
from app.sample_results import full_result, hostile_result, make_result
from app.watch.makers import window
from licet.app.report.jsonl import json_line, tunnel_object
from licet.app.report.observations import observations
from licet.app.report.parquet import OBSERVATION_COLUMNS, TUNNEL_COLUMNS, write_parquet, write_rows
from licet.app.watch.judging import JudgedWindow
from licet.errors import BadFile, BadInput

ROOT = Path(__file__).resolve().parents[3]
OFFICE = ROOT / "src/licet/app/demo/office.pcap"


def read(path: Path, columns: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of a file as JSON would say them: times as text, no column that a row says nothing in."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        names = ", ".join(
            f"strftime(\"{name}\", '%Y-%m-%dT%H:%M:%S.%fZ') AS \"{name}\"" if kind == "TIMESTAMPTZ" else f'"{name}"'
            for name, kind in columns.items()
        )
        found = database.execute(f"SELECT {names} FROM '{path}'")
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def as_written(row: dict[str, Any]) -> dict[str, Any]:
    """A JSON object with every column, as it went through one line of JSON."""
    return json.loads(json_line(row))


def with_all(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    return {name: row.get(name) for name in columns}


def written(result: Any) -> bytes:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8")
    write_parquet(result, out)
    out.detach()
    return raw.getvalue()


def test_every_column_of_a_scan_comes_back_as_it_was(tmp_path: Path) -> None:
    for result in (full_result(), hostile_result()):
        path = tmp_path / "tunnels.parquet"
        path.write_bytes(written(result))
        assert read(path, TUNNEL_COLUMNS) == [
            with_all(as_written(tunnel_object(judged)), TUNNEL_COLUMNS) for judged in result.tunnels
        ]


def test_every_column_of_a_watch_comes_back_as_it_was(tmp_path: Path) -> None:
    path = str(tmp_path / "it's; DROP TABLE x.parquet")
    rows = list(observations(full_window(), "sensor ‘1’"))
    write_rows(path, rows, OBSERVATION_COLUMNS)
    os.rename(path, tmp_path / "plain.parquet")
    found = read(tmp_path / "plain.parquet", OBSERVATION_COLUMNS)
    assert found == [with_all(as_written(row), OBSERVATION_COLUMNS) for row in rows]


def test_times_are_times_with_a_zone_and_counts_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "tunnels.parquet"
    path.write_bytes(written(full_result()))
    with duckdb.connect() as database:
        kinds = dict(database.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()[i][:2] for i in range(23))
        assert kinds["first_seen"] == "TIMESTAMP WITH TIME ZONE"
        assert (kinds["packets"], kinds["port"]) == ("UBIGINT", "USMALLINT")
        (first_us,) = database.execute(f"SELECT epoch_us(min(first_seen)) FROM '{path}'").fetchone()  # type: ignore[misc]
        assert first_us == datetime.fromisoformat("2026-03-01T12:00:00+00:00").timestamp() * 1_000_000


def test_the_columns_are_those_of_the_page() -> None:
    section = (ROOT / "docs/formats.md").read_text(encoding="utf-8").split("## Tunnels\n")[1].split("\n## ")[0]
    said: dict[str, str] = {}
    for names, kinds in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", section, re.MULTILINE):
        members = re.findall(r"`(\w+)`", names)
        each = [kinds] * len(members) if "(" in kinds or "," not in kinds else kinds.split(", ")
        said |= dict(zip(members, each, strict=True))
    assert said == {name: kind.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
                    for name, kind in TUNNEL_COLUMNS.items()}


def test_the_queries_of_the_page_run_and_find_what_they_say(tmp_path: Path) -> None:
    write_rows(str(tmp_path / "eth0.parquet"), observations(full_window(), "sensor-1"), OBSERVATION_COLUMNS)
    page = (ROOT / "docs/watch.md").read_text(encoding="utf-8")
    queries = re.findall(r"^```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(queries) == 4
    for query in queries:
        with duckdb.connect() as database:
            inside = query.replace("windows/*.parquet", f"{tmp_path}/*.parquet").rstrip().rstrip(";")
            assert database.execute(f"SELECT count(*) FROM ({inside})").fetchone()[0] > 0, query  # type: ignore[index]


def test_nothing_is_a_file_with_columns_and_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "tunnels.parquet"
    path.write_bytes(written(make_result()))
    assert read(path, TUNNEL_COLUMNS) == []
    write_rows(str(path), [], OBSERVATION_COLUMNS)
    assert read(path, OBSERVATION_COLUMNS) == []
    write_rows(str(path), observations(JudgedWindow(window(), ()), "s"), OBSERVATION_COLUMNS)
    assert [row["kind"] for row in read(path, OBSERVATION_COLUMNS)] == ["window"]


def test_a_file_that_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be written: No such file or directory"):
        write_rows(str(tmp_path / "absent" / "x.parquet"), [], TUNNEL_COLUMNS)
    (tmp_path / "x.parquet").mkdir()
    with pytest.raises(BadFile, match="cannot be written: Is a directory"):
        write_rows(str(tmp_path / "x.parquet"), [], TUNNEL_COLUMNS)
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_a_terminal_is_spared() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, pytest.raises(BadInput, match="not for a terminal"):
        write_parquet(full_result(), terminal)
    os.close(ours)


def test_without_duckdb_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(BadInput, match="pip install duckdb"):
        write_rows(str(tmp_path / "x.parquet"), [], TUNNEL_COLUMNS)


def test_a_scan_gives_the_same_rows_as_json_lines(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "licet", "scan", str(OFFICE), "--registry", str(OFFICE.with_name("registry.toml"))]
    lines = subprocess.run([*command, "--format", "jsonl"], capture_output=True, check=True).stdout.splitlines()
    path = tmp_path / "tunnels.parquet"
    with path.open("wb") as file:
        subprocess.run([*command, "--format", "parquet"], stdout=file, stderr=subprocess.PIPE, check=True)
    assert read(path, TUNNEL_COLUMNS) == [json.loads(line) for line in lines]
    assert len(lines) == 10
