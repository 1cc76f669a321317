"""The desk's page on which an order is drafted: what is missing and what the limits refuse, in words, and the file to
take away. Nothing is kept, and nothing that is made here can be in force: it has no signature.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from licet.errors import LicetError
from licet.model.order import file_bytes
from licet.server.clock import utc_now
from licet.server.desk.forms import take_problems
from licet.server.desk.views import head
from licet.server.entrance import account_of, decider_required
from licet.server.orders.drafting import Drafted, make_draft
from licet.server.orders.forms import DraftForm
from licet.server.orders.policy import networks
from licet.server.orders.service_layer.conflicts import tell_owners
from licet.server.registry.service_layer.actors import officer
from licet.server.registry.service_layer.errors import Invalid

WRONG = 422
DOWNLOAD, TELL = "download", "tell"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@decider_required
def draft_page(request: HttpRequest) -> HttpResponse:
    """The form; what stands against the draft; and once nothing does, its file."""
    posted = request.POST.copy()
    act = posted.pop("act", [""])[-1]
    drafted, problem = None, ""
    try:
        known = networks()
    except LicetError as error:
        return render(request, "orders/desk_draft.html", {"problem": str(error), **head(request, "orders")},
                      status=WRONG if request.method == "POST" else 200)
    form = DraftForm(known, posted if request.method == "POST" else None,
                     initial={"request": request.GET.get("request", "")[:40], "lines": ""})
    if request.method == "POST" and form.is_valid():
        try:
            drafted = make_draft(form.values(), at=utc_now())
        except Invalid as error:
            take_problems(form, error.problems)
        except LicetError as error:
            problem = str(error)
    if drafted is not None and act == DOWNLOAD and drafted.is_ready:
        return _file(drafted)
    if drafted is not None and act == TELL:
        return _told(request, drafted)
    is_wrong = bool(problem or form.errors) or (drafted is not None and not drafted.is_ready)
    return render(request, "orders/desk_draft.html", {
        "form": form, "drafted": drafted, "problem": problem, "missing": _missing(form, drafted),
        **head(request, "orders")}, status=WRONG if is_wrong else 200)


def _missing(form: DraftForm, drafted: Drafted | None) -> list[tuple[str, object, str]]:
    """What the draft does not say yet: the field's id, its label, and what to write there."""
    lacking = drafted.missing if drafted else ()
    return [(str(form[name].id_for_label), form[name].label, what) for name, what in lacking]


def _file(drafted: Drafted) -> HttpResponse:
    answer = HttpResponse(file_bytes(drafted.file), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{drafted.file.order.puid}.json"'
    return answer


def _told(request: HttpRequest, drafted: Drafted) -> HttpResponse:
    """Tell who registered something else at an endpoint that it is in conflict with what was seen."""
    count = sum(tell_owners(officer(account_of(request)), end, at=utc_now()) for end in drafted.conflicts)
    said = _("%(count)d are told. The draft can be made 14 days after their mail.")
    messages.success(request, said % {"count": count})
    return redirect("orders_desk:draft")
