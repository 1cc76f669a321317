"""The table [log] of licet.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.app.config import examine_config, load_config
from licet.app.log_table import LogTable, WitnessRow

WITNESS = '[[log.witness]]\nurl = "https://witness.example.org"\nkey = "witness.example.org+1a2b3c4d+BAAA"\n'
ROW = WitnessRow("https://witness.example.org", "witness.example.org+1a2b3c4d+BAAA")


@pytest.mark.parametrize(("text", "table"), [
    ("", LogTable()), ("[log]\nquorum = 0\n", LogTable()), (WITNESS, LogTable((ROW,), 1)),
    (f"[log]\nquorum = 1\n{WITNESS}{WITNESS}", LogTable((ROW, ROW), 1)),
])  # fmt: skip
def test_witnesses_are_read(tmp_path: Path, text: str, table: LogTable) -> None:
    (tmp_path / "licet.toml").write_text(text)
    assert load_config(tmp_path / "licet.toml").log == table


@pytest.mark.parametrize(("text", "problem"), [
    ("[log]\nquorum = 1\n", "from 0 to 0"), (f"[log]\nquorum = 2\n{WITNESS}", "from 0 to 1"),
    (f"[log]\nquorum = true\n{WITNESS}", "not a number"), ("[log]\nwitnesses = 1\n", "not a field"),
    (WITNESS.replace("https://", ""), "not of the form"), (WITNESS.replace("key =", "keys ="), "has no key"),
])  # fmt: skip
def test_mistakes_are_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "licet.toml").write_text(text)
    _, faults = examine_config(str(tmp_path / "licet.toml"))
    assert any(problem in str(fault) for fault in faults), [str(fault) for fault in faults]
