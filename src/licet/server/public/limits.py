"""How often one visitor may look things up: a table in memory, of bounded size, that forgets within a minute.

The only place of the service that holds the address of a visitor. It is written nowhere, shown nowhere and shared with
no other process; each worker counts for itself. Every look-up clears whatever is older than a minute; a restart clears
everything. Where the table is full, the visitor who was idle for the longest is forgotten: doubt lets through.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from threading import Lock
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from licet.server.caching import NOWHERE
from licet.server.clock import utc_now

LOOKUPS_A_MINUTE = 60
MINUTE_S = 60.0
VISITORS_MAX = 20_000
HOME_PREFIX_BITS = 64  # of IPv6: one connection has that many addresses, and more

P = ParamSpec("P")


class Limiter:
    """A bucket of look-ups for each visitor, which fills up evenly within a minute."""

    def __init__(self, a_minute: int = LOOKUPS_A_MINUTE, visitors_max: int = VISITORS_MAX) -> None:
        self._a_minute, self._visitors_max = a_minute, visitors_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and as of when
        self._lock = Lock()

    def allows(self, visitor: str, at: datetime) -> bool:
        """Take one look-up out of the visitor's bucket; False where it is empty."""
        now = at.timestamp()
        with self._lock:
            self._forget(now)
            left, since = self._buckets.pop(visitor, (float(self._a_minute), now))
            # A clock that was set back must not take away what there was.
            left = min(self._a_minute, left + max(0.0, now - since) * self._a_minute / MINUTE_S)
            is_allowed = left >= 1
            self._buckets[visitor] = (left - 1 if is_allowed else left, now)
            return is_allowed

    def clear(self) -> None:
        """Forget everybody."""
        with self._lock:
            self._buckets.clear()

    def __len__(self) -> int:
        return len(self._buckets)

    def _forget(self, now: float) -> None:
        """Drop buckets that are full again, and one more where there is no room. The oldest come first."""
        while self._buckets:
            oldest = next(iter(self._buckets.values()))[1]
            if now - oldest < MINUTE_S and len(self._buckets) < self._visitors_max:
                break
            self._buckets.popitem(last=False)


LIMITER = Limiter()


def visitor_of(request: HttpRequest) -> str:
    """By what a visitor is counted: the address, or the prefix of one connection where that is IPv6.

    Behind TLS there is one proxy, which adds the address as the last one of X-Forwarded-For; what stands before it
    anybody can write.
    """
    text = str(request.META.get("REMOTE_ADDR", ""))
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        text = str(request.META.get("HTTP_X_FORWARDED_FOR", text)).rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, HOME_PREFIX_BITS), strict=False))


def limited(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A look-up: answers 429 (RFC 6585 §4) to a visitor who asks more than LOOKUPS_A_MINUTE."""

    @wraps(view)
    def counted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.GET and not LIMITER.allows(visitor_of(request), utc_now()):
            response = render(request, "public/too_many.html", {"a_minute": LOOKUPS_A_MINUTE}, status=429)
            response["Retry-After"] = str(round(MINUTE_S / 4))
            response["Cache-Control"] = NOWHERE
            return response
        return view(request, *args, **kwargs)

    return counted
