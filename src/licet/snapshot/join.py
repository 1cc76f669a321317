"""Many addresses at once: which network of a snapshot each belongs to, by numpy (performance: "Registry join").

Addresses are two arrays of uint64, the high and the low half of an IPv6 address; an IPv4 address is written as the
IPv4-mapped one that stands for it (RFC 4291 §2.5.5.2). Before they are searched for, queries are grouped by their first
bits, so that neighbours find the same memory at hand; sorting them whole took longer than it saved. numpy is imported
here and nowhere else in the room, when a join is asked for: a scan of a small capture takes less time than that import.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from licet.model.endpoint import parse_address

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from licet.snapshot.lookup import Buffer, Spans

    Halves = NDArray[np.uint64]
    Networks = NDArray[np.uint32]

_MAPPED = 0xFFFF << 32
_LOW_MASK = (1 << 64) - 1


def halves(addresses: Iterable[str]) -> tuple[Halves, Halves]:
    """Addresses in text as the arrays that a join takes. Raises Malformed."""
    import numpy as np

    numbers = [int(address) | _MAPPED if address.version == 4 else int(address)
               for address in map(parse_address, addresses)]
    high = np.array([number >> 64 for number in numbers], np.uint64)
    return high, np.array([number & _LOW_MASK for number in numbers], np.uint64)


class Join:
    """The networks of a snapshot, ready for many joins."""

    def __init__(self, spans: Spans) -> None:
        import numpy as np

        self._v4_starts = np.frombuffer(spans.v4_starts, np.uint32)
        self._v4_networks = _networks(spans.v4_networks)
        starts = np.frombuffer(spans.v6_starts, np.uint64).reshape(-1, 2)
        self._v6_high, self._v6_low = np.ascontiguousarray(starts[:, 0]), np.ascontiguousarray(starts[:, 1])
        self._v6_networks = _networks(spans.v6_networks)

    def join(self, high: Halves, low: Halves) -> Networks:
        """The number of the most exact network that holds each address; 0 where none does.

        Raises ValueError where the halves are not arrays of uint64 of one length.
        """
        import numpy as np

        if high.dtype != np.uint64 or low.dtype != np.uint64 or high.ndim != 1 or high.shape != low.shape:
            raise ValueError("the halves of addresses are two arrays of uint64 of one length")
        is_v4 = (high == 0) & (low >> np.uint64(32) == 0xFFFF)
        found = np.empty(len(high), np.uint32)
        found[is_v4] = self._join_v4(low[is_v4].astype(np.uint32))
        is_v6 = ~is_v4
        found[is_v6] = self._join_v6(high[is_v6], low[is_v6])
        return found

    def _join_v4(self, addresses: NDArray[np.uint32]) -> Networks:
        import numpy as np

        order = _rows_by_16_bits(addresses, 16)
        interval = np.searchsorted(self._v4_starts, addresses[order], side="right")
        found = np.empty(len(addresses), np.uint32)
        found[order] = self._v4_networks[interval]
        return found

    def _join_v6(self, high: Halves, low: Halves) -> Networks:
        import numpy as np

        order = _rows_by_16_bits(high, 32)
        order = order[_rows_by_16_bits(high[order], 48)]
        high, low = high[order], low[order]
        # Intervals whose start has the same high half, from `interval` up to `end`: among them the low half decides.
        interval = np.searchsorted(self._v6_high, high, side="left")
        end = np.searchsorted(self._v6_high, high, side="right")
        rows = np.flatnonzero(interval < end)
        interval[rows] = self._search_low(low[rows], interval[rows], end[rows])
        found = np.empty(len(high), np.uint32)
        found[order] = self._v6_networks[interval]
        return found

    def _search_low(self, low: Halves, first: NDArray[np.intp],
                    end: NDArray[np.intp]) -> NDArray[np.intp]:
        """A binary search in a range of its own for each row, all in step: the first interval that starts behind."""
        import numpy as np

        while len(rows := np.flatnonzero(first < end)):
            middle = (first[rows] + end[rows]) >> 1
            starts_behind = self._v6_low[middle] > low[rows]
            end[rows[starts_behind]] = middle[starts_behind]
            first[rows[~starts_behind]] = middle[~starts_behind] + 1
        return first


def _rows_by_16_bits(numbers: NDArray[np.uint32] | Halves, shift: int) -> NDArray[np.intp]:
    """Rows in the order of 16 bits of their numbers, equal ones as they stood: numpy has a radix sort for just this."""
    import numpy as np

    return np.argsort((numbers >> numbers.dtype.type(shift)).astype(np.uint16), kind="stable")


def _networks(numbers: Buffer) -> Networks:
    """The network of each interval, moved by one: searches answer how many intervals start before, and before the first
    there is no network."""
    import numpy as np

    return np.concatenate([np.zeros(1, np.uint32), np.frombuffer(numbers, np.uint32)])
