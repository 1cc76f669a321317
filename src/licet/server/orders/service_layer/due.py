"""What the clock does with requests, orders and appeals: publish, remind, expire, uphold. Each subject moves in a
transaction of its own; running it twice at one moment is the same as once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from licet.errors import Refused
from licet.lifecycle import appeal as appeals
from licet.lifecycle import request as requests
from licet.lifecycle.table import TIME_PASSED
from licet.server.orders.models import Appeal, Request
from licet.server.orders.service_layer.appeals import appeal_due
from licet.server.orders.service_layer.clock import open_orders, order_due
from licet.server.orders.service_layer.requests import lock as lock_request
from licet.server.registry.service_layer import journal
from licet.server.registry.service_layer.actors import CLOCK


def run_due(*, at: datetime) -> str:
    """Move everything whose time has come, and say in words what moved."""
    moved: Counter[str] = Counter()
    for name, rows, move in _work(at):
        for row in rows:
            try:
                with transaction.atomic():
                    moved[name] += move(row, at)
            except Refused:
                continue  # A fact is missing: it is looked at again in the next run.
    return ", ".join(f"{count} {name}" for name, count in sorted(moved.items()) if count) or "nothing was due"


def _work(at: datetime) -> Iterable[tuple[str, Iterable[Any], Callable[[Any, datetime], int]]]:
    received = Request.objects.filter(state=requests.RECEIVED, published_at=None,
                                      clock_since__lte=at - timedelta(days=requests.PUBLISHED_DAYS))
    late = Request.objects.filter(state=requests.ACKNOWLEDGED, overdue_at=None,
                                  clock_since__lte=at - timedelta(days=requests.ANSWER_DAYS))
    yield "requests published", list(received), _request_due
    yield "requests overdue", list(late), _request_due
    yield "moves of orders", open_orders(), order_due
    yield "moves of appeals", list(Appeal.objects.filter(state__in=appeals.OPEN).order_by("pk")), appeal_due


def _request_due(row: Request, at: datetime) -> int:
    """Publish what was received two days ago, or show that its answer is overdue; once."""
    found = lock_request(row)
    field = "published_at" if found.state == requests.RECEIVED else "overdue_at"
    if not found.is_open or getattr(found, field) is not None:
        return 0
    done = journal.move(found, requests.TABLE, TIME_PASSED, CLOCK, at)
    setattr(found, field, at)
    found.save()
    journal.write(done, found.handle)
    return 1
