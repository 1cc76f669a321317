"""What stands in an address and can be no name: U+0000. PostgreSQL takes no text with it, so it is looked for nowhere,
and answered as any other address that nothing has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase

NUL = "\0"


class RefuseNul:
    """Middleware that answers 404 where a part of the path holds it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the view is called with the parts. Raises Http404."""
        if any(isinstance(part, str) and NUL in part for part in (*args, *kwargs.values())):
            raise Http404
