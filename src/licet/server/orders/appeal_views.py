"""Appeals, for whoever is affected: no account, no name. “This is mine” on the page of an order leads here.

The page of an appeal has a link that only who filed it has. There control of the endpoint is shown, by any method; the
moment it is, the order is off.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from licet.errors import LicetError, Refused
from licet.lifecycle.endpoint_proof import CALLBACK_01
from licet.lifecycle.table import AFFECTED
from licet.server import chance
from licet.server.clock import utc_now
from licet.server.desk.forms import take_problems
from licet.server.orders import words
from licet.server.orders.forms import AppealAnswerForm, AppealForm, AppealProofForm
from licet.server.orders.models import Appeal, AppealProof, OrderedEnd
from licet.server.orders.order_views import public_order
from licet.server.orders.service_layer import appeals
from licet.server.public.limits import LIMITER, visitor_of
from licet.server.registrant.check_pool import RELOAD_S, check_soon, is_under_way
from licet.server.registry import proving
from licet.server.registry.service_layer.actors import Actor
from licet.server.registry.service_layer.errors import Invalid

WRONG, CONFLICT, TOO_MANY = 422, 409, 429


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def file_appeal(request: HttpRequest, puid: str, number: int) -> HttpResponse:
    """File an appeal about one endpoint of an order."""
    end = get_object_or_404(OrderedEnd, order=public_order(puid), number=number)
    form = AppealForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST":
        if not LIMITER.allows(visitor_of(request), utc_now()):
            return render(request, "orders/too_many.html", status=TOO_MANY)
        status = WRONG
        if form.is_valid():
            try:
                made, token = appeals.file(end, **form.cleaned_data, at=utc_now())
            except Invalid as error:
                take_problems(form, error.problems)
            except Refused as error:
                problem, status = str(error), CONFLICT
            else:
                return redirect("orders:appeal", handle=made.handle, token=token)
    return render(request, "orders/file_appeal.html", {"form": form, "end": end, "problem": problem}, status=status)


def _appeal(handle: str, token: str) -> Appeal:
    """The appeal of a link. Raises Http404."""
    found = Appeal.objects.filter(handle=handle, token_digest=chance.token_digest(token)).first()
    if found is None:
        raise Http404
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def appeal_page(request: HttpRequest, handle: str, token: str) -> HttpResponse:
    """The appeal's own page: where it stands, proof of control, the reviewer's question, the decision."""
    found = _appeal(handle, token)
    proof_form, answer_form = AppealProofForm(), AppealAnswerForm()
    problem, status = "", 200
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            if not LIMITER.allows(visitor_of(request), utc_now()):
                return render(request, "orders/too_many.html", status=TOO_MANY)
            if act == "prove":
                proof_form = AppealProofForm(request.POST)
                if proof_form.is_valid():
                    said = {name: proof_form.cleaned_data[name] for name in ("method", "name", "public_key")}
                    appeals.start_proof(found, **said, at=utc_now())
            elif act == "check":
                return _checked(found, handle, token)
            else:
                answer_form = AppealAnswerForm(request.POST)
                if answer_form.is_valid():
                    appeals.answer(found, answer_form.cleaned_data["text"], at=utc_now())
        except Invalid as error:
            take_problems(proof_form if act == "prove" else answer_form, error.problems)
        except Refused as error:
            problem, status = str(error), CONFLICT
        if not problem and not proof_form.errors and not answer_form.errors:
            return redirect("orders:appeal", handle=handle, token=token)
        status = status if status != 200 else WRONG
    found.refresh_from_db()
    proof = found.proofs.order_by("-pk").first()
    return render(request, "orders/appeal.html", {
        "appeal": found, "state": words.APPEAL_STATES[found.state],
        "order_state": words.ORDER_STATES[found.order.state], "proof_form": proof_form, "answer_form": answer_form,
        "proof": proof, "instructions": _instructions(proof),
        "is_call": proof is not None and proof.method == CALLBACK_01, "problem": problem,
        "is_under_way": proof is not None and is_under_way(proof, request.GET.get("asked", "")), "reload_s": RELOAD_S,
        "here": reverse("orders:appeal", kwargs={"handle": handle, "token": token}),
    }, status=status)


def _checked(found: Appeal, handle: str, token: str) -> HttpResponse:
    """Have the newest challenge checked, in a thread of its own: the page says so where that takes its time. Raises
    Refused."""
    proof = found.proofs.order_by("-pk").first()
    if proof is None:
        raise Http404
    asked = int(utc_now().timestamp())
    here = reverse("orders:appeal", kwargs={"handle": handle, "token": token})
    return redirect(here if check_soon(Actor(AFFECTED), proof) else f"{here}?asked={asked}")


def _instructions(proof: AppealProof | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What to place where."""
    if proof is None:
        return ()
    try:
        return proving.what_to_do(appeals.challenge_of(proof))
    except LicetError as error:
        return ((str(error), ()),)
