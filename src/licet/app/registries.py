"""Several registries at once: what must hold between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from licet.errors import BadInput
from licet.judge import Registry
from licet.model.registration import Record
from licet.snapshot import Snapshot

READS_PER_HANDLE = 20  # records that are read in the time that one look-up of a handle takes


def refuse_shared_handles(registries: Sequence[Registry]) -> None:
    """Raise BadInput where two registries use one handle for services with different keys.

    A matched key is known by its service's handle. If another registry could use that handle for a key of its own, its
    service would pass for one of this network's.
    """
    snapshots = [registry.snapshot for registry in registries if isinstance(registry.snapshot, Snapshot)]
    if len(snapshots) < 2:
        return
    # The one with the most keys comes last: it is only asked for handles that the others use.
    snapshots.sort(key=lambda snapshot: snapshot.key_count)
    keys_of: dict[str, frozenset[str]] = {}
    for snapshot in snapshots:
        is_last = snapshot is snapshots[-1]
        for handle, keys in (_keys_of(snapshot, list(keys_of)) if is_last else _keys_by_handle(snapshot)).items():
            if keys_of.setdefault(handle, keys) != keys:
                raise BadInput(f"two of the registries given use the handle {handle} for services with different "
                               "WireGuard keys; rename one of them, because a match could not tell them apart")


def _keys_by_handle(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """Keys of every service that has some."""
    return _by_handle(snapshot.with_key())


def _keys_of(snapshot: Snapshot, handles: Sequence[str]) -> dict[str, frozenset[str]]:
    """Keys of these services, of those that have some. Reading all keys is quicker than to ask for many handles."""
    if len(handles) * READS_PER_HANDLE > snapshot.key_count:
        return _keys_by_handle(snapshot)
    return _by_handle(record for handle in handles for record in snapshot.by_service(handle))


def _by_handle(records: Iterable[Record]) -> dict[str, frozenset[str]]:
    keys: dict[str, set[str]] = {}
    for record in records:
        if record.mac1_key is not None:
            keys.setdefault(record.service, set()).add(record.mac1_key)
    return {handle: frozenset(found) for handle, found in keys.items()}
