"""Pages that anybody can read, without signing in and without a session."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from licet.server.registry.models import Snapshot


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
    response["Cache-Control"] = "public, max-age=60" if serial is None else "public, max-age=31536000, immutable"
    return response
