"""`licet snapshot sync` as it is used: words, statuses, and what scans say of a registry that is stale."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from house.outputs import OFFICE, run
from house.source import ROOT
from licet.app.snapshot_status import STATUS_NAME
from support.published import Registry, WebServer, now, records, registry, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Registry, WebServer, str]]:
    made, root = registry(tmp_path / "set", 20)
    with serving(made.folder) as server:
        yield made, server, root


def test_what_came_is_said_and_until_when_it_holds(served: tuple[Registry, WebServer, str], tmp_path: Path) -> None:
    made, server, root = served
    copy = str(tmp_path / "copy")
    done = run("snapshot", "sync", server.url, copy, "--root", root)
    assert done.status == 0
    assert re.fullmatch(rf"{copy}: number 1, 20 records, as a whole; [\d,]+ bytes came\n"
                        r"known to be the newest until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, 2[34] h from now; "
                        r"sync again before\n", done.stdout)
    made.number(2, records(21))
    assert "number 2, 21 records, by deltas" in run("snapshot", "sync", server.url, copy).stdout
    assert "number 2, 21 records, unchanged" in run("snapshot", "sync", server.url, copy).stdout
    shown = run("snapshot", "show", copy)
    assert f"from:      {server.url}, verified at " in shown.stdout
    assert "state:     known to be the newest until " in shown.stdout
    assert "serial:    2" in shown.stdout


def test_a_folder_is_a_registry_for_every_command(served: tuple[Registry, WebServer, str], tmp_path: Path) -> None:
    _, server, root = served
    copy = str(tmp_path / "copy")
    run("snapshot", "sync", server.url, copy, "--root", root)
    for where in (copy, f"{copy}/registry.snapshot"):
        assert run("scan", str(OFFICE), "--registry", where).status == 0
        assert json.loads(run("lookup", "198.51.100.7", "--registry", where, "--format", "json").stdout)
        assert run("snapshot", "verify", where).status == 0
    config = tmp_path / "licet.toml"
    config.write_text('[[registry]]\npath = "copy"\n')
    checked = run("config", "check", str(config))
    assert (checked.status, "serial 1): what it registers" in checked.stdout) == (0, True)
    assert "known to be the newest until " in checked.stdout
    empty = tmp_path / "empty"
    empty.mkdir()
    told = run("scan", str(OFFICE), "--registry", str(empty))
    assert (told.status, "licet snapshot sync" in told.stderr) == (3, True)


def test_refusals_have_their_status_and_say_what_stays(served: tuple[Registry, WebServer, str], tmp_path: Path) -> None:
    made, server, root = served
    copy = str(tmp_path / "copy")
    assert run("snapshot", "sync", server.url, copy).status == 3  # no root was given
    run("snapshot", "sync", server.url, copy, "--root", root)
    (made.folder / "metadata/timestamp.json").write_bytes(b"{}")
    refused = run("snapshot", "sync", server.url, copy)
    assert refused.status == 4
    assert "(damaged)" in refused.stderr
    assert f"{copy} stays as it was: number 1, known to be the newest until " in refused.stderr
    (made.folder / "metadata/timestamp.json").unlink()
    away = run("snapshot", "sync", server.url, copy)
    assert away.status == 5
    assert "stays as it was" in away.stderr
    assert run("snapshot", "sync", "nowhere", copy).status == 3
    for done in (refused, away):
        assert "Traceback" not in done.stderr


def test_a_registry_that_stopped_for_a_week_is_stale_and_heals_by_itself(
    served: tuple[Registry, WebServer, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody signs for a week, by a clock that is moved; then the registry is started again."""
    made, server, root = served
    copy, begun = str(tmp_path / "copy"), json.loads((made.folder / "metadata/timestamp.json").read_bytes())
    assert run("snapshot", "sync", server.url, copy, "--root", root).status == 0
    over = begun["signed"]["expires"]
    asking = (("snapshot", "show", copy), ("scan", str(OFFICE), "--registry", copy),
              ("lookup", "198.51.100.7", "--registry", f"{copy}/registry.snapshot"),
              ("explain", str(OFFICE), "198.51.100.10:51820/udp", "--registry", copy))
    before = {words: run(*words) for words in asking}
    with monkeypatch.context() as moved:
        real = time.time_ns
        moved.setattr("time.time_ns", lambda: real() + 7 * 86_400 * 10**9)
        for words in asking:
            told = run(*words)
            assert f"this registry is stale since {over}" in told.stderr, words
            assert f"licet snapshot sync {server.url} {copy}" in told.stderr
            assert told.status == before[words].status
            if words[0] == "scan":  # it takes nothing from whoever is registered
                assert told.stdout == before[words].stdout
        assert f"state:     stale since {over}" in run("snapshot", "show", copy).stdout
    assert all("stale" not in done.stderr for done in before.values())


def test_what_a_stopped_registry_shows_is_refused_until_it_signs_again(tmp_path: Path) -> None:
    made, copy = Registry(tmp_path / "set"), str(tmp_path / "copy")
    begun = now() - timedelta(days=7)
    root = tmp_path / "root.json"
    root.write_bytes(made.begin(at=begun))
    made.number(1, records(20), at=begun)
    with serving(made.folder) as server:
        refused = run("snapshot", "sync", server.url, copy, "--root", str(root))
        assert (refused.status, "(expired)" in refused.stderr) == (4, True)
        made.publish()
        assert run("snapshot", "sync", server.url, copy, "--root", str(root)).status == 0


def test_a_file_that_something_else_wrote_is_said(served: tuple[Registry, WebServer, str], tmp_path: Path) -> None:
    made, server, root = served
    run("snapshot", "sync", server.url, str(tmp_path / "copy"), "--root", root)
    (tmp_path / "copy/registry.snapshot").write_bytes(made.forms[1].replace(b"SVC-00001", b"SVC-99999"))
    assert "not what was synced" in run("snapshot", "show", str(tmp_path / "copy")).stdout
    (tmp_path / "copy" / STATUS_NAME).write_text("{")
    assert run("scan", str(OFFICE), "--registry", str(tmp_path / "copy")).status == 3


def test_a_scan_loads_nothing_that_verifies_signatures(served: tuple[Registry, WebServer, str], tmp_path: Path) -> None:
    _, server, root = served
    run("snapshot", "sync", server.url, str(tmp_path / "copy"), "--root", root)
    program = ("import sys\nfrom click.testing import CliRunner\nfrom licet.cli.main import licet\n"
               "done = CliRunner().invoke(licet, sys.argv[1:], standalone_mode=False)\n"
               "assert done.exception is None, done.exception\nprint(*sorted(sys.modules))\n")
    words = ("scan", str(OFFICE), "--registry", str(tmp_path / "copy"))
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = done.stdout.split()
    assert "licet.app.snapshot_status" in loaded
    assert not [name for name in loaded if name.split(".")[0] in ("tuf", "securesystemslib", "cryptography", "urllib3")]
