"""The log's own files over HTTP, as they are in its folder: what mirrors, monitors and the browser of a reader fetch.

Any web server can serve the folder instead (docs/log.md). The paths are those of C2SP tlog-tiles; no other file can be
named, so that the writer's own are out of reach.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.http import require_safe

from licet.tlog.entry import APART_BYTES_MAX
from licet.tlog.store import FolderReader
from licet.tlog.tile import BUNDLE_BYTES_MAX
from licet.tlog.verify import CHECKPOINT, CHECKPOINT_BYTES_MAX

NEVER_CHANGES = "public, max-age=31536000, immutable"
# A body may be taken back (lifecycle §6, 23): no cache may go on serving it for long.
MAY_BE_REDACTED = "public, max-age=300"
CHANGES_ALWAYS = "public, max-age=5"

TILE = r"tile/(?:[0-7]|entries)/(?:x\d{3}/){0,5}\d{3}(?:\.p/[1-9]\d{0,2})?"
BODY = r"body/[0-9a-f]{64}"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest size and root, signed."""
    return _file(CHECKPOINT, CHECKPOINT_BYTES_MAX, "text/plain; charset=utf-8", CHANGES_ALWAYS)


@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponse:
    """Hashes, or entries. A partial tile may go when its full one is there, but what it says never changes."""
    return _file(path, BUNDLE_BYTES_MAX, "application/octet-stream", NEVER_CHANGES)


@require_safe
def body(request: HttpRequest, path: str) -> HttpResponse:
    """What is kept apart from its entry, by its digest."""
    return _file(path, APART_BYTES_MAX, "application/json; charset=utf-8", MAY_BE_REDACTED)


def _file(path: str, bytes_max: int, kind: str, cache: str) -> HttpResponse:
    raw = FolderReader(settings.DEPLOYMENT.log_path).read(path, bytes_max)
    if raw is None:
        raise Http404
    response = HttpResponse(raw, content_type=kind)
    response["Cache-Control"] = cache
    return response


urlpatterns = [
    re_path(rf"^{CHECKPOINT}$", checkpoint, name="log_checkpoint"),
    re_path(rf"^(?P<path>{TILE})$", tile, name="log_tile"),
    re_path(rf"^(?P<path>{BODY})$", body, name="log_body"),
]
