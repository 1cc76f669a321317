"""Endpoints that lines with `only_listed` are looked for at, as the flow table takes them: opaque, sorted, searched
once a flow. What they stand for is the caller's business.

Addresses are numbers of 128 bits, an IPv4 address as the IPv4-mapped one that stands for it (RFC 4291 §2.5.5.2).
"""

from __future__ import annotations

import ipaddress
import struct
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from licet.model.sieve import TRANSPORTS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ANY = -1
MAPPED = 0xFFFF << 32
_LOW_MASK = (1 << 64) - 1
_ROW = struct.Struct("=QQQQQQii")


class Span(NamedTuple):
    """Addresses from first to last, both included; transport: None for any; port: None for any."""

    first: int
    last: int
    transport: str | None
    port: int | None


class Listed:
    """Spans, ready to be searched. They may overlap and come in any order."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans = sorted(set(spans), key=_sort_key)
        self._firsts = [span.first for span in self._spans]
        # The last address that this span or one before it reaches: behind it, no earlier span need be looked at.
        self._reach: list[int] = []
        for span in self._spans:
            self._reach.append(max(span.last, self._reach[-1] if self._reach else 0))

    def __len__(self) -> int:
        return len(self._spans)

    def has(self, packed: bytes, transport: str, port: int) -> bool:
        """True if an end (4 or 16 bytes of address) is in a span of its transport and port."""
        number = int.from_bytes(packed, "big") | (MAPPED if len(packed) == 4 else 0)
        at = bisect_right(self._firsts, number) - 1
        while at >= 0 and self._reach[at] >= number:
            span = self._spans[at]
            if span.last >= number and span.transport in (None, transport) and span.port in (None, port):
                return True
            at -= 1
        return False

    def rows(self) -> bytes:
        """The same for the kernel: a row of `ListedRow` (kernel/listed.pxi) a span."""
        return b"".join(
            _ROW.pack(
                span.first >> 64, span.first & _LOW_MASK, span.last >> 64, span.last & _LOW_MASK,
                reach >> 64, reach & _LOW_MASK,
                ANY if span.transport is None else TRANSPORTS.index(span.transport),
                ANY if span.port is None else span.port,
            )
            for span, reach in zip(self._spans, self._reach, strict=True)
        )


def span_of(network: Network, transport: str | None, port: int | None) -> Span:
    """The span of an address or a prefix."""
    mapped = MAPPED if network.version == 4 else 0
    return Span(int(network.network_address) | mapped, int(network.broadcast_address) | mapped, transport, port)


def _sort_key(span: Span) -> tuple[int, int, str, int]:
    return span.first, span.last, span.transport or "", ANY if span.port is None else span.port
