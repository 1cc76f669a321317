"""An entry of the log where nothing else happened for half a day, so that everybody sees that the log is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from licet import __version__
from licet.lifecycle import keeping
from licet.server.registry.models import Outbox, Snapshot
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import MACHINE
from licet.server.registry.service_layer.locks import lock_registry

QUIET = timedelta(hours=keeping.QUIET_HOURS)


def is_quiet(at: datetime) -> bool:
    """True where the newest entry is half a day old."""
    newest = Outbox.objects.order_by("-pk").values_list("time", flat=True).first()
    return newest is not None and at - newest >= QUIET


def keep_log(*, at: datetime) -> bool:
    """Write the entry where it is due; True where it was. It says which snapshot is the newest, and which version of
    licet runs."""
    if not is_quiet(at):
        return False
    with transaction.atomic():
        lock_registry()
        if not is_quiet(at):
            return False  # another process was first
        last = Outbox.objects.filter(subject=keeping.SUBJECT).order_by("-sequence").values_list("after").first()
        done = journal.go_on(keeping.TABLE, "" if last is None else last[0], keeping.KEEP, MACHINE, at)
        serial = Snapshot.objects.order_by("-serial").values_list("serial", flat=True).first()
        journal.write(done, keeping.SUBJECT, {"snapshot": serial, "version": __version__.replace(".", "-")})
        return True
