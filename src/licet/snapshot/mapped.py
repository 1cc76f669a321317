"""A snapshot that stays on the disk: look-ups by its index, records from its text, and nothing in memory but what is
asked for.

The text is read, not mapped: a file that somebody shortens under a map ends the process, and a read says so. An answer
is checked against the line that it came from, so that a damaged index can be the reason to build it again, and never
that of a wrong answer.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

from licet.errors import Malformed
from licet.model.registration import Record
from licet.snapshot.column import Column, DamagedIndex
from licet.snapshot.index import Index, text_hash
from licet.snapshot.intervals import NO_NETWORK
from licet.snapshot.lines import read_one
from licet.snapshot.lookup import Spans
from licet.snapshot.place import BITS, place_of, split_place
from licet.snapshot.record_line import LINE_BYTES_MAX

RECORDS_AT_ONCE = 1_024  # read together when all are asked for

T = TypeVar("T")

# The bytes of the text from one position up to another. Raises BadFile where the file is no longer what it was.
ReadText = Callable[[int, int], bytes]


class MappedSnapshot:
    """An index with its text. rebuild: makes the index anew, from the text, when it turns out to be damaged."""

    def __init__(self, index: Index, read_text: ReadText, rebuild: Callable[[], Index]) -> None:
        self._index, self._read_text, self._rebuild = index, read_text, rebuild

    def ask(self, question: Callable[[Index], T]) -> T:
        """Put a question to the index; where that shows damage, build it anew and ask again."""
        try:
            return question(self._index)
        except DamagedIndex:
            self._index = self._rebuild()
            return question(self._index)

    def records(self, index: Index, first: int, end: int) -> list[Record]:
        """Records by their numbers, from zero; `end` is excluded. Raises DamagedIndex."""
        start, stop = index.lines[first], index.lines[end]
        if not 0 < stop - start <= (end - first) * (LINE_BYTES_MAX + 1):
            raise DamagedIndex("has lines that are too long")
        lines = self._read_text(start, stop).splitlines(keepends=True)
        if len(lines) != end - first:
            raise DamagedIndex("counts lines that are not there")
        try:
            return [read_one(line) for line in lines]
        except Malformed:
            raise DamagedIndex("points into the middle of a line") from None


class MappedLookup:
    """A `Lookup` that searches the columns of an index: about twenty steps, whatever is asked."""

    def __init__(self, snapshot: MappedSnapshot) -> None:
        self._snapshot = snapshot

    def at_address(self, address: str) -> tuple[Record, ...]:
        parsed = ipaddress.ip_address(address)
        version, number = parsed.version, int(parsed)

        def question(index: Index) -> tuple[Record, ...]:
            starts = index.v4_starts if version == 4 else index.v6_starts
            networks = index.v4_networks if version == 4 else index.v6_networks
            interval = bisect_right(starts, number) - 1
            found = [] if interval < 0 else self._of_network(index, networks[interval])
            if not all(_holds(record, version, number) for record in found):
                raise DamagedIndex("has an address at the wrong place")
            return tuple(found)

        return self._snapshot.ask(question)

    def of_service(self, handle: str) -> tuple[Record, ...]:
        return self._snapshot.ask(lambda index: tuple(
            record for record in self._by_hash(index, index.service_hashes, index.service_records, handle)
            if record.service == handle))

    def of_name(self, name: str) -> tuple[Record, ...]:
        return self._snapshot.ask(lambda index: tuple(
            record for record in self._by_hash(index, index.name_hashes, index.name_records, name)
            if record.name == name))

    def of_key(self, mac1_key: bytes) -> tuple[Record, ...]:
        wanted = int.from_bytes(mac1_key)

        def question(index: Index) -> tuple[Record, ...]:
            # Records with a key are the first of the snapshot, sorted by it: no column says which record a key is of.
            first, end = bisect_left(index.keys, wanted), bisect_right(index.keys, wanted)
            found = self._snapshot.records(index, first, end) if first < end else []
            if any(record.mac1_key != mac1_key.hex() for record in found):
                raise DamagedIndex("has a key at the wrong place")
            return tuple(found)

        return self._snapshot.ask(question)

    def keys(self) -> memoryview:
        return self._snapshot.ask(lambda index: index.keys.whole())

    def spans(self) -> Spans:
        return self._snapshot.ask(lambda index: Spans(
            index.v4_starts.whole(), index.v4_networks.whole(), index.v6_starts.whole(), index.v6_networks.whole()))

    def of_network(self, number: int) -> tuple[Record, ...]:
        def question(index: Index) -> tuple[Record, ...]:
            if not NO_NETWORK <= number < len(index.firsts):
                raise IndexError(f"there is no network {number}")
            return tuple(self._of_network(index, number))

        return self._snapshot.ask(question)

    def _of_network(self, index: Index, number: int) -> list[Record]:
        """Records of a network and of those around it. A parent stands before its children, so this comes to an end."""
        found: list[Record] = []
        while number != NO_NETWORK:
            found += self._snapshot.records(index, index.firsts[number - 1], index.firsts[number])
            parent = index.parents[number - 1]
            if parent >= number:
                raise DamagedIndex("has networks in a circle")
            number = parent
        return found

    def _by_hash(self, index: Index, hashes: Column, numbers: Column, text: str) -> Iterator[Record]:
        """Records of all texts with the hash of this one: nearly always of this one alone."""
        wanted = text_hash(text)
        at = bisect_left(hashes, wanted)
        while at < len(hashes) and hashes[at] == wanted:
            number = numbers[at]
            yield from self._snapshot.records(index, number, number + 1)
            at += 1


class MappedRecords(Sequence[Record]):
    """All records of a snapshot, each read from the text when it is asked for."""

    def __init__(self, snapshot: MappedSnapshot) -> None:
        self._snapshot = snapshot

    def __len__(self) -> int:
        return self._snapshot.ask(lambda index: index.records)

    @overload
    def __getitem__(self, at: int) -> Record: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Record]: ...

    def __getitem__(self, at: int | slice) -> Record | Sequence[Record]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        number = range(len(self))[at]
        return self._between(number, number + 1)[0]

    def __iter__(self) -> Iterator[Record]:
        count = len(self)
        for first in range(0, count, RECORDS_AT_ONCE):
            yield from self._between(first, min(first + RECORDS_AT_ONCE, count))

    def _between(self, first: int, end: int) -> list[Record]:
        return self._snapshot.ask(lambda index: self._snapshot.records(index, first, end))


def _holds(record: Record, version: int, number: int) -> bool:
    """True if a record's address or prefix holds an address."""
    if record.address is None:
        return False
    place_version, network, length = split_place(place_of(record.address))
    return place_version == version and (number ^ network) >> (BITS[version] - length) == 0
