"""The domain of an organisation: entered, proven by a DNS record, changed and taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.lifecycle import domain_proof
from licet.server.clock import utc_now
from licet.server.registrant.access import actor_of, is_done, my_organisation, page, posted
from licet.server.registrant.check_pool import check_soon
from licet.server.registrant.forms import ConfirmForm, DomainForm, EmptyForm
from licet.server.registrant.words import domain_words
from licet.server.registry import proving
from licet.server.registry.models import DomainProof, Organisation
from licet.server.registry.service_layer.domains import remove_domain, set_domain


def proof_of(organisation: Organisation) -> DomainProof | None:
    """The proof of an organisation's domain; None where it named none."""
    return DomainProof.objects.filter(organisation=organisation).exclude(state=domain_proof.GONE).first()


def my_named(request: HttpRequest, handle: str) -> Organisation:
    """An organisation of the account that has a name to prove. Raises Http404."""
    found = my_organisation(request, handle)
    if found.is_self_declared:
        raise Http404
    return found


@page
def domain(request: HttpRequest, handle: str) -> HttpResponse:
    """What to publish, and the last check; without a domain, the question which one it is."""
    found = my_named(request, handle)
    proof = proof_of(found)
    if proof is None:
        return domain_change(request, handle=handle)
    form = EmptyForm(posted(request))
    if form.is_valid():
        return _checked(request, proof, reverse("registrant:domain", kwargs={"handle": handle}))
    return render(request, "registrant/domain.html", {
        "organisation": found, "proof": proof, "form": form, "words": domain_words(proof),
        "instructions": proving.what_to_do(proving.domain_challenge(proof))})


def _checked(request: HttpRequest, proof: DomainProof, here: str) -> HttpResponse:
    try:
        is_done_now = check_soon(actor_of(request), proof)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(here)
    if not is_done_now:
        messages.info(request, _("The name servers take their time. Load this page again in a minute."))
    return redirect(f"{here}#result")


@page
def domain_change(request: HttpRequest, handle: str) -> HttpResponse:
    """Enter a domain, or another one."""
    found = my_named(request, handle)
    form = DomainForm(posted(request), initial={"domain": found.domain})
    if request.method == "POST" and is_done(
            form, lambda: set_domain(actor_of(request), found, form.cleaned_data["domain"], at=utc_now())):
        return redirect("registrant:domain", handle=handle)
    context: dict[str, Any] = {
        "form": form, "title": _("Which domain is its own?"), "back": "registrant:organisation", "back_handle": handle,
        "caption": found.name, "button_text": _("Continue"),
        "lead": _("Users then see the domain beside the name, instead of “name not proven”. You publish one DNS "
                  "record; nothing else about the domain changes.")}
    return render(request, "registrant/question.html", context)


@page
def domain_remove(request: HttpRequest, handle: str) -> HttpResponse:
    """Take the domain back."""
    found = my_named(request, handle)
    if proof_of(found) is None:
        raise Http404
    form = ConfirmForm(posted(request))
    if request.method == "POST" and is_done(form, lambda: remove_domain(actor_of(request), found, at=utc_now())):
        messages.success(request, _("The domain is taken back."))
        return redirect("registrant:organisation", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Take the domain back"), "button": _("Take it back"), "caption": found.domain,
        "back": "registrant:domain", "back_handle": handle,
        "lead": _("The name is then shown as not proven. Registrations stay as they are.")})
