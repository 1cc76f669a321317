"""`licet registry`: what is said, where it goes, and with which status it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from licet.cli.main import licet
from licet.errors import LicetError

ADD = ("registry", "add", "192.0.2.10:51820/udp wireguard", "--name", "Staff access", "--operator", "Example Logistics")


def run(*words: str) -> Result:
    return CliRunner().invoke(licet, words)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_added_service_is_listed_and_can_be_removed() -> None:
    added = run(*ADD, "--from", "2026-01-01", "--until", "2027-01-01", "--handle", "SVC-7F3K")
    assert (added.exit_code, added.stdout) == (0, "SVC-7F3K registered in registry.toml until 2027-01-01.\n")
    listed = run("registry", "list")
    assert listed.stdout.splitlines() == [
        "SVC-7F3K  Staff access · Example Logistics",
        "          2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z",
        "          192.0.2.10:51820/udp wireguard",
    ]
    assert run("registry", "remove", "SVC-7F3K").stdout == "SVC-7F3K removed from registry.toml.\n"
    emptied = run("registry", "list")
    assert (emptied.exit_code, emptied.stdout) == (0, "")
    assert "holds no services" in emptied.stderr


def test_list_as_json_holds_what_the_file_says() -> None:
    run(*ADD, "--purpose", "remote access", "--from", "2026-01-01", "--handle", "SVC-7F3K")
    (service,) = json.loads(run("registry", "list", "--format", "json").stdout)
    assert (service["handle"], service["purpose"]) == ("SVC-7F3K", "remote access")
    assert service["endpoints"] == ["192.0.2.10:51820/udp wireguard"]


def test_registration_lasts_a_year_unless_said_otherwise() -> None:
    run(*ADD, "--from", "2096-02-29")
    (service,) = json.loads(run("registry", "list", "--format", "json").stdout)
    assert (service["from"], service["until"]) == ("2096-02-29T00:00:00Z", "2097-02-28T00:00:00Z")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*ADD[:2], "192.0.2.10:51820/udp", "wireguard", *ADD[3:]), "write an address and a protocol"),
        ((*ADD, "--until", "1999-01-01"), "must be later than from"),
        ((*ADD, "--key", "wireguard:short"), "44 characters"),
        (("registry", "remove", "SVC-7F3K"), "cannot be read"),
        (("registry", "list"), "cannot be read"),
    ],
)
def test_mistake_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    result = run(*words)
    assert isinstance(result.exception, LicetError)
    assert result.exception.exit_status == 3
    assert sentence in str(result.exception)
    assert not Path("registry.toml").exists()


@pytest.mark.parametrize("words", [(*ADD, "--from", "soon"), ADD[:3], ("registry", "add", "--name", "x")])
def test_wrong_use_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_calendar_ends_without_a_traceback() -> None:
    assert run(*ADD, "--from", "9999-01-01").exception is not None
    assert isinstance(run(*ADD, "--from", "9999-01-01").exception, LicetError)
