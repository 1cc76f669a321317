"""A column of an index: items of one type in a mapped file, each block of it checked when it is first touched.

A column reads like a list, so that `bisect` can search it; one search of a million items touches some twenty blocks of
4 KiB, whose checksums cost a microsecond or two each, once.
"""

from __future__ import annotations

import struct
import zlib
from typing import Literal

from licet.errors import Malformed

BLOCK_BYTES = 4096
KEY_BYTES = 32

Code = Literal["B", "I", "Q"]  # unsigned numbers of 1, 4 and 8 bytes, as in `struct`

_SUM = struct.Struct("=I")


class DamagedIndex(Malformed):
    """An index is not what was written, or does not fit its snapshot. It is never shown: the index is built again."""


def block_sums(raw: memoryview) -> bytes:
    """CRC-32 of each block; the last may be shorter than the others."""
    return b"".join(_SUM.pack(zlib.crc32(raw[at : at + BLOCK_BYTES])) for at in range(0, len(raw), BLOCK_BYTES))


class Column:
    """Numbers. raw: its bytes; sums: what `block_sums` gave."""

    _width = 1  # numbers an item

    def __init__(self, raw: memoryview, code: Code, sums: memoryview) -> None:
        """Raises DamagedIndex where the last item is cut."""
        self._raw, self._sums = raw, sums.cast("I")
        self._items: memoryview[int] = raw.cast(code)
        self._count, cut = divmod(len(self._items), self._width)
        if cut:
            raise DamagedIndex("has a column that ends within an item")
        self._items_per_block = BLOCK_BYTES // (self._items.itemsize * self._width)
        self._is_checked = bytearray(len(self._sums))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        """Raises DamagedIndex outside of the column, which only a damaged index asks for, and in a damaged block."""
        self._touch(index)
        return self._items[index]

    def whole(self) -> memoryview:
        """All bytes, checked."""
        for block, is_checked in enumerate(self._is_checked):
            if not is_checked:
                self._check(block)
        return self._raw

    def _touch(self, index: int) -> None:
        if not 0 <= index < self._count:
            raise DamagedIndex("points outside of itself")
        block = index // self._items_per_block
        if not self._is_checked[block]:
            self._check(block)

    def _check(self, block: int) -> None:
        at = block * BLOCK_BYTES
        if zlib.crc32(self._raw[at : at + BLOCK_BYTES]) != self._sums[block]:
            raise DamagedIndex("has a block that was changed")
        self._is_checked[block] = 1


class WideColumn(Column):
    """Numbers of 128 bits, each as a high and a low half."""

    _width = 2

    def __getitem__(self, index: int) -> int:
        self._touch(index)
        return self._items[2 * index] << 64 | self._items[2 * index + 1]


class KeyColumn(Column):
    """Keys of 32 bytes each, as numbers that sort like their bytes."""

    _width = KEY_BYTES

    def __getitem__(self, index: int) -> int:
        self._touch(index)
        return int.from_bytes(self._raw[index * KEY_BYTES : (index + 1) * KEY_BYTES])
