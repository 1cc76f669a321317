"""Who signs the orders of a demonstration: somebody outside of the registry, which itself has no key that could."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from licet.model.enforcer_report import EnforcerReport


class People(Protocol):
    """Invented people. What each function returns is what somebody would send: the file of an order, lines of a scan,
    the report of an enforcer. name: of a subject; times are nanoseconds since the epoch."""

    @property
    def policy(self) -> str:
        """The policy.toml that names them."""

    @property
    def registry(self) -> str:
        """Digest of the registry by which their enforcers judge."""

    def drafted(self, name: str, *, at_ns: int, begin_ns: int | None = None, end_ns: int | None = None,
                request: str = "") -> bytes:
        """A draft, signed by its author."""

    def rehearsed(self, raw: bytes, name: str, *, at_ns: int) -> bytes:
        """The same with its dry run."""

    def approved(self, raw: bytes, *, at_ns: int) -> bytes:
        """The same, signed by the second person."""

    def seen(self, name: str, *, at_ns: int) -> bytes:
        """What a scan saw."""

    def reported(self, code: str, report: EnforcerReport) -> bytes:
        """A report, signed by the enforcer of that code."""


# Their keys are there for as long as this is entered. Raises Unavailable where none can be made.
Invite = Callable[[], AbstractContextManager[People]]
