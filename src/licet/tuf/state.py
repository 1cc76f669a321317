"""What the published set is now, for whoever answers for it: until when each list holds, and whose root it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from licet.tuf.current import read_current, read_offline
from licet.tuf.index import Numbered
from licet.tuf.layout import (
    EXPIRES_SOON,
    POLICY_PATH,
    REGISTRATIONS,
    ROOT,
    ROOT_BYTES_MAX,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    metadata_file,
)
from licet.tuf.roles import expires_at, fingerprint, holders, is_starter
from licet.tuf.store import PublishedFolder


@dataclass(frozen=True, slots=True)
class SetState:
    """newest: the number that is published, None for none; expires: by role, the offline ones first; root_version and
    fingerprint: of the newest root that clients see, 0 and "" for none; is_starter: a server made its keys for itself;
    is_waiting: offline keys made something that is not published yet; online: lines of the keys that the newest root
    lets say what is newest; policy: digest of the policy that the policy keys publish, None for none."""

    newest: Numbered | None
    expires: dict[str, datetime]
    root_version: int
    fingerprint: str
    is_starter: bool
    is_waiting: bool
    online: tuple[str, ...]
    policy: str | None

    def soon(self, at: datetime) -> list[tuple[str, datetime]]:
        """The lists that are over, or will be soon: time to sign them again, or to ask why nobody did."""
        return [(role, end) for role, end in self.expires.items() if end - at < EXPIRES_SOON[role]]


def read_state(store: PublishedFolder) -> SetState:
    """Raises Refused where there is no root or no list of the policy keys, BadFile where the folder is damaged."""
    offline, current = read_offline(store), read_current(store)
    expires = {ROOT: expires_at(offline.root), TARGETS: expires_at(offline.targets)}
    if current is not None:
        expires |= {REGISTRATIONS: expires_at(current.registrations), SNAPSHOT: expires_at(current.snapshot),
                    TIMESTAMP: expires_at(current.timestamp)}
    published = offline.published_root
    version = 0 if published is None else published.signed.version
    raw = store.read(metadata_file(ROOT, version), ROOT_BYTES_MAX) if version else None
    is_waiting = offline.root.signed.version != version or offline.targets_file.startswith(".")
    newest = None if current is None else current.index.newest
    [online] = holders(offline.root.signed, (TIMESTAMP,))
    listed = offline.targets.signed.targets.get(POLICY_PATH)
    policy = None if listed is None else f"sha256:{listed.hashes['sha256']}"
    return SetState(newest, expires, version, fingerprint(raw) if raw else "", is_starter(offline.root.signed),
                    is_waiting, online.keys, policy)
