"""The loop over rings made by hand: every packet that is read is in one window, however it ends."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from app.watch.makers import EVERY_S, SECOND_NS, spoken
from licet.app.config import load_config
from licet.app.watch.judging import Judging
from licet.app.watch.loop import Loop
from licet.app.watch.signals import Signals
from licet.app.watch.window import Window
from licet.capture.afpacket import GONE
from licet.flow.engine import has_kernel
from licet.flow.records import Record
from support.engines import NO_KERNEL
from support.packets import ETHERNET, SERVER
from support.ring import block

pytestmark = pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)

REGISTRY = (
    '[[service]]\nhandle = "SVC-7F3K"\nname = "Staff remote access"\noperator = "Example Logistics"\n'
    f'from = 2020-01-01\nuntil = 2040-01-01\nendpoints = ["{SERVER} wireguard"]\n'
)


class HandMadeRing:
    """What licet.capture.afpacket.Ring does, with blocks that a test puts in. drained: told of each look at it."""

    interface, link_type = "eth0", ETHERNET

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._blocks: deque[bytes] = deque()
        self.ails: str | None = None
        self.sent = 0
        self.drained: Callable[[], None] = lambda: None

    def put(self, packets: Sequence[Record]) -> None:
        """Hand a block over. It wakes nobody: it is found at the next look, as in a full second of traffic."""
        self._blocks.append(block(packets))
        self.sent += len(packets)

    def fileno(self) -> int:
        return self._read

    def drain(self, walk: Callable[[bytearray, int, int], bool]) -> int:
        self.drained()
        count = len(self._blocks)
        while self._blocks:
            data = bytearray(self._blocks.popleft())
            assert walk(data, 0, len(data))
        return count

    def losses(self) -> tuple[int, int]:
        return self.sent, 0

    def problem(self) -> str | None:
        return self.ails

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@pytest.fixture
def ring() -> Iterator[HandMadeRing]:
    made = HandMadeRing()
    yield made
    made.close()


@pytest.fixture
def signals() -> Iterator[Signals]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield Signals()
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(params=["owned", "public"])
def judging(request: pytest.FixtureRequest, tmp_path: Path) -> Judging:
    (tmp_path / "registry.toml").write_text(REGISTRY)
    (tmp_path / "licet.toml").write_text(f'[network]\nkind = "{request.param}"\n')
    return Judging([str(tmp_path / "registry.toml")], load_config(str(tmp_path / "licet.toml")))


def now(packets: Sequence[Record]) -> list[Record]:
    """The same packets at this moment: they are read a moment later, perhaps in the next window."""
    return [packet._replace(time_ns=time.time_ns()) for packet in packets]


def watched(
    ring: HandMadeRing, judging: Judging, signals: Signals, then: Callable[[int], object], *, every_ns: int = SECOND_NS,
    until_ns: int | None = None,
) -> list[Window]:
    """The windows of a watch. then: called with the number of windows so far, when one is over."""
    windows: list[Window] = []

    def on_windows(made: Sequence[Window]) -> None:
        windows.extend(made)
        then(len(windows))

    since_ns = time.time_ns()
    Loop([ring], judging, every_ns=every_ns, signals=signals, until_ns=until_ns, since_ns=since_ns).run(on_windows)  # type: ignore[list-item]
    return windows


def counted(windows: Sequence[Window]) -> int:
    served = sum(sum(one.flow.packets) for window in windows for one in window.served)
    others = sum(row[1] for window in windows for row in window.transports.values())
    return served + others + sum(sum(window.skipped.values()) for window in windows)


def test_what_comes_while_a_window_is_made_and_shown_is_in_one_of_them(
    ring: HandMadeRing, judging: Judging, signals: Signals
) -> None:
    """At every look at the ring something has come, and the watch is told to stop between two windows."""
    handshake = spoken("wireguard", "handshake")
    looks = 0

    def speak() -> None:
        nonlocal looks
        looks += 1
        client = f"192.0.2.{looks % 100 + 1}"
        ring.put(now(spoken("wireguard", "handshake", client=client) if looks % 2 else handshake))

    ring.drained = speak
    windows = watched(ring, judging, signals, lambda number: number == 2 and signal.raise_signal(signal.SIGTERM),
                      every_ns=SECOND_NS // 5)
    assert len(windows) == 3, "the window that had begun is made too"
    assert counted(windows) == sum(window.packets for window in windows)
    # Whatever comes once the last window is made waits for nobody.
    ring.drained = lambda: None
    unread = ring.drain(lambda data, at, size: True)
    assert sum(window.packets for window in windows) + unread * len(handshake) == ring.sent


def test_registries_are_read_again_without_a_packet_being_lost(
    ring: HandMadeRing, judging: Judging, signals: Signals
) -> None:
    """On a public network the table begins anew: what comes meanwhile waits for the new one."""
    handshake = spoken("wireguard", "handshake")

    def then(number: int) -> None:
        ring.put(now(handshake))
        if number in (1, 2):
            signal.raise_signal(signal.SIGHUP)
        if number == 4:
            signal.raise_signal(signal.SIGTERM)

    ring.drained = lambda: ring.put(now(handshake))
    windows = watched(ring, judging, signals, then, every_ns=SECOND_NS // 5)
    assert len(windows) == 5
    assert counted(windows) == sum(window.packets for window in windows)
    ring.drained = lambda: None
    unread = ring.drain(lambda data, at, size: True)
    assert sum(window.packets for window in windows) + unread * len(handshake) == ring.sent
    assert all(window.served for window in windows[1:])


def test_a_watch_for_a_time_ends_with_it(ring: HandMadeRing, judging: Judging, signals: Signals) -> None:
    ring.put(now(spoken("wireguard", "handshake")))
    until_ns = time.time_ns() + SECOND_NS // 4
    windows = watched(ring, judging, signals, lambda number: None, every_ns=EVERY_S * SECOND_NS, until_ns=until_ns)
    assert windows[-1].end_ns == until_ns
    assert all(window.start_ns < window.end_ns for window in windows)


def test_a_watch_whose_last_interface_is_gone_ends(ring: HandMadeRing, judging: Judging, signals: Signals) -> None:
    os.close(ring._write)  # poll says so, as it does of an interface that was deleted
    ring._write = os.open(os.devnull, os.O_WRONLY)
    ring.ails = GONE
    (last,) = watched(ring, judging, signals, lambda number: None, every_ns=3_600 * SECOND_NS)
    assert last.problem == GONE
