"""The pages for what went wrong, in the look of all others. They say what to do, and never whose fault it was."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: a request that cannot be read. Nothing is asked of the database, and nothing is repeated of the request."""
    return HttpResponse(render_to_string("400.html"), status=400)


def not_for_you(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: a page of somebody else, or of another role."""
    return render(request, "403.html", {"is_stale_form": False}, status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token: it stood open for too long, or came from another site."""
    return render(request, "403.html", {"is_stale_form": True}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault. It must work where nothing else does, so it asks nothing of the database."""
    return HttpResponse(render_to_string("500.html"), status=500)
