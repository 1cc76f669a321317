"""Is what the database says of a service what the record says? Rows against the last entries of the outbox, and these
against the leaves of the log's folder, where it is on this machine.

A row that was changed by hand is found here, on the page of its service, by everybody who looks at it. Whoever changes
entries and folder too is found by `licet log verify`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Max

from licet.errors import LicetError
from licet.lifecycle import application, endpoint_proof, listing, registration
from licet.model.canonical import sha256_digest
from licet.server.registry.models import Endpoint, Outbox, Registration, Service
from licet.server.registry.service_layer.endpoints import details_of
from licet.server.registry.service_layer.listings import facts_digest
from licet.tlog.checkpoint import read_checkpoint
from licet.tlog.entry import leaf_of
from licet.tlog.store import FolderReader
from licet.tlog.tile import ENTRIES, WIDTH, width_at
from licet.tlog.verify import CHECKPOINT, CHECKPOINT_BYTES_MAX, read_tile

BUNDLES_READ_MAX = 64  # of one page, a hundred kB each; what stands elsewhere is compared with the outbox alone
STATUS, END, ENDPOINT, FACTS, ENTRY, MISSING = "status", "end", "endpoint", "facts", "entry", "missing"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that the database says and the record does not. code: one of those above; subject: a handle; said: by
    the database; logged: by the record."""

    code: str
    subject: str
    said: str
    logged: str


def contradictions(service: Service, current: Registration | None,
                   applications: Mapping[str, str]) -> tuple[Contradiction, ...]:
    """All that is found about a service. current: its last registration; applications: their states by handle. Two
    queries, and a few files."""
    endpoints = list(service.endpoints.filter(dropped_at=None).exclude(state=endpoint_proof.GONE).order_by("pk"))
    subjects = [service.handle, listing.subject_of(service.handle), *applications, *(one.handle for one in endpoints)]
    entries = _last_entries(subjects)
    found = [*_damaged(entries)]
    if current is not None:
        found += _registration(service, current, entries.get(service.handle))
        found += _listing(service, current, entries.get(listing.subject_of(service.handle)))
    for endpoint in endpoints:
        found += _endpoint(service, endpoint, entries.get(endpoint.handle))
    for handle, state in applications.items():
        entry = entries.get(handle)
        if state == application.PROVISIONAL and (entry is None or entry.after != state):
            found.append(Contradiction(STATUS, handle, state, "" if entry is None else entry.after))
    return tuple(found)


def _last_entries(subjects: list[str]) -> dict[str, Outbox]:
    last = Outbox.objects.filter(subject__in=subjects).values("subject").annotate(last=Max("pk")).values("last")
    rows = Outbox.objects.filter(pk__in=last).select_related("receipt")
    return {one.subject: one for one in rows}


def _registration(service: Service, current: Registration, entry: Outbox | None) -> Iterator[Contradiction]:
    if entry is None:
        yield Contradiction(MISSING, service.handle, current.state, "")
        return
    if current.state != entry.after:
        yield Contradiction(STATUS, service.handle, current.state, entry.after)
    said, logged = current.ex_date.date().isoformat(), str(_details(entry).get("exDate", ""))
    if said != logged:
        yield Contradiction(END, service.handle, said, logged)


def _listing(service: Service, current: Registration, entry: Outbox | None) -> Iterator[Contradiction]:
    is_listed = service.is_listed and not service.is_attested
    if entry is None:
        if is_listed and current.state not in registration.OVER:
            yield Contradiction(MISSING, service.handle, listing.LISTED, "")
        return
    if is_listed != (entry.after == listing.LISTED):
        yield Contradiction(FACTS, service.handle, listing.LISTED if is_listed else listing.UNLISTED, entry.after)
    elif is_listed and _details(entry).get("facts") != facts_digest(service):
        yield Contradiction(FACTS, service.handle, facts_digest(service), str(_details(entry).get("facts", "")))


def _endpoint(service: Service, endpoint: Endpoint, entry: Outbox | None) -> Iterator[Contradiction]:
    if entry is None:
        yield Contradiction(MISSING, endpoint.handle, endpoint.state, "")
        return
    if endpoint.state != entry.after:
        yield Contradiction(STATUS, endpoint.handle, endpoint.state, entry.after)
    logged = _details(entry)
    for name, value in details_of(service, endpoint).items():
        # What was not listed at the time of its last entry has nothing there to be compared with.
        if name in logged and logged[name] != value:
            yield Contradiction(ENDPOINT, endpoint.handle, str(value), str(logged[name]))
    if endpoint.address and _place(endpoint) != endpoint.entry_text.rpartition(" ")[0]:
        yield Contradiction(ENDPOINT, endpoint.handle, _place(endpoint), endpoint.entry_text)


def _place(endpoint: Endpoint) -> str:
    """Address, port and transport by their own columns."""
    host = f"[{endpoint.address}]" if ":" in str(endpoint.address) else endpoint.address
    port = "" if endpoint.port is None else f":{endpoint.port}"
    return f"{host}{port}/{endpoint.transport}"


def _damaged(entries: Mapping[str, Outbox]) -> Iterator[Contradiction]:
    """Entries of the outbox that are not what their digest, or the log, says they are."""
    written = _Written()
    for entry in entries.values():
        body = bytes(entry.body)
        if sha256_digest(body) != entry.body_digest or _members(body).get("to") != entry.after:
            yield Contradiction(ENTRY, entry.subject, sha256_digest(body), entry.body_digest)
            continue
        receipt = getattr(entry, "receipt", None)
        leaf = None if receipt is None else written.leaf(receipt.leaf_index)
        if leaf is not None and leaf != leaf_of(body)[0]:
            yield Contradiction(ENTRY, entry.subject, entry.body_digest, sha256_digest(leaf))


class _Written:
    """The leaves in the log's folder, as far as it is on this machine and published."""

    def __init__(self) -> None:
        self._reader = FolderReader(settings.DEPLOYMENT.log_path)
        self._bundles: dict[int, list[bytes]] = {}
        try:
            raw = self._reader.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)
            self._size = 0 if raw is None else read_checkpoint(raw).size
        except LicetError:
            self._size = 0

    def leaf(self, index: int) -> bytes | None:
        """The leaf with this index; None where it cannot be read here, or enough was read."""
        number, at = divmod(index, WIDTH)
        if index >= self._size or (number not in self._bundles and len(self._bundles) >= BUNDLES_READ_MAX):
            return None
        if number not in self._bundles:
            try:
                self._bundles[number] = read_tile(self._reader, ENTRIES, number, width_at(self._size, 0, number))
            except LicetError:
                self._bundles[number] = []  # `licet log verify` says what is wrong with it
        leaves = self._bundles[number]
        return leaves[at] if at < len(leaves) else None


def _details(entry: Outbox) -> dict[str, Any]:
    details = _members(bytes(entry.body)).get("details")
    return details if isinstance(details, dict) else {}


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        members = None
    return members if isinstance(members, dict) else {}
