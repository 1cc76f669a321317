"""Who may keep a copy of a page: everybody of a public one, nobody of any other.

Public pages are the same for whoever looks: they carry no cookie, do not ask who is signed in, and show one link to
“My services” instead of a name. So a cache in front of the service may answer for it, and nothing about a visitor has
to be looked at to show a page. What is behind a sign-in is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve
from django.urls.exceptions import Resolver404

PUBLIC_SECONDS = 60
PUBLIC_APPS, HOME = frozenset({"public", "audit", "orders"}), "home"
NOWHERE = "private, no-store"


def is_public_page(request: HttpRequest) -> bool:
    """True for pages that anybody may read, for the page that says that there is no such page, too."""
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return True
    return match.app_name in PUBLIC_APPS or match.view_name == HOME


class CacheRules:
    """Middleware that says for every answer how long it may be kept, where its view does not say it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if "Cache-Control" not in response:
            is_shared = is_public_page(request) and response.status_code in (200, 301)
            response["Cache-Control"] = f"public, max-age={PUBLIC_SECONDS}" if is_shared else NOWHERE
        return response
