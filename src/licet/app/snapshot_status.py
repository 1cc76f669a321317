"""What `licet snapshot sync` left beside a snapshot: where it is from, and until when it is known to be the newest.

Only this small file is read here; scans need it, and must not load what verifies signatures. It is as trustworthy as
the snapshot beside it: both belong to whoever may write the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from licet.errors import BadFile
from licet.model.canonical import Json, canonical_json, parse_time, time_text
from licet.snapshot.store import SYNCED_NAME

SCHEMA = "licet.sync/1"
STATUS_NAME = "sync.json"
STATUS_BYTES_MAX = 16 * 1024


@dataclass(frozen=True, slots=True)
class Status:
    """url: of the set; serial, digest: of the snapshot; synced_ns: when it was verified last; valid_until_ns: when the
    first of the lists is over that say it is the newest; root_version: of the newest root; publishers: ids of the keys
    that publish registrations; policy: digest of policy.toml, None where the registry publishes none."""

    url: str
    serial: int
    digest: str
    synced_ns: int
    valid_until_ns: int
    root_version: int
    publishers: tuple[str, ...]
    policy: str | None

    def is_stale(self, at_ns: int) -> bool:
        """True where something newer may exist, and nobody looked in time."""
        return at_ns >= self.valid_until_ns


def status_bytes(status: Status) -> bytes:
    """The file."""
    members: dict[str, Json] = {
        "schema": SCHEMA, "url": status.url, "serial": status.serial, "digest": status.digest,
        "synced": time_text(status.synced_ns, 0), "valid_until": time_text(status.valid_until_ns, 0),
        "root_version": status.root_version, "publishers": status.publishers, "policy": status.policy,
    }
    return canonical_json(members) + b"\n"


def read_status(path: str) -> Status | None:
    """What is known of a registry that was synced. path: of the folder or of the snapshot in it; None where it was not
    synced. Raises BadFile."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    if not os.path.isdir(path) and os.path.basename(path) != SYNCED_NAME:
        return None
    name = os.path.join(folder, STATUS_NAME)
    try:
        with open(name, "rb") as file:
            found = json.loads(file.read(STATUS_BYTES_MAX))
        if found["schema"] != SCHEMA:
            raise ValueError
        return Status(
            str(found["url"]), int(found["serial"]), str(found["digest"]), parse_time(found["synced"]),
            parse_time(found["valid_until"]), int(found["root_version"]), tuple(map(str, found["publishers"])),
            None if found["policy"] is None else str(found["policy"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadFile(name, f"cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadFile(name, "is damaged; `licet snapshot sync` writes it anew") from None


def stale_lines(paths: Iterable[str], at_ns: int) -> Iterator[str]:
    """A sentence for each registry that is stale. Raises BadFile."""
    return stale_sentences(read_statuses(paths), at_ns)


def read_statuses(paths: Iterable[str]) -> tuple[tuple[str, Status], ...]:
    """What is known of those registries that were synced, each with its path. Raises BadFile."""
    found = ((path, read_status(path)) for path in paths)
    return tuple((path, status) for path, status in found if status is not None)


def stale_sentences(statuses: Iterable[tuple[str, Status]], at_ns: int) -> Iterator[str]:
    """A sentence for each that is stale: since when, and what to do."""
    for path, status in statuses:
        if status.is_stale(at_ns):
            folder = path if os.path.isdir(path) else os.path.dirname(path) or "."
            since = time_text(status.valid_until_ns, 0)
            yield (f"{path}: this registry is stale since {since}: what was registered or removed since is not in it. "
                   f"Bring it up to date: licet snapshot sync {status.url} {folder}")
