"""Proofs that are computed from tiles hold, for any size of tree; tiles and bundles read as they were written."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licet.errors import Malformed, Truncated
from licet.tlog.merkle import EMPTY_ROOT, Range, is_consistent, is_included, leaf_hash, root_of
from licet.tlog.tile import (
    ENTRIES,
    read_bundle,
    read_hashes,
    tile_path,
    tiles_between,
    width_at,
    write_bundle,
)
from licet.tlog.tree import Tree


class Memory:
    """The tiles of a tree of so many leaves, whose hashes are those of their numbers."""

    def __init__(self, size: int) -> None:
        self.size = size
        levels = [[leaf_hash(str(number).encode()) for number in range(size)]]
        while len(levels[-1]) >= 256:
            below = levels[-1]
            levels.append([root_of(below[at : at + 256]) for at in range(0, len(below) // 256 * 256, 256)])
        self.hashes = levels[0]
        self.files = {tile_path(level, index, width): b"".join(levels[level][index * 256 : index * 256 + width])
                      for level, index, width in tiles_between(0, size)}

    def read(self, path: str, bytes_max: int) -> bytes | None:
        return self.files.get(path)


TREES = {size: Memory(size) for size in (1, 2, 255, 256, 257, 300, 511, 512, 700, 66_000)}


@settings(max_examples=300)
@given(st.sampled_from(sorted(TREES)), st.data())
def test_any_proof_of_any_tree_holds(size: int, data: st.DataObject) -> None:
    tree = Tree(TREES[size], size)
    end = data.draw(st.integers(1, size))
    index, old = data.draw(st.integers(0, end - 1)), data.draw(st.integers(0, end))
    root, hashes = tree.root(end), TREES[size].hashes
    assert root == (root_of(hashes[:end]))
    assert is_included(hashes[index], index, end, tree.inclusion(index, end), root)
    assert is_consistent(old, tree.root(old), end, root, tree.consistency(old, end))
    if index != old and old < end:
        assert not is_included(hashes[index], old, end, tree.inclusion(index, end), root)


@pytest.mark.parametrize("size", sorted(TREES))
def test_a_range_from_tiles_goes_on(size: int) -> None:
    tree = Tree(TREES[size], size).range()
    assert tree.root() == root_of(TREES[size].hashes)
    tree.append(leaf_hash(b"next"))
    assert tree.root() == root_of([*TREES[size].hashes, leaf_hash(b"next")])


def test_the_empty_tree() -> None:
    assert Tree(TREES[1], 0).root() == EMPTY_ROOT == Range().root()
    with pytest.raises(ValueError, match="no entry 0"):
        Tree(TREES[1], 0).inclusion(0)
    with pytest.raises(ValueError, match="does not begin"):
        Tree(TREES[1], 1).consistency(2)


def test_paths_are_those_of_the_specification() -> None:
    """tlog-tiles: index 1234067 is x001/x234/067."""
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path(1, 0, 17) == "tile/1/000.p/17"
    assert tile_path(ENTRIES, 273, 112) == "tile/entries/273.p/112"
    assert tile_path(5, 1_000) == "tile/5/x001/000"


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_between(0, 70_000))
    assert [sum(1 for one in tiles if one[0] == level and one[2] == 256) for level in range(4)] == [273, 1, 0, 0]
    assert [one for one in tiles if one[2] < 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles_between(0, 256)) == [(0, 0, 256), (1, 0, 1)]


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_what_a_growing_tree_changes(first: int, second: int) -> None:
    old, size = sorted((first, second))
    before, after = set(tiles_between(0, old)), set(tiles_between(0, size))
    assert set(tiles_between(old, size)) == after - before
    assert all(width_at(size, level, index) == width for level, index, width in after)


@given(st.lists(st.binary(max_size=40), max_size=300))
def test_a_bundle_reads_as_it_was_written(leaves: list[bytes]) -> None:
    raw = write_bundle(leaves)
    assert read_bundle(raw, len(leaves)) == leaves
    with pytest.raises(Malformed):
        read_bundle(raw + b"\0", len(leaves))
    with pytest.raises(Truncated):
        read_bundle(raw, len(leaves) + 1)


@given(st.binary(max_size=200), st.integers(0, 5))
def test_any_bytes_are_a_bundle_or_malformed(raw: bytes, width: int) -> None:
    with contextlib.suppress(Malformed):
        assert write_bundle(read_bundle(raw, width)) == raw


def test_tiles_have_exactly_their_hashes() -> None:
    assert read_hashes(bytes(64), 2) == [bytes(32)] * 2
    with pytest.raises(Truncated, match="63 bytes of 64"):
        read_hashes(bytes(63), 2)
    with pytest.raises(Malformed, match="65 bytes instead"):
        read_hashes(bytes(65), 2)
    with pytest.raises(ValueError, match="65,536"):
        write_bundle([bytes(65_536)])
