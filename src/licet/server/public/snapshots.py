"""The numbered snapshots: a list, each for download, and what changed between two."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from licet.errors import BadFile
from licet.model.registration import Record
from licet.server.public.limits import limited
from licet.server.public.lookup import place_text
from licet.server.registry.models import Snapshot
from licet.server.snapshot_signing import signed_state
from licet.snapshot.form import read_form

A_PAGE = 25
SHOWN_MAX = 200  # lines of a difference; all of it is in the files
COMPARED_RECORDS_MAX = 100_000  # what two snapshots may have together to be compared on a page
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def snapshot(request: HttpRequest, serial: int | None = None) -> HttpResponse:
    """The newest snapshot, or the one with a number, as `licet scan --registry` reads it. A numbered one never
    changes, so it may be kept for ever; of the newest, its digest is the tag by which a copy is known to be fresh."""
    found = Snapshot.objects.order_by("-serial") if serial is None else Snapshot.objects.filter(serial=serial)
    newest = found.values("serial", "digest").first()
    if newest is None:
        raise Http404
    tag = f'"{newest["digest"]}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        body = Snapshot.objects.values_list("body", flat=True).get(serial=newest["serial"])
        response = HttpResponse(bytes(body), content_type="application/jsonl; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="licet-{newest["serial"]}.snapshot"'
    response["ETag"] = tag
    response["Licet-Serial"], response["Licet-Digest"] = str(newest["serial"]), newest["digest"]
    response["Cache-Control"] = "public, max-age=60" if serial is None else FOR_EVER
    return response


@require_safe
def snapshots(request: HttpRequest) -> HttpResponse:
    """All snapshots, the latest first."""
    rows = Snapshot.objects.order_by("-serial").defer("body")
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    signed = signed_state()
    return render(request, "public/snapshots.html", {
        "page": page, "latest": rows.first(), "signed": signed if signed is not None and signed.newest else None,
        "until": min(signed.expires.values()) if signed is not None else None,
        "url": settings.DEPLOYMENT.table.url.rstrip("/"),
    })


class ChangesForm(forms.Form):
    """Which two snapshots are compared."""

    before = forms.IntegerField(label=gettext_lazy("From number"), min_value=1, max_value=2**53)
    after = forms.IntegerField(label=gettext_lazy("To number"), min_value=1, max_value=2**53)


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a difference, in words."""

    service: str
    place: str
    status: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What the later one has that the earlier one has not, and the other way round; the counts are of all lines."""

    before: Snapshot
    after: Snapshot
    added: tuple[Line, ...]
    removed: tuple[Line, ...]
    added_count: int
    removed_count: int


@require_safe
@limited
def changes(request: HttpRequest) -> HttpResponse:
    """What changed between two snapshots: records that are new, and records that are gone."""
    form = ChangesForm(request.GET or None)
    found = problem = None
    if form.is_valid():
        numbers = sorted((form.cleaned_data["before"], form.cleaned_data["after"]))
        pair = list(Snapshot.objects.filter(serial__in=numbers).order_by("serial").defer("body"))
        if len(pair) < len(set(numbers)) or numbers[0] == numbers[1]:
            problem = _("Choose the numbers of two snapshots from the list.")
        elif pair[0].records + pair[1].records > COMPARED_RECORDS_MAX:
            problem = _("These two are too large to be compared here. Download both: each is sorted text, one record a "
                        "line, so that “diff” shows what changed.")
        else:
            found = compare(*pair)
    status = 400 if problem or (form.is_bound and not form.is_valid()) else 200
    return render(request, "public/changes.html", {"form": form, "changes": found, "problem": problem}, status=status)


def compare(before: Snapshot, after: Snapshot) -> Changes:
    """The difference of two snapshots as sets of records."""
    old, new = _records(before), _records(after)
    added, removed = _minus(new, old), _minus(old, new)
    return Changes(before, after, _lines(added), _lines(removed), len(added), len(removed))


def _minus(some: tuple[Record, ...], others: tuple[Record, ...]) -> list[Record]:
    known = set(others)
    return [record for record in some if record not in known]


def _records(one: Snapshot) -> tuple[Record, ...]:
    try:
        return read_form(f"snapshot {one.serial}", bytes(one.body))[1]
    except BadFile as error:  # not what this service wrote: somebody changed the database by hand
        raise RuntimeError(str(error)) from error


def _lines(records: list[Record]) -> tuple[Line, ...]:
    return tuple(Line(one.service, place_text(one), one.status) for one in records[:SHOWN_MAX])
