"""The compiled flow table, if it was built: `Kernel` is None where no compiler was at hand."""

from __future__ import annotations

__all__ = ["Kernel"]

try:
    from licet.flow.kernel._kernel import Kernel
except ImportError:
    Kernel = None  # type: ignore[assignment,misc]  # the plain twin does the same work
