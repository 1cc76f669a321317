"""The index of a snapshot: a file of columns that is mapped, never parsed, so that a million records load at once.

It is derived from the text, on the machine that uses it, and never published (design §4, "Snapshot"). The text stays
the truth: the index says on which lines an answer stands, the line itself is read from the text and checked.

    head       magic, layout, the text that it was made from (`Tie`), where each column stands, a checksum a block
    columns    arrays of one type each, every one from a new block on; `Columns` lists them

Numbers are in the order of bytes of the machine; another machine's index is refused by its magic. The head's checksum
is tested when the file is opened, a block's when it is first touched: damage raises DamagedIndex, whose answer is to
build the index again, and neither a crash nor a wrong answer. Checksums find accidents. Against a file that somebody
else put there, `index_store` looks at its owner.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from licet.snapshot.column import BLOCK_BYTES, Code, Column, DamagedIndex, KeyColumn, WideColumn, block_sums
from licet.snapshot.intervals import Intervals
from licet.snapshot.lines import RECORDS_MAX, Fields
from licet.snapshot.place import NO_PLACE, split_place

MAGIC = b"licetidx"
LAYOUT = 1

_BYTE_ORDER = 0x01020304
_COLUMNS, _TIE_MEMBERS = 12, 5
# magic, layout, order of bytes; digest, size, mtime, ctime, inode; a position and a number of items for each column;
# blocks, bytes of the whole file; and last the checksum of all this and of the blocks' checksums.
_HEAD = struct.Struct(f"=8sII 32sQqqQ {2 * _COLUMNS}Q QQ")
_SUM = struct.Struct("=I")
_SUMS_START = _HEAD.size + _SUM.size

# One line of a snapshot, as `read_lines` hands it over.
ReadLine = tuple[int, Fields, int]


@dataclass(frozen=True, slots=True)
class Tie:
    """The text that an index was made from. digest: SHA-256 of it, 32 bytes; size in bytes, mtime_ns, ctime_ns, inode:
    of the file at that time."""

    digest: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(slots=True)
class Columns:
    """What an index holds, in the order of the file.

    lines: where each record's line begins in the text, and where the last one ends; keys: the mac1 keys of the first
    records, which are those without an address, 32 bytes each; v4_starts, v4_networks, v6_starts, v6_networks: the
    `Intervals` of either version; firsts: the first record of each network (an address or a prefix), and the number of
    records; parents: the network around it, counted from one, or 0; service_hashes, service_records: of each record,
    sorted by the hash; name_hashes, name_records: the same of those with a DNS name.
    """

    lines: array[int] = field(default_factory=lambda: array("I"))
    keys: array[int] = field(default_factory=lambda: array("B"))
    v4_starts: array[int] = field(default_factory=lambda: array("I"))
    v4_networks: array[int] = field(default_factory=lambda: array("I"))
    v6_starts: array[int] = field(default_factory=lambda: array("Q"))
    v6_networks: array[int] = field(default_factory=lambda: array("I"))
    firsts: array[int] = field(default_factory=lambda: array("I"))
    parents: array[int] = field(default_factory=lambda: array("I"))
    service_hashes: array[int] = field(default_factory=lambda: array("Q"))
    service_records: array[int] = field(default_factory=lambda: array("I"))
    name_hashes: array[int] = field(default_factory=lambda: array("Q"))
    name_records: array[int] = field(default_factory=lambda: array("I"))


def build_columns(lines: Iterable[ReadLine], first_line_at: int) -> Columns:
    """Read a snapshot's lines into columns. first_line_at: bytes before the first record's line."""
    columns, spans = Columns(), {4: Intervals(4), 6: Intervals(6)}
    at, last_place, record = first_line_at, NO_PLACE, -1
    for record, (place, texts, line_bytes) in enumerate(lines):
        columns.lines.append(at)
        at += line_bytes
        if place == NO_PLACE:
            columns.keys.frombytes(bytes.fromhex(texts[2] or ""))
        elif place != last_place:
            last_place = place
            columns.firsts.append(record)
            columns.parents.append(spans[split_place(place)[0]].add(place, len(columns.firsts)))
        columns.service_hashes.append(text_hash(texts[6]))
        if texts[3] is not None:
            columns.name_hashes.append(text_hash(texts[3]))
            columns.name_records.append(record)
    columns.lines.append(at)
    columns.firsts.append(record + 1)
    for span in spans.values():
        span.finish()
    columns.v4_starts, columns.v4_networks = spans[4].starts, spans[4].networks
    columns.v6_starts, columns.v6_networks = spans[6].starts, spans[6].networks
    columns.service_hashes, columns.service_records = _by_hash(
        columns.service_hashes, array("I", range(record + 1)))
    columns.name_hashes, columns.name_records = _by_hash(columns.name_hashes, columns.name_records)
    return columns


def text_hash(text: str) -> int:
    """Eight bytes of BLAKE2b: nobody can choose many handles or names that share one, which would make one slow."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _by_hash(hashes: array[int], records: array[int]) -> tuple[array[int], array[int]]:
    """Both columns in the order of the hashes, equal ones in the order of the records. Sorted in 64 parts: Python's
    sort makes objects of all that it sorts, which for a million at once would be most of the memory of a build."""
    parts = [array("I") for _ in range(64)]
    for at, text in enumerate(hashes):
        parts[text >> 58].append(at)
    in_order, order = array("Q"), array("I")
    for part in parts:
        places = sorted(part, key=hashes.__getitem__)
        in_order.extend(map(hashes.__getitem__, places))
        order.extend(map(records.__getitem__, places))
    return in_order, order


def pack_index(columns: Columns, tie: Tie) -> Iterator[bytes | memoryview]:
    """The pieces of an index file, in order."""
    views = [memoryview(getattr(columns, one.name)).cast("B") for one in fields(columns)]
    sums = b"".join(block_sums(view) for view in views)
    at = _padded(_SUMS_START + len(sums))
    places: list[int] = []
    for view, one in zip(views, fields(columns), strict=True):
        places += (at, len(getattr(columns, one.name)))
        at += _padded(len(view))
    yield from _pack_head(tie, places, at, sums)
    for view in views:
        yield view
        yield bytes(_padded(len(view)) - len(view))


def _pack_head(tie: Tie, places: list[int], file_bytes: int, sums: bytes) -> Iterator[bytes]:
    head = _HEAD.pack(MAGIC, LAYOUT, _BYTE_ORDER, tie.digest, tie.size, tie.mtime_ns, tie.ctime_ns, tie.inode,
                      *places, len(sums) // _SUM.size, file_bytes)
    yield head
    yield _SUM.pack(zlib.crc32(sums, zlib.crc32(head)))
    yield sums
    yield bytes(_padded(_SUMS_START + len(sums)) - _SUMS_START - len(sums))


def _read_head(raw: memoryview) -> tuple[list[Any], list[int], memoryview]:
    """What an index is tied to, where its columns are, and the checksums of their blocks. Raises DamagedIndex."""
    if len(raw) < _SUMS_START:
        raise DamagedIndex("is shorter than the head of an index")
    magic, layout, byte_order, *facts, blocks, file_bytes = _HEAD.unpack_from(raw)
    if (magic, layout, byte_order) != (MAGIC, LAYOUT, _BYTE_ORDER):
        raise DamagedIndex("is not an index of this version and machine")
    sums_end = _SUMS_START + blocks * _SUM.size
    if file_bytes != len(raw) or sums_end > len(raw):
        raise DamagedIndex("is not as long as it was written")
    sums = raw[_SUMS_START:sums_end]
    if zlib.crc32(sums, zlib.crc32(raw[:_HEAD.size])) != _SUM.unpack_from(raw, _HEAD.size)[0]:
        raise DamagedIndex("has a head that was changed")
    return facts[:_TIE_MEMBERS], facts[_TIE_MEMBERS:], sums


def _padded(size: int) -> int:
    """Bytes up to the next block."""
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


class Index:
    """An index that is open: its columns, each checked block by block when it is used. `raw` may be a mapped file."""

    def __init__(self, raw: memoryview) -> None:
        """Raises DamagedIndex where this is no index, or one whose head or lengths are not as they were written."""
        start, places, self._sums = _read_head(raw)
        self.tie = Tie(*start)
        self._raw, self._places = raw, places
        self._columns_taken = self._blocks_taken = 0
        self._end = _padded(_SUMS_START + len(self._sums))
        self.lines = Column(*self._next_column("I"))
        self.keys = KeyColumn(*self._next_column("B"))
        self.v4_starts, self.v4_networks = Column(*self._next_column("I")), Column(*self._next_column("I"))
        self.v6_starts, self.v6_networks = WideColumn(*self._next_column("Q")), Column(*self._next_column("I"))
        self.firsts, self.parents = Column(*self._next_column("I")), Column(*self._next_column("I"))
        self.service_hashes, self.service_records = Column(*self._next_column("Q")), Column(*self._next_column("I"))
        self.name_hashes, self.name_records = Column(*self._next_column("Q")), Column(*self._next_column("I"))
        self._check_lengths()

    @property
    def records(self) -> int:
        """How many there are."""
        return len(self.lines) - 1

    def retied(self, tie: Tie) -> Iterator[bytes | memoryview]:
        """The pieces of the same index, tied to another file of the same text."""
        yield from _pack_head(tie, self._places, len(self._raw), bytes(self._sums))
        yield self._raw[_padded(_SUMS_START + len(self._sums)):]

    def _next_column(self, code: Code) -> tuple[memoryview, Code, memoryview]:
        """Bytes, type and checksums of a column. Columns follow each other, each from a new block on."""
        start, items = self._places[2 * self._columns_taken: 2 * self._columns_taken + 2]
        self._columns_taken += 1
        size = items * struct.calcsize(f"={code}")
        blocks = _padded(size) // BLOCK_BYTES
        sums = self._sums[self._blocks_taken * _SUM.size : (self._blocks_taken + blocks) * _SUM.size]
        if start != self._end or start + size > len(self._raw) or len(sums) != blocks * _SUM.size:
            raise DamagedIndex("has a column that does not fit")
        self._end += _padded(size)
        self._blocks_taken += blocks
        return self._raw[start : start + size], code, sums

    def _check_lengths(self) -> None:
        """Which columns must be as long as which."""
        records, networks = self.records, len(self.parents)
        fits = (
            0 <= records <= RECORDS_MAX and len(self.keys) <= records and len(self.firsts) == networks + 1
            and networks <= records and len(self.v4_starts) == len(self.v4_networks)
            and len(self.v6_starts) == len(self.v6_networks) and len(self.service_hashes) == records
            and len(self.service_records) == records and len(self.name_hashes) == len(self.name_records) <= records
            and self._end == len(self._raw)
        )
        if not fits:
            raise DamagedIndex("has columns that do not belong together")
