"""The directory for programs: every listed service, as its page shows it, fifty at a time (docs/formats.md).

`licet log verify --published` compares it with the log: `facts` has the digest that the log has, and nothing is said
here that an entry does not stand behind.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from licet.lifecycle import endpoint_proof, registration
from licet.server.registry.models import Endpoint, Registration, Registry, Service
from licet.server.registry.service_layer.listings import facts_of, listed_services
from licet.snapshot.registry_file import HANDLE

SCHEMA = "licet.directory/1"
A_PAGE = 50


@require_safe
def directory_json(request: HttpRequest) -> HttpResponse:
    """Services by handle, from the one after `after` on; `next` is the address of the next page, or null."""
    after = request.GET.get("after", "")
    found = listed_services().order_by("handle").select_related("organisation")
    if HANDLE.fullmatch(after):
        found = found.filter(handle__gt=after)
    services = list(found[: A_PAGE + 1])
    rows = _rows(services[:A_PAGE])
    more = f"{reverse('public:directory_json')}?after={services[A_PAGE - 1].handle}" if len(services) > A_PAGE else None
    name = Registry.objects.values_list("name", flat=True).filter(pk=1).first()
    return JsonResponse({"schema": SCHEMA, "registry": name, "services": rows, "next": more},
                        json_dumps_params={"ensure_ascii": False})


def _rows(services: list[Service]) -> list[dict[str, Any]]:
    keys = [one.pk for one in services]
    standing = {one.service_id: one for one in Registration.objects.filter(service__in=keys).exclude(
        state__in=registration.OVER)}
    endpoints: dict[int, list[dict[str, str]]] = {}
    counting = Endpoint.objects.filter(service__in=keys, dropped_at=None, state__in=endpoint_proof.COUNTING)
    for one in counting.order_by("entry_text", "pk"):
        endpoints.setdefault(one.service_id, []).append(
            {"endpoint": _place(one), "protocol": one.tunnel_protocol, "name": one.name, "proof": one.state})
    return [
        {"service": service.handle, "status": registration.published_status(standing[service.pk].state),
         "exDate": standing[service.pk].ex_date.date().isoformat(), "facts": facts_of(service),
         "endpoints": endpoints.get(service.pk, [])}
        for service in services if service.pk in standing
    ]


def _place(endpoint: Endpoint) -> str:
    """Address, port and transport from the row itself; "" for a key that may be anywhere."""
    if not endpoint.address:
        return ""
    host = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    port = "" if endpoint.port is None else f":{endpoint.port}"
    return f"{host}{port}/{endpoint.transport}"
