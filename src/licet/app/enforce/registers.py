"""The registries of licet.toml, as they are and as they were in the last thirty days (lifecycle §6, 1).

    registered-N.json      when registry N was last read, and its digest
    registered-N.jsonl     its lines, written anew when the digest is another
    struck-off.jsonl       lines that left a registry, each with the last moment at which it was there

Lines are those of the canonical form. A registry that somebody took over can strike a service off, and it is shielded
for thirty days more. Losing the files asks the present registries alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass

from licet.app.config import Config
from licet.app.enforce.state import Folder
from licet.app.snapshot_status import read_status
from licet.enforce.decide import CLOCK_AHEAD_NS
from licet.enforce.shield import REMEMBERED_NS
from licet.errors import BadFile, LicetError
from licet.judge.registry import PERMITS
from licet.model.canonical import canonical_json
from licet.model.endpoint import Endpoint
from licet.model.registration import Record
from licet.snapshot import Snapshot, load
from licet.snapshot.lines import read_one
from licet.snapshot.lookup import MemoryLookup
from licet.snapshot.record_line import record_line
from licet.snapshot.store import SNAPSHOT_BYTES_MAX, read_bytes

EXPIRE_NS = 24 * 3_600 * 1_000_000_000
STRUCK_OFF = "struck-off.jsonl"


@dataclass(frozen=True, slots=True)
class Register:
    """One registry. place: where it is; snapshot; until_ns: from when it is too old, 0 where nobody can tell; is_ahead:
    it says that it was published later than now."""

    place: str
    snapshot: Snapshot
    until_ns: int
    is_ahead: bool = False


class KnownRegisters:
    """Asked by `licet.enforce.shield`. now_ns: when the present ones were read."""

    def __init__(self, present: tuple[Register, ...], struck_off: dict[Record, int], now_ns: int) -> None:
        self.present, self._now_ns = present, now_ns
        self._struck_off, self._past = struck_off, MemoryLookup(struck_off)

    def at(self, endpoint: Endpoint) -> Iterable[tuple[Record, int]]:
        for register in self.present:
            yield from ((record, self._now_ns) for record in register.snapshot.at_address(endpoint.address))
        yield from ((record, self._struck_off[record]) for record in self._past.at_address(endpoint.address))

    @property
    def until_ns(self) -> int:
        """From when the oldest of them is too old; 0 where there is none."""
        return min((register.until_ns for register in self.present), default=0)


def load_registers(config: Config, folder: Folder, at_ns: int) -> KnownRegisters:
    """Every registry whose role here is `permits`. Raises BadFile where one cannot be read: nothing is known then of
    who is registered."""
    present = []
    for source in config.registries:
        if source.role == PERMITS:
            snapshot = load(source.path)
            published_ns = snapshot.header.published_ns
            until_ns = _until(source.path, snapshot)
            is_ahead = published_ns is not None and published_ns > at_ns + CLOCK_AHEAD_NS
            present.append(Register(source.path, snapshot, until_ns, is_ahead))
    return KnownRegisters(tuple(present), _remember(tuple(present), folder, at_ns), at_ns)


def _until(path: str, snapshot: Snapshot) -> int:
    """From when a registry is too old. A copy that `licet snapshot sync` keeps was verified, and says until when it is
    known to be the newest, however long nothing changed in it; of a file nothing is known but when it was published."""
    status = read_status(path)
    if status is not None:
        return min(status.valid_until_ns, status.synced_ns + EXPIRE_NS) if status.digest == snapshot.digest else 0
    published_ns = snapshot.header.published_ns
    return 0 if published_ns is None or snapshot.serial is None else published_ns + EXPIRE_NS


def _remember(present: tuple[Register, ...], folder: Folder, at_ns: int) -> dict[Record, int]:
    """Note what left since last time; the result is who left in the last thirty days."""
    struck_off, is_changed = _read_struck_off(folder, at_ns), False
    for number, register in enumerate(present, 1):
        name = f"registered-{number}"
        head = _read_head(folder, f"{name}.json")
        if head.get("digest") != register.snapshot.digest:
            is_changed = True
            now = frozenset(map(record_line, register.snapshot.records))
            was_ns = int(head.get("seen_ns", 0))
            for line in _read_lines(folder, f"{name}.jsonl") - now:
                struck_off[read_one(line)] = max(was_ns, struck_off.get(read_one(line), 0))
            folder.write(f"{name}.jsonl", b"".join(sorted(now)))
        folder.write_object(f"{name}.json", {"digest": register.snapshot.digest, "place": register.place,
                                             "seen_ns": str(at_ns)})
    if not is_changed:
        return struck_off
    rows = [canonical_json({"seen_ns": str(seen_ns)}) + b"\t" + record_line(record)
            for record, seen_ns in struck_off.items()]
    folder.write(STRUCK_OFF, b"".join(rows))
    return struck_off


def _read_head(folder: Folder, name: str) -> dict[str, str]:
    if not os.path.exists(folder.at(name)):
        return {}
    try:
        members = {str(key): str(value) for key, value in folder.object(name).items()}
        int(members["seen_ns"])
    except (ValueError, KeyError):
        raise BadFile(folder.at(name), "is damaged: remove it, and who left the registry lately is forgotten") from None
    return members


def _read_lines(folder: Folder, name: str) -> frozenset[bytes]:
    if not os.path.exists(folder.at(name)):
        return frozenset()
    return frozenset(read_bytes(folder.at(name), SNAPSHOT_BYTES_MAX).splitlines(keepends=True))


def _read_struck_off(folder: Folder, at_ns: int) -> dict[Record, int]:
    path, found = folder.at(STRUCK_OFF), {}
    if not os.path.exists(path):
        return {}
    for row in read_bytes(path, SNAPSHOT_BYTES_MAX).splitlines(keepends=True):
        head, _, line = row.partition(b"\t")
        try:
            seen_ns = int(json.loads(head)["seen_ns"])
            if seen_ns > at_ns - REMEMBERED_NS:
                found[read_one(line)] = seen_ns
        except (ValueError, KeyError, TypeError, LicetError):
            raise BadFile(path, "is damaged: remove it, and who left the registry lately is forgotten") from None
    return found
