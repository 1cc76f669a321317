"""What is registered at an address for something else than was seen there: its owner is told, and has 14 days, before
an order may rest on that (lifecycle §6, 9).

The 14 days run from the mail: what could not be sent told nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from licet.model.canonical import moment_ns
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.server.orders.registered import services_at
from licet.server.registry.models import Notice
from licet.server.registry.service_layer.actors import Actor, require_officer

KIND = "conflict_seen"


def _prefix(endpoint: str) -> str:
    return f"conflict {endpoint} "


@transaction.atomic
def tell_owners(actor: Actor, endpoint: str, *, at: datetime) -> int:
    """Write to everybody who has something registered at the address of an endpoint, once; officers are written to for
    what the owner of the network permitted. Returns to how many services. Raises Refused."""
    require_officer(actor)
    told = 0
    for service in services_at(parse_endpoint(endpoint).address):
        _row, is_new = Notice.objects.get_or_create(key=f"{_prefix(endpoint)}{service.handle}", defaults={
            "kind": KIND, "created": at, "service": service, "organisation": service.organisation,
            "details": {"endpoint": endpoint}})
        told += is_new
    return told


def noticed_ns(endpoints: Iterable[str]) -> dict[Endpoint, int]:
    """When everybody who has something registered at the address of an endpoint had been told, for those where that is
    so; nanoseconds since the epoch."""
    found: dict[Endpoint, int] = {}
    for text in endpoints:
        place = parse_endpoint(text)
        handles = {service.handle for service in services_at(place.address)}
        rows = Notice.objects.filter(key__startswith=_prefix(text), service__handle__in=handles)
        sent = [one.sent_at for one in rows if one.sent_at is not None]
        if handles and len(sent) == len(handles):
            found[place] = max(map(moment_ns, sent))
    return found
