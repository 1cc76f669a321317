"""The writer of a log: appends in order, survives being stopped at any instruction, and never forks.

A batch is written in this order, each step on the disk before the next: bodies, bundles and tiles; the signed *head*,
which is the moment at which the entries are in the log; the published checkpoint, with the cosignatures that the policy
asks for. Stopped before the head, nothing happened: the tiles that were left over belong to no checkpoint and are
written again. Stopped after it, the head is published when the writer next opens. So no two checkpoints that were
signed can contradict each other, and no witness is shown one that is later forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from licet.errors import LogBroken
from licet.tlog.checkpoint import Checkpoint, open_checkpoint
from licet.tlog.cosignature import WitnessPolicy, require_cosigned
from licet.tlog.merkle import EMPTY_ROOT, leaf_hash, root_of
from licet.tlog.note import NoteSignature
from licet.tlog.signer import LogKey
from licet.tlog.store import HEAD
from licet.tlog.tile import ENTRIES, LEVELS_MAX, WIDTH, tile_path, width_at, write_bundle
from licet.tlog.tree import Tree
from licet.tlog.verify import CHECKPOINT, CHECKPOINT_BYTES_MAX, Reader, read_tile

BATCH = 1_024

# Asks witnesses to cosign a checkpoint, given the tree and the size that was published last.
Cosign = Callable[[Checkpoint, Tree, int], Sequence[NoteSignature]]


class Store(Reader, Protocol):
    """Where a log is kept; see `store.FolderStore`, which keeps it in a folder."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each whole; all are safe when it returns."""
        ...

    def swap(self, path: str, old: bytes | None, new: bytes) -> None:
        """Replace a file that holds `old`, or raise LogBroken."""
        ...

    def drop(self, folder: str) -> None:
        """Remove a folder of files that are not needed any more."""
        ...


def body_path(digest: str) -> str:
    """Where the body with this digest (`sha256:…`) is, below the log's prefix."""
    return f"body/{digest.removeprefix('sha256:')}"


class Writer:
    """A log that is open for appending. Use it while its store is held, and open another after any error."""

    def __init__(self, store: Store, key: LogKey, cosign: Cosign | None = None,
                 policy: WitnessPolicy | None = None) -> None:
        """Open the log, or begin it where the store is empty. Raises LogBroken where its files contradict each other,
        are of another key, or are not all there."""
        self._store, self._key = store, key
        self._cosign, self._policy = cosign, policy or WitnessPolicy()
        self._published = store.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)
        head = store.read(HEAD, CHECKPOINT_BYTES_MAX)
        if head is None:
            head = self._begin()
        self._head_note = head
        self.head = open_checkpoint(head, key.verifier, HEAD)
        self._range = self._tree().range()
        if self._range.root() != self.head.root:
            raise LogBroken("head_differs", HEAD, f"the tiles do not have the root that it signed for "
                                                  f"{self.head.size:,} entries: restore them from a mirror")
        self._require_published()
        self._edge = [self._right_edge(level) for level in range(LEVELS_MAX)]
        width = self.size % WIDTH
        self._leaves = read_tile(store, ENTRIES, self.size // WIDTH, width) if width else []
        if [leaf_hash(leaf) for leaf in self._leaves] != self._edge[0]:
            raise LogBroken("head_differs", tile_path(ENTRIES, self.size // WIDTH, width), "its entries are not those "
                            "that were signed: restore it from a mirror")
        self._is_usable = True

    @property
    def size(self) -> int:
        """How many entries are in the log."""
        return self.head.size

    @property
    def published_size(self) -> int:
        """How many of them the published checkpoint covers; -1 before there is one."""
        return -1 if self._published is None else open_checkpoint(self._published, self._key.verifier).size

    def append(self, leaves: Sequence[bytes], bodies: Mapping[str, bytes] | None = None) -> None:
        """Append entries in this order. bodies: by digest, those that are kept apart. When it returns they are in the
        log for good, and not yet published. Raises LogBroken, BadFile."""
        if not self._is_usable:
            raise RuntimeError("this writer failed before: open the log anew")
        if not leaves:
            return
        self._is_usable = False
        # Tiles past the head may be overwritten, but only by who owns the head: looked at before, and swapped after.
        if self._store.read(HEAD, CHECKPOINT_BYTES_MAX) != self._head_note:
            raise LogBroken("fork_refused", HEAD, "it is not what this writer left there: something else wrote this "
                                                  "log. Nothing was changed")
        if bodies:
            self._store.write({body_path(digest): body for digest, body in bodies.items()})
        self._store.write(self._files(leaves))
        note = self._key.checkpoint(self._range.size, self._range.root())
        self._store.swap(HEAD, self._head_note, note)
        self._head_note, self.head = note, open_checkpoint(note, self._key.verifier, HEAD)
        self._is_usable = True

    def publish(self) -> Checkpoint:
        """Publish what was appended, once enough witnesses cosigned it. Raises Unavailable where they did not answer,
        LogBroken where they have seen another log; then what was published before stays."""
        old_size = self.published_size
        if old_size == self.size:
            return self.head
        note = self._head_note
        if self._cosign is not None:
            lines = self._cosign(self.head, self._tree(), max(old_size, 0))
            note += "".join(map(str, lines)).encode()
        checkpoint = open_checkpoint(note, self._key.verifier)
        require_cosigned(checkpoint, self._policy)
        self._store.swap(CHECKPOINT, self._published, note)
        self._published = note
        self._drop_partial_tiles(max(old_size, 0))
        return checkpoint

    def leaves_from(self, start: int) -> Iterator[tuple[int, bytes]]:
        """(index, leaf) of every entry from that index on."""
        for tile in range(start // WIDTH, (self.size + WIDTH - 1) // WIDTH):
            leaves = read_tile(self._store, ENTRIES, tile, width_at(self.size, 0, tile))
            for index, leaf in enumerate(leaves, tile * WIDTH):
                if index >= start:
                    yield index, leaf

    def _begin(self) -> bytes:
        if self._published is not None:
            raise LogBroken("head_missing", HEAD, "the log was published, but what its writer last signed is gone. If "
                            "nothing newer than `checkpoint` was ever signed, copy it to .writer/head")
        note = self._key.checkpoint(0, EMPTY_ROOT)
        self._store.swap(HEAD, None, note)
        return note

    def _tree(self) -> Tree:
        return Tree(self._store, self.head.size)

    def _require_published(self) -> None:
        if self._published is None:
            return
        published = open_checkpoint(self._published, self._key.verifier)
        if published.size > self.head.size or self._tree().root(published.size) != published.root:
            raise LogBroken("fork_refused", CHECKPOINT, f"what is published ({published.size:,} entries) does not lead "
                            f"to what was last signed ({self.head.size:,}): .writer/head is of another log, or older")

    def _right_edge(self, level: int) -> list[bytes]:
        index, width = divmod(self.size >> 8 * level, WIDTH)
        return read_tile(self._store, level, index, width) if width else []

    def _files(self, leaves: Sequence[bytes]) -> dict[str, bytes]:
        """The files that these entries bring: bundles, and the tiles of every level that changes."""
        files: dict[str, bytes] = {}
        changed: set[int] = set()
        for leaf in leaves:
            self._leaves.append(leaf)
            node = leaf_hash(leaf)
            self._range.append(node)
            for level in range(LEVELS_MAX):
                edge = self._edge[level]
                edge.append(node)
                changed.add(level)
                if len(edge) < WIDTH:
                    break
                index = (self._range.size >> 8 * level) // WIDTH - 1
                files[tile_path(level, index)] = b"".join(edge)
                if level == 0:
                    files[tile_path(ENTRIES, index)] = write_bundle(self._leaves)
                    self._leaves = []
                node, self._edge[level] = root_of(edge), []
        for level in changed:
            if self._edge[level]:
                index, width = divmod(self._range.size >> 8 * level, WIDTH)
                files[tile_path(level, index, width)] = b"".join(self._edge[level])
        if self._leaves:
            files[tile_path(ENTRIES, self._range.size // WIDTH, len(self._leaves))] = write_bundle(self._leaves)
        return files

    def _drop_partial_tiles(self, old_size: int) -> None:
        """Remove the partial forms of tiles that became full: whoever looks for one finds the full one."""
        for level in range(LEVELS_MAX):
            first, end = (old_size >> 8 * level) // WIDTH, (self.size >> 8 * level) // WIDTH
            if not end:
                return
            for index in range(first, end):
                self._store.drop(f"{tile_path(level, index)}.p")
                if level == 0:
                    self._store.drop(f"{tile_path(ENTRIES, index)}.p")


def drain(writer: Writer, leaves: Iterable[bytes], batch: int = BATCH) -> int:
    """Append all, a batch at a time, and publish after each. Returns how many. leaves: those that follow
    `writer.size`."""
    written, rest = 0, iter(leaves)
    while block := list(islice(rest, batch)):
        writer.append(block)
        writer.publish()
        written += len(block)
    return written
