"""`Snapshot`: one state of one registry, unchanging, with its digest (design §4, "Snapshot").

The same digest always means the same answers. A snapshot read from `registry.toml` also knows what is written there for
people (titles, operators, purposes); the canonical form holds none of it. One that was read through its index stays on
the disk: `records` then reads each record when it is asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from licet.model.canonical import sha256_digest
from licet.model.registration import Record
from licet.model.verdict import SnapshotRef
from licet.snapshot.column import KEY_BYTES
from licet.snapshot.form import Header, write_form
from licet.snapshot.keys import MAC1_BYTES, MAC1_COVERED_BYTES, KeyTrials, is_addressed_to
from licet.snapshot.lookup import Lookup, MemoryLookup
from licet.snapshot.record_line import sort_key
from licet.snapshot.service import Service

if TYPE_CHECKING:
    from licet.snapshot.join import Halves, Join, Networks


class Snapshot:
    """Records with an index. records: in the order of the canonical form; serial: None where it was never numbered;
    registry: its name, or None; digest: of the canonical form; services: what `registry.toml` says of each handle,
    empty for a published snapshot."""

    __slots__ = ("_header", "_join", "_lookup", "digest", "records", "services")

    def __init__(self, header: Header, records: Sequence[Record], services: Sequence[Service] = (),
                 form: bytes | None = None) -> None:
        """form: the canonical form where the caller has it, else it is written here. Raises ValueError where two
        records share a sort key."""
        self._header = header
        self.records: Sequence[Record] = tuple(sorted(records, key=sort_key))
        self.services: Mapping[str, Service] = MappingProxyType({service.handle: service for service in services})
        self.digest = sha256_digest(write_form(header, self.records) if form is None else form)
        self._lookup: Lookup = MemoryLookup(self.records)
        self._join: Join | None = None

    @classmethod
    def from_index(cls, header: Header, digest: str, records: Sequence[Record], lookup: Lookup) -> Snapshot:
        """A published snapshot whose records and index are elsewhere. digest: `sha256:…` of its canonical form."""
        snapshot = cls.__new__(cls)
        snapshot._header, snapshot.digest, snapshot.records = header, digest, records
        snapshot.services, snapshot._lookup, snapshot._join = MappingProxyType({}), lookup, None
        return snapshot

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Snapshot(serial={self.serial}, records={len(self.records)}, digest={self.digest!r})"

    @property
    def header(self) -> Header:
        return self._header

    @property
    def serial(self) -> int | None:
        return self._header.serial

    @property
    def registry(self) -> str | None:
        return self._header.registry

    @property
    def ref(self) -> SnapshotRef:
        """What a verdict keeps of it."""
        return SnapshotRef(self.serial, self.digest)

    def at_address(self, address: str) -> tuple[Record, ...]:
        """Records of an address and of every prefix that holds it, the most exact first. Raises ValueError if the text
        is no IP address."""
        return self._lookup.at_address(address)

    def by_service(self, handle: str) -> tuple[Record, ...]:
        """All records of a service; none where the handle is not known."""
        return self._lookup.of_service(handle)

    def by_name(self, text: str) -> tuple[Record, ...]:
        """Records whose DNS name, service title or operator is this text; upper and lower case are the same."""
        wanted = text.strip().casefold().rstrip(".")
        found = list(self._lookup.of_name(wanted))
        for service in self.services.values():
            if wanted in (service.title.casefold(), service.operator.casefold()):
                found.extend(self.by_service(service.handle))
        return tuple(dict.fromkeys(found))

    def by_mac1_key(self, mac1_key: str) -> tuple[Record, ...]:
        """Records that stand for a key, given as 64 hex digits."""
        return self._lookup.of_key(bytes.fromhex(mac1_key)) if len(mac1_key) == 2 * KEY_BYTES else ()

    @property
    def key_count(self) -> int:
        """How many records stand for a key."""
        return len(self._lookup.keys()) // KEY_BYTES

    def with_key(self) -> Iterator[Record]:
        """Records that stand for a key: they are the first of a snapshot, in the order of their keys."""
        return itertools.islice(self.records, self.key_count)

    def match_key(self, first_116_bytes: bytes, mac1: bytes, prefer_address: str | None = None,
                  trials: KeyTrials | None = None) -> str | None:
        """The handle of the service to whose registered key a WireGuard initiation is addressed, or None.

        first_116_bytes: the initiation before its mac1; mac1: the 16 bytes after them; trials: what the flows of a
        capture share. Keys of services at `prefer_address` come first, then those that matched lately, then all: one
        short hash a key, see `keys`. Whether a registration counts is for the judge to say.
        """
        if len(first_116_bytes) != MAC1_COVERED_BYTES or len(mac1) != MAC1_BYTES:
            return None
        trials = trials or KeyTrials()
        for handle, key in self._keys_at(prefer_address):
            if is_addressed_to(key, first_116_bytes, mac1):
                return handle
        for key in trials.recent:
            if is_addressed_to(key, first_116_bytes, mac1) and (records := self._lookup.of_key(key)):
                return records[0].service
        found = trials.find(first_116_bytes, mac1, self._lookup.keys())
        return None if found is None else self._lookup.of_key(found)[0].service

    def _keys_at(self, address: str | None) -> list[tuple[str, bytes]]:
        """The keys of services at an address, each with its handle, in the order of the snapshot."""
        if address is None:
            return []
        handles = {record.service for record in self.at_address(address)}
        keys = {(record.mac1_key, handle) for handle in handles for record in self.by_service(handle)
                if record.mac1_key is not None}
        return [(handle, bytes.fromhex(key)) for key, handle in sorted(keys)]

    def join(self, high: Halves, low: Halves) -> Networks:
        """For many addresses at once, the number of the most exact network that holds each; 0 where none does.

        high, low: the halves of IPv6 addresses, IPv4-mapped for IPv4; `join.halves` makes them from text. What a number
        stands for is `at_network`'s to say. Raises ValueError where the halves do not fit each other.
        """
        from licet.snapshot.join import Join

        if self._join is None:
            self._join = Join(self._lookup.spans())
        return self._join.join(high, low)

    def at_network(self, number: int) -> tuple[Record, ...]:
        """Records of a network that `join` named, and of every prefix that holds it, the most exact first; none for 0.
        The same as `at_address` gives for the address. Raises IndexError for a number that `join` never gives."""
        return self._lookup.of_network(number)

    def title_of(self, handle: str) -> str:
        """The service's name for people; "" where only a published snapshot was read."""
        service = self.services.get(handle)
        return "" if service is None else service.title

    def operator_of(self, handle: str) -> str:
        """Who answers for the service; "" where only a published snapshot was read."""
        service = self.services.get(handle)
        return "" if service is None else service.operator
