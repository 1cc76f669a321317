"""What is in force now, and who has confirmed it: a page, the same for programs, and where enforcers report."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from licet.errors import LicetError, Malformed, VerificationFailed
from licet.lifecycle import order as orders
from licet.model.canonical import moment_ns, time_text
from licet.model.enforcer_report import FILE_BYTES_MAX, TAKEN
from licet.order.network import effective_kind
from licet.server.clock import utc_now
from licet.server.orders import words
from licet.server.orders.enforcers import enforcer_json, recomputed, shown_enforcers
from licet.server.orders.models import EnforcerRow, OrderRow
from licet.server.orders.policy import networks
from licet.server.orders.service_layer.enforcers import take
from licet.server.public.limits import LIMITER, visitor_of
from licet.server.registry.models import Registry

STATES = (orders.LIVE, orders.CANARY, orders.NOTICED, orders.STAYED)
STATUS_OF = {"unknown_enforcer": 403, "too_often": 429, "too_many": 429, "malformed": 400, "too_large": 413,
             "signature": 403}

# Whether something is off is asked anew each time: nobody is shown a minute-old answer to that.
_ask_again = cache_control(no_cache=True)


def _counts() -> dict[str, int]:
    return {state: OrderRow.objects.filter(state=state).count() for state in STATES}


@require_safe
@_ask_again
def status(request: HttpRequest) -> HttpResponse:
    """What is in force now, ideally nothing, and which enforcers have confirmed it."""
    at = utc_now()
    registry, counts, enforcers = Registry.objects.filter(pk=1).first(), _counts(), shown_enforcers(at)
    return render(request, "orders/status.html", {
        "counts": [(words.COUNTED[state], count) for state, count in counts.items()],
        "in_force": counts[orders.LIVE] + counts[orders.CANARY], "at": at, "enforcers": enforcers,
        "red": sum(not one.has_confirmed for one in enforcers), "recomputed": recomputed(enforcers),
        "networks": _networks(), "ran_at": None if registry is None else registry.clock_ran_at})


def _networks() -> list[tuple[str, words.Text]]:
    """The networks of the policy, and what each counts as; [] without one."""
    try:
        return [(one.name, words.NETWORK_KINDS[effective_kind(one)[0]]) for one in networks()]
    except LicetError:
        return []


@require_safe
@_ask_again
def status_json(request: HttpRequest) -> HttpResponse:
    """The same for programs: `licet.status/1`."""
    at = utc_now()
    enforcers = shown_enforcers(at)
    newest = recomputed(enforcers)
    return JsonResponse({
        "schema": "licet.status/1", "computed": time_text(moment_ns(at)), "orders": _counts(),
        "recomputed": None if newest is None else time_text(moment_ns(newest), 0),
        "enforcers": [enforcer_json(one) for one in enforcers]})


@require_safe
@_ask_again
def report_file(request: HttpRequest, number: int) -> HttpResponse:
    """The newest report of an enforcer, byte for byte as it was signed."""
    row = get_object_or_404(EnforcerRow, pk=number)
    return HttpResponse(bytes(row.report), content_type="application/json")


@csrf_exempt  # The signature in it is the authority; no cookie is looked at.
@never_cache
@require_POST
def report_json(request: HttpRequest) -> HttpResponse:
    """Take the report of an enforcer. Answers that it was taken, or with the one sentence that stands against it."""
    at = utc_now()
    if not LIMITER.allows(visitor_of(request), at):
        return _problem("too_many", "Too much came from your address just now. Wait a minute.")
    raw = request.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        return _problem("too_large", f"The report of an enforcer has at most {FILE_BYTES_MAX:,} bytes.")
    try:
        row = take(raw, at=at)
    except Malformed as error:
        return _problem("malformed", str(error))
    except VerificationFailed as error:
        return _problem("signature", str(error))
    except LicetError as error:
        return _problem(getattr(error, "code", "refused"), str(error))
    return JsonResponse({"schema": TAKEN, "computed": time_text(moment_ns(row.computed))})


def _problem(code: str, sentence: str) -> JsonResponse:
    """RFC 9457."""
    status = STATUS_OF.get(code, 409)
    return JsonResponse({"type": f"licet:{code}", "title": sentence, "status": status}, status=status,
                        content_type="application/problem+json")
