"""Who acts for an organisation: one more by an invitation, and leaving."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from licet.errors import Refused
from licet.server.clock import utc_now
from licet.server.entrance import account_of
from licet.server.registrant.access import actor_of, is_done, my_organisation, page, posted
from licet.server.registrant.forms import ConfirmForm, EmptyForm, MemberForm
from licet.server.registry.models import Account, Membership
from licet.server.registry.service_layer.members import (
    end_membership,
    invite_member,
    join_organisation,
    open_member_invitation,
    open_member_invitations,
    take_back_invitation,
)


@page
def members(request: HttpRequest, handle: str) -> HttpResponse:
    """Who acts for an organisation, who is invited, and one more invitation."""
    found = my_organisation(request, handle)
    form = MemberForm(posted(request))
    if request.method == "POST" and is_done(
            form, lambda: invite_member(actor_of(request), found, form.cleaned_data["email"], at=utc_now())):
        messages.success(request, _("We write to %(email)s.") % {"email": form.cleaned_data["email"]})
        return redirect("registrant:members", handle=handle)
    return render(request, "registrant/members.html", {
        "organisation": found, "form": form, "me": account_of(request),
        "memberships": found.memberships.select_related("account").order_by("since", "pk"),
        "invitations": open_member_invitations(found, at=utc_now())})


@page
def invitation_back(request: HttpRequest, handle: str, pk: int) -> HttpResponse:
    """End a link that was not used."""
    found = my_organisation(request, handle)
    form = EmptyForm(posted(request))
    if form.is_valid():
        take_back_invitation(actor_of(request), found, pk, at=utc_now())
        messages.success(request, _("Taken back. The link works no more."))
    return redirect("registrant:members", handle=handle)


@page
def member_end(request: HttpRequest, handle: str, pk: int) -> HttpResponse:
    """Leave an organisation, or end that another member acts for it."""
    found = my_organisation(request, handle)
    membership = get_object_or_404(Membership.objects.select_related("account"), organisation=found, pk=pk)
    is_me = membership.account == account_of(request)
    form = ConfirmForm(posted(request))
    if request.method == "POST" and is_done(
            form, lambda: end_membership(actor_of(request), found, membership.account, at=utc_now())):
        messages.success(request, _("Done. All who act for it are told."))
        return redirect("registrant:home") if is_me else redirect("registrant:members", handle=handle)
    lead = _("You then see and change its services no more. They stay as they are.") if is_me else _(
        "%(email)s then sees and changes its services no more. They stay as they are.") % {
            "email": membership.account.email}
    return render(request, "registrant/question.html", {
        "form": form, "lead": lead, "caption": found.name, "is_grave": True,
        "title": _("Leave this organisation") if is_me else _("Remove this member"),
        "button": _("Leave") if is_me else _("Remove"), "back": "registrant:members", "back_handle": handle})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an invitation. A page is shown first: mail scanners follow links, people press buttons."""
    invitation = open_member_invitation(token, at=utc_now())
    problem = "" if invitation else _("This link was used, has expired, or is cut short. Ask for a new one.")
    form = EmptyForm(posted(request))
    if isinstance(request.user, Account) and invitation is not None and form.is_valid():
        try:
            organisation = join_organisation(token, request.user, at=utc_now())
        except Refused as refused:
            problem = str(refused)
        else:
            messages.success(request, _("You act for %(name)s now.") % {"name": organisation.name})
            return redirect("registrant:organisation", handle=organisation.handle)
    return render(request, "registrant/join.html", {
        "invitation": invitation, "problem": problem, "form": form,
        "account": request.user if isinstance(request.user, Account) else None}, status=404 if problem else 200)
