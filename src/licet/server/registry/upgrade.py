"""Entries that earlier versions did not write, written when the service starts: listings of what is in the directory,
and the newest snapshot. Where they are there already, nothing happens."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from licet.lifecycle import listing, publication
from licet.server.registry.models import Outbox, Snapshot
from licet.server.registry.publish import note_snapshot
from licet.server.registry.service_layer.actors import MACHINE
from licet.server.registry.service_layer.listings import listed_services, note_listing
from licet.server.registry.service_layer.locks import lock_registry, lock_service


def write_missing_entries(*, at: datetime) -> int:
    """Write what is missing, each in a transaction of its own. Returns how many."""
    known = set(Outbox.objects.filter(type=listing.TABLE.kind).values_list("subject", flat=True))
    missing = [pk for pk, handle in listed_services().order_by("pk").values_list("pk", "handle")
               if listing.subject_of(handle) not in known]
    for pk in missing:
        with transaction.atomic():
            note_listing(MACHINE, lock_service(pk), at)
    return len(missing) + _newest_snapshot(at)


@transaction.atomic
def _newest_snapshot(at: datetime) -> int:
    lock_registry()
    last = Snapshot.objects.order_by("-serial").defer("body").first()
    if last is None or Outbox.objects.filter(subject=publication.subject_of(last.serial)).exists():
        return 0
    note_snapshot(last, at, is_settled=False)
    return 1
