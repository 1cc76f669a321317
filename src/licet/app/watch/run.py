"""A whole watch: open the interfaces, give up all rights, read until told to stop, write what was seen."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from licet.app.config import Config, load_config
from licet.app.report.jsonl import json_line
from licet.app.report.live import LiveTable, window_text
from licet.app.report.observations import observations
from licet.app.report.terminal import write_text
from licet.app.report.words import count_text
from licet.app.watch.fanout import run_on_processes
from licet.app.watch.judging import JudgedWindow, Judging
from licet.app.watch.loop import SECOND_NS, Loop
from licet.app.watch.privileges import choose_user, give_up
from licet.app.watch.signals import Signals
from licet.app.watch.spool import Spool
from licet.app.watch.window import Window
from licet.capture.afpacket import GONE, RING_BYTES, Ring
from licet.errors import BadInput
from licet.model.canonical import Json

NOT_OWNED = (
    "No --config says that this network is owned, so only registered endpoints are looked at; all else is counted "
    "without addresses. If the network and the policy that its users accepted are yours, write into licet.toml:\n"
    '  [network]\n  kind = "owned"'
)
INTERFACES_MAX = 64
RINGS_BYTES_MAX = 512 << 20  # of all interfaces together; the system keeps this memory for nothing else


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asks for; see `licet watch --help`."""

    interfaces: tuple[str, ...]
    registry_paths: tuple[str, ...] = ()
    config_path: str | None = None
    every_ns: int = 10 * SECOND_NS
    for_ns: int | None = None
    folder: str | None = None
    format_name: str | None = None
    fanout: int = 1
    sensor: str | None = None
    user: str | None = None
    no_promiscuous: bool = False
    quiet: bool = False


def run(plan: Plan, say: Callable[[str], None]) -> int:
    """Watch as planned; returns the exit status. Raises LicetError. say: takes remarks, a line or a few each."""
    config = None if plan.config_path is None else load_config(plan.config_path)
    judging = Judging(plan.registry_paths, config)
    user = choose_user(plan.user)
    shares = _open(_interfaces(plan, config), plan)
    spool = None if plan.folder is None else Spool(plan.folder, user)
    _preload()
    give_up(user)
    if spool is not None:
        spool.check_writable()
    if not judging.is_owned and not plan.quiet:
        say(NOT_OWNED)
    since_ns = time.time_ns()
    if not plan.quiet:
        say(f"watching {', '.join(ring.interface for ring in shares[0])}")
    until_ns = None if plan.for_ns is None else since_ns + plan.for_ns
    face = _Face(plan, judging, spool, say)

    def loop(rings: Sequence[Ring], signals: Signals) -> Loop:
        return Loop(rings, judging, every_ns=plan.every_ns, signals=signals, until_ns=until_ns, since_ns=since_ns)

    try:
        if len(shares) > 1:
            run_on_processes(shares, loop, face.windows, judging.reload)
        else:
            loop(shares[0], Signals()).run(face.windows, face.refresh)
    finally:
        face.close()
    if face.gone:
        raise BadInput(f"no interface is left to watch: {', '.join(face.gone)} "
                       f"{'is' if len(face.gone) == 1 else 'are'} gone")
    return 0


def _preload() -> None:
    """Import what is otherwise imported when it is needed: once the rights are given up, licet's own files and Python's
    may be out of reach."""
    import multiprocessing.popen_fork  # noqa: F401

    import licet.snapshot.keys  # noqa: F401 (kept in memory, used later)
    from licet.app.report.live import preload

    preload()


def _interfaces(plan: Plan, config: Config | None) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(plan.interfaces or (config.interfaces if config is not None else ())))
    if not named:
        raise BadInput("no interface was named: give -i NAME, or interfaces = [\"NAME\"] under [network] in licet.toml")
    if len(named) > INTERFACES_MAX:
        raise BadInput(f"{len(named)} interfaces are more than {INTERFACES_MAX}")
    return named


def _open(names: Sequence[str], plan: Plan) -> list[list[Ring]]:
    """The rings of each process: one an interface."""
    shares: list[list[Ring]] = [[] for _ in range(plan.fanout)]
    ring_bytes = min(RING_BYTES, RINGS_BYTES_MAX // len(names)) // plan.fanout
    for number, name in enumerate(names):
        for share in shares:
            ring = Ring(name, ring_bytes=ring_bytes, promiscuous=not plan.no_promiscuous)
            share.append(ring)
            if plan.fanout > 1:
                ring.join((os.getpid() + number) & 0xFFFF)
    return shares


class _Face:
    """Shows and writes windows: a table or JSON lines, and Parquet files. gone: all interfaces, if none was left in the
    last window."""

    def __init__(self, plan: Plan, judging: Judging, spool: Spool | None, say: Callable[[str], None]) -> None:
        self._plan, self._judging, self._spool, self._say = plan, judging, spool, say
        self._sensor = plan.sensor or os.uname().nodename
        is_table = plan.format_name == "table" or (plan.format_name is None and sys.stdout.isatty())
        self._table = LiveTable(sys.stdout, plan.every_ns) if is_table and sys.stdout.isatty() else None
        self._is_plain_table = is_table and self._table is None
        self._packets = self._lost = self._windows = 0
        self.gone: tuple[str, ...] = ()
        self._said: str | None = None

    def windows(self, windows: Sequence[Window]) -> None:
        """Windows that are over, one an interface."""
        judged = [self._judging.judged(window) for window in windows]
        self._windows += 1
        names = tuple(window.interface for window in windows)
        self.gone = names if all(window.problem == GONE for window in windows) else ()
        for one in judged:
            self._packets += one.window.packets
            self._lost += one.window.lost
        is_table = self._table is not None or self._is_plain_table
        rows = [] if is_table and self._spool is None else [list(observations(one, self._sensor)) for one in judged]
        if self._spool is not None:
            for window, about in zip(windows, rows, strict=True):
                self._spool.write(window.interface, window.start_ns, about)
        self._remark(windows)
        if self._table is not None:
            self._table.show(judged, is_over=True)
        elif self._is_plain_table:
            self._print_table(judged)
        else:
            self._print_lines(rows)

    def refresh(self, windows: Sequence[Window]) -> None:
        """Windows so far: shown on a terminal, and nowhere else."""
        if self._table is not None:
            self._table.show([self._judging.judged(window) for window in windows], is_over=False)

    def _print_lines(self, rows: Sequence[Sequence[dict[str, Json]]]) -> None:
        for about in rows:
            sys.stdout.writelines(json_line(row) + "\n" for row in about)
        sys.stdout.flush()

    def _print_table(self, judged: Sequence[JudgedWindow]) -> None:
        write_text(window_text(judged, sys.stdout) + "\n", sys.stdout)
        sys.stdout.flush()

    def _remark(self, windows: Sequence[Window]) -> None:
        """Say what is wrong, once for as long as it is the same."""
        problems = [f"{window.interface}: {window.problem}" for window in windows if window.problem]
        problems += [self._judging.problem] if self._judging.problem else []
        problems += self._judging.stale(max(window.end_ns for window in windows)) if windows else []
        problems += [self._spool.problem] if self._spool is not None and self._spool.problem else []
        text = "\n".join(problems)
        if text and text != self._said:
            self._say(text)
        self._said = text

    def close(self) -> None:
        """Give the terminal back and say what was read and lost."""
        if self._table is not None:
            self._table.close()
        if self._plan.quiet:
            return
        lost = f"{count_text(self._lost, 'packet')} lost by the system" if self._lost else "nothing lost"
        unwritten = ""
        if self._spool is not None and self._spool.lost:
            unwritten = f"; {count_text(self._spool.lost, 'window')} not written"
        self._say(f"{count_text(self._packets, 'packet')} in {count_text(self._windows, 'window')}; {lost}{unwritten}")
