"""Names, bounds and lifetimes of the published set (TUF specification 1.0, §3 to §6).

    metadata/timestamp.json            the newest set; the one file that changes
    metadata/N.snapshot.json           which version of each list belongs to it
    metadata/N.registrations.json      the files that the online key may publish
    metadata/N.targets.json            the files that the policy keys publish, and whom they let publish registrations
    metadata/N.root.json               whose keys sign what; each is signed by the one before it
    targets/registrations/HASH.index.json, HASH.12.snapshot, HASH.11-12.delta
    targets/policy/HASH.policy.toml
    .publisher/                        the publisher's own; not to be served

What the online key may publish begins with `registrations/`; a file of any other name that it lists is not found.
"""

from __future__ import annotations

import re
from datetime import timedelta

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"
REGISTRATIONS = "registrations"
ROLES = (ROOT, TARGETS, REGISTRATIONS, SNAPSHOT, TIMESTAMP)

METADATA_FOLDER, TARGETS_FOLDER = "metadata", "targets"
REGISTRATION_PATHS = "registrations/*"
INDEX_PATH = "registrations/index.json"
POLICY_PATH = "policy/policy.toml"

# The expire interval of the registry is a day: a client that was shown nothing newer for so long says so.
LIFE = {TIMESTAMP: timedelta(hours=24), SNAPSHOT: timedelta(days=7), REGISTRATIONS: timedelta(days=7)}
# How old a list is when it is signed again, though nothing changed.
SIGNED_AGAIN = {TIMESTAMP: timedelta(hours=1), SNAPSHOT: timedelta(days=1), REGISTRATIONS: timedelta(days=1)}
OFFLINE_DAYS = 365
EXPIRES_SOON = {ROOT: timedelta(days=45), TARGETS: timedelta(days=45), TIMESTAMP: timedelta(hours=12),
                SNAPSHOT: timedelta(days=3), REGISTRATIONS: timedelta(days=3)}

ROOT_BYTES_MAX = 128 * 1024
TIMESTAMP_BYTES_MAX = 16 * 1024
SNAPSHOT_BYTES_MAX = 64 * 1024
TARGETS_BYTES_MAX = 512 * 1024
INDEX_BYTES_MAX = 256 * 1024
POLICY_BYTES_MAX = 1024 * 1024
WHOLE_BYTES_MAX = 1024 * 1024 * 1024
ROOTS_MAX = 256  # rotations that a client follows in one go

DELTAS_MAX = 64  # listed at a time: who is further behind takes the whole
DELTAS_SINCE_WHOLE = 32
DELTA_SHARE = 8  # deltas since the whole may have this part of its bytes, then a new whole is published
WITHDRAWN_FILES_STAY = timedelta(hours=6)  # for who is reading them

# Every name that a file of the set can have.
PUBLISHED_NAME = re.compile(
    r"metadata/(?:timestamp|[0-9]{1,20}\.(?:root|targets|snapshot|registrations))\.json|"
    r"targets/registrations/[0-9a-f]{64}\.(?:index\.json|[0-9]{1,20}\.snapshot|[0-9]{1,20}-[0-9]{1,20}\.delta)|"
    r"targets/policy/[0-9a-f]{64}\.policy\.toml"
)


def whole_path(serial: int) -> str:
    """The target with all of a snapshot."""
    return f"registrations/{serial}.snapshot"


def delta_path(serial: int) -> str:
    """The target with what leads from the number before to this one."""
    return f"registrations/{serial - 1}-{serial}.delta"


def file_of(path: str, sha256_hex: str) -> str:
    """Where a target is below the published folder: consistent snapshots have the digest in the name (§6.2)."""
    folder, _, name = path.rpartition("/")
    return f"{TARGETS_FOLDER}/{folder}/{sha256_hex}.{name}"


def metadata_file(role: str, version: int | None) -> str:
    """Where the list of a role is; version: None for the timestamp."""
    return f"{METADATA_FOLDER}/{role}.json" if version is None else f"{METADATA_FOLDER}/{version}.{role}.json"
