"""That an enforcer was switched off by hand goes into the log, once for each time, when its report says so (lifecycle
§6, 25). Enforcers say it again and again: a report that is lost, or sent twice, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from licet.lifecycle import switching
from licet.model.enforcer_report import OFFS_MAX
from licet.server.orders.enforcers import enforcer_handle
from licet.server.orders.models import EnforcerOff
from licet.server.orders.plain import plain_word
from licet.server.registry.models import Outbox
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import MACHINE

DAY = timedelta(days=1)
OFFS_A_DAY_MAX = OFFS_MAX  # of one enforcer; what is beyond is told again, and taken the next day


def take_offs(network: str, code: str, offs: Iterable[datetime], at: datetime) -> int:
    """Log what was not yet, inside the caller's transaction and under its lock. Returns how many entries that made."""
    wanted = set(offs)
    mine = EnforcerOff.objects.filter(network=network, code=code)
    new = sorted(wanted - set(mine.filter(off__in=wanted).values_list("off", flat=True))) if wanted else []
    if not new:
        return 0
    new = new[:max(0, OFFS_A_DAY_MAX - mine.filter(told__gt=at - DAY).count())]
    subject = enforcer_handle(network, code)
    for off in new:
        EnforcerOff.objects.create(network=network, code=code, off=off, told=at)
        last = Outbox.objects.filter(subject=subject).order_by("-sequence").values_list("after", flat=True).first()
        done = journal.go_on(switching.TABLE, last or "", switching.OFF, MACHINE, at)
        journal.write(done, subject, {"enforcer": plain_word(code), "network": plain_word(network),
                                      "off": int(off.timestamp())})
    return len(new)
