"""`/tuf/…`: the signed snapshots as files, for `licet snapshot sync` and for mirrors. Any web server can do the same
from a copy of the folder, and should, where it is large (docs/operate.md).

Nothing is served but files whose names a published set can have. Downloads go on where they ended (RFC 9110 §14).
"""

from __future__ import annotations

import re

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from licet.server.deployment import Deployment
from licet.tuf.layout import PUBLISHED_NAME

FOR_EVER = "public, max-age=31536000, immutable"
NEWEST_S = 30  # how long the one file that changes may be kept
BLOCK_BYTES = 256 * 1024

_RANGE = re.compile(r"bytes=([0-9]{1,15})-")


@require_safe
def signed_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """One file of the published set, from the beginning or from a position on."""
    deployment: Deployment = settings.DEPLOYMENT
    if not PUBLISHED_NAME.fullmatch(name):
        raise Http404
    try:
        file = open(deployment.tuf_path / name, "rb")  # noqa: SIM115 — the response closes it
    except OSError:
        raise Http404 from None
    size = file.seek(0, 2)
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    start = int(asked[1]) if asked else 0
    if start and start >= size:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    file.seek(start)
    response = FileResponse(file, content_type="application/octet-stream", status=206 if start else 200)
    response.block_size = BLOCK_BYTES
    response["Accept-Ranges"] = "bytes"
    if start:
        response["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    is_newest = name == "metadata/timestamp.json"
    response["Cache-Control"] = f"public, max-age={NEWEST_S}" if is_newest else FOR_EVER
    return response
