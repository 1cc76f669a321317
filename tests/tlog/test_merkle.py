"""Merkle trees against the vectors of RFC 6962's reference implementation, and against the RFC's own recursion."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.tlog.merkle import EMPTY_ROOT, Range, is_consistent, is_included, leaf_hash, node_hash, root_of

# certificate-transparency, merkletree: the eight leaves of its tests, and the root after each.
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = [bytes.fromhex(text) for text in (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
# The same tests: (index from zero, size, path), (old size, size, path).
INCLUSION = (
    (0, 1, ()),
    (0, 8, ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")),
    (5, 8, ("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")),
    (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
    (1, 5, ("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b")),
)
CONSISTENCY = (
    (1, 1, ()),
    (1, 8, ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")),
    (6, 8, ("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")),
    (2, 5, ("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b")),
)


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def unhex(path: tuple[str, ...]) -> list[bytes]:
    return [bytes.fromhex(one) for one in path]


def test_the_empty_tree_and_the_reference_roots() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    tree = Range()
    for size, root in enumerate(ROOTS, 1):
        tree.append(leaf_hash(LEAVES[size - 1]))
        assert tree.root() == root_of([leaf_hash(leaf) for leaf in LEAVES[:size]]) == mth(LEAVES[:size]) == root


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_reference_inclusion_proofs(index: int, size: int, path: tuple[str, ...]) -> None:
    leaf = leaf_hash(LEAVES[index])
    assert is_included(leaf, index, size, unhex(path), ROOTS[size - 1])
    for wrong in range(9):
        assert is_included(leaf, wrong, size, unhex(path), ROOTS[size - 1]) is (wrong == index)
    assert not is_included(leaf, index, size, [*unhex(path), bytes(32)], ROOTS[size - 1])
    assert not is_included(leaf, index, size, unhex(path), bytes(32))
    for at in range(len(path)):
        changed = unhex(path)
        changed[at] = bytes(32)
        assert not is_included(leaf, index, size, changed, ROOTS[size - 1])
        assert not is_included(leaf, index, size, unhex(path)[:at], ROOTS[size - 1])


@pytest.mark.parametrize(("old", "size", "path"), CONSISTENCY)
def test_reference_consistency_proofs(old: int, size: int, path: tuple[str, ...]) -> None:
    assert is_consistent(old, ROOTS[old - 1], size, ROOTS[size - 1], unhex(path))
    assert not is_consistent(old, bytes(32), size, ROOTS[size - 1], unhex(path))
    assert not is_consistent(old, ROOTS[old - 1], size, bytes(32), unhex(path))
    assert not is_consistent(old, ROOTS[old - 1], size, ROOTS[size - 1], [*unhex(path), bytes(32)])
    for at in range(len(path)):
        assert not is_consistent(old, ROOTS[old - 1], size, ROOTS[size - 1], unhex(path)[:at])


def test_the_ends_of_consistency() -> None:
    assert is_consistent(0, EMPTY_ROOT, 8, ROOTS[7], [])
    assert not is_consistent(0, ROOTS[0], 8, ROOTS[7], [])
    assert not is_consistent(0, EMPTY_ROOT, 8, ROOTS[7], [bytes(32)])
    assert not is_consistent(8, ROOTS[7], 7, ROOTS[6], [])
    assert not is_consistent(-1, EMPTY_ROOT, 8, ROOTS[7], [])


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_any_tree_has_the_root_of_the_rfc(leaves: list[bytes]) -> None:
    tree = Range()
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
    assert tree.root() == root_of([leaf_hash(leaf) for leaf in leaves]) == mth(leaves)
    assert len(tree.nodes) == len(leaves).bit_count()


@given(st.integers(0, 5), st.integers(0, 40))
def test_whole_subtrees_can_be_appended_at_once(height: int, rest: int) -> None:
    count = 1 << height
    nodes = [leaf_hash(bytes([at])) for at in range(count * 3 + rest)]
    tree = Range()
    for start in range(0, count * 3, count):
        tree.append(root_of(nodes[start : start + count]), count)
    for node in nodes[count * 3 :]:
        tree.append(node)
    assert tree.root() == root_of(nodes)


def test_a_range_must_fit_its_size() -> None:
    with pytest.raises(ValueError, match="complete subtrees"):
        Range(3, [node_hash(b"", b"")])
