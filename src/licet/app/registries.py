"""Several registries at once: what must hold between them."""

from __future__ import annotations

from collections.abc import Sequence

from licet.errors import BadInput
from licet.judge import Registry
from licet.snapshot import Snapshot


def refuse_shared_handles(registries: Sequence[Registry]) -> None:
    """Raise BadInput where two registries use one handle for services with different keys.

    A matched key is known by its service's handle. If another registry could use that handle for a key of its own, its
    service would pass for one of this network's.
    """
    keys_of: dict[str, frozenset[str]] = {}
    for registry in registries:
        if not isinstance(registry.snapshot, Snapshot):
            continue
        for handle, keys in _keys_by_handle(registry.snapshot).items():
            if keys_of.setdefault(handle, keys) != keys:
                raise BadInput(f"two of the registries given use the handle {handle} for services with different "
                               "WireGuard keys; rename one of them, because a match could not tell them apart")


def _keys_by_handle(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    keys: dict[str, set[str]] = {}
    for record in snapshot.records:
        if record.mac1_key is not None:
            keys.setdefault(record.service, set()).add(record.mac1_key)
    return {handle: frozenset(found) for handle, found in keys.items()}
