"""Rings → trackers → windows, in one process, until somebody says stop.

Windows begin at whole multiples of their length on the clock, so that those of several processes and sensors fit each
other. While a window is made, the rings are read on: the system has room for about a second of full traffic.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from licet.app.watch.judging import Judging, Look
from licet.app.watch.signals import Signals
from licet.app.watch.tracker import Tracker
from licet.app.watch.window import Window
from licet.capture.afpacket import GONE, RETIRE_MS, Ring
from licet.errors import BadInput
from licet.flow.engine import KERNEL_LIMITS, kernel_counts
from licet.flow.kernel import Kernel
from licet.flow.matching import ReadySieves
from licet.flow.table import Counts

SECOND_NS = 1_000_000_000
REFRESH_NS = SECOND_NS  # how often what was seen so far is shown
POLL_NS_MAX = 60 * SECOND_NS

OnWindows = Callable[[Sequence[Window]], None]


class _Totals(NamedTuple):
    """Counted so far: by the table; frames with a VLAN tag; frames that were lost, damaged blocks among them; checks of
    registered keys that were not made."""

    counts: Counts
    tagged: int
    lost: int
    key_checks: int


class Watcher:
    """One ring with its flow table. since_ns: the first frames, from before, are left out; breathe: reads all rings of
    the process.

    Raises BadInput where the kernel was not built: the plain twin could not keep up with any link worth watching.
    """

    def __init__(self, ring: Ring, judging: Judging, breathe: Callable[[], object], since_ns: int) -> None:
        if Kernel is None:
            raise BadInput("watching needs licet's compiled kernel, and it was not built here: install a C compiler, "
                           "then licet again")
        self.ring, self._judging, self._breathe = ring, judging, breathe
        self._begin(judging.look(), since_ns)

    def _begin(self, look: Look, since_ns: int | None) -> None:
        self._kernel = Kernel(ReadySieves(look.sieves), KERNEL_LIMITS, since_ns, listed=look.listed, live=True)
        self._walk = partial(self._kernel.add_block, link_type=self.ring.link_type)
        may_name = None if look.is_owned else look.listed
        self._tracker = Tracker(self._kernel, self._judging.scanner, self._judging.inside, self._breathe, may_name)
        self._before = self._totals()
        self._problem: str | None = None

    def drain(self) -> None:
        """Take what the system has handed over."""
        self.ring.drain(self._walk)

    def judge_anew(self) -> None:
        """The registries were read again. Where only registered endpoints are looked at, the table begins anew: nothing
        may have been read since the last window's end."""
        if self._judging.is_owned:
            self._tracker.recognise_anew(self._judging.scanner)
        else:
            self._begin(self._judging.look(), None)

    def check(self) -> bool:
        """Ask what ails the interface, and remember it to the end of the window. False once it is gone."""
        problem = self.ring.problem()
        self._problem = problem or self._problem
        return problem != GONE

    def so_far(self, start_ns: int, now_ns: int) -> Window:
        """The window that began at `start_ns`, while it lasts: its tunnels and totals."""
        self.check()
        served = self._tracker.so_far()
        return self._window(start_ns, now_ns, self._totals())._replace(served=tuple(served))

    def end_window(self, start_ns: int, end_ns: int) -> Window:
        """The window from `start_ns` to `end_ns`; the next one begins."""
        self.check()
        served, others, transports = self._tracker.end_window(end_ns)
        totals = self._totals()
        window = self._window(start_ns, end_ns, totals)
        self._before, self._problem = totals, None
        return window._replace(served=tuple(served), others=tuple(others), transports=transports)

    def _window(self, start_ns: int, end_ns: int, totals: _Totals) -> Window:
        """The window's totals: what was counted since the last one."""
        counts, before = totals.counts, self._before.counts
        evicted = counts.evicted - before.evicted
        if key_checks := totals.key_checks - self._before.key_checks:
            evicted["key checks"] = key_checks
        return Window(
            self.ring.interface, start_ns, end_ns, (), (), {}, counts.packets - before.packets,
            counts.bytes - before.bytes, counts.flows - before.flows, totals.lost - self._before.lost,
            totals.tagged - self._before.tagged,
            {skip.title: count for skip, count in sorted((counts.skipped - before.skipped).items())},
            dict(evicted), self._problem,
        )

    def _totals(self) -> _Totals:
        tagged, _, damaged = self._kernel.ring_counts()
        lost = self.ring.losses()[1] + damaged
        return _Totals(kernel_counts(self._kernel), tagged, lost, self._tracker.key_checks_cut)


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
        self._is_holding = False
        self._left = {watcher.ring.fileno(): watcher for watcher in self._watchers}
        for fd in self._left:
            self._poll.register(fd, select.POLLIN)
        self._start_ns = since_ns

    def run(self, on_windows: OnWindows, on_refresh: OnWindows | None = None) -> None:
        """Until the end, or until no interface is left.

        on_windows: given each window of all interfaces when it is over; on_refresh: given the windows so far, about
        once a second.
        """
        is_over = False
        while not is_over:
            if time.time_ns() < self._start_ns - SECOND_NS:
                self._start_ns = time.time_ns()  # The clock was set back.
            end_ns = self._next_end()
            self._read_until(end_ns, on_refresh)
            # Asked once: what is read after the last window, or into a table that is then given up, would be in no row.
            is_over, is_reloading = self._is_over(), self._signals.take_reload()
            if is_over:
                # What the last frames are in is handed over a moment later.
                time.sleep(2 * RETIRE_MS / 1000)
                self._drain()
                end_ns = max(self._start_ns, min(end_ns, time.time_ns()))
            self._is_holding = is_over or is_reloading
            on_windows([watcher.end_window(self._start_ns, end_ns) for watcher in self._watchers])
            self._start_ns = end_ns
            if is_reloading and not is_over and self._judging.reload():
                for watcher in self._watchers:
                    watcher.judge_anew()
            self._is_holding = False

    def _is_over(self) -> bool:
        is_late = self._until_ns is not None and time.time_ns() >= self._until_ns
        return self._signals.is_stopping or not self._left or is_late

    def _next_end(self) -> int:
        end_ns = (self._start_ns // self._every_ns + 1) * self._every_ns
        return end_ns if self._until_ns is None else min(end_ns, self._until_ns)

    def _read_until(self, end_ns: int, on_refresh: OnWindows | None) -> None:
        """Read the rings until the window's end, until told to stop, or until the last interface is gone.

        The end is by the clock; where that is set back meanwhile, a window lasts no longer than it was to.
        """
        deadline_ns = time.monotonic_ns() + max(0, end_ns - time.time_ns())
        refresh_ns = time.monotonic_ns() + REFRESH_NS
        while self._left and not self._signals.is_stopping:
            now_ns = time.monotonic_ns()
            left_ns = min(end_ns - time.time_ns(), deadline_ns - now_ns)
            if left_ns <= 0:
                return
            wait_ns = min(left_ns, POLL_NS_MAX) if on_refresh is None else min(left_ns, max(0, refresh_ns - now_ns))
            self._take(self._poll.poll(wait_ns // 1_000_000 + 1))
            self._drain()
            if on_refresh is not None and time.monotonic_ns() >= refresh_ns:
                at_ns = time.time_ns()
                on_refresh([watcher.so_far(self._start_ns, at_ns) for watcher in self._watchers])
                refresh_ns = time.monotonic_ns() + REFRESH_NS

    def _take(self, ready: list[tuple[int, int]]) -> None:
        """What poll said, but for blocks that are ready."""
        for fd, events in ready:
            if fd == self._signals.fileno():
                self._signals.take()
            elif events & ~select.POLLIN and not self._left[fd].check():
                self._drain()
                self._poll.unregister(fd)
                del self._left[fd]

    def _drain(self) -> None:
        """Take what all rings have, unless that is to wait for the next table, or for nobody."""
        if self._is_holding:
            return
        for watcher in self._watchers:
            watcher.drain()
