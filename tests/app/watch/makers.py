"""Windows and trackers for tests: vectors spoken at a time of one's choice, and windows over them."""

from __future__ import annotations

from collections.abc import Iterable

from licet.app.scan import Scanner
from licet.app.tunnels import Network, Served
from licet.app.watch.tracker import Tracker
from licet.app.watch.window import Other, Window
from licet.flow.kernel import Kernel
from licet.flow.listed import Listed
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.table import Limits
from support.engines import sieves_for
from support.packets import START_NS
from support.vectors import load_vectors, records

SECOND_NS = 10**9
EVERY_S = 10


def spoken(file: str, name: str, at_s: float = 0, **ends: str) -> list[Record]:
    """A vector's packets, the first of them `at_s` seconds after START_NS."""
    vector = next(one for one in load_vectors(file) if one.name == name)
    packets = list(records(vector, **ends))
    first_ns = packets[0].time_ns
    return [packet._replace(time_ns=packet.time_ns - first_ns + START_NS + int(at_s * SECOND_NS)) for packet in packets]


class Link:
    """A tracker with a table of live traffic, and a clock in seconds after START_NS."""

    def __init__(
        self, scanner: Scanner | None = None, *, inside: tuple[Network, ...] = (), may_name: Listed | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.breaths = 0
        self._ordinal = 0
        self.kernel = Kernel(ReadySieves(sieves_for(may_name)), limits or Limits(), listed=may_name, live=True)
        self.tracker = Tracker(self.kernel, scanner or Scanner(ladders=False), inside, self._breathe, may_name)

    def _breathe(self) -> None:
        self.breaths += 1

    def hear(self, packets: Iterable[Record]) -> None:
        """Take packets, numbered as they come."""
        for packet in packets:
            self._ordinal += 1
            self.kernel.add(self._ordinal, *packet[1:])

    def end(
        self, begin_s: float, end_s: float | None = None
    ) -> tuple[list[Served], list[Other], dict[str, tuple[int, int, int]]]:
        """End the window that began at `begin_s`."""
        end_s = begin_s + EVERY_S if end_s is None else end_s
        return self.tracker.end_window(START_NS + int(end_s * SECOND_NS))


def window(interface: str = "eth0", start_s: float = 0, **members: object) -> Window:
    """A window of EVERY_S in which nothing happened, but for what is given."""
    start_ns = START_NS + int(start_s * SECOND_NS)
    empty = Window(interface, start_ns, start_ns + EVERY_S * SECOND_NS, (), (), {}, 0, 0, 0, 0, 0, {}, {})
    return empty._replace(**members)  # type: ignore[arg-type]
