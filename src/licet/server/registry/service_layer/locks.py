"""Locking what is about to change. Always in this order, so that two transactions cannot wait for each other: registry,
organisation, service. On SQLite a transaction holds the only write lock from its start, and these only read again."""

from __future__ import annotations

from licet.server.registry.models import Organisation, Registry, Service


def lock_registry() -> Registry:
    """The registry's row, for what concerns all of it: numbering snapshots, naming officers."""
    return Registry.objects.select_for_update().get(pk=1)


def lock_organisation(pk: int) -> Organisation:
    """An organisation, for what is counted over its services."""
    return Organisation.objects.select_for_update().get(pk=pk)


def lock_service(pk: int) -> Service:
    """A service, for everything that concerns it: endpoints, proofs, applications, its registration."""
    return Service.objects.select_for_update().get(pk=pk)
