"""Merkle trees as in RFC 6962 §2.1: hashes, roots, and checking proofs of inclusion and consistency (RFC 9162 §2.1.3.2
and §2.1.4.2 write the same checks out). Hashes are 32 bytes of SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
PROOF_HASHES_MAX = 64  # a tree of 2^64 leaves; no proof is longer

_sha256 = hashlib.sha256


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf."""
    return _sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return _sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of leaves, or over the roots of complete subtrees of one size."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [_sha256(b"\x01" + left + right).digest()
                 for left, right in zip(level[0::2], level[1::2], strict=False)] + odd
    return level[0]


class Range:
    """The compact range of a tree: the roots of the complete subtrees that it falls into, the largest first. It is all
    that is needed to append to a tree and to know its root."""

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if len(nodes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(nodes)}")
        self.size, self.nodes = size, list(nodes)

    def append(self, subtree: bytes, leaves: int = 1) -> None:
        """Add a leaf's hash, or the root of a complete subtree of `leaves` leaves, where the tree's size is a multiple
        of that."""
        height = leaves
        while self.size & height:
            subtree = node_hash(self.nodes.pop(), subtree)
            height *= 2
        self.nodes.append(subtree)
        self.size += leaves

    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = node_hash(node, root)
        return root

    def copy(self) -> Range:
        """The same range, to be appended to apart."""
        return Range(self.size, self.nodes)


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """True where the path shows that the leaf with this hash stands at `index` in the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or len(path) > PROOF_HASHES_MAX:
        return False
    at, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """True where the path shows that the tree of `size` begins with the tree of `old_size` (RFC 9162 §2.1.4.2).

    The empty tree begins every tree, and a tree begins itself; both with an empty path.
    """
    if not 0 <= old_size <= size or len(path) > PROOF_HASHES_MAX:
        return False
    if old_size == size:
        return not path and old_root == root
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    nodes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if not nodes:
        return False
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_node = node = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_node, node = node_hash(sibling, old_node), node_hash(sibling, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_node == old_root and node == root
