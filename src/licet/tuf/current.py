"""What is in the folder of the published set: the lists that belong together now, and what offline keys brought.

The publisher reads its own folder, so nothing is verified here beyond that the pieces fit; the client verifies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from licet.errors import BadFile, Malformed, Refused
from licet.tuf.index import Index, read_index
from licet.tuf.layout import (
    INDEX_BYTES_MAX,
    INDEX_PATH,
    REGISTRATIONS,
    ROOT,
    ROOT_BYTES_MAX,
    ROOTS_MAX,
    SNAPSHOT,
    SNAPSHOT_BYTES_MAX,
    TARGETS,
    TARGETS_BYTES_MAX,
    TIMESTAMP,
    TIMESTAMP_BYTES_MAX,
    file_of,
    metadata_file,
)
from licet.tuf.roles import RootList, T, TargetsList, read_metadata
from licet.tuf.store import OWN, PublishedFolder

PENDING = f"{OWN}/pending"


@dataclass(frozen=True, slots=True)
class Current:
    """The set that clients see now. raw: the files of registrations and snapshot as they are."""

    timestamp: Metadata[Timestamp]
    snapshot: Metadata[Snapshot]
    registrations: Metadata[Targets]
    raw_registrations: bytes
    index: Index


def read_current(store: PublishedFolder) -> Current | None:
    """The published set, None where there is none. Raises BadFile where it does not hold together."""
    path = metadata_file(TIMESTAMP, None)
    raw = store.read(path, TIMESTAMP_BYTES_MAX)
    if raw is None:
        return None
    try:
        timestamp = read_metadata(raw, Timestamp)
        version = timestamp.signed.snapshot_meta.version
        path = metadata_file(SNAPSHOT, version)
        snapshot = read_metadata(_read(store, path, SNAPSHOT_BYTES_MAX), Snapshot)
        path = metadata_file(REGISTRATIONS, snapshot.signed.meta[f"{REGISTRATIONS}.json"].version)
        raw_registrations = _read(store, path, TARGETS_BYTES_MAX)
        registrations = read_metadata(raw_registrations, Targets)
        listed = registrations.signed.targets[INDEX_PATH]
        path = file_of(INDEX_PATH, listed.hashes["sha256"])
        raw = _read(store, path, INDEX_BYTES_MAX)
        listed.verify_length_and_hashes(raw)
        return Current(timestamp, snapshot, registrations, raw_registrations, read_index(raw))
    except (Malformed, RepositoryError, KeyError) as error:
        raise BadFile(str(store.folder / path), f"the published set does not hold together here ({error}); restore the "
                      "folder from a mirror, or remove it: a new one is then made, and clients follow") from None


def _read(store: PublishedFolder, path: str, bytes_max: int) -> bytes:
    raw = store.read(path, bytes_max)
    if raw is None:
        raise Malformed("a file is missing")
    return raw


@dataclass(frozen=True, slots=True)
class Offline:
    """What offline keys made: the newest root and the policy keys' newest list, whether published or waiting.

    root_file, targets_file: where they are; published_root: the newest root that clients can see, None for none."""

    root: Metadata[Root]
    root_file: str
    published_root: Metadata[Root] | None
    targets: Metadata[Targets]
    targets_file: str
    raw_targets: bytes


def read_newest(store: PublishedFolder) -> tuple[RootList | None, TargetsList | None]:
    """The newest root and the policy keys' newest list, published or waiting; None for what is not there. Raises
    BadFile where one is damaged."""
    roots = [root for _, root, _ in _versions(store, ROOT, ROOT_BYTES_MAX, Root)]
    lists = [targets for _, targets, _ in _versions(store, TARGETS, TARGETS_BYTES_MAX, Targets)]
    return roots[-1] if roots else None, lists[-1] if lists else None


def read_offline(store: PublishedFolder) -> Offline:
    """Raises Refused where one of them is missing, BadFile where one is damaged."""
    roots = list(_versions(store, ROOT, ROOT_BYTES_MAX, Root))
    lists = list(_versions(store, TARGETS, TARGETS_BYTES_MAX, Targets))
    if not roots or not lists:
        raise Refused("no_root", f"snapshots are not published in {store.folder}: it has no "
                      f"{'root' if not roots else 'list of the policy keys'} yet; see docs/keys.md")
    published = [metadata for path, metadata, _ in roots if not path.startswith(PENDING)]
    root_file, root, _ = roots[-1]
    targets_file, targets, raw_targets = lists[-1]
    return Offline(root, root_file, published[-1] if published else None, targets, targets_file, raw_targets)


def _versions(store: PublishedFolder, role: str, bytes_max: int,
              kind: type[T]) -> Iterator[tuple[str, Metadata[T], bytes]]:
    """Each version of a list in turn, from one on: where it is, and what it says."""
    for version in range(1, ROOTS_MAX + 1):
        path = metadata_file(role, version)
        for place in (path, f"{PENDING}/{version}.{role}.json"):
            raw = store.read(place, bytes_max)
            if raw is not None:
                break
        else:
            return
        try:
            yield place, read_metadata(raw, kind), raw
        except Malformed as error:
            raise BadFile(str(store.folder / place), str(error)) from None
