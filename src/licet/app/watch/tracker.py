"""One interface's flow table over time: what its tunnels did in each window.

A candidate flow is recognised when something new was kept of it, and remembered until it has been silent for
IDLE_NS. What is remembered has no client: the flow's ends stay in the table and are asked for when its server's end is
chosen, once a window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from licet.app.scan import Scanner
from licet.app.tunnels import Ends, Network, Served, endpoint, serve
from licet.app.watch.window import Other
from licet.flow.kernel import Kernel
from licet.flow.listed import MAPPED, Listed, Span
from licet.flow.table import Candidate
from licet.model.endpoint import Endpoint
from licet.model.evidence import CERTAIN
from licet.model.flow import Flow
from licet.recognise.links import LINK_WITHIN_NS, Found, link

if TYPE_CHECKING:
    from licet.snapshot.keys import KeyTrials

IDLE_NS = 300 * 1_000_000_000  # WireGuard gives a session up after 180 s, OpenVPN's usual timeout is 120 s
# What makes another flow of its pair certain is remembered while that one goes on: IKE may be silent for hours beside
# its ESP.
LENDERS = frozenset({"ipsec-ike", "pptp"})
STREAM_IDLE_NS = 60 * 1_000_000_000  # a TCP flow that has not become anything by then
SLICE = 256  # candidates between two looks at the ring
SWEEP_FLOWS = 1 << 16  # flows between two looks at the ring

Breathe = Callable[[], object]
Identity = tuple[int, int]


@dataclass(slots=True)
class _Known:
    """A candidate as it was last recognised. changes: of what is kept; packets: it had then; founds: what it is."""

    changes: int
    packets: int
    founds: tuple[Found, ...]


@dataclass(slots=True)
class _Active:
    """A tunnel's flow in this window. span: first and last seen; counts: packets and bytes within the window."""

    ends: Ends
    span: tuple[int, int]
    counts: tuple[int, int]


class Tracker:
    """The tunnels of one kernel's flow table.

    scanner: recognises and knows the registries; inside: the operator's prefixes; breathe: called often, so that the
    ring is read while a window is made; may_name: the only server's ends that may be named, None for any. A tunnel with
    another end is counted with all else: a registered server may itself be somebody's client. key_checks_cut: checks of
    registered keys that were not made, for they would have cost too much.
    """

    def __init__(
        self, kernel: Kernel, scanner: Scanner, inside: Sequence[Network], breathe: Breathe,
        may_name: Listed | None = None,
    ) -> None:
        self._kernel, self._scanner, self._inside, self._breathe = kernel, scanner, inside, breathe
        self._may_name = may_name
        self._known: dict[Identity, _Known] = {}
        self._unnamed: list[Flow] = []
        self.key_checks_cut = 0

    def recognise_anew(self, scanner: Scanner) -> None:
        """From now on by these registries: what was found by the last ones is forgotten."""
        self._scanner = scanner
        self._known.clear()

    def so_far(self) -> list[Served]:
        """The tunnels of the present window, while it lasts."""
        return self._served(is_end=False)

    def end_window(self, end_ns: int) -> tuple[list[Served], list[Other], dict[str, tuple[int, int, int]]]:
        """The tunnels of a window that ends now, at `end_ns`, what else their servers served, and the flows of each
        transport: all packets that were read since the last one ended, each once."""
        served = self._served(is_end=True)
        others, transports = self._sweep(served, end_ns - STREAM_IDLE_NS)
        self._forget_idle(end_ns)
        return served, others, transports

    def _served(self, *, is_end: bool) -> list[Served]:
        trials = self._scanner.key_trials()
        founds: list[Found] = []
        active: dict[int, _Active] = {}
        for place in self._places():
            identity, changes, first_ns, last_ns, packets, window_packets, window_bytes = self._kernel.live_state(place)
            known = self._known.get(identity)
            if known is None or known.changes != changes or self._is_worth_another_look(known, packets):
                known = self._known[identity] = _Known(changes, packets, self._recognise(place, trials))
            if not known.founds:
                continue
            founds += known.founds
            if window_packets:
                counts = window_packets, window_bytes
                active[identity[1]] = _Active(self._kernel.live_ends(place), (first_ns, last_ns), counts)
                if is_end:
                    self._kernel.live_end(place)
        if trials is not None:
            self.key_checks_cut += trials.cut_short
        return list(self._choose(founds, active))

    def _places(self) -> Iterator[int]:
        """All candidates, the last first, with looks at the ring in between. What becomes one meanwhile waits."""
        for number, place in enumerate(reversed(range(self._kernel.live_count()))):
            if number % SLICE == SLICE - 1:
                self._breathe()
            yield place

    @staticmethod
    def _is_worth_another_look(known: _Known, packets: int) -> bool:
        """What was not certain may become so, or stop being likely, as counts grow: look again when they doubled."""
        is_certain = bool(known.founds) and known.founds[0].finding.best.grade == CERTAIN
        return not is_certain and packets >= 2 * known.packets

    def _recognise(self, place: int, trials: KeyTrials | None) -> tuple[Found, ...]:
        candidate = Candidate(*self._kernel.live_candidate(place))
        return tuple(self._scanner.recognise(candidate, trials))

    def _choose(self, founds: list[Found], active: dict[int, _Active]) -> Iterator[Served]:
        """Link what belongs together, and choose the server's end of what was active."""
        self._breathe()
        self._unnamed = []
        for found in link(founds):
            seen = active.get(found.flow.number)
            if seen is None:
                continue
            flow = found.flow._replace(
                packets=(seen.counts[0], 0), bytes=(seen.counts[1], 0), first_ns=seen.span[0], last_ns=seen.span[1],
            )
            chosen = serve(flow, found.finding, seen.ends, self._inside, self._scanner.is_registered)
            if chosen is not None and self._may_be_named(chosen):
                yield chosen
            else:
                self._unnamed.append(flow)

    def _may_be_named(self, served: Served) -> bool:
        return self._may_name is None or self._may_name.has(served.end[0], served.flow.transport, served.end[1])

    def _sweep(
        self, served: list[Served], idle_ns: int
    ) -> tuple[list[Other], dict[str, tuple[int, int, int]]]:
        """What else the servers of these tunnels served, an endpoint each, and all flows by transport."""
        tunnels = {endpoint(one.end, one.flow.transport) for one in served}
        addresses = Listed(_span(one.end[0]) for one in served)
        totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for flow in self._unnamed:
            _add(totals[flow.transport], (1, sum(flow.packets), sum(flow.bytes)))
        groups: dict[Endpoint, tuple[set[int], list[int]]] = defaultdict(lambda: (set(), [0, 0, 0]))
        at: int | None = 0
        while at is not None:
            at, rows, transports = self._kernel.live_sweep(at, SWEEP_FLOWS, idle_ns, addresses)
            for address, transport, port, pair, packets, size in rows:
                other = endpoint((address, port), transport)
                if other not in tunnels:
                    pairs, counts = groups[other]
                    pairs.add(pair)
                    _add(counts, (1, packets, size))
            for transport, counted in transports.items():
                _add(totals[transport], counted)
            self._breathe()
        others = [Other(one, len(pairs), *counts) for one, (pairs, counts) in sorted(groups.items())]
        return others, {name: (counts[0], counts[1], counts[2]) for name, counts in totals.items()}

    def _forget_idle(self, end_ns: int) -> None:
        """Forget candidates that were silent for IDLE_NS. What lends certainty stays while a tunnel of its pair goes
        on, for as long as a link may reach."""
        lively: set[int] = set()
        silent: list[tuple[int, Identity, int | None]] = []
        for place in self._places():
            identity, _, _, last_ns, _, _, _ = self._kernel.live_state(place)
            known = self._known.get(identity)
            best = known.founds[0] if known is not None and known.founds else None
            if last_ns < end_ns - IDLE_NS:
                lends = best is not None and best.finding.best.family in LENDERS and last_ns >= end_ns - LINK_WITHIN_NS
                silent.append((place, identity, best.flow.pair if best is not None and lends else None))
            elif best is not None:
                lively.add(best.flow.pair)
        # The last places come first: dropping one moves only a later one, which stays.
        for place, identity, pair in silent:
            has_spoken = self._kernel.live_state(place)[5]  # while the ring was looked at, or with an older time
            if pair not in lively and not has_spoken:
                self._known.pop(identity, None)
                self._kernel.live_drop(place)


def _span(packed: bytes) -> Span:
    number = int.from_bytes(packed, "big") | (MAPPED if len(packed) == 4 else 0)
    return Span(number, number, None, None)


def _add(counts: list[int], more: tuple[int, int, int]) -> None:
    for index, number in enumerate(more):
        counts[index] += number
