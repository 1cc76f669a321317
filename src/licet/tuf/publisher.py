"""Publishing the next set: new files first, then the lists that name them, and the timestamp last (TUF §6.2).

Whoever reads at any moment, or after a loss of power at any instant, sees the old set or the new one. Nothing is
published that a client would refuse: the signatures are checked before the swap. Lists that nothing changed in are
signed again before they are over, with the same content.

A version is the second in which it was made, so that a folder that was lost and made anew still counts on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from licet.errors import Refused
from licet.tuf.current import PENDING, Current, Offline, read_current, read_offline
from licet.tuf.index import Delta, Index, Numbered, write_index
from licet.tuf.layout import (
    DELTA_SHARE,
    DELTAS_MAX,
    DELTAS_SINCE_WHOLE,
    INDEX_PATH,
    LIFE,
    METADATA_FOLDER,
    PUBLISHED_NAME,
    REGISTRATIONS,
    ROOT,
    SIGNED_AGAIN,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    WITHDRAWN_FILES_STAY,
    delta_path,
    file_of,
    metadata_file,
    whole_path,
)
from licet.tuf.signer import SigningKey
from licet.tuf.store import OWN, TEMPORARY, PublishedFolder

WITHDRAWN = f"{OWN}/withdrawn.json"
WITHDRAWN_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Step:
    """A number that is not published yet. delta: what leads to it from the number before, None where that is unknown
    or too long to be worth it."""

    numbered: Numbered
    delta: bytes | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What the registry has. steps: the numbers that came since the newest published one, without a gap, empty for
    none; whole: reads the newest snapshot, where it is needed."""

    registry: str | None
    steps: Sequence[Step]
    whole: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Published:
    """The set as it is now. was_written: something changed, or was signed again."""

    newest: Numbered
    expires: datetime
    was_written: bool


@dataclass
class _Set:
    """A set in the making: files to write, in the order of their names; lists by role."""

    files: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)


def publish(store: PublishedFolder, keys: Sequence[SigningKey], offer: Offer, at: datetime) -> Published:
    """Publish what is offered, if anything is new or must be signed again. The caller holds the store.

    keys: each signs, so that who still has an old root and who has the new one both follow while a key is replaced.
    Raises Refused where the keys are not those that root and policy keys name, BadFile for the folder.
    """
    offline, current = read_offline(store), read_current(store)
    work = _Work(keys, at.replace(microsecond=0), offline, current)
    made, index = _Set(), current.index if current is not None else None
    targets: Mapping[str, TargetFile] = {} if current is None else current.registrations.signed.targets
    if offer.steps or index is None:
        index, targets = _next_files(made, current, offer)
    registrations = work.registrations(made, targets)
    snapshot = work.snapshot(made, registrations)
    timestamp = work.timestamp(made, snapshot)
    if made.lists or work.has_new_root:
        _write(store, made, offline)
    _tidy(store, at, timestamp, snapshot, registrations, offline)
    return Published(index.newest, timestamp.signed.expires, bool(made.lists) or work.has_new_root)


def _next_files(made: _Set, current: Current | None, offer: Offer) -> tuple[Index, Mapping[str, TargetFile]]:
    """The files of the newest number, and the index of all that can be had."""
    if not offer.steps:
        raise ValueError("nothing was offered, and nothing is published")
    newest = offer.steps[-1].numbered
    deltas: list[Delta] = [] if current is None else list(current.index.deltas)
    listed: dict[str, TargetFile] = {} if current is None else dict(current.registrations.signed.targets)
    before = None if current is None else current.index.newest
    for step in offer.steps:
        if before is None or step.delta is None or step.numbered.serial != before.serial + 1:
            deltas.clear()
        else:
            path = delta_path(step.numbered.serial)
            listed[path] = _file(made, path, step.delta)
            deltas.append(Delta(step.numbered.serial, before.digest, step.numbered.digest))
        before = step.numbered
    deltas = deltas[-DELTAS_MAX:]
    whole = None if current is None else current.index.whole
    if whole is None or not _is_near(whole, newest, deltas, listed):
        whole = newest
        listed[whole_path(whole.serial)] = _file(made, whole_path(whole.serial), offer.whole())
    index = Index(offer.registry, newest, whole, tuple(deltas))
    listed[INDEX_PATH] = _file(made, INDEX_PATH, write_index(index))
    kept = {INDEX_PATH, whole_path(whole.serial), *(delta_path(delta.serial) for delta in deltas)}
    return index, {path: listed[path] for path in sorted(kept)}


def _is_near(whole: Numbered, newest: Numbered, deltas: Sequence[Delta], listed: Mapping[str, TargetFile]) -> bool:
    """True where it costs a newcomer little to take the whole and the deltas since."""
    since = [delta for delta in deltas if delta.serial > whole.serial]
    if len(since) != newest.serial - whole.serial or not since or since[0].before != whole.digest:
        return False
    cost = sum(listed[delta_path(delta.serial)].length for delta in since)
    return len(since) <= DELTAS_SINCE_WHOLE and cost * DELTA_SHARE <= listed[whole_path(whole.serial)].length


def _file(made: _Set, path: str, raw: bytes) -> TargetFile:
    digest = hashlib.sha256(raw).hexdigest()
    made.files[file_of(path, digest)] = raw
    return TargetFile(len(raw), {"sha256": digest}, path)


class _Work:
    """The lists of a set, each kept as it is where nothing about it must change."""

    def __init__(self, keys: Sequence[SigningKey], at: datetime, offline: Offline, current: Current | None) -> None:
        self._keys, self._at, self._offline, self._current = keys, at, offline, current
        self.has_new_root = offline.root_file.startswith(PENDING)
        if not self._is_signed(offline.targets, TARGETS):
            raise Refused("policy_not_signed", f"the policy keys' list {offline.targets.signed.version} is not signed "
                          f"by the policy keys that root {offline.root.signed.version} names: they sign a next one, "
                          "with `licet keys policy`. Nothing was published, and what is published stays")

    def registrations(self, made: _Set, targets: Mapping[str, TargetFile]) -> Metadata[Targets]:
        """The list of what the online key publishes."""
        old = None if self._current is None else self._current.registrations
        if old is not None and dict(old.signed.targets) == dict(targets) and self._holds(old, REGISTRATIONS):
            return old
        signed = Targets(self._version(old), None, self._at + LIFE[REGISTRATIONS], dict(targets))
        return self._signed(made, REGISTRATIONS, Metadata(signed))

    def snapshot(self, made: _Set, registrations: Metadata[Targets]) -> Metadata[Snapshot]:
        """Which versions belong together."""
        old = None if self._current is None else self._current.snapshot
        raw = made.lists.get(REGISTRATIONS) or (self._current.raw_registrations if self._current else b"")
        meta = {
            f"{TARGETS}.json": MetaFile.from_data(self._offline.targets.signed.version, self._offline.raw_targets,
                                                  ["sha256"]),
            f"{REGISTRATIONS}.json": MetaFile.from_data(registrations.signed.version, raw, ["sha256"]),
        }
        if old is not None and old.signed.meta == meta and self._holds(old, SNAPSHOT):
            return old
        signed = Snapshot(self._version(old), None, self._at + LIFE[SNAPSHOT], meta)
        return self._signed(made, SNAPSHOT, Metadata(signed))

    def timestamp(self, made: _Set, snapshot: Metadata[Snapshot]) -> Metadata[Timestamp]:
        """Which set is the newest, and until when nobody has to look again."""
        old = None if self._current is None else self._current.timestamp
        if old is not None and SNAPSHOT not in made.lists and self._holds(old, TIMESTAMP):
            return old
        raw = made.lists.get(SNAPSHOT)
        meta = old.signed.snapshot_meta if raw is None and old is not None else (
            MetaFile.from_data(snapshot.signed.version, raw or b"", ["sha256"]))
        signed = Timestamp(self._version(old), None, self._at + LIFE[TIMESTAMP], meta)
        return self._signed(made, TIMESTAMP, Metadata(signed))

    def _holds(self, old: Metadata[Any], role: str) -> bool:
        """True where a list can stay: it is not due to be signed again, and clients of any root will take it."""
        is_fresh = self._at < old.signed.expires - LIFE[role] + SIGNED_AGAIN[role]
        is_of_its_time = old.signed.expires <= self._at + LIFE[role]  # else the clock was set back
        return is_fresh and is_of_its_time and self._is_signed(old, role)

    def _version(self, old: Metadata[Any] | None) -> int:
        seconds = int(self._at.timestamp())
        return seconds if old is None else max(seconds, old.signed.version + 1)

    def _signed(self, made: _Set, role: str, metadata: Metadata[Any]) -> Metadata[Any]:
        for key in self._keys:
            key.add_signature(metadata)
        if not self._is_signed(metadata, role):
            names = "the policy keys' list" if role == REGISTRATIONS else "the root"
            raise Refused("wrong_online_key", f"the keys on this machine are not those that {names} lets sign the role "
                          f"{role}; nothing was published, and what is published stays")
        made.lists[role] = metadata.to_bytes()
        return metadata

    def _is_signed(self, metadata: Metadata[Any], role: str) -> bool:
        """True where clients who have the newest root will take a list."""
        delegator: Root | Targets = self._offline.root.signed
        if role == REGISTRATIONS:
            delegator = self._offline.targets.signed
        try:
            delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except (UnsignedMetadataError, ValueError):
            return False
        return True


def _write(store: PublishedFolder, made: _Set, offline: Offline) -> None:
    """Bring a set into the folder. Until the timestamp is swapped nothing refers to what is new; a waiting root comes
    after it, since the timestamp is signed for who has the old root too."""
    store.write({path: raw for path, raw in made.files.items() if store.size(path) != len(raw)})
    version = offline.targets.signed.version
    lists = {metadata_file(TARGETS, version): offline.raw_targets}
    for role in (REGISTRATIONS, SNAPSHOT):
        if role in made.lists:
            lists[metadata_file(role, json.loads(made.lists[role])["signed"]["version"])] = made.lists[role]
    if offline.published_root is None:
        _show_roots(store, offline)
    store.write(lists)
    if TIMESTAMP in made.lists:
        store.write({metadata_file(TIMESTAMP, None): made.lists[TIMESTAMP]})
    _show_roots(store, offline)
    store.remove(f"{PENDING}/{version}.{TARGETS}.json")


def _show_roots(store: PublishedFolder, offline: Offline) -> None:
    """Bring roots that wait to where clients look, in their order."""
    for version in range(1, offline.root.signed.version + 1):
        waiting = f"{PENDING}/{version}.{ROOT}.json"
        if store.size(waiting) is not None:
            store.move(waiting, metadata_file(ROOT, version))


def _tidy(store: PublishedFolder, at: datetime, timestamp: Metadata[Timestamp], snapshot: Metadata[Snapshot],
          registrations: Metadata[Targets], offline: Offline) -> None:
    """Remove what nothing refers to, some hours after it was withdrawn: somebody may be reading it."""
    kept = {metadata_file(TIMESTAMP, None), metadata_file(SNAPSHOT, timestamp.signed.snapshot_meta.version)}
    for role in (TARGETS, REGISTRATIONS):
        kept.add(metadata_file(role, snapshot.signed.meta[f"{role}.json"].version))
    listed = (*registrations.signed.targets.values(), *offline.targets.signed.targets.values())
    kept.update(file_of(one.path, one.hashes["sha256"]) for one in listed)
    known = store.read(WITHDRAWN, WITHDRAWN_BYTES_MAX)
    since: dict[str, str] = json.loads(known) if known else {}
    now: dict[str, str] = {}
    for path in sorted(store.files() - kept):
        if path.startswith(METADATA_FOLDER) and path.endswith((f".{ROOT}.json", f".{TARGETS}.json")):
            continue  # Every root stays: clients go from one to the next. The policy keys' lists are few.
        is_unfinished = path.endswith(TEMPORARY)
        if not PUBLISHED_NAME.fullmatch(path.removesuffix(TEMPORARY)):
            continue  # somebody else's
        moment = since.get(path, at.astimezone(UTC).isoformat())
        if is_unfinished or at - datetime.fromisoformat(moment) >= WITHDRAWN_FILES_STAY:
            store.remove(path)
        else:
            now[path] = moment
    if now != since:
        store.write({WITHDRAWN: json.dumps(now, indent=1).encode()})

