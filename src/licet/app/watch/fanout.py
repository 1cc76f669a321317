"""A watch on several processes: each reads rings of its own, and one puts their windows together.

The system shares frames out by the pair of addresses, so that everything about a tunnel's two ends comes to one process
and a client is counted once. The processes are forked after the rings were opened and the rights given up; they send
windows, which hold no client, through a pipe.
"""

from __future__ import annotations

import os
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from licet.app.watch.loop import Loop, OnWindows
from licet.app.watch.privileges import end_with_parent
from licet.app.watch.signals import Signals
from licet.app.watch.window import Other, Window
from licet.capture.afpacket import Ring
from licet.errors import LicetError, Unavailable

MakeLoop = Callable[[Sequence[Ring], Signals], Loop]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_S = 10.0  # how long a process may take to end after it was told to


def run_on_processes(
    shares: Sequence[Sequence[Ring]], make_loop: MakeLoop, on_windows: OnWindows, on_reload: Callable[[], object]
) -> None:
    """One process for each share of the rings, until they are told to stop or no interface is left.

    Signals reach this process and are passed on. on_reload: called where windows are judged, between two of them, when
    the registries are to be read again. Raises Unavailable if a process ended early; the others are stopped then, for a
    share of the traffic would go unseen.
    """
    context = get_context("fork")
    ends: list[Connection] = []
    workers = []
    # What comes while the processes begin waits until each of them, and this one, can take note of it.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    for share in shares:
        ours, theirs = context.Pipe(duplex=False)
        ends.append(ours)
        worker = context.Process(target=_work, args=(share, make_loop, theirs, tuple(ends)), daemon=True)
        worker.start()
        theirs.close()
        workers.append(worker)
    reloads: list[int] = []

    def pass_on(number: int, frame: object) -> None:
        if number == signal.SIGHUP:
            reloads.append(number)
        for worker in workers:
            if worker.pid is not None and worker.is_alive():
                os.kill(worker.pid, number)

    def judge(windows: Sequence[Window]) -> None:
        if reloads:
            reloads.clear()
            on_reload()
        on_windows(windows)

    for number in SIGNALS:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        _collect(ends, judge, lambda: pass_on(signal.SIGTERM, None))
    finally:
        pass_on(signal.SIGTERM, None)
        for worker in workers:
            worker.join(STOP_S)
    if any(worker.exitcode for worker in workers):
        raise Unavailable("a process of the watch ended early; what it had not sent is missing")


def _work(
    rings: Sequence[Ring], make_loop: MakeLoop, pipe: Connection, others: Sequence[Connection]
) -> None:
    """In a process of its own: watch, and send each window. others: ends of pipes that are not for this process."""
    signals = Signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    end_with_parent()
    for other in others:
        other.close()
    try:
        make_loop(rings, signals).run(pipe.send)
    except (LicetError, BrokenPipeError, KeyboardInterrupt):
        os._exit(1)
    pipe.close()


def _collect(ends: list[Connection], on_windows: OnWindows, stop: Callable[[], object]) -> None:
    """Put together the windows of one start, once each process that is still there has sent its own. stop: ends all
    processes; called when the first one has ended."""
    waiting: dict[int, dict[Connection, Sequence[Window]]] = defaultdict(dict)
    open_ends = list(ends)
    while open_ends:
        for end in wait(open_ends):
            assert isinstance(end, Connection)
            try:
                windows: Sequence[Window] = end.recv()
            except EOFError:
                open_ends.remove(end)
                stop()
                continue
            waiting[windows[0].start_ns][end] = windows
        for start_ns in sorted(waiting):
            # One that has ended sends no more; it may have sent this window before.
            if all(end in waiting[start_ns] for end in open_ends):
                on_windows(merged(list(waiting.pop(start_ns).values())))


def merged(shares: Sequence[Sequence[Window]]) -> list[Window]:
    """The windows of several processes as one an interface, in the order of the first share."""
    groups: dict[str, list[Window]] = {}
    for share in shares:
        for window in share:
            groups.setdefault(window.interface, []).append(window)
    return [_one(windows) for windows in groups.values()]


def _one(windows: Sequence[Window]) -> Window:
    transports: dict[str, tuple[int, int, int]] = {}
    skipped: Counter[str] = Counter()
    evicted: Counter[str] = Counter()
    for window in windows:
        skipped.update(window.skipped)
        evicted.update(window.evicted)
        for name, (flows, packets, size) in window.transports.items():
            old = transports.get(name, (0, 0, 0))
            transports[name] = old[0] + flows, old[1] + packets, old[2] + size
    return Window(
        windows[0].interface, windows[0].start_ns, max(window.end_ns for window in windows),
        tuple(one for window in windows for one in window.served), _others(windows), transports,
        sum(window.packets for window in windows), sum(window.bytes for window in windows),
        sum(window.flows for window in windows), sum(window.lost for window in windows),
        sum(window.tagged for window in windows), dict(skipped), dict(evicted),
        next((window.problem for window in windows if window.problem), None),
    )


def _others(windows: Sequence[Window]) -> tuple[Other, ...]:
    """An endpoint of which several processes saw something, once. Their clients are different ones: see above."""
    sums: dict[object, Other] = {}
    for window in windows:
        for other in window.others:
            old = sums.get(other.endpoint)
            sums[other.endpoint] = other if old is None else Other(
                other.endpoint, old.clients + other.clients, old.flows + other.flows, old.packets + other.packets,
                old.bytes + other.bytes,
            )
    return tuple(sorted(sums.values(), key=lambda other: other.endpoint))
