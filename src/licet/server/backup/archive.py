"""A backup as a file: a gzipped tar with `manifest.json` first and the registry as an SQLite database after it.

The manifest has the digest and the size of the database, how many rows of each kind it holds, and the newest snapshot.
What is read from a file that somebody brings is bounded and named; nothing is unpacked by the names that it holds. The
secret that signs sessions is not in it: it stands in a file of its own beside it, readable by its owner alone.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from licet.errors import BadFile, VerificationFailed

FORMAT = "licet.backup/1"
MANIFEST, DATABASE = "manifest.json", "registry.sqlite3"
SECRETS_SUFFIX = ".secrets"
MANIFEST_BYTES_MAX = 1 << 20
DATABASE_BYTES_MAX = 1 << 38
BLOCK_BYTES = 1 << 20
MODE = 0o600
DIGEST = "sha256:"


@dataclass(frozen=True)
class Manifest:
    """created: RFC 3339; version: of licet; migrations: names of those that were done, by app; counts: rows by model;
    serial, digest: of the newest snapshot; secret_digest: of the file beside it, or ""."""

    created: str
    version: str
    kind: str
    name: str
    migrations: Mapping[str, list[str]]
    counts: Mapping[str, int]
    serial: int
    digest: str
    database_bytes: int
    database_digest: str
    secret_digest: str
    format: str = FORMAT


def file_digest(path: Path) -> str:
    """`sha256:` and the digest of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            found.update(block)
    return DIGEST + found.hexdigest()


def text_digest(text: str) -> str:
    """The same of a text."""
    return DIGEST + hashlib.sha256(text.encode()).hexdigest()


def secrets_path(path: Path) -> Path:
    """Where the secrets of a backup stand: beside it."""
    return path.with_name(path.name + SECRETS_SUFFIX)


def write_archive(path: Path, manifest: Manifest, database: Path) -> None:
    """Write a backup under another name, and give it its own when it is whole. Raises BadFile."""
    partial = path.with_name(path.name + ".partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                text = json.dumps(asdict(manifest), ensure_ascii=False, indent=2).encode()
                archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
                with database.open("rb") as rows:
                    archive.addfile(_member(DATABASE, manifest.database_bytes), rows)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BadFile(str(path), f"cannot be written: {error.strerror or error}") from None


def read_archive(path: Path, database: Path) -> Manifest:
    """Read a backup and put its database where it is wanted. Raises BadFile for what is no backup, and
    VerificationFailed where the database is not the one that the manifest describes."""
    try:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            manifest = _read_manifest(path, _content(path, archive, MANIFEST, MANIFEST_BYTES_MAX))
            rows = _content(path, archive, DATABASE, min(manifest.database_bytes, DATABASE_BYTES_MAX))
            found = _copy(rows, database)
            if archive.next() is not None:
                raise BadFile(str(path), "holds more than a backup does")
            stream.read(BLOCK_BYTES)  # up to the end, where gzip has its own sum
    except gzip.BadGzipFile:
        raise BadFile(str(path), "is not a backup of licet") from None
    except OSError as error:
        raise BadFile(str(path), f"cannot be read: {error.strerror or error}") from None
    except (tarfile.TarError, EOFError, zlib.error):
        raise BadFile(str(path), "is not a whole backup of licet: it is damaged, or was cut short") from None
    if found != (manifest.database_bytes, manifest.database_digest):
        raise VerificationFailed(f"{path}: the registry in it is not the one that was backed up: its digest is "
                                 f"{found[1]}, and the manifest says {manifest.database_digest}")
    return manifest


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, MODE
    return member


def _content(path: Path, archive: tarfile.TarFile, name: str, bytes_max: int) -> IO[bytes]:
    """The content of the next member, which must have this name."""
    member = archive.next()
    if member is None or member.name != name or not member.isreg():
        raise BadFile(str(path), f"is not a backup of licet: {name} is missing")
    if member.size > bytes_max:
        raise BadFile(str(path), f"is not a backup of licet: {name} is larger than it should be")
    content = archive.extractfile(member)
    assert content is not None
    return content


def _copy(source: IO[bytes], target: Path) -> tuple[int, str]:
    """Copy a stream into a new file; returns its size and its digest."""
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb") as file:
        while block := source.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            file.write(block)
    return size, DIGEST + digest.hexdigest()


def _read_manifest(path: Path, content: IO[bytes]) -> Manifest:
    try:
        values = json.loads(content.read())
        manifest = Manifest(**values)
        typed = (
            all(isinstance(getattr(manifest, field), str) for field in (
                "created", "version", "kind", "name", "digest", "database_digest", "secret_digest", "format"))
            and isinstance(manifest.serial, int) and isinstance(manifest.database_bytes, int)
            and all(isinstance(count, int) for count in manifest.counts.values())
            and all(isinstance(name, str) for names in manifest.migrations.values() for name in names)
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        typed = False
    if not typed:
        raise BadFile(str(path), "is not a backup of licet: its manifest cannot be read")
    if manifest.format != FORMAT:
        raise BadFile(str(path), f"is of the form {manifest.format[:40]!r}; this licet reads {FORMAT}")
    return manifest
