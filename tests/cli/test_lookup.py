"""`licet lookup` answers with status 0 either way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from licet.cli.main import licet

REGISTRY = """\
[[service]]
handle = "SVC-7F3K"
name = "Staff access"
operator = "Example Logistics"
from = 2026-01-01
until = 2027-01-01
endpoints = ["192.0.2.10:51820/udp wireguard"]
"""


@pytest.fixture
def registry(tmp_path: Path) -> str:
    path = tmp_path / "registry.toml"
    path.write_text(REGISTRY)
    return str(path)


@pytest.mark.parametrize(("query", "words"), [
    (("192.0.2.10:51820/udp",), "192.0.2.10:51820/udp is registered."),
    (("Staff", "access"), "“Staff access” is registered."),
    (("192.0.2.11",), "192.0.2.11 is not registered."),
])
def test_answer_is_on_stdout_with_status_0(registry: str, query: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(licet, ("lookup", *query, "--registry", registry, "--at", "2026-03-01"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == words


def test_json_is_one_line(registry: str) -> None:
    result = CliRunner().invoke(licet, ("lookup", "192.0.2.10", "--registry", registry, "--format", "json",
                                        "--at", "2026-03-01"))
    assert result.stdout.count("\n") == 1
    answer = json.loads(result.stdout)
    assert (answer["schema"], answer["answer"]) == ("licet.lookup/1", "registered")


def test_registry_must_be_named() -> None:
    assert CliRunner().invoke(licet, ("lookup", "192.0.2.10")).exit_code == 2
