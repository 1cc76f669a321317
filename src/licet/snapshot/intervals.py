"""Nested prefixes flattened: one sorted list of intervals that do not overlap, each with its most exact network.

    192.0.2.0/24   ├─────────────────────────────┤     start      .0     .8     .9     .10    .16    next /24
    192.0.2.8/29         ├────────────┤                network    /24    /29    .9     /29    /24    none
    192.0.2.9              ┤                           parents    .9 → /29 → /24 → none

One search for the last start that is not behind an address finds its network, and the parents lead to every wider one:
the same few tables serve one look-up (bisect) and a million at once (`join`).
"""

from __future__ import annotations

from array import array

from licet.snapshot.place import BITS, split_place

NO_NETWORK = 0
_LOW_MASK = (1 << 64) - 1


class Intervals:
    """Flattens the networks of one IP version, handed over in order of place.

    starts: first address of each interval, ascending; for IPv6 two numbers each, high and low half; networks: number of
    the most exact network of each interval, counted from one, NO_NETWORK where there is none. Each network opens at
    most one interval and closes into at most one, so there are at most twice as many intervals as networks.
    """

    def __init__(self, version: int) -> None:
        self._bits = BITS[version]
        self.starts = array("I" if version == 4 else "Q")
        self.networks = array("I")
        self._last_start = -1
        self._open: list[tuple[int, int]] = []  # (first address behind it, number), the widest first

    def add(self, place: int, number: int) -> int:
        """Add the next network. Returns the number of the narrowest network around it, or NO_NETWORK."""
        _, start, length = split_place(place)
        self._close_before(start)
        parent = self._open[-1][1] if self._open else NO_NETWORK
        self._begin(start, number)
        self._open.append((start + (1 << self._bits - length), number))
        return parent

    def finish(self) -> None:
        """End the networks that are still open. The last one may reach to the end of all addresses."""
        self._close_before(1 << self._bits)

    def _close_before(self, start: int) -> None:
        """End every open network that does not reach to `start`."""
        while self._open and self._open[-1][0] <= start:
            end, _ = self._open.pop()
            self._begin(end, self._open[-1][1] if self._open else NO_NETWORK)

    def _begin(self, start: int, number: int) -> None:
        """From here on, this network is the most exact one; what was said of the same address before does not hold."""
        if start >> self._bits:
            return
        if start == self._last_start:
            self.networks[-1] = number
            return
        self._last_start = start
        if self._bits == 128:
            self.starts.append(start >> 64)
            self.starts.append(start & _LOW_MASK)
        else:
            self.starts.append(start)
        self.networks.append(number)
