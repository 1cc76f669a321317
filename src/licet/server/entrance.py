"""How somebody becomes an officer, how a contact is confirmed, and who may see the desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from licet.errors import Refused
from licet.server.clock import utc_now
from licet.server.registry.models import Account
from licet.server.registry.service_layer import officers, organisations

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

P = ParamSpec("P")


def account_of(request: HttpRequest) -> Account:
    """Who is signed in. For views behind a sign-in. Raises Http404 for nobody."""
    if not isinstance(request.user, Account):
        raise Http404
    return request.user


def officer_required(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Only for officers; for anybody else there is no such page, and who is not signed in is asked to."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(f"{reverse('account_login')}?next={request.path}")
        if not account_of(request).is_officer:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def lacks_second_factor(account: Account) -> bool:
    """True for an officer who may look and not decide yet: neither a passkey nor an authenticator app is set up. Who
    has one is asked for it at every sign-in. In a demonstration nobody is asked."""
    if not settings.LICET_SECOND_FACTOR:
        return False
    return not Authenticator.objects.filter(user=account, type__in=SECOND_FACTORS).exists()


def decider_required(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Only for officers who have a second factor; another officer is shown how to set one up."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if lacks_second_factor(account_of(request)):
            return render(request, "desk/second_factor.html", status=403)
        return view(request, *args, **kwargs)

    return officer_required(guarded)


class OfficerForm(forms.Form):
    """A new account for an officer. Whoever holds the link was given it by the operator or by an officer."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254,
                             widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(label=_("Password"), max_length=200, help_text=_("At least 12 characters."),
                               widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def clean_email(self) -> str:
        """An address that has no account yet."""
        email = str(self.cleaned_data["email"]).lower()
        if Account.objects.filter(email=email).exists():
            raise forms.ValidationError(_("There is an account with this address: sign in first, then open the link."))
        return email

    def clean_password(self) -> str:
        """A password that is long enough and not a common one."""
        password = str(self.cleaned_data["password"])
        validate_password(password, Account(email=str(self.cleaned_data.get("email", ""))))
        return password


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def become_officer(request: HttpRequest, token: str) -> HttpResponse:
    """The link that makes an officer, once: of who is signed in, or of a new account."""
    is_open = officers.open_invitation(token, at=utc_now()) is not None
    form = None if isinstance(request.user, Account) else OfficerForm(request.POST or None)
    if is_open and request.method == "POST" and (form is None or form.is_valid()):
        try:
            _accept(request, token, form)
        except Refused:
            is_open = False
        else:
            return redirect("desk:home")
    context = {"form": form, "is_open": is_open}
    return render(request, "registry/officer.html", context, status=200 if is_open else 404)


def _accept(request: HttpRequest, token: str, form: OfficerForm | None) -> None:
    with transaction.atomic():
        if form is None:
            account = account_of(request)
        else:
            account = Account.objects.create_user(form.cleaned_data["email"], form.cleaned_data["password"])
            EmailAddress.objects.create(user=account, email=account.email, verified=True, primary=True)
        officers.accept_invitation(token, account, at=utc_now())
    if form is not None:
        login(request, account, backend=BACKEND)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_contact(request: HttpRequest, token: str) -> HttpResponse:
    """The link that the published contact of an organisation received. A page is shown first: mail scanners follow
    links, people press buttons."""
    context: dict[str, object] = {}
    if request.method == "POST":
        try:
            context["organisation"] = organisations.confirm_contact(token, at=utc_now())
        except Refused as error:
            context["problem"] = str(error)
    return render(request, "registry/contact.html", context, status=404 if "problem" in context else 200)
