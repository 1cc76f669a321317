"""Locking what is about to change. Always in this order, so that two transactions cannot wait for each other: registry,
organisation, service, outbox. On SQLite a transaction holds the only write lock from its start, and these only read
again."""

from __future__ import annotations

from django.db import OperationalError, connection, transaction

from licet.server.registry.models import Organisation, Registry, Service

OUTBOX_LOCK = 7_118_042_001  # a number for PostgreSQL; the same for everybody who writes entries of this database
# Shorter than the second after which PostgreSQL looks for transactions that wait for each other: who waits for all
# gives up first, and nobody else is stopped.
OUTBOX_WAIT_MS = 500


def lock_registry() -> Registry:
    """The registry's row, for what concerns all of it: numbering snapshots, naming officers."""
    return Registry.objects.select_for_update().get(pk=1)


def lock_organisation(pk: int) -> Organisation:
    """An organisation, for what is counted over its services."""
    return Organisation.objects.select_for_update().get(pk=pk)


def lock_service(pk: int) -> Service:
    """A service, for everything that concerns it: endpoints, proofs, applications, its registration."""
    return Service.objects.select_for_update().get(pk=pk)


def join_outbox() -> None:
    """Say that this transaction writes an entry, before the entry gets its key. Any number of them do at once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [OUTBOX_LOCK])


def settle_outbox() -> bool:
    """Wait until every entry that got a key is committed, and let nobody write another until this transaction ends. On
    PostgreSQL one with a smaller key may be committed later: without this, nobody could say what came before. False
    where somebody takes too long; then nothing is locked."""
    if connection.vendor != "postgresql":
        return True
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout')")
            before = cursor.fetchone()
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(OUTBOX_WAIT_MS)])
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [OUTBOX_LOCK])
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", before)
    except OperationalError:
        return False
    return True
