"""Public pages of orders: each with its quoted ground, its stages, its clock and what it meets; and for programs, the
files that people signed. Drafts are nobody's business: an order is public from its notice on."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from licet.errors import LicetError, Malformed
from licet.lifecycle import order as orders
from licet.model.canonical import moment_ns, time_text
from licet.model.order import FILE_BYTES_MAX
from licet.server.clock import utc_now
from licet.server.orders import words
from licet.server.orders.models import OrderRow
from licet.server.orders.service_layer.orders import NotOrderable, submit
from licet.server.orders.shown import shown
from licet.server.public.limits import LIMITER, visitor_of

ENDED_SHOWN, FEED_MAX = 100, 5_000

# Whether something is off is asked anew each time: nobody is shown a minute-old answer to that.
_ask_again = cache_control(no_cache=True)


def public_orders() -> QuerySet[OrderRow]:
    """Orders of which people were told."""
    return OrderRow.objects.exclude(noticed_at=None)


@require_safe
@_ask_again
def order_list(request: HttpRequest) -> HttpResponse:
    """What is in force, what will be, and what has ended."""
    found = public_orders().prefetch_related("ends")
    in_force = list(found.filter(state__in=orders.IN_FORCE).order_by("end_date"))
    coming = list(found.filter(state__in=(orders.NOTICED, orders.STAYED)).order_by("application_date"))
    ended = list(found.filter(state__in=orders.FINAL).order_by("-state_since")[:ENDED_SHOWN])
    return render(request, "orders/orders.html", {"groups": [_rows(one) for one in (in_force, coming, ended)]})


def _rows(found: list[OrderRow]) -> list[tuple[OrderRow, Any, int]]:
    return [(row, words.ORDER_STATES[row.state], len(row.ends.all())) for row in found]


def public_order(puid: str) -> OrderRow:
    """An order whose page is public. Raises Http404."""
    found = public_orders().filter(handle=puid).first()
    if found is None:
        raise Http404
    return found


@require_safe
@_ask_again
def order_page(request: HttpRequest, puid: str) -> HttpResponse:
    """One order."""
    row = public_order(puid)
    appeals = [(one, words.APPEAL_STATES[one.state]) for one in row.appeals.order_by("filed")]
    at = utc_now()
    return render(request, "orders/order.html", {"shown": shown(row, at), "row": row, "appeals": appeals, "at": at})


@require_safe
def order_file(request: HttpRequest, puid: str) -> HttpResponse:
    """The file that people signed, byte for byte."""
    return HttpResponse(bytes(public_order(puid).signed), content_type="application/json")


@require_safe
@_ask_again
def feed(request: HttpRequest) -> HttpResponse:
    """For enforcers: every order that is public and not over, with its state. Each verifies all of it by itself."""
    rows = public_orders().filter(state__in=orders.OPEN).order_by("handle")[:FEED_MAX]
    return JsonResponse({
        "schema": "licet.orders/1", "computed": time_text(moment_ns(utc_now())),
        "orders": [{"puid": row.handle, "state": row.state, "digest": row.digest, "case": row.case,
                    "end_date": time_text(moment_ns(row.end_date)), "url": f"/orders/{row.handle}.json"}
                   for row in rows]})


@csrf_exempt  # The signatures in it are the authority; no cookie is looked at.
@never_cache
@require_POST
def submit_json(request: HttpRequest) -> HttpResponse:
    """Take the file of an order from `licet order`. Answers with its state, or with all that stands against it."""
    if not LIMITER.allows(visitor_of(request), utc_now()):
        return _problem("too_many", "Too much came from your address just now. Wait a minute.", 429)
    raw = request.read(FILE_BYTES_MAX + 1)
    try:
        row = submit(raw, at=utc_now())
    except NotOrderable as error:
        return _problem(error.code, str(error), 422, problems=[str(one) for one in error.problems])
    except Malformed as error:
        return _problem("malformed", str(error), 400)
    except LicetError as error:
        return _problem(getattr(error, "code", "refused"), str(error), 409)
    return JsonResponse({"schema": "licet.orders/1", "puid": row.handle, "state": row.state, "digest": row.digest})


def _problem(code: str, sentence: str, status: int, **more: Any) -> JsonResponse:
    """RFC 9457."""
    return JsonResponse({"type": f"licet:{code}", "title": sentence, "status": status, **more}, status=status,
                        content_type="application/problem+json")
