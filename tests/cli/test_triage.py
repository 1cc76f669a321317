"""`licet triage` on a real capture, with its answers as lines on standard input."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli.main import licet

CAPTURE = str(Path(__file__).parents[1] / "captures" / "wireguard-v4.pcap")


def run(*words: str, answers: str = "") -> Result:
    return CliRunner().invoke(licet, ("triage", *words), input=answers)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_capture_is_registered_by_its_answers_and_then_needs_none() -> None:
    first = run(CAPTURE, answers="o\nTest tunnel\nExample Logistics\n2099-01-01\n")
    assert first.exit_code == 0, first.output
    assert "Registered in registry.toml:" in first.stdout
    again = run(CAPTURE, answers="")
    assert (again.exit_code, again.stdout) == (0, "\nSkipped: 0, left: 0.\n")


def test_holder_names_the_group() -> None:
    Path("holders.csv").write_text("0.0.0.0/0,Example Carrier\n")
    result = run(CAPTURE, "--holders", "holders.csv", answers="a\n")
    assert "\nExample Carrier" in result.stderr
    assert "To ask:" in result.stdout
    assert not Path("registry.toml").exists()


def test_standard_input_cannot_be_both_capture_and_answers() -> None:
    assert run("-").exit_code == 2
