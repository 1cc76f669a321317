"""The files of a registry: reading `registry.toml` or a snapshot, and replacing a file whole or not at all.

Only this module and `index_store` of this room touch the disk. What a file is, is told by its content, never by its
name: a snapshot begins with `{`, which TOML cannot.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from licet.disk import replace
from licet.errors import BadFile
from licet.snapshot.form import Header, read_form
from licet.snapshot.index_store import INDEXED_BYTES_MIN, load_indexed, load_verified
from licet.snapshot.registry_file import REGISTRY_BYTES_MAX, RegistryFile, read_registry
from licet.snapshot.service import records_of
from licet.snapshot.snapshot import Snapshot

SNAPSHOT_BYTES_MAX = 1024 * 1024 * 1024
SYNCED_NAME = "registry.snapshot"  # in a folder that `licet snapshot sync` filled


def load(path: str | os.PathLike[str]) -> Snapshot:
    """Read a registry from `registry.toml`, a snapshot file, or a folder that was synced. Raises BadFile with the line
    of the mistake.

    A large snapshot is loaded through its index, which is built and written first where there is none.
    """
    name = file_of(os.fspath(path))
    if _is_large_snapshot(name):
        return load_indexed(name)
    raw = read_bytes(name, SNAPSHOT_BYTES_MAX)
    if is_snapshot(raw):
        header, records = read_form(name, raw)
        return Snapshot(header, records, form=raw)
    return snapshot_of(read_registry(name, raw))


def load_checked(path: str) -> Snapshot:
    """Read a whole snapshot file and check all of it, whatever an index says. Raises BadFile, also for what is no
    snapshot."""
    path = file_of(path)
    if _is_large_snapshot(path):
        return load_verified(path)
    raw = read_bytes(path, SNAPSHOT_BYTES_MAX)
    header, records = read_form(path, raw)
    return Snapshot(header, records, form=raw)


def file_of(path: str) -> str:
    """The snapshot in a folder that was synced; any other path as it is. Raises BadFile for a folder without one."""
    if not os.path.isdir(path):
        return path
    inside = os.path.join(path, SYNCED_NAME)
    if not os.path.isfile(inside):
        raise BadFile(path, f"is a folder without {SYNCED_NAME}; `licet snapshot sync` brings one")
    return inside


def _is_large_snapshot(path: str) -> bool:
    """True for a snapshot that is worth an index. What cannot be opened is small here: reading it says why."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    is_large = stat.S_ISREG(status.st_mode) and INDEXED_BYTES_MIN <= status.st_size <= SNAPSHOT_BYTES_MAX
    return is_large and is_snapshot_file(path)


def is_snapshot_file(path: str) -> bool:
    """True for a file that begins as a snapshot does. Raises BadFile where it cannot be opened."""
    path = file_of(path)
    try:
        with open(path, "rb") as file:
            return is_snapshot(file.read(1))
    except OSError as error:
        raise BadFile(path, f"cannot be read: {error.strerror or error}") from None


def is_snapshot(raw: bytes) -> bool:
    """True for a snapshot, False for what can only be TOML."""
    return raw.startswith(b"{")


def snapshot_of(registry: RegistryFile, header: Header | None = None) -> Snapshot:
    """The snapshot of a registry file, without a serial unless a header gives one."""
    records = [record for service in registry.services for record in records_of(service)]
    return Snapshot(header or Header(registry=registry.name), records, registry.services)


def read_bytes(path: str, bytes_max: int = REGISTRY_BYTES_MAX) -> bytes:
    """A whole file. Raises BadFile where it cannot be opened or is larger than the bound."""
    try:
        with open(path, "rb") as file:
            raw = file.read(bytes_max + 1)
    except OSError as error:
        raise BadFile(path, f"cannot be read: {error.strerror or error}") from None
    if len(raw) > bytes_max:
        raise BadFile(path, f"has more than {bytes_max} bytes, the most that are read")
    return raw


def replace_file(path: str, raw: bytes) -> None:
    """Write a file so that a reader, or a loss of power, sees the old content or the new one and nothing between.

    A link is followed, and the permissions of an old file are kept. Raises BadFile.
    """
    target = Path(os.path.realpath(path))
    try:
        replace(target, raw)
    except OSError as error:
        raise BadFile(path, f"cannot be written: {error.strerror or error}") from None
