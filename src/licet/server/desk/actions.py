"""What officers change: steps on a case, attested entries, and who is an officer. Each reads a form, calls the service
layer, and shows its sentence where it refuses."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from licet.errors import Refused
from licet.server.clock import utc_now
from licet.server.desk import words
from licet.server.desk.case import case_of
from licet.server.desk.entries import read_entries
from licet.server.desk.forms import AttestForm, DeskForm, SureForm
from licet.server.desk.steps import STEPS
from licet.server.desk.views import head, render_case, service_of
from licet.server.entrance import account_of, decider_required, officer_required
from licet.server.registry.models import Invitation, Officer
from licet.server.registry.service_layer import attested, officers
from licet.server.registry.service_layer.actors import officer as officer_actor
from licet.server.registry.service_layer.actors import registry
from licet.server.registry.service_layer.errors import Invalid

CONFLICT = 409  # RFC 9110 §15.5.10: understood, and not possible in the state in which the thing is now
WRONG = 422


@never_cache
@require_POST
@decider_required
def step(request: HttpRequest, handle: str, name: str) -> HttpResponse:
    """Take one step on a case. What cannot be taken is said on the page of the case, as it is now."""
    if name not in STEPS:
        raise Http404
    account, at = account_of(request), utc_now()
    service = service_of(handle)
    shown = case_of(service, account, registry(), at)
    form = STEPS[name].form(request.POST, auto_id=f"{name}_%s")
    if not form.is_valid():
        return render_case(request, shown, name, form, status=WRONG)
    try:
        STEPS[name].do(officer_actor(account), shown, form.cleaned_data, at)
    except Invalid as error:
        form.take(error)
        return render_case(request, shown, name, form, status=WRONG)
    except Refused as error:
        now = case_of(service, account, registry(), at)
        problem = words.refusal(error, now.application, now.registration)
        if error.field and error.field in form.fields:
            form.add_error(error.field, problem)
            return render_case(request, now, name, form, status=WRONG)
        return render_case(request, now, name, form, problem, CONFLICT)
    messages.success(request, f"{service.handle}: {STEPS[name].done}")
    return redirect("desk:home")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@decider_required
def attest(request: HttpRequest) -> HttpResponse:
    """Enter what the owner of the network permits without proof. A public registry has none, and says why."""
    form = AttestForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST":
        status = WRONG
        if form.is_valid():
            values = form.cleaned_data
            try:
                service = attested.attest(
                    officer_actor(account_of(request)),
                    {name: values[name] for name in attested.FIELDS}, read_entries(values["entries"]),
                    review_date=values["review_date"], at=utc_now())
            except Invalid as error:
                problem = _take(form, error)
            except Refused as error:
                problem, status = str(error), CONFLICT
            else:
                messages.success(request, _("%(handle)s is permitted until its review.") % {"handle": service.handle})
                return redirect("desk:case", handle=service.handle)
    return render(request, "desk/attest.html", {
        "form": form, "problem": problem, "is_owned": registry().is_owned, **head(request, "attest")}, status=status)


def _take(form: DeskForm, error: Invalid) -> str:
    """The service layer speaks of an endpoint's own fields; here they are all in one."""
    own = {field: sentence for field, sentence in error.problems.items() if field in form.fields}
    rest = [sentence for field, sentence in error.problems.items() if field not in form.fields]
    if rest:
        own["entries"] = " ".join(rest)
    form.take(Invalid(own))
    return ""


@require_safe
@never_cache
@officer_required
def officer_list(request: HttpRequest) -> HttpResponse:
    """Who decides here, by code; who is invited, and who is about to stop."""
    return _officers(request)


@never_cache
@require_POST
@decider_required
def invite(request: HttpRequest) -> HttpResponse:
    """Make a link for another officer, and show it once."""
    token = officers.invite_officer(officer_actor(account_of(request)), at=utc_now())
    link = request.build_absolute_uri(f"/officer/{token}/")
    return _officers(request, link=link)


@never_cache
@require_POST
@decider_required
def invitation(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Confirm or drop an invitation."""
    found = get_object_or_404(Invitation, pk=pk)
    actor = officer_actor(account_of(request))
    if name == "confirm":
        return _settled(request, lambda: officers.confirm_invitation(actor, found, at=utc_now()),
                        _("Confirmed. The link works until it expires."))
    return _settled(request, lambda: officers.drop_invitation(actor, found, at=utc_now()),
                    _("Dropped. The link works no more."))


@never_cache
@require_POST
@decider_required
def retirement(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """Propose, confirm or drop that an officer stops."""
    found = get_object_or_404(Officer, code=code)
    actor = officer_actor(account_of(request))
    if name == "propose":
        return _settled(request, lambda: officers.propose_retirement(actor, found, at=utc_now()),
                        _("Proposed. A second officer has to confirm it."))
    if name == "confirm":
        return _settled(request, lambda: officers.confirm_retirement(actor, found, at=utc_now()),
                        _("Retired. What they decided stays on record."))
    return _settled(request, lambda: officers.drop_retirement(actor, found), _("Dropped. Nothing happens."))


def _settled(request: HttpRequest, call: Callable[[], object], done: str) -> HttpResponse:
    if not SureForm(request.POST).is_valid():
        return _officers(request, _("This page was sent with fields that it does not have. Load it again."), WRONG)
    try:
        call()
    except Refused as error:
        return _officers(request, str(error), CONFLICT)
    messages.success(request, done)
    return redirect("desk:officers" if account_of(request).is_officer else "home")


def _officers(request: HttpRequest, problem: str = "", status: int = 200, link: str = "") -> HttpResponse:
    at = utc_now()
    everybody = Officer.objects.select_related("retire_proposed_by")
    serving = list(everybody.filter(retired_at=None).order_by("since", "pk"))
    context = {
        "serving": serving, "retired": list(everybody.exclude(retired_at=None).order_by("-retired_at")),
        "invitations": officers.open_invitations(at), "me": Officer.objects.get(account=account_of(request)),
        "problem": problem, "link": link, "is_alone": len(serving) == 1,
        **head(request, "officers")}
    return render(request, "desk/officers.html", context, status=status)
