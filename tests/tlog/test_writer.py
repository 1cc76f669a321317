"""The writer: appends in order, goes on after any end, and stops loudly rather than fork."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licet.errors import LogBroken, Unavailable
from licet.tlog.checkpoint import open_checkpoint
from licet.tlog.merkle import leaf_hash, root_of
from licet.tlog.store import HEAD, FolderStore
from licet.tlog.verify import verified_leaves
from licet.tlog.writer import Writer, body_path, drain
from tlog.logs import KEY, OTHER_KEY, fill, leaves

# 500 kills in 50,000 appends take some minutes: LICET_LOG_KILLS=500 LICET_LOG_ENTRIES=50000
KILLS, ENTRIES = int(os.environ.get("LICET_LOG_KILLS", "25")), int(os.environ.get("LICET_LOG_ENTRIES", "3000"))


class InMemory:
    """A store without a disk: what the writer asks for, at once."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, path: str, bytes_max: int) -> bytes | None:
        return self.files.get(path)

    def write(self, files: dict[str, bytes]) -> None:
        for path, raw in files.items():
            assert self.files.get(path, raw) == raw or not path.startswith("tile/"), f"{path} was changed"
        self.files.update(files)

    def swap(self, path: str, old: bytes | None, new: bytes) -> None:
        assert self.files.get(path) == old
        self.files[path] = new

    def drop(self, folder: str) -> None:
        for path in [one for one in self.files if one.startswith(f"{folder}/")]:
            del self.files[path]


def all_leaves(store: object) -> list[bytes]:
    raw = store.read("checkpoint", 10_000)  # type: ignore[attr-defined]
    checkpoint = open_checkpoint(raw, KEY.verifier)
    return [leaf for _, block in verified_leaves(store, checkpoint) for leaf in block]  # type: ignore[arg-type]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 700), max_size=8), st.booleans())
def test_any_batches_give_one_log(batches: list[int], reopens: bool) -> None:
    store, told = InMemory(), []
    writer = Writer(store, KEY)  # type: ignore[arg-type]
    for number, count in enumerate(batches):
        block = [f"{number} {at}".encode() for at in range(count)]
        told += block
        writer.append(block)
        writer.publish()
        if reopens:
            writer = Writer(store, KEY)  # type: ignore[arg-type]
    writer.publish()
    assert writer.size == len(told)
    assert writer.head.root == root_of([leaf_hash(leaf) for leaf in told])
    assert all_leaves(store) == told
    assert [leaf for _, leaf in writer.leaves_from(len(told) // 2)] == told[len(told) // 2 :]
    widths = [path for path in store.files if ".p/" in path]
    assert all(path.partition(".p/")[0] not in store.files for path in widths), "a partial tile beside its full one"


def test_the_files_are_whole_and_can_be_served(tmp_path: Path) -> None:
    store = fill(tmp_path, 600)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == [".writer/head", ".writer/lock", "checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88",
                     "tile/1/000.p/1", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001",
                     "tile/entries/002.p/88"]
    assert all_leaves(store) == list(leaves(600))


def test_bodies_are_there_before_their_leaves(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with store.hold():
        writer = Writer(store, KEY)
        writer.append([b"leaf"], {"sha256:" + "ab" * 32: b"a body"})
    assert store.read(body_path("sha256:" + "ab" * 32), 100) == b"a body"
    assert store.read("checkpoint", 10_000) is None


def test_what_was_signed_is_published_when_the_log_is_opened_again(tmp_path: Path) -> None:
    store = fill(tmp_path, 300)
    with store.hold():
        Writer(store, KEY).append([b"one more"])
    assert len(all_leaves(store)) == 300
    with store.hold():
        assert Writer(store, KEY).publish().size == 301
    assert all_leaves(store)[-1] == b"one more"


def test_what_was_not_signed_did_not_happen(tmp_path: Path) -> None:
    store = fill(tmp_path, 300)
    (tmp_path / "tile/0/001.p/45").write_bytes(bytes(45 * 32))  # left by a writer that was killed
    (tmp_path / "tile/entries/001.p/45").write_bytes(b"nothing")
    (tmp_path / ".writer/head.new").write_bytes(b"half a")
    with store.hold():
        assert drain(Writer(store, KEY), [b"another"]) == 1
    assert all_leaves(store)[300] == b"another"


def test_two_writers_cannot_hold_one_log(tmp_path: Path) -> None:
    store = fill(tmp_path, 10)
    with store.hold(), pytest.raises(Unavailable, match="another process"), FolderStore(tmp_path).hold():
        pass
    with store.hold():
        pass


def test_a_second_writer_is_stopped_before_it_forks(tmp_path: Path) -> None:
    """Where the lock does not hold (another machine on the same disk), the head does."""
    store = fill(tmp_path, 10)
    first, second = Writer(store, KEY), Writer(store, KEY)
    first.append([b"mine"])
    with pytest.raises(LogBroken) as caught:
        second.append([b"yours"])
    assert caught.value.code == "fork_refused"
    with pytest.raises(RuntimeError, match="failed before"):
        second.append([b"again"])
    first.publish()
    assert all_leaves(store)[-1] == b"mine"


def test_an_older_head_beside_a_newer_checkpoint_is_a_fork(tmp_path: Path) -> None:
    store = fill(tmp_path, 10)
    old = (tmp_path / HEAD).read_bytes()
    fill(tmp_path, 20)
    (tmp_path / HEAD).write_bytes(old)
    with pytest.raises(LogBroken, match="fork_refused"):
        Writer(store, KEY)


@pytest.mark.parametrize(("harm", "code"), [
    (lambda log: (log / HEAD).unlink(), "head_missing"),
    (lambda log: (log / HEAD).write_bytes(b"x"), "checkpoint_damaged"),
    (lambda log: (log / HEAD).write_bytes(OTHER_KEY.checkpoint(300, bytes(32))), "not_signed"),
    (lambda log: (log / HEAD).write_bytes(KEY.checkpoint(300, bytes(32))), "head_differs"),
    (lambda log: (log / "checkpoint").write_bytes(KEY.checkpoint(299, bytes(32))), "fork_refused"),
    (lambda log: shutil.rmtree(log / "tile/0"), "tile_missing"),
    (lambda log: (log / "tile/entries/001.p/44").write_bytes(b"\0\0" * 44), "head_differs"),
    (lambda log: (log / "tile/entries/001.p/44").write_bytes(b"\0\1"), "bundle_truncated"),
])  # fmt: skip
def test_a_log_that_was_harmed_is_not_written_on(tmp_path: Path, harm: object, code: str) -> None:
    store = fill(tmp_path, 300)
    harm(tmp_path)  # type: ignore[operator]
    before = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(LogBroken) as caught:
        Writer(store, KEY)
    assert caught.value.code == code
    assert sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()) == before


def test_a_full_disk_ends_in_a_sentence_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = fill(tmp_path, 10)

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with store.hold():
        writer = Writer(store, KEY)
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(Exception, match="No space left"):
            writer.append([b"x"])
        monkeypatch.undo()
        Writer(store, KEY).append([b"y"])
        Writer(store, KEY).publish()
    assert all_leaves(store)[10:] == [b"y"]


@pytest.mark.parametrize("stop", range(12))
def test_stopped_at_each_step_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    """The process ends at the n-th rename of an append: everything before it is on the disk, nothing after it."""

    class Stopped(BaseException):
        pass

    store = fill(tmp_path, 250)
    real, done = os.replace, []

    def replace(source: object, target: object) -> None:
        if len(done) == stop:
            raise Stopped
        done.append(target)
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", replace)
    try:
        with store.hold():
            drain(Writer(store, KEY), list(leaves(520))[250:])
    except Stopped:
        pass
    monkeypatch.undo()
    with store.hold():
        writer = Writer(store, KEY)
        assert writer.size in (250, 520)
        drain(writer, leaves(530, writer.size))
        writer.publish()
    assert all_leaves(store) == list(leaves(530))


def test_a_writer_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    asked = [str(tmp_path / "log"), "--kills", str(KILLS), "--entries", str(ENTRIES)]
    command = [sys.executable, "-m", "tlog.kills", *asked]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == KILLS
    assert found["entries"] >= ENTRIES
