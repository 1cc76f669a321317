"""`licet replay`: what `scan` writes stands against the same files, and falls against others."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from click.testing import CliRunner

from licet.cli.main import licet
from licet.errors import BadFile

DEMO = files("licet") / "app/demo"
CAPTURE, REGISTRY = str(DEMO / "office.pcap"), str(DEMO / "registry.toml")


def run(*arguments: str, **more):
    return CliRunner().invoke(licet, list(arguments), standalone_mode=False, **more)


@pytest.fixture(scope="module")
def verdicts() -> list[str]:
    from licet.app.report.jsonl import json_line, tunnel_object
    from licet.app.scan import open_registries, scan

    result = scan([CAPTURE], registries=open_registries([REGISTRY]))
    return [json_line(tunnel_object(judged)) for judged in result.tunnels]


def test_every_verdict_of_a_scan_stands(verdicts):
    assert verdicts
    for verdict in verdicts:
        done = run("replay", "-", CAPTURE, "--registry", REGISTRY, input=verdict)
        assert done.return_value == 0, done.output
        assert "The verdict stands" in done.stdout


def test_without_its_registry_a_registered_tunnel_does_not_stand(verdicts):
    [verdict, *_] = [one for one in verdicts if json.loads(one)["verdict"] == "registered"]
    done = run("replay", "-", CAPTURE, input=verdict)
    assert done.return_value == 4
    assert "registry digest" in done.stdout
    assert "give that one with --registry" in done.stdout


def test_a_changed_verdict_does_not_stand(verdicts, tmp_path):
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps({**json.loads(verdicts[0]), "grade": "doubtful"}))
    done = run("replay", str(path), CAPTURE, "--registry", REGISTRY)
    assert done.return_value == 4
    assert "one fact differs (grade)" in done.stdout


def test_a_claim_that_is_no_verdict_is_bad_input(tmp_path):
    (tmp_path / "verdict.json").write_text("{}")
    done = run("replay", str(tmp_path / "verdict.json"), CAPTURE)
    assert isinstance(done.exception, BadFile)
    assert done.exception.exit_status == 3


def test_one_standard_input_cannot_be_both():
    import click

    assert isinstance(run("replay", "-", "-").exception, click.UsageError)
