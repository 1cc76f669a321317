"""Which records concern an address, a key or a name: what a snapshot asks of its index, and the one in memory.

A small registry needs no more than the dictionaries of `MemoryLookup`. `MappedLookup` (in `mapped`) answers the same
from a file, for a million records. A test holds both, and the join, against a look-up that tries every record.
"""

from __future__ import annotations

import ipaddress
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

from licet.model.registration import Record
from licet.snapshot.intervals import NO_NETWORK, Intervals
from licet.snapshot.place import place_at, place_of, split_place

Buffer: TypeAlias = "memoryview | array[int]"


@dataclass(frozen=True, slots=True)
class Spans:
    """The `Intervals` of both IP versions, for a join: starts as uint32, and as pairs of uint64 for IPv6; numbers of
    networks as uint32."""

    v4_starts: Buffer
    v4_networks: Buffer
    v6_starts: Buffer
    v6_networks: Buffer


class Lookup(Protocol):
    """What a snapshot asks of its index. All answers are in the order of the snapshot."""

    def at_address(self, address: str) -> tuple[Record, ...]:
        """Records of this address, then those of prefixes that hold it, the longest first. Raises ValueError."""

    def of_service(self, handle: str) -> tuple[Record, ...]:
        """All records of a service."""

    def of_name(self, name: str) -> tuple[Record, ...]:
        """Records with a DNS name, given in lower case."""

    def of_key(self, mac1_key: bytes) -> tuple[Record, ...]:
        """Records that stand for a key of 32 bytes."""

    def keys(self) -> memoryview:
        """Every record's mac1 key, 32 bytes each, one after the other."""

    def spans(self) -> Spans:
        """The networks as intervals. Networks are numbered from one, in the order of the snapshot."""

    def of_network(self, number: int) -> tuple[Record, ...]:
        """Records of a network, then those of networks around it, the longest prefix first; none for 0. Raises
        IndexError where there is no such network."""


class MemoryLookup:
    """A `Lookup` of dictionaries: an address costs one probe, and one more for each prefix length that occurs."""

    def __init__(self, records: Iterable[Record]) -> None:
        networks: dict[int, list[Record]] = {}
        services: dict[str, list[Record]] = {}
        names: dict[str, list[Record]] = {}
        keys: dict[bytes, list[Record]] = {}
        for record in records:
            services.setdefault(record.service, []).append(record)
            if record.name is not None:
                names.setdefault(record.name, []).append(record)
            if record.address is None and record.mac1_key is not None:
                keys.setdefault(bytes.fromhex(record.mac1_key), []).append(record)
            if record.address is not None:
                networks.setdefault(place_of(record.address), []).append(record)
        self._networks = networks
        self._services = services
        self._names = names
        self._keys = keys
        lengths = {(version, length) for version, _, length in map(split_place, networks)}
        self._lengths = {version: sorted((ln for v, ln in lengths if v == version), reverse=True) for version in (4, 6)}

    def at_address(self, address: str) -> tuple[Record, ...]:
        parsed = ipaddress.ip_address(address)
        return self._around(parsed.version, int(parsed), parsed.max_prefixlen)

    def of_service(self, handle: str) -> tuple[Record, ...]:
        return tuple(self._services.get(handle, ()))

    def of_name(self, name: str) -> tuple[Record, ...]:
        return tuple(self._names.get(name, ()))

    def of_key(self, mac1_key: bytes) -> tuple[Record, ...]:
        return tuple(self._keys.get(mac1_key, ()))

    def keys(self) -> memoryview:
        return self._key_bytes

    def spans(self) -> Spans:
        spans = {4: Intervals(4), 6: Intervals(6)}
        for number, place in enumerate(self._places, start=1):
            spans[split_place(place)[0]].add(place, number)
        for span in spans.values():
            span.finish()
        return Spans(spans[4].starts, spans[4].networks, spans[6].starts, spans[6].networks)

    def of_network(self, number: int) -> tuple[Record, ...]:
        return () if number == NO_NETWORK else self._around(*split_place(self._places[number - 1]))

    def _around(self, version: int, number: int, length: int) -> tuple[Record, ...]:
        """Records of a prefix and of all that hold it."""
        bits = 32 if version == 4 else 128
        found: list[Record] = []
        for wider in self._lengths[version]:
            if wider <= length:
                network = number >> (bits - wider) << (bits - wider)
                found.extend(self._networks.get(place_at(version, network, wider), ()))
        return tuple(found)

    @cached_property
    def _places(self) -> list[int]:
        return sorted(self._networks)

    @cached_property
    def _key_bytes(self) -> memoryview:
        return memoryview(b"".join(key for key, records in self._keys.items() for _ in records))
