"""The account: how one signs in, and deleting it."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from licet.lifecycle import application as application_states
from licet.server.clock import utc_now
from licet.server.entrance import account_of
from licet.server.registrant.access import is_done, page, posted
from licet.server.registrant.forms import ConfirmForm
from licet.server.registry.models import Application
from licet.server.registry.service_layer.accounts import delete_account, registrations_that_end


@page
def account(request: HttpRequest) -> HttpResponse:
    """How one signs in, and what can be changed about it."""
    found = account_of(request)
    kinds = list(Authenticator.objects.filter(user=found).values_list("type", flat=True))
    return render(request, "registrant/account.html", {
        "account": found, "has_password": found.has_usable_password(),
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN), "has_totp": Authenticator.Type.TOTP in kinds,
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "organisations": found.organisations.order_by("name", "pk")})


@page
@reauthentication_required  # type: ignore[untyped-decorator]
def delete(request: HttpRequest) -> HttpResponse:
    """Delete the account, after saying what goes, what stays, and what happens to services it alone acts for."""
    found = account_of(request)
    form = ConfirmForm(posted(request))
    ending = registrations_that_end(found)

    def do() -> None:
        # What was shown is what is agreed to: a registration that began since then is asked about anew.
        delete_account(found, surrender_registrations=bool(ending), at=utc_now())
        logout(request)

    if request.method == "POST" and is_done(form, do):
        messages.success(request, _("Your account is deleted. Nothing of it is left."))
        # Public pages are the same for everybody: the message can be shown where one signs in, and nowhere before.
        return redirect("account_login")
    alone = [one for one in found.organisations.order_by("name", "pk")
             if not one.memberships.exclude(account=found).exists()]
    withdrawn = Application.objects.filter(service__organisation__in=alone, state__in=application_states.OPEN)
    return render(request, "registrant/account_delete.html", {
        "form": form, "account": found, "ending": ending, "alone": alone, "is_officer": found.is_officer,
        "withdrawn": withdrawn.select_related("service").order_by("service__name", "pk")})
