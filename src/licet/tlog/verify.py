"""Replaying the hashes of a log from its files alone: bundles against tiles, tiles against tiles, all against the root.

Each file is read once, in order; what is wrong is named. Where a tile and what it stands for differ, the tile above
tells which of them changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from licet.errors import LogBroken, Malformed, Truncated
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.merkle import HASH_BYTES, Range, leaf_hash, root_of
from licet.tlog.note import NOTE_BYTES_MAX
from licet.tlog.tile import (
    BUNDLE_BYTES_MAX,
    ENTRIES,
    LEVELS_MAX,
    WIDTH,
    read_bundle,
    read_hashes,
    tile_path,
    width_at,
)

CHECKPOINT = "checkpoint"
CHECKPOINT_BYTES_MAX = NOTE_BYTES_MAX


class Reader(Protocol):
    """Where the files of a log are read: a folder, or a web server."""

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """The file below the log's prefix, or None where there is none; at most bytes_max + 1 bytes of it."""
        ...


def read_tile(reader: Reader, level: int, index: int, width: int) -> list[bytes]:
    """The hashes of a tile, or the leaves of a bundle where level is ENTRIES. A partial one that is gone is read from
    the full one. Raises LogBroken where it is missing or damaged."""
    bytes_max = BUNDLE_BYTES_MAX if level == ENTRIES else WIDTH * HASH_BYTES
    what, read = ("bundle", read_bundle) if level == ENTRIES else ("tile", read_hashes)
    path, raw = tile_path(level, index, width), None
    for path_width in (width, WIDTH):
        path = tile_path(level, index, path_width)
        raw = reader.read(path, bytes_max)
        if raw is not None:
            break
    if raw is None:
        raise LogBroken(f"{what}_missing", tile_path(level, index, width), "it is not there")
    try:
        return read(raw[: bytes_max + 1], path_width)[:width]
    except Truncated as error:
        raise LogBroken(f"{what}_truncated", path, str(error)) from None
    except Malformed as error:
        raise LogBroken(f"{what}_damaged", path, str(error)) from None


def verified_leaves(reader: Reader, checkpoint: Checkpoint, earlier: Sequence[Checkpoint] = ()) -> Iterator[
        tuple[int, list[bytes]]]:
    """The leaves of the log, a bundle at a time, each with the index of its first.

    earlier: checkpoints that this one must continue. Raises LogBroken; only when the last bundle was taken and the
    iteration ended, the root was found to be that of the checkpoint.
    """
    for known in earlier:
        if known.size > checkpoint.size:
            raise LogBroken("rolled_back", CHECKPOINT, f"it has {checkpoint.size:,} entries, and an earlier one had "
                                                       f"{known.size:,}: this is an old state, or the log was cut")
    tree = Range()
    forked: list[Checkpoint] = []
    above: list[list[bytes]] = [[] for _ in range(LEVELS_MAX)]
    for index in range((checkpoint.size + WIDTH - 1) // WIDTH):
        width = width_at(checkpoint.size, 0, index)
        leaves = read_tile(reader, ENTRIES, index, width)
        hashes = [leaf_hash(leaf) for leaf in leaves]
        _compare(reader, checkpoint, 0, index, hashes, tree)
        yield index * WIDTH, leaves
        forked += _forked(tree, hashes, earlier)
        if width < WIDTH:
            for one in hashes:
                tree.append(one)
        else:
            _carry(reader, checkpoint, tree, above, root_of(hashes))
    for level in range(1, LEVELS_MAX):
        if above[level]:
            _compare(reader, checkpoint, level, (checkpoint.size >> 8 * level) // WIDTH, above[level], None)
    forked += _forked(tree, [], earlier)
    if tree.root() != checkpoint.root:
        raise LogBroken("root_differs", CHECKPOINT, f"entries and tiles fit each other, but the root of {tree.size:,} "
                                                    "entries is another: they are of a log that was never signed")
    for known in forked:
        raise LogBroken("forked", f"the earlier checkpoint of {known.size:,} entries", "the log does not continue it: "
                        "two logs were signed. Keep both checkpoints: they are the proof")


def _carry(reader: Reader, checkpoint: Checkpoint, tree: Range, above: list[list[bytes]], node: bytes) -> None:
    """Put the root of a full level-0 tile into the levels above it, and compare each tile there that became full."""
    tree.append(node, WIDTH)
    for level in range(1, LEVELS_MAX):
        above[level].append(node)
        if len(above[level]) < WIDTH:
            return
        _compare(reader, checkpoint, level, (tree.size >> 8 * level) // WIDTH - 1, above[level], None)
        node = root_of(above[level])
        above[level] = []


def _forked(tree: Range, hashes: list[bytes], earlier: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The earlier checkpoints that end within these hashes and have another root. tree: all before them."""
    found = []
    for known in earlier:
        if not tree.size <= known.size < tree.size + max(len(hashes), 1):
            continue
        until = tree.copy()
        for one in hashes[: known.size - tree.size]:
            until.append(one)
        if until.root() != known.root:
            found.append(known)
    return found


def _compare(reader: Reader, checkpoint: Checkpoint, level: int, index: int, expected: list[bytes],
             tree: Range | None) -> None:
    """Compare a tile with the hashes that it should have. tree: all before it, for a tile of level 0."""
    found = read_tile(reader, level, index, len(expected))
    if found == expected:
        return
    path = tile_path(level, index, len(expected))
    first = next(at for at, pair in enumerate(zip(found, expected, strict=True)) if pair[0] != pair[1])
    if level or _is_right(reader, checkpoint, index, expected, tree):
        raise LogBroken("tile_changed", path, f"its hash {first} is not that of what stands below it")
    if sorted(found) == sorted(expected):
        raise LogBroken("leaves_swapped", f"entry {index * WIDTH + first:,}", "it stands where another was logged: the "
                                                                              "order of the leaves was changed")
    raise LogBroken("entry_changed", f"entry {index * WIDTH + first:,}", f"it is not the one whose hash is in {path}")


def _is_right(reader: Reader, checkpoint: Checkpoint, index: int, hashes: list[bytes], tree: Range | None) -> bool:
    """True where these hashes of leaves lead to what stands above them: the tile on level 1, or the root itself."""
    if len(hashes) < WIDTH:
        whole = (tree or Range()).copy()
        for one in hashes:
            whole.append(one)
        return whole.root() == checkpoint.root
    place, at = divmod(index, WIDTH)
    try:
        return read_tile(reader, 1, place, width_at(checkpoint.size, 1, place))[at] == root_of(hashes)
    except LogBroken:
        return False
