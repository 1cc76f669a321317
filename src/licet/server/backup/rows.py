"""What a registry consists of, counted and copied from one database to another: the same in SQLite and PostgreSQL.

Sessions are left out, so that a backup signs nobody in; so is what migrations make by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management.color import no_style
from django.db import DatabaseError, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from django.db.models.sql import InsertQuery

from licet.server.registry.models import Registry, Snapshot

SIDE = "backup"  # the other database, for as long as a backup or a restore takes
BATCH = 200


def kept_models() -> list[type[Model]]:
    """Every model whose rows are the registry."""
    own = [model for label in ("registry", "orders")
           for model in apps.get_app_config(label).get_models(include_auto_created=True)]
    return [*own, EmailAddress, EmailConfirmation, Authenticator]


def open_side(path: Path) -> None:
    """Make an SQLite file known to Django under the name SIDE."""
    close_side()
    filled = connections.configure_settings({
        "default": {}, SIDE: {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}})
    connections.databases[SIDE] = filled[SIDE]


def close_side() -> None:
    """Forget that file."""
    if SIDE in connections.databases:
        connections[SIDE].close()
        del connections[SIDE]
        del connections.databases[SIDE]


def counts(using: str) -> dict[str, int]:
    """How many rows of each kind there are."""
    return {model.__name__: model._base_manager.using(using).count() for model in kept_models()}


def newest_snapshot(using: str) -> tuple[int, str]:
    """Serial and digest of the newest snapshot; (0, "") where none was published."""
    found = Snapshot.objects.using(using).order_by("-serial").values_list("serial", "digest").first()
    return found or (0, "")


def done_migrations(using: str) -> dict[str, list[str]]:
    """The names of the migrations that were done, by app."""
    found: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connections[using]).applied_migrations()):
        found.setdefault(app, []).append(name)
    return found


def has_registry() -> bool:
    """True where a registry is there to be backed up, or to be ended. Makes no file where there is none."""
    database = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite" and not Path(str(database["NAME"])).exists():
        return False
    try:
        return Registry.objects.filter(pk=1).exists()
    except DatabaseError:
        return False  # no tables yet


def copy_rows(source: str, target: str) -> None:
    """Copy every row with its key, inside the caller's transaction on the target; rows that are there go first. Foreign
    keys are checked at the end of that transaction."""
    models = kept_models()
    for model in reversed(models):
        model._base_manager.using(target).all()._raw_delete(target)
    for model in models:
        for batch in _batches(model, source):
            # As raw rows: no date is set anew, and rows that are written once are written once.
            query = InsertQuery(model)
            query.insert_values(list(model._meta.concrete_fields), batch, raw=True)
            query.get_compiler(using=target).execute_sql()
    with connections[target].cursor() as cursor:
        for statement in connections[target].ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def _batches(model: type[Model], source: str) -> Iterator[list[Any]]:
    size = 1 if model is Snapshot else BATCH  # one snapshot can be as large as a hundred thousand other rows
    batch: list[Any] = []
    for row in model._base_manager.using(source).order_by("pk").iterator(chunk_size=size):
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def copy_whole(source: str, target: str) -> None:
    """Copy as of one moment: the target has all of it or what it had before."""
    with transaction.atomic(using=target), transaction.atomic(using=source):
        if connections[source].vendor == "postgresql":
            with connections[source].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        copy_rows(source, target)
