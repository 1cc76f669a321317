"""Proofs from tiles: the root of a part of a tree, inclusion of an entry, consistency of two sizes (RFC 6962 §2.1)."""

from __future__ import annotations

from licet.tlog.merkle import EMPTY_ROOT, Range, node_hash, root_of
from licet.tlog.tile import LEVEL_BITS, WIDTH, width_at
from licet.tlog.verify import Reader, read_tile

TILES_KEPT_MAX = 64


class Tree:
    """A tree of a size, whose tiles are read when they are needed. What it reads is not verified: whoever uses a proof
    checks it against a root."""

    def __init__(self, reader: Reader, size: int) -> None:
        self.size = size
        self._reader = reader
        self._kept: dict[tuple[int, int], list[bytes]] = {}

    def root(self, size: int | None = None) -> bytes:
        """The root at a size, or of the whole."""
        size = self.size if size is None else size
        return self.part(0, size) if size else EMPTY_ROOT

    def range(self, size: int | None = None) -> Range:
        """The compact range at a size, to append to."""
        size, nodes, start = self.size if size is None else size, [], 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                nodes.append(self.part(start, start + (1 << height)))
                start += 1 << height
        return Range(size, nodes)

    def part(self, start: int, end: int) -> bytes:
        """The root over the leaves from start to before end, which must be a subtree of RFC 6962."""
        count = end - start
        height = count.bit_length() - 1
        if count == 1 << height and start % count == 0:
            return self._complete(height, start >> height)
        split = _split(count)
        return node_hash(self.part(start, start + split), self.part(start + split, end))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The path from an entry to the root, its sibling first."""
        start, end, path = 0, self.size if size is None else size, []
        if not 0 <= index < end <= self.size:
            raise ValueError(f"there is no entry {index} in a log of {end}")
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self.part(middle, end))
                end = middle
            else:
                path.append(self.part(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old_size: int, size: int | None = None) -> list[bytes]:
        """The path that shows that the tree of `size` begins with the tree of `old_size`."""
        start, end, path = 0, self.size if size is None else size, []
        if not 0 <= old_size <= end <= self.size:
            raise ValueError(f"a log of {end} does not begin with one of {old_size}")
        if old_size in (0, end):
            return []
        while old_size != end:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self.part(middle, end))
                end = middle
            else:
                path.append(self.part(start, middle))
                start = middle
        if start:
            path.append(self.part(start, end))
        return path[::-1]

    def _complete(self, height: int, index: int) -> bytes:
        """The root of a complete subtree: number `index` of those with 2^height leaves."""
        level, rest = divmod(height, LEVEL_BITS)
        tile, at = divmod(index << rest, WIDTH)
        return root_of(self._tile(level, tile)[at : at + (1 << rest)])

    def _tile(self, level: int, index: int) -> list[bytes]:
        kept = self._kept.get((level, index))
        if kept is None:
            kept = read_tile(self._reader, level, index, width_at(self.size, level, index))
            if len(self._kept) >= TILES_KEPT_MAX:
                self._kept.pop(next(iter(self._kept)))
            self._kept[level, index] = kept
        return kept


def _split(count: int) -> int:
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1
