"""A registry as the judge sees it: a snapshot and the role that it has on this network (design §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from licet.model.registration import Record
from licet.model.verdict import SnapshotRef

PERMITS = "permits"  # what it registers is registered here
INFORMS = "informs"  # what it registers is worth a sentence here, and decides nothing
ROLES = (PERMITS, INFORMS)


class RegistrySnapshot(Protocol):
    """What the judge asks of a snapshot (`licet.snapshot.Snapshot` answers it)."""

    @property
    def ref(self) -> SnapshotRef: ...

    @property
    def registry(self) -> str | None: ...

    def at_address(self, address: str) -> tuple[Record, ...]: ...

    def by_service(self, handle: str) -> tuple[Record, ...]: ...


@dataclass(frozen=True, slots=True)
class Registry:
    """snapshot: its records; role: PERMITS, also where no role was said, or INFORMS."""

    snapshot: RegistrySnapshot
    role: str = PERMITS

    @property
    def name(self) -> str:
        """What the registry calls itself."""
        return self.snapshot.registry or "another registry"
