"""`registry.toml`: what a small network needs to say which tunnels are its own (design §4).

Each `[[service]]` names who answers for a service, how long, and its endpoints or keys. Every mistake is reported with
its line and with what was expected. Reading is pure: bytes come in, services go out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from licet.errors import BadFile, Malformed
from licet.model.canonical import time_text
from licet.model.registration import STATUSES
from licet.snapshot.entry import Entry, parse_entry, parse_key
from licet.snapshot.service import Service
from licet.snapshot.toml_table import NOTE_LENGTH_MAX, Table, parse_toml

REGISTRY_BYTES_MAX = 16 * 1024 * 1024
SERVICES_MAX = 100_000
ENTRIES_PER_SERVICE_MAX = 1_000

# A few capitals, a hyphen, a few capitals or digits: short enough to be read out on the telephone.
HANDLE = re.compile(r"[A-Z]{2,5}-[0-9A-Z]{2,12}")

_OVER = ("lapsed", "revoked", "gone")

FIELDS = (
    "handle", "name", "operator", "from", "until", "endpoints", "keys", "status", "purpose", "contact", "note",
    "sponsor", "review",
)


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """name: what the registry calls itself (`registry = "…"` at the top of the file), or None."""

    name: str | None
    services: tuple[Service, ...]


def read_registry(path: str, raw: bytes) -> RegistryFile:
    """Read a registry file. Raises BadFile for its first mistake."""
    registry, faults = examine_registry(path, raw)
    if faults:
        raise faults[0]
    return registry


def examine_registry(path: str, raw: bytes) -> tuple[RegistryFile, list[BadFile]]:
    """Read a registry file and return all its mistakes by line; the registry is for use only where there are none.

    Raises BadFile where the file is not TOML at all, or too large.
    """
    if len(raw) > REGISTRY_BYTES_MAX:
        raise BadFile(path, f"has more than {REGISTRY_BYTES_MAX} bytes, the most that a registry file may have")
    toml = parse_toml(path, raw)
    root = Table(toml, (), toml.data, [])
    root.refuse_unknown(("registry", "service"))
    name = root.text("registry") or None
    tables = root.tables("service", SERVICES_MAX)
    services = [_read_service(table) for table in tables]
    _refuse_twins(tables, services)
    faults = sorted(root.faults, key=lambda fault: fault.line or 0)
    return RegistryFile(name, tuple(services)), faults


def _read_service(table: Table) -> Service:
    table.refuse_unknown(FIELDS)
    valid_from_ns, valid_until_ns = _read_period(table)
    entries, mac1_keys = _read_entries(table), _read_keys(table)
    if not table.values.get("endpoints") and not table.values.get("keys"):
        table.fault("has neither endpoints nor keys; write endpoints = [\"192.0.2.10:51820/udp wireguard\"]")
    status = table.word("status", tuple(sorted(STATUSES)), "ok") or "ok"
    service = Service(
        handle=_read_handle(table),
        title=table.text("name", required=True),
        operator=table.text("operator", required=True),
        status=status,
        valid_from_ns=valid_from_ns,
        valid_until_ns=valid_until_ns,
        entries=entries,
        mac1_keys=mac1_keys,
        purpose=table.text("purpose"),
        contact=table.text("contact"),
        note=table.text("note", length_max=NOTE_LENGTH_MAX),
        sponsor=table.text("sponsor"),
        review_ns=table.time_ns("review", required=False),
    )
    if status == "attested" and not (service.sponsor and service.purpose and service.review_ns):
        table.fault("status is attested, which needs sponsor, purpose and review: somebody here must answer for it",
                    "status")
    return service


def _read_handle(table: Table) -> str:
    handle = table.text("handle", required=True)
    if handle and not HANDLE.fullmatch(handle):
        table.fault(f"handle “{handle}” does not fit; write 2 to 5 capital letters, a hyphen and 2 to 12 capital "
                    "letters or digits, such as SVC-7F3K", "handle")
    return handle


def _read_period(table: Table) -> tuple[int, int]:
    valid_from_ns, valid_until_ns = table.time_ns("from"), table.time_ns("until")
    if valid_from_ns is None or valid_until_ns is None:
        return 0, 1
    if valid_from_ns >= valid_until_ns:
        table.fault(f"until ({time_text(valid_until_ns, 0)}) must be later than from ({time_text(valid_from_ns, 0)})",
                    "until")
    return valid_from_ns, valid_until_ns


def _read_entries(table: Table) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for index, text in enumerate(table.texts("endpoints", ENTRIES_PER_SERVICE_MAX)):
        try:
            entries.append(parse_entry(text))
        except Malformed as error:
            table.fault(str(error), "endpoints", index)
    return tuple(entries)


def _read_keys(table: Table) -> tuple[str, ...]:
    keys: list[str] = []
    for index, text in enumerate(table.texts("keys", ENTRIES_PER_SERVICE_MAX)):
        try:
            keys.append(parse_key(text))
        except Malformed as error:
            table.fault(str(error), "keys", index)
    return tuple(keys)


def _refuse_twins(tables: list[Table], services: list[Service]) -> None:
    """Note what is there twice: a handle, a key, or an endpoint with the same protocol at the same time.

    One endpoint may pass from a service to the next: periods that do not overlap are no twins, nor is what lapsed, was
    revoked or withdrawn. A key may not pass, since a match has to name one service.
    """
    handles: dict[str, int] = {}
    keys: dict[str, str] = {}
    endpoints: dict[tuple[str, str | None, int | None, str], list[Service]] = {}
    for index, (table, service) in enumerate(zip(tables, services, strict=True)):
        if service.handle and handles.setdefault(service.handle, index) != index:
            table.fault(f"handle {service.handle} is already that of service {handles[service.handle] + 1} of this "
                        "file; each needs its own", "handle")
        for key in service.mac1_keys:
            if key in keys:
                table.fault(f"a key of {service.handle} is already registered for {keys[key]}", "keys")
            keys[key] = service.handle
        for entry in service.entries:
            place = (entry.address, entry.transport, entry.port, entry.protocol)
            earlier = endpoints.setdefault(place, [])
            twin = next((other for other in earlier if _overlap(service, other)), None)
            if twin is not None:
                table.fault(f"“{entry}” is already registered for {twin.handle} at the same time",
                            *_place_of(table, service, entry))
            earlier.append(service)


def _overlap(one: Service, other: Service) -> bool:
    if one.status in _OVER or other.status in _OVER:
        return False
    return one.valid_from_ns < other.valid_until_ns and other.valid_from_ns < one.valid_until_ns


def _place_of(table: Table, service: Service, entry: Entry) -> tuple[str | int, ...]:
    """Where an entry stands in its table: the last place at which its text parses to it."""
    texts = table.texts("endpoints", ENTRIES_PER_SERVICE_MAX)
    if len(texts) != len(service.entries):
        return ("endpoints",)
    places = [index for index, other in enumerate(service.entries) if other == entry]
    return ("endpoints", places[-1])
