"""What the service tells its operator: one line of JSON a fact, on standard error. No address of a visitor, no mail
address and no text that somebody wrote is in it."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor

# Django's own lines that say what a visitor asked for, by path: counted in /metrics instead.
QUIET = ("django.request", "django.security", "django.server")


def configure() -> None:
    """Structured lines for our own diagnostics, and for warnings of the libraries."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    ))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The diagnostics of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(module=name)
    return bound
