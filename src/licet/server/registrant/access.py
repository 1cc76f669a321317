"""What an account may touch, and how a form meets the service layer. For who may not, there is no such page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from licet.errors import Refused
from licet.server.clock import utc_now
from licet.server.entrance import account_of
from licet.server.registrant.forms import PlainForm
from licet.server.registrant.overview import Overview, overviews
from licet.server.registry.models import Endpoint, Organisation, Service
from licet.server.registry.service_layer.actors import Actor, registrant, registry
from licet.server.registry.service_layer.errors import Invalid

P = ParamSpec("P")
Row = TypeVar("Row", Organisation, Service)
DOUBLE_PRESS = timedelta(seconds=10)
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def page(view: View[P]) -> View[P]:
    """A page of who is signed in: not kept by any cache, and only asked for or sent to."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return view(request, *args, **kwargs)

    return guarded


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with; None where a page is only asked for."""
    return request.POST if request.method == "POST" else None


def actor_of(request: HttpRequest) -> Actor:
    """Who is signed in, as a registrant."""
    return registrant(account_of(request))


def my_organisation(request: HttpRequest, handle: str) -> Organisation:
    """An organisation that the account acts for. Raises Http404."""
    return get_object_or_404(Organisation, handle=handle, members=account_of(request))


def my_service(request: HttpRequest, handle: str) -> Service:
    """A service of an organisation that the account acts for. Raises Http404."""
    mine = Service.objects.select_related("organisation")
    return get_object_or_404(mine, handle=handle, organisation__members=account_of(request))


def my_endpoint(request: HttpRequest, handle: str) -> Endpoint:
    """An endpoint of such a service. Raises Http404."""
    mine = Endpoint.objects.select_related("service__organisation").filter(dropped_at=None)
    return get_object_or_404(mine, handle=handle, service__organisation__members=account_of(request))


def my_overview(request: HttpRequest, handle: str) -> Overview:
    """Such a service with all that is shown of it. Raises Http404."""
    mine = Service.objects.filter(handle=handle, organisation__members=account_of(request))
    found = overviews(mine, utc_now(), is_owned=registry().is_owned)
    if not found:
        raise Http404
    return found[0]


def made_just_now(rows: QuerySet[Row], at: datetime) -> Row | None:
    """What the same form made a moment ago: a button that is pressed twice makes one thing."""
    return rows.filter(cr_date__gt=at - DOUBLE_PRESS).order_by("-pk").first()


def is_done(form: PlainForm, do: Callable[[], Any]) -> bool:
    """True where the form was right and the service layer did it; else what was wrong stands in the form."""
    if not form.is_valid():
        return False
    try:
        do()
    except Invalid as problem:
        form.take(problem)
        return False
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return False
    return True
