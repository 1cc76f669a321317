"""The desk's pages of orders: taking one from a file, what waits for evidence, ending one early."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from licet.errors import LicetError
from licet.lifecycle import order as orders
from licet.server.clock import utc_now
from licet.server.desk.forms import DeskForm
from licet.server.desk.views import head
from licet.server.entrance import account_of, decider_required, officer_required
from licet.server.orders import words
from licet.server.orders.forms import LiftForm, ObserveForm, SubmitOrderForm
from licet.server.orders.models import OrderRow
from licet.server.orders.service_layer.orders import NotOrderable, lift, observe, submit
from licet.server.orders.shown import shown
from licet.server.registry.service_layer.actors import officer

WRONG, CONFLICT = 422, 409
ROWS_MAX = 500


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@decider_required
def order_list(request: HttpRequest) -> HttpResponse:
    """All that is not over, and a field for the file of an order."""
    form = SubmitOrderForm(request.POST or None)
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            row = submit(form.cleaned_data["order"].encode(), at=utc_now())
        except NotOrderable as error:
            problems = [str(one) for one in error.problems]
        except LicetError as error:
            problems = [str(error)]
        else:
            messages.success(request, f"{row.handle}: {words.ORDER_STATES[row.state]}")
            return redirect("orders_desk:order", puid=row.handle)
    rows = OrderRow.objects.order_by("-cr_date")[:ROWS_MAX]
    return render(request, "orders/desk_orders.html", {
        "rows": [(row, words.ORDER_STATES[row.state]) for row in rows], "form": form, "problems": problems,
        **head(request, "orders")}, status=WRONG if problems or form.errors else 200)


@require_safe
@never_cache
@officer_required
def order_page(request: HttpRequest, puid: str) -> HttpResponse:
    """One order, whatever its state."""
    return _page(request, get_object_or_404(OrderRow, handle=puid))


def _page(request: HttpRequest, row: OrderRow, problem: str = "", status: int = 200) -> HttpResponse:
    at = utc_now()
    return render(request, "orders/desk_order.html", {
        "row": row, "shown": shown(row, at), "at": at, "lift": LiftForm(), "observe": ObserveForm(),
        "waits": row.state == orders.NOTICED, "problem": problem, **head(request, "orders")}, status=status)


@never_cache
@require_POST
@decider_required
def step(request: HttpRequest, puid: str, name: str) -> HttpResponse:
    """End an order before its end, or give it fresh evidence."""
    row = get_object_or_404(OrderRow, handle=puid)
    actor, at = officer(account_of(request)), utc_now()
    form: DeskForm = LiftForm(request.POST) if name == "lift" else ObserveForm(request.POST)
    if name not in ("lift", "observe"):
        raise Http404
    if not form.is_valid():
        return _page(request, row, " ".join(str(one) for each in form.errors.values() for one in each), WRONG)
    try:
        if name == "lift":
            lift(actor, row, form.cleaned_data["code"], at=at)
        else:
            observe(actor, row, form.cleaned_data["lines"].encode(), at=at)
    except LicetError as error:
        return _page(request, row, str(error), CONFLICT)
    messages.success(request, _("%(handle)s: done.") % {"handle": row.handle})
    return redirect("orders_desk:order", puid=puid)
