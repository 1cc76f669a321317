"""`Snapshot`: one state of one registry, unchanging, with its digest (design §4, "Snapshot").

The same digest always means the same answers. A snapshot read from `registry.toml` also knows what is written there for
people (titles, operators, purposes); the canonical form holds none of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from licet.model.canonical import sha256_digest
from licet.model.registration import Record
from licet.model.verdict import SnapshotRef
from licet.snapshot.form import Header, sort_key, write_form
from licet.snapshot.lookup import Lookup, MemoryLookup
from licet.snapshot.service import Service

# WireGuard whitepaper §5.4.4: mac1 of an initiation covers all bytes before it, and has 16 bytes.
MAC1_COVERED_BYTES = 116
MAC1_BYTES = 16


class Snapshot:
    """Records with an index. serial: None where it was never numbered; registry: its name, or None; digest: of the
    canonical form; services: what `registry.toml` says of each handle, empty for a published snapshot."""

    __slots__ = ("_header", "_keys_tried", "_lookup", "digest", "records", "services")

    def __init__(self, header: Header, records: Sequence[Record], services: Sequence[Service] = (),
                 form: bytes | None = None, lookup: Lookup | None = None) -> None:
        """form: the canonical form where the caller has it, else it is written here. Raises ValueError where two
        records share a sort key."""
        self._header = header
        self.records = tuple(sorted(records, key=sort_key))
        self.services: Mapping[str, Service] = MappingProxyType({service.handle: service for service in services})
        self.digest = sha256_digest(write_form(header, self.records) if form is None else form)
        self._lookup: Lookup = MemoryLookup(self.records) if lookup is None else lookup
        self._keys_tried = tuple((record.service, bytes.fromhex(record.mac1_key or ""))
                                 for record in self._lookup.with_key())

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
        return tuple(record for record in self._lookup.with_key() if record.mac1_key == mac1_key)

    def match_key(self, first_116_bytes: bytes, mac1: bytes, prefer_address: str | None = None) -> str | None:
        """The handle of the service to whose registered key a WireGuard initiation is addressed, or None.

        first_116_bytes: the initiation before its mac1; mac1: the 16 bytes after them. One short keyed hash is
        computed a key (BLAKE2s-128, whitepaper §5.4.4); the keys of services at `prefer_address` come first.
        Whether a registration counts is for the judge to say.
        """
        if len(first_116_bytes) != MAC1_COVERED_BYTES or len(mac1) != MAC1_BYTES:
            return None
        for handle, key in self._keys_by_preference(prefer_address):
            if hashlib.blake2s(first_116_bytes, key=key, digest_size=MAC1_BYTES).digest() == mac1:
                return handle
        return None

    def _keys_by_preference(self, address: str | None) -> tuple[tuple[str, bytes], ...]:
        if address is None or not self._keys_tried:
            return self._keys_tried
        near = {record.service for record in self.at_address(address)}
        if not near:
            return self._keys_tried
        return tuple(sorted(self._keys_tried, key=lambda handle_and_key: handle_and_key[0] not in near))

    def title_of(self, handle: str) -> str:
        """The service's name for people; "" where only a published snapshot was read."""
        service = self.services.get(handle)
        return "" if service is None else service.title

    def operator_of(self, handle: str) -> str:
        """Who answers for the service; "" where only a published snapshot was read."""
        service = self.services.get(handle)
        return "" if service is None else service.operator
