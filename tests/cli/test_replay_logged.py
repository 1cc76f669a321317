"""`licet replay --log`: a verdict is judged by the snapshot of its day, as the log says it was published."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from click import UsageError

from house.outputs import run
from licet.lifecycle.publication import subject_of
from licet.model.canonical import sha256_digest
from licet.tlog.entry import leaf_of
from licet.tlog.store import FolderStore
from licet.tlog.writer import Writer
from tlog.logs import KEY, body, leaves

DEMO = files("licet") / "app/demo"
CAPTURE, REGISTRY = str(DEMO / "office.pcap"), str(DEMO / "registry.toml")
SERIAL = 12


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A registry, as far as its snapshots: files on a plain web server."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry with a snapshot, and a log that says so below `/log`."""
    (tmp_path / "site/snapshot").mkdir(parents=True)
    snapshot = tmp_path / "site/snapshot" / str(SERIAL)
    made = run("snapshot", "build", REGISTRY, "-o", str(snapshot), "--serial", str(SERIAL))
    assert made.status == 0, made.stderr
    publish(tmp_path / "site/log", sha256_digest(snapshot.read_bytes()))
    with served(tmp_path / "site") as url:
        yield url


def publish(folder: Path, digest: str) -> None:
    """A log with other entries before and after that of the snapshot."""
    details = {"serial": SERIAL, "digest": digest, "records": 3}
    raw = body(0, subject_of(SERIAL), "", type="snapshot", event="publish", to="published", role="machine",
               details=details)
    store = FolderStore(folder)
    with store.hold():
        writer = Writer(store, KEY)
        writer.append([*leaves(300), leaf_of(raw)[0]])
        writer.publish()


@pytest.fixture
def verdict(registry: str, tmp_path: Path) -> str:
    """The verdict on a tunnel that is registered, judged by the snapshot."""
    done = run("scan", CAPTURE, "--registry", str(tmp_path / "site/snapshot" / str(SERIAL)), "--format", "jsonl")
    line = next(one for one in done.stdout.splitlines() if json.loads(one)["verdict"] == "registered")
    path = tmp_path / "verdict.json"
    path.write_text(line)
    return str(path)


def test_a_verdict_stands_by_the_snapshot_that_the_log_has(registry: str, verdict: str) -> None:
    done = run("replay", verdict, CAPTURE, "--log", f"{registry}/log", "--key", str(KEY.verifier))
    assert done.status == 0, done.stderr
    assert "The verdict stands" in done.stdout


def test_the_log_may_be_a_folder_and_the_snapshot_elsewhere(registry: str, verdict: str, tmp_path: Path) -> None:
    log = ("--log", str(tmp_path / "site/log"), "--key", str(KEY.verifier))
    assert run("replay", verdict, CAPTURE, *log, "--published", registry).status == 0
    done = run("replay", verdict, CAPTURE, *log)
    assert done.status == 3
    assert "name its address with --published" in done.stderr


@pytest.mark.parametrize(("harm", "status", "said"), [
    (lambda site: (site / "snapshot/12").write_bytes((site / "snapshot/12").read_bytes().replace(b"ok", b"no")), 4,
     "snapshot_changed"),
    (lambda site: (site / "snapshot/12").unlink(), 5, "ask whoever kept it"),
    (lambda site: (site / "log/tile/entries/001.p/45").write_bytes(b"x"), 4, "bundle_truncated"),
])  # fmt: skip
def test_what_is_not_what_was_published_is_refused(
    registry: str, verdict: str, tmp_path: Path, harm: object, status: int, said: str
) -> None:
    harm(tmp_path / "site")  # type: ignore[operator]
    done = run("replay", verdict, CAPTURE, "--log", f"{registry}/log", "--key", str(KEY.verifier))
    assert done.status == status
    assert said in done.stderr


def test_a_verdict_by_what_was_never_published_is_refused(registry: str, verdict: str, tmp_path: Path) -> None:
    claim = json.loads(Path(verdict).read_text())
    for snapshot, status, said in (({"serial": 13}, 4, "snapshot_not_logged"), ({"serial": None}, 3, "--registry")):
        path = tmp_path / "other.json"
        path.write_text(json.dumps({**claim, "snapshot": {**claim["snapshot"], **snapshot}}))
        done = run("replay", str(path), CAPTURE, "--log", f"{registry}/log", "--key", str(KEY.verifier))
        assert (done.status, said in done.stderr) == (status, True), done.stderr
    with pytest.raises(UsageError, match="go together"):
        run("replay", verdict, CAPTURE, "--log", f"{registry}/log")
