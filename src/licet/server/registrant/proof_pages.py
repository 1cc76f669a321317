"""Step 4 of applying: proof of control. What to place where, a check when its registrant says so, and what was seen."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licet.errors import LicetError, Refused
from licet.lifecycle import endpoint_proof
from licet.server.clock import utc_now
from licet.server.registrant.access import actor_of, my_endpoint, page, posted
from licet.server.registrant.check_pool import RELOAD_S, check_soon, is_under_way
from licet.server.registrant.endpoint_pages import can_change
from licet.server.registrant.forms import EmptyForm, MethodForm
from licet.server.registrant.words import endpoint_words, key_is_new
from licet.server.registry import proving
from licet.server.registry.models import Endpoint, Proof
from licet.server.registry.service_layer.proofs import start_proof

ASKS = {
    endpoint_proof.WIREGUARD_01: gettext_lazy("Add a one-time peer to the WireGuard server (two commands)"),
    endpoint_proof.HTTP_01: gettext_lazy("Put a file on a web server at this address, port 80"),
    endpoint_proof.DNS_01: gettext_lazy("Add a TXT record beside the DNS name"),
    endpoint_proof.CALLBACK_01: gettext_lazy("Run one command on the machine (only beside another method)"),
}
TITLES = {
    endpoint_proof.WIREGUARD_01: gettext_lazy("Prove it by a WireGuard handshake"),
    endpoint_proof.HTTP_01: gettext_lazy("Prove it by a file on its web server"),
    endpoint_proof.DNS_01: gettext_lazy("Prove it by a DNS record"),
    endpoint_proof.CALLBACK_01: gettext_lazy("Prove it by a call from the machine"),
}


def methods_of(endpoint: Endpoint) -> tuple[str, ...]:
    """The methods that can prove an endpoint, the one that suffices first."""
    wanted = endpoint_proof.methods_for(has_address=endpoint.address is not None, has_key=bool(endpoint.public_key),
                                        has_name=bool(endpoint.name))
    found = [one for one in wanted if proving.is_known(one)]
    if endpoint.address is not None and proving.is_known(endpoint_proof.CALLBACK_01):
        found.append(endpoint_proof.CALLBACK_01)
    return tuple(found)


@page
def endpoint(request: HttpRequest, handle: str) -> HttpResponse:
    """One endpoint: its state, how it can be proven, and what can be changed."""
    found = my_endpoint(request, handle)
    methods = methods_of(found)
    form = MethodForm([(one, ASKS[one]) for one in methods], posted(request),
                      initial={"method": methods[0] if methods else ""})
    if form.is_valid():
        try:
            start_proof(actor_of(request), found, form.cleaned_data["method"], at=utc_now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("registrant:proof", handle=handle, method=form.cleaned_data["method"])
    wants_proof = not found.counts or found.state == endpoint_proof.STALE or key_is_new(found)
    return render(request, "registrant/endpoint.html", {
        "endpoint": found, "service": found.service, "form": form, "words": endpoint_words(found, utc_now()),
        "can_change": can_change(found), "wants_proof": wants_proof and found.state != endpoint_proof.GONE,
        "proofs": [(proof, TITLES.get(proof.method, proof.method)) for proof in found.proofs.order_by("-pk")[:10]],
        "needs_proof_address": bool(found.public_key) and found.address is None and found.proof_address is None})


@page
def proof(request: HttpRequest, handle: str, method: str) -> HttpResponse:
    """What to do for one method, and the last check."""
    found = my_endpoint(request, handle)
    if method not in TITLES or method not in methods_of(found):
        raise Http404
    form = EmptyForm(posted(request))
    here = reverse("registrant:proof", kwargs={"handle": handle, "method": method})
    challenge = newest(found, method)
    if form.is_valid():
        if challenge is None:
            return _begin(request, found, method, here)
        return _checked(request, challenge, here)
    context = {"endpoint": found, "service": found.service, "form": form, "method": method, "title": TITLES[method],
               "proof": challenge, "is_call": method == endpoint_proof.CALLBACK_01, "counts": found.counts,
               "url": settings.DEPLOYMENT.table.url.rstrip("/"), "proves": proving.proves(method)}
    return render(request, "registrant/proof.html", context | _shown(request, challenge))


def newest(endpoint: Endpoint, method: str) -> Proof | None:
    """The challenge that is open, or the proof that stands and can be checked again; None where both have ended."""
    of_method = endpoint.proofs.filter(method=method).order_by("-pk")
    return of_method.filter(status=Proof.PENDING, expires__gt=utc_now()).first() \
        or of_method.filter(status=Proof.VALID).first()


def _begin(request: HttpRequest, endpoint: Endpoint, method: str, here: str) -> HttpResponse:
    try:
        start_proof(actor_of(request), endpoint, method, at=utc_now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(here)


def _checked(request: HttpRequest, challenge: Proof, here: str) -> HttpResponse:
    asked = int(utc_now().timestamp())
    try:
        is_done = check_soon(actor_of(request), challenge)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(here)
    # Without a fragment: a page whose address has one only scrolls when it loads itself again.
    return redirect(f"{here}#result" if is_done else f"{here}?asked={asked}")


def _shown(request: HttpRequest, challenge: Proof | None) -> dict[str, Any]:
    """What the page shows of a challenge: what to do, and whether a check is under way."""
    if challenge is None:
        return {"instructions": (), "is_under_way": False}
    try:
        instructions = proving.what_to_do(proving.challenge_of(challenge))
    except LicetError as error:
        instructions = ((_("This challenge cannot be used: %(why)s") % {"why": error}, ()),)
    return {"instructions": instructions, "is_under_way": is_under_way(challenge, request.GET.get("asked", "")),
            "reload_s": RELOAD_S}
