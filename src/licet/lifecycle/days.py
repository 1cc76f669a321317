"""Counting days and working days in nanoseconds since the epoch, in UTC.

A working day is Monday to Friday. Holidays are not known: they differ from place to place, and a registry that is
closed on one is a registry that is late.
"""

from __future__ import annotations

DAY_NS = 86_400 * 1_000_000_000
HOUR_NS = 3_600 * 1_000_000_000

_THURSDAY = 3  # 1970-01-01, counted from Monday
_FIRST_OF_WEEKEND = 5


def days_after(since_ns: int, days: int) -> int:
    """So many times 24 hours later; earlier where days is negative."""
    return since_ns + days * DAY_NS


def working_days_after(since_ns: int, days: int) -> int:
    """The moment at which so many working days are over. What begins on a weekend is counted from Monday, 00:00."""
    at_ns = since_ns
    if _is_weekend(at_ns):
        at_ns = _next_midnight(at_ns)
        while _is_weekend(at_ns):
            at_ns += DAY_NS
    for _ in range(days):
        at_ns += DAY_NS
        while _is_weekend(at_ns):
            at_ns += DAY_NS
    return at_ns


def _is_weekend(at_ns: int) -> bool:
    return (at_ns // DAY_NS + _THURSDAY) % 7 >= _FIRST_OF_WEEKEND


def _next_midnight(at_ns: int) -> int:
    return (at_ns // DAY_NS + 1) * DAY_NS
