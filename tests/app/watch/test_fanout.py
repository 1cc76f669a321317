"""Windows of several processes as one, and processes that end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

import pytest

from app.watch.makers import spoken, window
from licet.app.watch.fanout import merged, run_on_processes
from licet.app.watch.window import Other, Window
from licet.errors import Unavailable
from licet.model.endpoint import Endpoint
from support.packets import SERVER

DNS, WEB = Endpoint(SERVER, "udp", 53), Endpoint(SERVER, "tcp", 443)


def test_windows_of_one_interface_are_added_up() -> None:
    one = window(
        packets=10, bytes=1_000, flows=3, lost=1, tagged=2, skipped={"cut short": 4}, evicted={"flows": 5},
        others=(Other(WEB, 1, 2, 3, 4), Other(DNS, 1, 1, 1, 1)), transports={"udp": (1, 2, 3)}, served=("a",),
    )
    two = window(
        packets=20, bytes=2_000, flows=4, lost=2, tagged=1, skipped={"cut short": 1, "of another protocol": 2},
        evicted={"streams": 1}, others=(Other(WEB, 10, 20, 30, 40),), served=("b",),
        transports={"udp": (10, 20, 30), "tcp": (1, 1, 1)}, problem="the interface is down", end_ns=window().end_ns + 5,
    )
    (both,) = merged([[one], [two]])
    assert both == window(
        packets=30, bytes=3_000, flows=7, lost=3, tagged=3, skipped={"cut short": 5, "of another protocol": 2},
        evicted={"flows": 5, "streams": 1}, others=(Other(WEB, 11, 22, 33, 44), Other(DNS, 1, 1, 1, 1)),
        transports={"udp": (11, 22, 33), "tcp": (1, 1, 1)}, served=("a", "b"), problem="the interface is down",
        end_ns=window().end_ns + 5,
    )


def test_others_of_one_process_alone_are_in_order_too() -> None:
    (one,) = merged([[window(others=(Other(WEB, 1, 1, 1, 1), Other(DNS, 1, 1, 1, 1)))], [window()]])
    assert [other.endpoint for other in one.others] == sorted([WEB, DNS])


def test_interfaces_stay_apart_and_in_order() -> None:
    share = [window("eth1", packets=1), window("eth0", packets=2)]
    assert [(one.interface, one.packets) for one in merged([share, share])] == [("eth1", 2), ("eth0", 4)]


class Steps:
    """A loop that sends windows of its own making. rings: what it is to do instead of reading any."""

    def __init__(self, rings: Sequence[Any], signals: Any) -> None:
        self._steps, self._signals = rings, signals

    def run(self, on_windows: Any, on_refresh: Any = None) -> None:
        for step in self._steps:
            if step == "die":
                os._exit(9)
            elif step == "wait":
                until = time.monotonic() + 20
                while not self._signals.is_stopping and time.monotonic() < until:
                    time.sleep(0.01)
            else:
                on_windows([window(start_s=step, packets=1)])


def run(*shares: Sequence[Any], on_windows: Any = None, on_reload: Any = lambda: None) -> list[Window]:
    seen: list[Window] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def take(windows: Sequence[Window]) -> None:
        seen.extend(windows)
        if on_windows is not None:
            on_windows(windows)

    try:
        run_on_processes(shares, Steps, take, on_reload)  # type: ignore[arg-type]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return seen


def test_a_window_is_handed_on_when_every_process_has_sent_it() -> None:
    seen = run([0, 10, 20], [0, 10, 20], [0, 10, 20])
    assert [(one.start_ns - window().start_ns, one.packets) for one in seen] == [(0, 3), (10**10, 3), (2 * 10**10, 3)]


def test_a_process_that_dies_stops_the_others_and_is_no_quiet_loss() -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="ended early"):
        run([0, "die"], [0, "wait", 10])
    assert time.monotonic() - started < 10


def test_a_signal_reaches_every_process_and_the_last_windows_are_handed_on() -> None:
    stop = [lambda windows: os.kill(os.getpid(), signal.SIGTERM)]
    seen = run([0, "wait", 10], [0, "wait", 10], on_windows=lambda windows: stop.pop()(windows) if stop else None)
    assert [one.packets for one in seen] == [2, 2]


def test_the_judge_reads_the_registries_again_too() -> None:
    asked: list[int] = []

    def signal_twice(windows: Sequence[Window]) -> None:
        os.kill(os.getpid(), signal.SIGTERM if asked or windows[0].start_ns != window().start_ns else signal.SIGHUP)
        if windows[0].start_ns == window().start_ns:
            os.kill(os.getpid(), signal.SIGTERM)

    seen = run([0, "wait", 10], [0, "wait", 10], on_windows=signal_twice, on_reload=lambda: asked.append(1))
    assert len(seen) == 2
    assert asked == [1]


def test_what_is_sent_between_processes_can_be_sent() -> None:
    """A window with real tunnels goes through a pipe."""
    import pickle

    from app.watch.makers import Link
    from licet.flow.engine import has_kernel

    if not has_kernel():
        pytest.skip("the kernel was not built")
    link = Link()
    link.hear(spoken("wireguard", "handshake"))
    served, others, transports = link.end(0)
    one = window(served=tuple(served), others=tuple(others), transports=transports)
    assert pickle.loads(pickle.dumps(one)) == one
    assert b"192.0.2.11" not in pickle.dumps(one)
    assert bytes([192, 0, 2, 11]) not in pickle.dumps(one), "a client was handed on"
