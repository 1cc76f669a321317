"""`licet backup`: the registry of one moment as one file, while the service goes on.

From SQLite it is taken by the online backup API, from PostgreSQL row by row within one read-only transaction. Either
way what is written is an SQLite database, and can be restored in both.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management import call_command
from django.db import connection

from licet import __version__
from licet.errors import BadFile, BadInput
from licet.server.backup.archive import MODE, Manifest, file_digest, secrets_path, text_digest, write_archive
from licet.server.backup.rows import (
    SIDE,
    close_side,
    copy_whole,
    counts,
    done_migrations,
    has_registry,
    newest_snapshot,
    open_side,
)
from licet.server.deployment import Deployment, read_secret
from licet.server.registry.models import Registry


def make_backup(deployment: Deployment, path: Path, *, at: datetime) -> Manifest:
    """Write a backup, and its secrets beside it. Raises BadFile or BadInput; then there is no file."""
    if not has_registry():
        raise BadInput(f"there is no registry in {deployment.data} to back up")
    for one in (path, secrets_path(path)):
        if one.exists():
            raise BadFile(str(one), "is there already; a backup is never written over another one")
    if not path.parent.is_dir():
        raise BadFile(str(path), "cannot be written: there is no such folder")
    with TemporaryDirectory(prefix=".licet-backup-", dir=path.parent) as folder:
        database = Path(folder) / "registry.sqlite3"
        _take(database)
        open_side(database)
        try:
            manifest = _manifest(database, deployment, at)
        finally:
            close_side()
        write_archive(path, manifest, database)
    _write_secrets(path, deployment)
    return manifest


def _take(database: Path) -> None:
    """The registry as a new SQLite file, without anybody's session."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(database)) as target:
            connection.connection.backup(target)
    else:
        open_side(database)
        call_command("migrate", database=SIDE, interactive=False, verbosity=0)
        copy_whole("default", SIDE)
        close_side()
    with closing(sqlite3.connect(database, isolation_level=None)) as target:
        target.execute("DELETE FROM django_session")
        target.execute("PRAGMA journal_mode=DELETE")
        target.execute("VACUUM")  # what was deleted leaves the file, too


def _manifest(database: Path, deployment: Deployment, at: datetime) -> Manifest:
    registry = Registry.objects.using(SIDE).get(pk=1)
    serial, digest = newest_snapshot(SIDE)
    secret = read_secret(deployment.secret_key_path) if deployment.secret_key_path.exists() else ""
    return Manifest(
        created=at.isoformat(), version=__version__, kind=registry.kind, name=registry.name,
        migrations=done_migrations(SIDE), counts=counts(SIDE), serial=serial, digest=digest,
        database_bytes=database.stat().st_size, database_digest=file_digest(database),
        secret_digest=text_digest(secret) if secret else "")


def _write_secrets(path: Path, deployment: Deployment) -> None:
    if not deployment.secret_key_path.exists():
        return
    beside = secrets_path(path)
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w", encoding="ascii") as file:
            file.write(read_secret(deployment.secret_key_path) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise BadFile(str(beside), f"cannot be written: {error.strerror or error}") from None
