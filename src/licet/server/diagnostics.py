"""What the service tells its operator: one line of JSON a fact, on standard error.

Each request has an id, which is also in the answer's header `Request-Id`: somebody who reports a problem names it. No
address of a visitor, no mail address, no path (it may hold a token) and no text that somebody wrote is in a line. An
exception is named by its kind and by where it happened; its message could quote what was sent.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Any

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseBase
from structlog.typing import EventDict, Processor, WrappedLogger

from licet.server import chance

# Django's own lines that say what a visitor asked for, by path or host: our line about each request says the rest.
QUIET = ("django.request", "django.security", "django.server")
FRAMES_MAX = 12
ANSWERS = (Http404, PermissionDenied, SuspiciousOperation, BadRequest)


class StandardError(logging.StreamHandler[Any]):
    """Writes to what is standard error now, not to what it was when this was made."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.stream = sys.stderr
        super().emit(record)


def configure() -> None:
    """Structured lines for our own diagnostics, and for warnings of the libraries."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_message,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = StandardError()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    ))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The diagnostics of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(module=name)
    return bound


def without_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its kind and the places that it came through, the innermost last."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
        event["at"] = [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
                       for frame in frames]
    return event


class LogRequests:
    """Middleware: an id for each request, and one line when it was answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.told = get(__name__)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number, begun = chance.request_id(), perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=number):
            response = self.get_response(request)
            response["Request-Id"] = number
            self.told.info("request", method=_method(request), view=_view(request), status=response.status_code,
                           milliseconds=round((perf_counter() - begun) * 1_000, 1))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Something that nobody thought of; the visitor sees a page without it. What a view raises to answer with a
        status is none."""
        if isinstance(exception, ANSWERS):
            return
        self.told.error("request_failed", view=_view(request), exc_info=exception)


def _method(request: HttpRequest) -> str:
    return request.method if request.method in ("GET", "HEAD", "POST") else "other"


def _view(request: HttpRequest) -> str:
    """The name of a page, never its path."""
    match: Any = request.resolver_match
    return "none" if match is None else match.view_name or "unnamed"
