"""Public pages of requests: the letter as it came, each ask with its answer, and a form to send one."""

from __future__ import annotations

import json
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from licet.lifecycle.table import REQUESTER
from licet.model.canonical import Json, moment_ns, time_text
from licet.server.clock import utc_now
from licet.server.desk.forms import take_problems
from licet.server.orders import words
from licet.server.orders.forms import RequestForm
from licet.server.orders.models import Ask, Request
from licet.server.orders.service_layer import requests
from licet.server.public.limits import LIMITER, visitor_of
from licet.server.registry.service_layer.actors import Actor
from licet.server.registry.service_layer.errors import Invalid

A_PAGE = 50
BODY_BYTES_MAX = 64 * 1024
WRONG, TOO_MANY = 422, 429
SENDER = Actor(REQUESTER)


@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """All requests that are published, the newest first."""
    found = Request.objects.exclude(published_at=None).order_by("-received").prefetch_related("asks")
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page", "1")[:6])
    rows = [(one, words.REQUEST_STATES[one.state], sum(ask.is_accepted for ask in one.asks.all()), one.asks.count())
            for one in page.object_list]
    return render(request, "orders/requests.html", {"page": page, "rows": rows})


def published(handle: str) -> Request:
    """A request whose page is public. Raises Http404."""
    found = Request.objects.filter(handle=handle).exclude(published_at=None).first()
    if found is None:
        raise Http404
    return found


@require_safe
def request_page(request: HttpRequest, handle: str) -> HttpResponse:
    """One request: who asks whom for what, on which quoted basis, and the answer to each ask."""
    found = published(handle)
    return render(request, "orders/request.html", {
        "found": found, "state": words.REQUEST_STATES[found.state], "asks": _shown_asks(found),
        "relays": found.relays.splitlines(), "is_sealed": is_sealed(found)})


def is_sealed(found: Request) -> bool:
    """True while what it asks for is not shown."""
    return found.sealed_until is not None and utc_now() < found.sealed_until


def _shown_asks(found: Request) -> list[tuple[Ask, str, Any]]:
    """(ask, its text as it is shown, the meaning of its code). A seal hides the words of an ask, never an endpoint."""
    sealed = is_sealed(found)
    return [(ask, ask.endpoint if sealed else ask.text, words.CODES.get(ask.code, ""))
            for ask in found.asks.order_by("number")]


@require_safe
def request_json(request: HttpRequest, handle: str) -> HttpResponse:
    """The same for programs: `licet.request/1`."""
    found = published(handle)
    return JsonResponse(request_object(found), json_dumps_params={"ensure_ascii": False})


def request_object(found: Request) -> dict[str, Json]:
    """The members of `licet.request/1`; where the answer goes is not among them."""
    return {
        "schema": "licet.request/1", "puid": found.handle, "state": found.state, "requester": found.requester,
        "principal": found.principal, "addressee": found.addressee, "relays": [*found.relays.splitlines()],
        "received": time_text(moment_ns(found.received), 0), "legal_ground": found.legal_ground,
        "legal_text_quoted": found.legal_text_quoted, "legal_text_url": found.legal_text_url,
        "answered": None if found.answered is None else time_text(moment_ns(found.answered), 0),
        "sealed": is_sealed(found),
        "asks": [{"number": ask.number, "text": text, "endpoint": ask.endpoint or None, "code": ask.code or None,
                  "answer": ask.answer or None} for ask, text, _meaning in _shown_asks(found)],
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def send_request(request: HttpRequest) -> HttpResponse:
    """The form for a letter."""
    form = RequestForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if not LIMITER.allows(visitor_of(request), utc_now()):
            return render(request, "orders/too_many.html", status=TOO_MANY)
        status = WRONG
        if form.is_valid():
            try:
                made = requests.receive(SENDER, form.cleaned_data, at=utc_now())
            except Invalid as error:
                take_problems(form, error.problems)
            else:
                return redirect("orders:sent", handle=made.handle)
    return render(request, "orders/send.html", {"form": form}, status=status)


@never_cache
@require_safe
def sent(request: HttpRequest, handle: str) -> HttpResponse:
    """That a letter arrived, and what happens now. Says nothing of it: its page does, once it is public."""
    return render(request, "orders/sent.html", {"handle": handle[:20]})


@csrf_exempt
@never_cache
@require_POST
def send_json(request: HttpRequest) -> HttpResponse:
    """A letter from a program: an object with the fields of the form. Answers with its handle."""
    if not LIMITER.allows(visitor_of(request), utc_now()):
        return _problem("too_many", "Too many requests from you. Wait a minute.", TOO_MANY)
    try:
        values = json.loads(request.body[: BODY_BYTES_MAX + 1]) if len(request.body) <= BODY_BYTES_MAX else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        return _problem("malformed", "Send a JSON object of at most 64 kB.", 400)
    try:
        made = requests.receive(SENDER, values, at=utc_now())
    except Invalid as error:
        return _problem("invalid", str(error), WRONG, fields=error.problems)
    return JsonResponse({"schema": "licet.request/1", "puid": made.handle, "state": made.state}, status=201)


def _problem(code: str, sentence: str, status: int, **more: Any) -> JsonResponse:
    """RFC 9457."""
    return JsonResponse({"type": f"licet:{code}", "title": sentence, "status": status, **more}, status=status,
                        content_type="application/problem+json")
