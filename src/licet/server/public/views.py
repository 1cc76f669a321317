"""Pages that anybody can read, without signing in, without a cookie, and the same for everybody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from licet.app.lookup import Answer
from licet.app.lookup_text import answer_json
from licet.model.canonical import moment_ns
from licet.server.caching import NOWHERE
from licet.server.clock import utc_now
from licet.server.orders.about import ends_about
from licet.server.public import words
from licet.server.public.directory import DirectoryForm, filtered, page_of
from licet.server.public.limits import limited
from licet.server.public.lookup import QUERY_LENGTH_MAX, Found, find
from licet.server.public.service_page import service_page
from licet.server.registry.service_layer.errors import Invalid
from licet.snapshot.registry_file import HANDLE

ANSWERS = {"registered": ("✓", _("registered"), "registered"), "conflict": ("≠", _("conflict"), "attention"),
           "unregistered": ("○", _("not registered"), "neutral")}


class LookupForm(forms.Form):
    """The one question of the home page. It is sent as part of the address, so that an answer can be passed on."""

    q = forms.CharField(label=_("Address, name, key or service"), max_length=QUERY_LENGTH_MAX, strip=True)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Three doors: Is it registered? · Register mine · Mine is blocked."""
    return render(request, "home.html", {"form": LookupForm()})


@require_safe
@limited
def lookup(request: HttpRequest) -> HttpResponse:
    """The answer to a look-up, or the box to begin with. What is asked is kept nowhere, by no cache either."""
    if "q" not in request.GET:
        return render(request, "public/lookup.html", {"form": LookupForm()})
    text = request.GET["q"]
    context: dict[str, Any] = {"form": LookupForm(initial={"q": text[:QUERY_LENGTH_MAX]}), "asked": text}
    status = 200
    try:
        found = find(text, utc_now())
    except Invalid as error:
        context["problem"], status = str(error), 400
    else:
        context["found"] = found
        context["glyph"], context["title"], context["kind"] = ANSWERS[found.answer]
        context["is_by_name"] = found.query.kind == "name"
        place = found.query.endpoint
        context["ordered"] = ends_about(found.query.address if place is None else place.address)
    response = render(request, "public/lookup.html", context, status=status)
    response["Cache-Control"] = NOWHERE
    return response


@require_safe
@limited
def lookup_json(request: HttpRequest) -> HttpResponse:
    """The same for programs: `licet.lookup/1` of docs/formats.md. Of what is not listed, only the number is given."""
    try:
        found = find(request.GET.get("q", ""), utc_now())
    except Invalid as error:
        response: HttpResponse = JsonResponse({"schema": "licet.problem/1", "field": "q", "problem": str(error)},
                                              status=400)
    else:
        response = JsonResponse(_lookup_json(found), json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = NOWHERE
    return response


def _lookup_json(found: Found) -> dict[str, Any]:
    answer = Answer(found.query, found.answer, found.matches, (), moment_ns(found.at))
    return {**answer_json(answer), "unlisted": found.hidden}


@require_safe
@limited
def directory(request: HttpRequest) -> HttpResponse:
    """Registered services by name, with filters; fifty a page."""
    form = DirectoryForm(request.GET)
    is_valid = form.is_valid()
    found = filtered(form.cleaned_data if is_valid else {})
    page, rows = page_of(found, request.GET.get("page", ""))
    wanted = request.GET.copy()
    wanted.pop("page", None)
    is_filtered = is_valid and any(form.cleaned_data.values())
    return render(request, "public/directory.html", {
        "form": form, "page": page, "rows": rows, "is_filtered": is_filtered, "wanted": wanted.urlencode(),
        "pages": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "ellipsis": Paginator.ELLIPSIS,
    }, status=200 if is_valid else 400)


@require_safe
def service(request: HttpRequest, handle: str) -> HttpResponse:
    """One service: facts, proofs, dates and history; or that there is none of this handle."""
    if handle != handle.upper() and HANDLE.fullmatch(handle.upper()):
        return redirect("public:service", handle.upper(), permanent=True)
    found = service_page(handle) if HANDLE.fullmatch(handle) else None
    if found is None:
        return render(request, "public/no_service.html", {"handle": handle[:20], "form": LookupForm()}, status=404)
    return render(request, "public/service.html", {"page": found, "status": found.status,
                                                   "service": found.service, "ended": found.status is words.ENDED})


@require_safe
def blocked(request: HttpRequest) -> HttpResponse:
    """What somebody can do whose service is blocked on a network."""
    return render(request, "public/blocked.html", {"form": LookupForm()})
