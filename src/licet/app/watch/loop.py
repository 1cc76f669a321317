"""Rings → trackers → windows, in one process, until somebody says stop.

Windows begin at whole multiples of their length on the clock, so that those of several processes and sensors fit each
other. While a window is made, the rings are read on: the system has room for about a second of full traffic.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from functools import partial

from licet.app.watch.judging import Judging, Look
from licet.app.watch.signals import Signals
from licet.app.watch.tracker import Tracker
from licet.app.watch.window import Window
from licet.capture.afpacket import RETIRE_MS, Ring
from licet.errors import BadInput
from licet.flow.engine import KERNEL_LIMITS, kernel_counts
from licet.flow.kernel import Kernel
from licet.flow.matching import ReadySieves
from licet.flow.table import Counts

SECOND_NS = 1_000_000_000
REFRESH_NS = SECOND_NS  # how often what was seen so far is shown

OnWindows = Callable[[Sequence[Window]], None]


class Watcher:
    """One ring with its flow table. since_ns: frames from before are left out; breathe: reads all rings of the process.

    Raises BadInput where the kernel was not built: the plain twin could not keep up with any link worth watching.
    """

    def __init__(self, ring: Ring, judging: Judging, breathe: Callable[[], object], since_ns: int) -> None:
        if Kernel is None:
            raise BadInput("watching needs licet's compiled kernel, and it was not built here: install a C compiler, "
                           "then licet again")
        self.ring, self._judging, self._breathe = ring, judging, breathe
        self._begin(judging.look(), since_ns)

    def _begin(self, look: Look, since_ns: int) -> None:
        self._kernel = Kernel(ReadySieves(look.sieves), KERNEL_LIMITS, since_ns, listed=look.listed, live=True)
        self._walk = partial(self._kernel.add_block, link_type=self.ring.link_type)
        self._tracker = Tracker(self._kernel, self._judging.scanner, self._judging.inside, self._breathe)
        self._before = self._totals()

    def drain(self) -> None:
        """Take what the system has handed over."""
        self.ring.drain(self._walk)

    def judge_anew(self, now_ns: int) -> None:
        """The registries were read again. Where only registered endpoints are looked at, the table begins anew."""
        if self._judging.is_owned:
            self._tracker.recognise_anew(self._judging.scanner)
        else:
            self._begin(self._judging.look(), now_ns)

    def so_far(self, start_ns: int, now_ns: int) -> Window:
        """The window that began at `start_ns`, while it lasts: its tunnels and totals."""
        served = self._tracker.so_far(start_ns)
        return self._window(start_ns, now_ns)._replace(served=tuple(served))

    def end_window(self, start_ns: int, end_ns: int) -> Window:
        """The window from `start_ns` to `end_ns`; the next one begins."""
        served, others, transports = self._tracker.end_window(start_ns, end_ns)
        window = self._window(start_ns, end_ns)
        self._before = self._totals()
        return window._replace(served=tuple(served), others=tuple(others), transports=transports)

    def _window(self, start_ns: int, end_ns: int) -> Window:
        """The window's totals: what was counted since the last one."""
        counts, tagged, lost = self._totals()
        before, tagged_before, lost_before = self._before
        return Window(
            self.ring.interface, start_ns, end_ns, (), (), {}, counts.packets - before.packets,
            counts.bytes - before.bytes, counts.flows - before.flows, lost - lost_before, tagged - tagged_before,
            {skip.title: count for skip, count in sorted((counts.skipped - before.skipped).items())},
            dict(counts.evicted - before.evicted), self.ring.problem(),
        )

    def _totals(self) -> tuple[Counts, int, int]:
        """Counted so far: by the table, frames with a VLAN tag, frames that were lost, damaged blocks among them."""
        tagged, _, damaged = self._kernel.ring_counts()
        return kernel_counts(self._kernel), tagged, self.ring.losses()[1] + damaged


class Loop:
    """every_ns: length of a window; signals: when to stop, and when to read the registries again; until_ns: when to
    stop by itself, or None; since_ns: when the first window begins."""

    def __init__(
        self, rings: Sequence[Ring], judging: Judging, *, every_ns: int, signals: Signals, until_ns: int | None,
        since_ns: int,
    ) -> None:
        self._judging, self._every_ns, self._signals, self._until_ns = judging, every_ns, signals, until_ns
        self._watchers = [Watcher(ring, judging, self._drain, since_ns) for ring in rings]
        self._poll = select.poll()
        self._poll.register(signals.fileno(), select.POLLIN)
        for ring in rings:
            self._poll.register(ring.fileno(), select.POLLIN)
        self._start_ns = since_ns

    def run(self, on_windows: OnWindows, on_refresh: OnWindows | None = None) -> None:
        """Until the end. on_windows: given each window of all interfaces when it is over; on_refresh: given the windows
        so far, about once a second."""
        while not self._is_over():
            end_ns = self._next_end()
            self._read_until(end_ns, on_refresh)
            if self._is_over():
                # What the last frames are in is handed over a moment later.
                time.sleep(2 * RETIRE_MS / 1000)
                self._drain()
                end_ns = min(end_ns, time.time_ns())
            on_windows([watcher.end_window(self._start_ns, end_ns) for watcher in self._watchers])
            self._start_ns = end_ns
            if self._signals.take_reload() and self._judging.reload():
                for watcher in self._watchers:
                    watcher.judge_anew(end_ns)

    def _is_over(self) -> bool:
        return self._signals.is_stopping or (self._until_ns is not None and time.time_ns() >= self._until_ns)

    def _next_end(self) -> int:
        end_ns = (self._start_ns // self._every_ns + 1) * self._every_ns
        return end_ns if self._until_ns is None else min(end_ns, self._until_ns)

    def _read_until(self, end_ns: int, on_refresh: OnWindows | None) -> None:
        """Read the rings until the window's end, or until told to stop."""
        refresh_ns = time.time_ns() + REFRESH_NS
        while not self._signals.is_stopping and (now_ns := time.time_ns()) < end_ns:
            until_ns = end_ns if on_refresh is None else min(end_ns, refresh_ns)
            ready = self._poll.poll(max(1, (until_ns - now_ns) // 1_000_000 + 1))
            if any(fd == self._signals.fileno() for fd, _ in ready):
                self._signals.take()
            self._drain()
            if on_refresh is not None and time.time_ns() >= refresh_ns:
                now_ns = time.time_ns()
                on_refresh([watcher.so_far(self._start_ns, now_ns) for watcher in self._watchers])
                refresh_ns = now_ns + REFRESH_NS

    def _drain(self) -> None:
        for watcher in self._watchers:
            watcher.drain()
