"""The power goes off at any step of the writer, and the disk keeps what POSIX promises and no more: the log goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from licet.errors import LogBroken
from licet.tlog.checkpoint import open_checkpoint
from licet.tlog.store import HEAD, FolderStore
from licet.tlog.tree import Tree
from licet.tlog.verify import CHECKPOINT, verified_leaves
from licet.tlog.writer import Writer, body_path
from support.crashing_disk import ALL, LOSSES, NAMES, CrashingDisk, QuickDisk, State
from tlog.logs import KEY

# Small and large, over the ends of bundles and of partial tiles; what is published at once and what is not.
BATCHES = ((3, True), (252, False), (40, True), (5, False))
STRIDE = {ALL: 4, NAMES: 4}  # these lose the same at most steps
BODY = "sha256:" + "ab" * 32


def told(number: int) -> bytes:
    return b"entry %d" % number


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    """Every state of a disk on which a log is begun and written."""
    root = tmp_path_factory.mktemp("crash")
    disk = CrashingDisk(root)
    store = FolderStore(root / "log", disk)
    with store.hold():
        writer = Writer(store, KEY)
        for count, is_published in BATCHES:
            block = [told(number) for number in range(writer.size, writer.size + count)]
            writer.append(block, {BODY: b"a body"} if count == 40 else None)
            disk.told = writer.size
            if is_published:
                writer.publish()
    disk.remember()
    return disk.states


def rebuilt(state: State, loss: str, seed: int, root: Path) -> FolderStore:
    for path, raw in state.left(loss, seed):
        if raw is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(raw)
    return FolderStore(root / "log", QuickDisk())


def shown(state: State) -> bytes | None:
    """The checkpoint that anybody could have fetched before the power went off."""
    entry = state.now.get(Path("log/checkpoint"))
    return None if entry is None else entry[0]


def all_leaves(store: FolderStore) -> Iterator[bytes]:
    raw = store.read(CHECKPOINT, 10_000)
    assert raw is not None
    for _, block in verified_leaves(store, open_checkpoint(raw, KEY.verifier)):
        yield from block


@pytest.mark.parametrize("loss", LOSSES)
def test_whatever_a_loss_of_power_leaves_the_log_goes_on(states: list[State], tmp_path: Path, loss: str) -> None:
    sizes = {sum(count for count, _ in BATCHES[:number]) for number in range(len(BATCHES) + 1)}
    for number, state in list(enumerate(states))[:: STRIDE.get(loss, 1)]:
        root = tmp_path / str(number)
        root.mkdir()
        store = rebuilt(state, loss, number, root)
        with store.hold():
            writer = Writer(store, KEY)
            assert writer.size in sizes
            assert writer.size >= state.told, "what was said to be in the log is gone"
            writer.publish()
            writer.append([told(at) for at in range(writer.size, writer.size + 30)])
            writer.publish()
        assert list(all_leaves(store)) == [told(at) for at in range(writer.size)], "lost, doubled or reordered"
        seen = shown(state)
        if seen is not None:
            earlier = open_checkpoint(seen, KEY.verifier)
            assert Tree(store, writer.size).root(earlier.size) == earlier.root, "the log forked"
        if state.told > 255:
            assert store.read(body_path(BODY), 100) == b"a body"
        shutil.rmtree(root)


def test_the_states_are_many_and_some_lose_something(states: list[State]) -> None:
    assert len(states) > 100
    assert any(state.now.keys() != state.safe.keys() for state in states)
    assert any(dict(state.left("what was synced", 0)) != dict(state.left("all of it", 0)) for state in states)


@pytest.mark.parametrize("skipped", ["tile/0/000.p/3", "tile/entries/000.p/3", HEAD])
def test_a_store_that_forgets_a_sync_is_found_out(tmp_path: Path, skipped: str) -> None:
    """The disk of these tests can fail them: a writer whose sync is left out does lose what it said."""

    class Forgetful(CrashingDisk):
        def create(self, path: Path, raw: bytes) -> None:
            super().create(path, raw)
            if str(path).endswith(skipped + ".new"):
                held = self.now[self._name(path)]
                assert held is not None
                held.safe = b""

    disk = Forgetful(tmp_path / "from")
    disk.root.mkdir()
    store = FolderStore(disk.root / "log", disk)
    with store.hold():
        Writer(store, KEY).append([told(0), told(1), told(2)])
    disk.remember()
    (tmp_path / "to").mkdir()
    with pytest.raises(LogBroken):
        Writer(rebuilt(disk.states[-1], "what was synced", 0, tmp_path / "to"), KEY)
