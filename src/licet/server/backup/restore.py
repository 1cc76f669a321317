"""`licet restore`: the same registry again, in SQLite or PostgreSQL, all of it or nothing.

The backup is read, its digests are checked and its tables are brought up to date beside the target; only then the
target is written, in one transaction.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from licet.errors import BadFile, BadInput, Refused, Unavailable, VerificationFailed
from licet.server.backup.archive import MODE, Manifest, read_archive, secrets_path, text_digest
from licet.server.backup.rows import SIDE, close_side, copy_rows, counts, has_registry, newest_snapshot, open_side
from licet.server.database import SQLITE_WAIT_S
from licet.server.deployment import Deployment, read_secret


def restore_backup(deployment: Deployment, path: Path, *, replace: bool) -> tuple[Manifest, bool]:
    """Put a backup where the deployment says. replace: also over a registry that is there. Returns what it holds, and
    whether its secrets were beside it. Raises Refused for a registry that is there, BadFile, BadInput or
    VerificationFailed for a backup that cannot be used, and Unavailable where the service holds the database."""
    with TemporaryDirectory(prefix=".restore-", dir=deployment.data) as folder:
        database = Path(folder) / "registry.sqlite3"
        manifest = read_archive(path, database)
        secret = _read_secret(path, manifest)
        _refuse_newer(manifest)
        _refuse_full(deployment, replace)
        open_side(database)
        try:
            _bring_up_to_date(path, manifest)
            _put(deployment, database)
        finally:
            close_side()
    if secret is not None:
        _put_secret(deployment.secret_key_path, secret)
    return manifest, secret is not None


def _read_secret(path: Path, manifest: Manifest) -> str | None:
    """The secret beside a backup, if it is there. Raises VerificationFailed for one of another backup."""
    beside = secrets_path(path)
    if not beside.exists():
        return None
    secret = read_secret(beside)
    if text_digest(secret) != manifest.secret_digest:
        raise VerificationFailed(f"{beside} belongs to another backup than {path.name}; take it away, or find the "
                                 "right one. Without it everybody has to sign in again, and nothing else is lost")
    return secret


def _refuse_newer(manifest: Manifest) -> None:
    """Raises BadInput for a backup whose tables this program does not know."""
    known = set(MigrationLoader(None).disk_migrations or ())
    for app, names in manifest.migrations.items():
        for name in names:
            if (app, name) not in known:
                raise BadInput(f"this backup was made by licet {manifest.version}, which is newer than this one "
                               f"(migration {app}.{name} is not known here): update licet first")


def _refuse_full(deployment: Deployment, replace: bool) -> None:
    """Raises Refused where there is a registry already."""
    if has_registry() and not replace:
        raise Refused("not_empty", f"there is a registry in {deployment.data} already; back it up, then restore with "
                                   "--replace, which ends it")


def _bring_up_to_date(path: Path, manifest: Manifest) -> None:
    """Do the migrations that came after the backup, and hold what is there against the manifest."""
    call_command("migrate", database=SIDE, interactive=False, verbosity=0)
    after = counts(SIDE)
    wrong = [name for name, count in manifest.counts.items() if after.get(name, count) != count]
    if wrong or newest_snapshot(SIDE) != (manifest.serial, manifest.digest):
        raise VerificationFailed(f"{path}: it does not hold what its manifest says ({', '.join(wrong) or 'snapshot'})")


def _put(deployment: Deployment, database: Path) -> None:
    if connection.vendor == "sqlite":
        connection.close()
        close_side()
        try:
            with (closing(sqlite3.connect(database)) as source,
                  closing(sqlite3.connect(deployment.database_path, timeout=SQLITE_WAIT_S)) as target):
                source.backup(target)
        except sqlite3.OperationalError as error:
            raise Unavailable(f"{deployment.database_path} is in use ({error}): stop the service first") from None
        deployment.database_path.chmod(MODE)
        return
    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic():
        copy_rows(SIDE, "default")


def _put_secret(path: Path, secret: str) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "w", encoding="ascii") as file:
            file.write(secret + "\n")
        os.replace(partial, path)
    except OSError as error:
        raise BadFile(str(path), f"cannot be written: {error.strerror or error}") from None
