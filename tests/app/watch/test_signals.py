"""Signals are noted, and wake whoever polls."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator

import pytest

from licet.app.watch.signals import Signals

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield Signals()
    for number, handler in before.items():
        signal.signal(number, handler)


def is_woken(signals: Signals) -> bool:
    poll = select.poll()
    poll.register(signals.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_either_signal_stops(number: signal.Signals, signals: Signals) -> None:
    assert not signals.is_stopping
    os.kill(os.getpid(), number)
    assert signals.is_stopping
    assert is_woken(signals)
    signals.take()
    assert not is_woken(signals)
    assert signals.is_stopping


def test_registries_are_read_again_once_for_each_time(signals: Signals) -> None:
    assert not signals.take_reload()
    os.kill(os.getpid(), signal.SIGHUP)
    assert is_woken(signals)
    assert signals.take_reload()
    assert not signals.take_reload()
    assert not signals.is_stopping


def test_more_signals_than_a_pipe_holds_block_nobody(signals: Signals) -> None:
    for _ in range(70_000):
        signals._wake()
    signals.take()
    assert not is_woken(signals)
