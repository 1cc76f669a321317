"""Tiles and entry bundles of a log as static files (C2SP tlog-tiles): their paths, widths and bytes.

A tile holds up to 256 hashes: of leaves at level 0, of the full tiles below at each further level. A bundle holds the
leaves of a level-0 tile, each after its length in two bytes. What is narrower than 256 is named by its width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from licet.errors import Malformed, Truncated
from licet.tlog.merkle import HASH_BYTES

WIDTH = 256
LEVEL_BITS = 8
LEVELS_MAX = 8  # 256^8 leaves are 2^64
LEAF_BYTES_MAX = 65_535
BUNDLE_BYTES_MAX = WIDTH * (2 + LEAF_BYTES_MAX)
ENTRIES = -1  # in the place of a level: the bundles


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """`tile/0/x001/234.p/5`, below the log's prefix. level: ENTRIES for a bundle."""
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03d}")
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level == ENTRIES else level}/{'/'.join(parts)}{suffix}"


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes the tile has in a tree of that size; 0 for one that is not there."""
    entries = size >> (LEVEL_BITS * max(level, 0))
    return max(0, min(WIDTH, entries - index * WIDTH))


def tiles_between(old_size: int, size: int) -> Iterator[tuple[int, int, int]]:
    """(level, index, width) of every tile of a tree of `size` that is not the same in one of `old_size`."""
    for level in range(LEVELS_MAX):
        shift = LEVEL_BITS * level
        first, end = (old_size >> shift) // WIDTH, (size >> shift)
        if end == old_size >> shift:
            return
        for index in range(first, (end + WIDTH - 1) // WIDTH):
            yield level, index, width_at(size, level, index)


def read_hashes(raw: bytes, width: int) -> list[bytes]:
    """The hashes of a tile. Raises Truncated or Malformed unless there are exactly so many."""
    expected = width * HASH_BYTES
    if len(raw) < expected:
        raise Truncated(f"it ends after {len(raw):,} bytes of {expected:,}")
    if len(raw) > expected:
        raise Malformed(f"it has {len(raw):,} bytes instead of {expected:,}")
    return [raw[at : at + HASH_BYTES] for at in range(0, expected, HASH_BYTES)]


def write_bundle(leaves: Sequence[bytes]) -> bytes:
    """The bundle of these leaves. Raises ValueError for a leaf that is too long."""
    parts: list[bytes] = []
    for leaf in leaves:
        if len(leaf) > LEAF_BYTES_MAX:
            raise ValueError(f"a leaf has {len(leaf):,} bytes; at most {LEAF_BYTES_MAX:,}")
        parts += (len(leaf).to_bytes(2, "big"), leaf)
    return b"".join(parts)


def read_bundle(raw: bytes, width: int) -> list[bytes]:
    """The leaves of a bundle. Raises Truncated or Malformed unless there are exactly so many."""
    leaves, at, end = [], 0, len(raw)
    for number in range(width):
        length = int.from_bytes(raw[at : at + 2], "big")
        if at + 2 + length > end or end - at < 2:
            raise Truncated(f"it ends in leaf {number + 1} of {width}")
        leaves.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    if at != end:
        raise Malformed(f"{end - at:,} bytes follow its {width} leaves")
    return leaves
