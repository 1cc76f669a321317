"""Whether something is registered at an endpoint now, as the registry itself knows it."""

from __future__ import annotations

from datetime import datetime

from licet.lifecycle import application, registration
from licet.lifecycle.endpoint_proof import COUNTING
from licet.model.endpoint import parse_endpoint
from licet.server.registry.models import Endpoint, Service


def registered_handle(text: str, at: datetime, protocol: str = "") -> str:
    """The handle of a service that counts, or is on hold, at an endpoint such as 192.0.2.10:51820/udp; "" for none.
    protocol: a family, or "" for any. What its owner left open in a registration is open."""
    place = parse_endpoint(text)
    for found in Endpoint.objects.filter(address=place.address).select_related("service"):
        stands = found.state in COUNTING or (found.counts_until is not None and at < found.counts_until)
        fits = found.transport in ("", place.transport) and found.port in (None, place.port)
        speaks = not protocol or found.tunnel_protocol == protocol or (
            found.tunnel_protocol == "ipsec" and protocol.startswith("ipsec"))
        if stands and fits and speaks and _counts(found):
            return found.service.handle
    return ""


def services_at(address: str) -> list[Service]:
    """Every service that counts, or is on hold, with an endpoint at an address, whatever its port and protocol."""
    found = Endpoint.objects.filter(address=address, state__in=COUNTING).select_related("service__organisation")
    return [*dict.fromkeys(one.service for one in found.order_by("pk") if _counts(one))]


def _counts(endpoint: Endpoint) -> bool:
    service = endpoint.service
    return (service.registrations.exclude(state__in=registration.OVER).exists()
            or service.applications.filter(state=application.PROVISIONAL).exists())
