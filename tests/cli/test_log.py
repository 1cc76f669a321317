"""`licet log` and `licet keys` as they are used: a folder, a mirror on a plain web server, a proof offline."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from house.outputs import run
from licet.tlog.cosignature import WITNESSES_MAX
from licet.tlog.note import NoteSignature
from tlog.logs import KEY, fill
from tlog.test_notes import WITNESS, cosignature

VKEY = str(KEY.verifier)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    fill(tmp_path / "log", 1_000)
    return tmp_path / "log"


def test_a_log_is_verified_from_a_folder(log: Path) -> None:
    done = run("log", "verify", str(log), "--key", VKEY)
    assert done.status == 0
    assert re.search(r"^registry\.example\.net/log holds: 1,000 entries, root [0-9a-f]{64}$", done.stdout, re.MULTILINE)
    assert "application: 1 answered" not in done.stdout
    told = json.loads(run("log", "verify", str(log), "--key", VKEY, "--format", "json").stdout)
    assert told["schema"] == "licet.log/1"
    assert sum(one["entries"] for one in told["entries_by"]) == told["entries"] == 1_000


def test_a_mirror_on_a_plain_web_server_is_verified(log: Path) -> None:
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as mirror:
        assert mirror.stdout is not None
        found = re.search(r"port (\d+)", mirror.stdout.readline())
        assert found is not None
        url = f"http://127.0.0.1:{found[1]}"
        try:
            checkpoint = run("log", "checkpoint", url, "--key", VKEY)
            assert checkpoint.stdout.encode() == (log / "checkpoint").read_bytes()
            earlier = log.parent / "earlier"
            earlier.write_text(checkpoint.stdout)
            fill(log, 1_500)
            done = run("log", "verify", url, "--key", VKEY, "--since", str(earlier))
            assert (done.status, "holds: 1,500 entries" in done.stdout) == (0, True)
            (log / "tile/0/002").unlink()
            done = run("log", "verify", url, "--key", VKEY)
            assert (done.status, "tile/0/002: it is not there (tile_missing)" in done.stderr) == (4, True)
        finally:
            mirror.terminate()
    assert run("log", "verify", url, "--key", VKEY).status == 5


def test_a_proof_is_small_and_needs_nothing_but_a_key(log: Path, tmp_path: Path) -> None:
    proof = tmp_path / "entry.tlog-proof"
    done = run("log", "prove", str(log), "APP-00000007", "--key", VKEY, "-o", str(proof))
    assert (done.status, "entry 55 of 1,000" in done.stderr) == (0, True)
    assert proof.stat().st_size <= 2_000
    checked = run("log", "verify-proof", str(proof), "--key", VKEY)
    assert checked.status == 0
    assert "application APP-00000007: refuse, in_review → refused (control_not_proven)" in checked.stdout
    entry = json.loads(run("log", "verify-proof", str(proof), "--key", VKEY, "--entry").stdout)
    assert entry["subject"] == "APP-00000007"
    proof.write_text(proof.read_text().replace("index 55", "index 54"))
    done = run("log", "verify-proof", str(proof), "--key", VKEY)
    assert (done.status, "not_included" in done.stderr) == (4, True)
    by_index = run("log", "prove", str(log), "--index", "999", "--key", VKEY)
    assert by_index.stdout.startswith("c2sp.org/tlog-proof@v1\nextra ")


@pytest.mark.parametrize(("words", "status", "said"), [
    (("verify", "LOG", "--key", "nonsense"), 3, "is no verifier key"),
    (("verify", "nowhere", "--key", VKEY), 3, "no folder"),
    (("prove", "LOG", "APP-9999", "--key", VKEY), 3, "no entry of this log"),
    (("prove", "LOG", "--index", "5000", "--key", VKEY), 3, "the log has 1,000"),
    (("verify-proof", "nowhere", "--key", VKEY), 3, "cannot be read"),
    (("verify-proof", "LOG/checkpoint", "--key", VKEY), 4, "proof_damaged"),
    (("verify", "LOG", "--key", VKEY, "--since", "LOG/tile/0/000"), 4, "checkpoint_damaged"),
    (("verify", "LOG", "--key", VKEY, "--witness", VKEY), 3, "witness"),
    (("verify", "LOG", "--key", str(WITNESS)), 3, "key of a witness"),
    (("verify", "LOG", "--key", VKEY, "--witness", str(WITNESS)), 4, "not_witnessed"),
    (("verify", "http://127.0.0.1:9/log", "--key", VKEY), 5, "does not answer"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(log: Path, words: tuple[str, ...], status: int, said: str) -> None:
    done = run("log", *(word.replace("LOG", str(log)) if word.startswith("LOG") else word for word in words))
    assert (done.status, said in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_and_an_entry_must_be_named(log: Path) -> None:
    for words, said in ((("verify", str(log)), "key"), (("prove", str(log), "--key", VKEY), "HANDLE"),
                        (("prove", str(log), "APP-00000007", "--index", "1", "--key", VKEY), "HANDLE")):
        with pytest.raises(click.UsageError, match=said):
            run("log", *words)


def test_cosignatures_are_counted_and_named(log: Path) -> None:
    raw = (log / "checkpoint").read_bytes()
    line: NoteSignature = cosignature(raw.decode().partition("\n\n")[0] + "\n")
    (log / "checkpoint").write_bytes(raw + str(line).encode())
    done = run("log", "verify", str(log), "--key", VKEY, "--witness", str(WITNESS))
    assert (done.status, f"cosigned by {WITNESS.name}" in done.stdout) == (0, True)
    assert WITNESSES_MAX >= 16


def test_a_new_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "log_key"
    made = run("keys", "new-log", "--name", "registry.example.net/log", "-o", str(path))
    assert made.status == 0
    assert re.fullmatch(r"registry\.example\.net/log\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n", made.stdout)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert path.read_text().startswith("PRIVATE+KEY+registry.example.net/log+")
    assert made.stdout.split("+")[1] in path.read_text()
    again = run("keys", "new-log", "--name", "registry.example.net/log", "-o", str(path))
    assert (again.status, "not overwritten" in again.stderr) == (3, True)
    assert run("keys", "new-log", "--name", "two words", "-o", str(tmp_path / "x")).status == 3
    assert not (tmp_path / "x").exists()


def test_what_is_not_installed_is_said(tmp_path: Path) -> None:
    """Without cryptography: a sentence that says what to install."""
    program = (
        "import sys; sys.modules['cryptography'] = None; sys.argv[0] = 'licet'\n"
        "from licet.cli.main import run; run()\n"
    )
    new_log = ("keys", "new-log", "--name", "x", "-o", str(tmp_path / "key"))
    for words in (("log", "verify", ".", "--key", VKEY), new_log):
        done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
        assert (done.returncode, "pip install 'licet[log]'" in done.stderr) == (3, True), done.stderr
