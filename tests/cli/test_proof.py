"""`licet proof` says what to do, checks, and calls; with a documented status."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from licet.app.catalogue import proof_methods
from licet.cli.main import licet
from licet.cli.proof import METHODS
from licet.proof.base import answer_to
from suites.proof_method import TOKEN
from support.guards import KEY

ENDPOINT = "127.0.0.1:51820/udp"


def run(*words: str) -> Result:
    return CliRunner().invoke(licet, ("proof", *words), standalone_mode=False)


def test_the_methods_of_the_command_line_are_those_of_the_catalogue() -> None:
    assert tuple(method.name for method in proof_methods()) == METHODS


@pytest.mark.parametrize(("method", "words"), [
    ("dns-01", f'_licet-challenge.vpn.example.net. 300 IN TXT "{answer_to(TOKEN)}"'),
    ("http-01", f"http://127.0.0.1/.well-known/licet-challenge/{TOKEN}"),
    ("wireguard-01", "sudo wg set wg0 peer "),
    ("callback-01", f"licet proof call {TOKEN} --registry URL"),
])
def test_show_says_what_to_place_where(method: str, words: str) -> None:
    result = run("show", method, TOKEN, "--endpoint", ENDPOINT, "--name", "vpn.example.net", "--key", KEY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert words in result.stdout


@pytest.mark.parametrize(("words", "says"), [
    (("dns-01", TOKEN, "--endpoint", ENDPOINT), "dns-01 needs a DNS name"),
    (("wireguard-01", TOKEN, "--endpoint", ENDPOINT), "a WireGuard public key"),
    (("http-01", TOKEN), "http-01 needs an endpoint or a DNS name"),
    (("http-01", "short", "--endpoint", ENDPOINT), "is no token"),
    (("http-01", TOKEN, "--endpoint", "127.0.0.1"), "does not name a transport"),
    (("http-01", TOKEN, "--name", "127.0.0.1"), "is no DNS name"),
    (("wireguard-01", TOKEN, "--endpoint", ENDPOINT, "--key", "AAAA"), "is no WireGuard public key"),
])
@pytest.mark.parametrize("command", ["show", "check"])
def test_what_is_missing_or_wrong_is_one_sentence(command: str, words: tuple[str, ...], says: str) -> None:
    result = run(command, *words)
    assert says in str(result.exception)


def test_check_says_what_it_saw_and_what_a_registry_would_do_otherwise() -> None:
    result = run("check", "wireguard-01", TOKEN, "--endpoint", "127.0.0.1:9/udp", "--key", KEY)
    assert result.stdout.splitlines()[0] == "wireguard-01: not proved"
    assert "  to do       Start WireGuard, or correct the port." in result.stdout
    assert "A public registry refuses it" in result.stderr
    assert result.return_value == 4


def test_json_is_one_line_with_the_outcome() -> None:
    result = run("check", "wireguard-01", TOKEN, "--endpoint", "127.0.0.1:9/udp", "--key", KEY, "--format", "json")
    found = json.loads(result.stdout)
    assert list(found) == ["schema", "method", "ok", "problem", "looked_for", "where", "seen", "todo"]
    assert (found["schema"], found["problem"]) == ("licet.proof/1", "connection_refused")


def test_callback_is_not_checked_but_called() -> None:
    assert "use `licet proof call`" in str(run("check", "callback-01", TOKEN, "--endpoint", ENDPOINT).exception)


def test_a_registry_that_does_not_answer_is_unreachable() -> None:
    error = run("call", TOKEN, "--registry", "http://127.0.0.1:9").exception
    assert getattr(error, "exit_status", None) == 5
