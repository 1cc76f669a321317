"""Step 1 of applying: who answers for a service. And what an organisation says of itself afterwards."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from licet.server.clock import utc_now
from licet.server.entrance import account_of
from licet.server.registrant.access import actor_of, is_done, made_just_now, my_organisation, page, posted
from licet.server.registrant.domain_pages import proof_of
from licet.server.registrant.forms import (
    EmptyForm,
    OrganisationFactsForm,
    OrganisationForm,
    PlainForm,
    SelfDeclaredForm,
    WhoForm,
)
from licet.server.registrant.words import domain_words
from licet.server.registry.models import Organisation
from licet.server.registry.service_layer.fields import is_mail_address
from licet.server.registry.service_layer.organisations import (
    create_organisation,
    edit_organisation,
    start_contact_check,
)

FORMS: dict[str, type[PlainForm]] = {
    Organisation.ORGANISATION: OrganisationForm, Organisation.SELF_DECLARED: SelfDeclaredForm,
}


@page
def who(request: HttpRequest) -> HttpResponse:
    """Who answers for the service: the first question."""
    mine = list(account_of(request).organisations.order_by("name", "pk"))
    form = WhoForm(mine, posted(request))
    if form.is_valid():
        chosen = form.cleaned_data["who"]
        if chosen in FORMS:
            return redirect("registrant:organisation_new", kind=chosen)
        return redirect("registrant:service_new", handle=chosen)
    return render(request, "registrant/question.html", {
        "form": form, "title": _("Who answers for the service?"), "step": 1, "back": "registrant:home",
        "lead": _("Four steps: who answers for it, what it is, where it is reached, and proof that it is yours. What "
                  "you enter is saved after each page; you can stop and come back.")})


@page
def organisation_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Describe a new organisation, or oneself."""
    if kind not in FORMS:
        raise Http404
    form = FORMS[kind](posted(request))
    made: list[Organisation] = []

    def make() -> None:
        twin = made_just_now(account_of(request).organisations.filter(kind=kind, name=form.cleaned_data["name"]),
                             utc_now())
        if twin is not None:
            made.append(twin)
            return
        made.append(create_organisation(actor_of(request), {"kind": kind, **form.cleaned_data}, at=utc_now()))
        if is_mail_address(made[0].abuse_contact) and not made[0].is_self_declared:
            start_contact_check(actor_of(request), made[0], at=utc_now())

    if request.method == "POST" and is_done(form, make):
        return redirect("registrant:service_new", handle=made[0].handle)
    title = _("Your organisation") if kind == Organisation.ORGANISATION else _("Yourself")
    return render(request, "registrant/question.html", {"form": form, "title": title, "step": 1,
                                                        "back": "registrant:who"})


@page
def organisation(request: HttpRequest, handle: str) -> HttpResponse:
    """What an organisation says of itself, and whether its contact answered."""
    found = my_organisation(request, handle)
    form = EmptyForm(posted(request))
    if request.method == "POST" and is_done(form, lambda: start_contact_check(actor_of(request), found, at=utc_now())):
        messages.success(request, _("We wrote to %(contact)s. Open the link in that mail.") % {
            "contact": found.abuse_contact})
        return redirect("registrant:organisation", handle=handle)
    proof = proof_of(found)
    return render(request, "registrant/organisation.html", {
        "organisation": found, "form": form, "can_be_mailed": is_mail_address(found.abuse_contact),
        "domain": None if proof is None else domain_words(proof), "member_count": found.memberships.count(),
        "services": found.services.order_by("name", "pk")[:100]})


@page
def organisation_edit(request: HttpRequest, handle: str, what: str) -> HttpResponse:
    """Change what an organisation says of itself."""
    found = my_organisation(request, handle)
    is_facts = what == "facts" and not found.is_self_declared
    if what != "description" and not is_facts:
        raise Http404
    chosen = OrganisationFactsForm if is_facts else FORMS[found.kind]
    initial: dict[str, Any] = {field: getattr(found, field) for field in chosen.base_fields}
    form = chosen(posted(request), initial=initial)
    if request.method == "POST" and is_done(
            form, lambda: edit_organisation(actor_of(request), found, form.cleaned_data, at=utc_now())):
        messages.success(request, _("Saved."))
        return redirect("registrant:organisation", handle=handle)
    return render(request, "registrant/question.html", {
        "form": form, "title": found.name, "back": "registrant:organisation", "back_handle": handle})
