"""Step 3 of applying: where the service is reached. And how endpoints and keys change afterwards, without a gap."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import endpoint_proof
from licet.server.clock import utc_now
from licet.server.registrant.access import actor_of, is_done, my_endpoint, my_overview, my_service, page, posted
from licet.server.registrant.check_pool import look_up_soon
from licet.server.registrant.forms import NO, YES, ConfirmForm, EndpointForm, KeyForm, PasteForm
from licet.server.registrant.paste import Pasted, PrivateKeyPasted, read_pasted
from licet.server.registry.models import Endpoint
from licet.server.registry.service_layer import endpoints as endpoint_layer

ENDPOINTS_SHOWN = 200


@page
def endpoints(request: HttpRequest, handle: str) -> HttpResponse:
    """What was entered so far; one more, or go on."""
    found = my_overview(request, handle)
    if not found.live:
        return redirect("registrant:endpoint_add", handle=handle)
    unproven = next((one.endpoint for one in found.live if not one.endpoint.counts), None)
    return render(request, "registrant/endpoints.html", {
        "one": found, "service": found.service, "unproven": unproven, "live": found.live[:ENDPOINTS_SHOWN]})


@page
def endpoint_add(request: HttpRequest, handle: str) -> HttpResponse:
    """Paste what one has; what could be read of it is shown on the next page, to be checked."""
    service = my_service(request, handle)
    form = PasteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            found = read_pasted(form.cleaned_data["pasted"])
        except PrivateKeyPasted as refused:
            form = PasteForm()  # without what was pasted: it is not shown again
            return render(request, "registrant/endpoint_add.html", {
                "service": service, "form": form, "private_key": str(refused)}, status=400)
        except Refused as refused:
            form.add_error("pasted", str(refused))
        else:
            read, note = _initial(found)
            return render(request, "registrant/endpoint_details.html", {
                "service": service, "form": EndpointForm(initial=read), "note": note, "was_read": True})
    return render(request, "registrant/endpoint_add.html", {"service": service, "form": form})


def _initial(found: Pasted) -> tuple[dict[str, Any], str]:
    """The next page filled in, and a remark on what was looked up for it."""
    address, note = found.address, ""
    if found.name and not address:
        addresses = look_up_soon(found.name)
        address = addresses[0] if addresses else ""
        what = {"name": found.name, "addresses": ", ".join(addresses[:8])}
        note = _("%(name)s has the address %(addresses)s now. Register each address that clients use.") % what \
            if addresses else _("%(name)s has no address that we could find: enter it.") % what
    return {
        "tunnel_protocol": found.protocol or "wireguard", "address": address, "port": found.port,
        "transport": found.transport or "udp", "name": found.name, "public_key": found.public_key,
        "is_published": YES, "endpoint_class": "unknown",
    }, note


@page
def endpoint_details(request: HttpRequest, handle: str) -> HttpResponse:
    """The exact endpoint, checked by who registers it, and saved."""
    service = my_service(request, handle)
    form = EndpointForm(posted(request))
    made: list[Endpoint] = []
    if request.method == "POST" and is_done(form, lambda: made.append(
            endpoint_layer.add_endpoint(actor_of(request), service, form.values(), at=utc_now()))):
        return redirect("registrant:endpoints", handle=handle)
    return render(request, "registrant/endpoint_details.html", {"service": service, "form": form})


@page
def endpoint_replace(request: HttpRequest, handle: str) -> HttpResponse:
    """The endpoint that takes the place of another: both count until it is proven, and 72 hours more."""
    old = my_endpoint(request, handle)
    form = EndpointForm(posted(request), initial=_as_entered(old))
    made: list[Endpoint] = []
    if request.method == "POST" and is_done(form, lambda: made.append(
            endpoint_layer.replace_endpoint(actor_of(request), old, form.values(), at=utc_now()))):
        messages.success(request, _("Saved. The old one counts until this one is proven, and 72 hours more."))
        return redirect("registrant:endpoint", handle=made[0].handle)
    return render(request, "registrant/endpoint_details.html", {
        "service": old.service, "form": form, "replaces": old})


def _as_entered(endpoint: Endpoint) -> dict[str, Any]:
    is_published = endpoint.address is not None
    return {
        "tunnel_protocol": endpoint.tunnel_protocol,
        "address": endpoint.address if is_published else endpoint.proof_address,
        "port": endpoint.port if is_published else endpoint.proof_port,
        "transport": endpoint.transport or "udp", "name": endpoint.name, "public_key": endpoint.public_key,
        "is_published": YES if is_published else NO, "endpoint_class": endpoint.endpoint_class,
    }


@page
def endpoint_key(request: HttpRequest, handle: str) -> HttpResponse:
    """Another key for a server: old and new count for 72 hours."""
    endpoint = my_endpoint(request, handle)
    form = KeyForm(posted(request))
    if request.method == "POST" and is_done(form, lambda: endpoint_layer.change_key(
            actor_of(request), endpoint, form.cleaned_data["public_key"], at=utc_now())):
        messages.success(request, _("Saved. Old and new key both count for 72 hours. Prove the new one in that time."))
        return redirect("registrant:endpoint", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Change the key of the server"), "caption": str(endpoint),
        "back": "registrant:endpoint", "back_handle": handle,
        "lead": _("For 72 hours networks recognise both keys, so that clients can move over one by one.")})


@page
def endpoint_remove(request: HttpRequest, handle: str) -> HttpResponse:
    """Give an endpoint up, after one question."""
    endpoint = my_endpoint(request, handle)
    form = ConfirmForm(posted(request))
    if request.method == "POST" and is_done(
            form, lambda: endpoint_layer.revoke_endpoint(actor_of(request), endpoint, at=utc_now())):
        messages.success(request, _("Removed."))
        return redirect("registrant:service", handle=endpoint.service.handle)
    lead = _("It counts no more from that moment. To move to another address without a gap, replace it instead.") \
        if endpoint.counts else _("It was never proven, so nothing changes for anybody.")
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Remove this endpoint"), "caption": str(endpoint), "lead": lead,
        "back": "registrant:endpoint", "back_handle": handle, "button": _("Remove it"), "is_grave": endpoint.counts})


def can_change(endpoint: Endpoint) -> bool:
    """True where it can be replaced and its key changed."""
    return endpoint.state in endpoint_proof.COUNTING
