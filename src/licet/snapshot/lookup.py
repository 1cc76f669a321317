"""Which records concern an address, a key or a name: the index of a snapshot, in memory.

A small registry needs no more than dictionaries. `Lookup` is what a snapshot asks of an index, so that one that is
mapped from a file, for a million records, can take this one's place.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Protocol

from licet.model.registration import Record
from licet.snapshot.entry import address_number


class Lookup(Protocol):
    """What a snapshot asks of its index. All answers are in the order of the snapshot."""

    def at_address(self, address: str) -> tuple[Record, ...]:
        """Records of this address, then those of prefixes that hold it, the longest first. Raises ValueError."""

    def with_key(self) -> tuple[Record, ...]:
        """Records that stand for a key."""

    def of_service(self, handle: str) -> tuple[Record, ...]:
        """All records of a service."""

    def of_name(self, name: str) -> tuple[Record, ...]:
        """Records with a DNS name, given in lower case."""


class MemoryLookup:
    """A `Lookup` of dictionaries: an address costs one probe, and one more for each prefix length that occurs."""

    def __init__(self, records: Iterable[Record]) -> None:
        networks: dict[tuple[int, int, int], list[Record]] = {}
        services: dict[str, list[Record]] = {}
        names: dict[str, list[Record]] = {}
        keys = []
        for record in records:
            services.setdefault(record.service, []).append(record)
            if record.name is not None:
                names.setdefault(record.name, []).append(record)
            if record.address is None:
                keys.append(record)
            else:
                networks.setdefault(address_number(record.address), []).append(record)
        self._networks = networks
        self._services = services
        self._names = names
        self._keys = tuple(keys)
        lengths = {(version, length) for version, _, length in networks}
        self._lengths = {version: sorted((ln for v, ln in lengths if v == version), reverse=True) for version in (4, 6)}

    def at_address(self, address: str) -> tuple[Record, ...]:
        parsed = ipaddress.ip_address(address)
        number, bits = int(parsed), parsed.max_prefixlen
        found: list[Record] = []
        for length in self._lengths[parsed.version]:
            network = number >> (bits - length) << (bits - length)
            found.extend(self._networks.get((parsed.version, network, length), ()))
        return tuple(found)

    def with_key(self) -> tuple[Record, ...]:
        return self._keys

    def of_service(self, handle: str) -> tuple[Record, ...]:
        return tuple(self._services.get(handle, ()))

    def of_name(self, name: str) -> tuple[Record, ...]:
        return tuple(self._names.get(name, ()))
