"""A service as `registry.toml` describes it, and the records that a snapshot holds of it (design §4)."""

from __future__ import annotations

from dataclasses import dataclass

from licet.model.registration import Record
from licet.snapshot.entry import Entry


@dataclass(frozen=True, slots=True)
class Service:
    """handle: `SVC-7F3K`; title: the field `name`; status: one of model.registration.STATUSES; valid_from_ns
    (included), valid_until_ns (excluded): nanoseconds since the epoch; mac1_keys: hex, one a registered WireGuard key;
    purpose, contact, note, sponsor: for people, or ""; review_ns: when somebody should look again, or None."""

    handle: str
    title: str
    operator: str
    status: str
    valid_from_ns: int
    valid_until_ns: int
    entries: tuple[Entry, ...]
    mac1_keys: tuple[str, ...]
    purpose: str = ""
    contact: str = ""
    note: str = ""
    sponsor: str = ""
    review_ns: int | None = None


def records_of(service: Service) -> list[Record]:
    """One record an endpoint, one a key. A key stands alone and has no address: it covers the server anywhere."""
    endpoints = [_record(service, entry.protocol, entry=entry) for entry in service.entries]
    keys = [_record(service, "wireguard", mac1_key=mac1_key) for mac1_key in service.mac1_keys]
    return endpoints + keys


def _record(service: Service, protocol: str, entry: Entry | None = None, mac1_key: str | None = None) -> Record:
    return Record(
        address=entry.address if entry else None,
        transport=entry.transport if entry else None,
        port=entry.port if entry else None,
        protocol=protocol,
        mac1_key=mac1_key,
        name=entry.name if entry else None,
        service=service.handle,
        status=service.status,
        valid_from_ns=service.valid_from_ns,
        valid_until_ns=service.valid_until_ns,
        title=service.title,
        operator=service.operator,
    )
