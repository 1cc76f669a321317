"""Scan captures: read, recognise, link, group, judge. The main job, and the library's `licet.scan`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from licet.app.catalogue import RECOGNISERS
from licet.app.results import CaptureReport, JudgedTunnel, ScanResult
from licet.app.tunnels import Ends, IsRegistered, Network, group, serve
from licet.capture.open import STDIN, CaptureStream, check_readable, find_captures, open_capture
from licet.errors import BadFile, BadInput
from licet.flow.engine import Reading, has_kernel, read_capture
from licet.flow.table import Candidate, Limits
from licet.judge import PERMITS, Policy, Registry, judge
from licet.judge.coverage import covers
from licet.model.endpoint import Endpoint, address_text
from licet.model.tunnel import Tunnel
from licet.recognise.base import Finding, NothingRegistered, Registered, without_steps
from licet.recognise.links import Found, link

if TYPE_CHECKING:
    from licet.app.config import Config
    from licet.snapshot import Snapshot
    from licet.snapshot.keys import KeyTrials

__all__ = ["ScanResult", "Scanner", "has_kernel", "open_registries", "scan", "scan_paths"]

SIEVES = tuple(recogniser.sieve for recogniser in RECOGNISERS)
NOTHING = NothingRegistered()


class Progress(Protocol):
    """Told how far a scan has come; `licet.app.report.progress` draws it."""

    def update(self, bytes_done: int, packets: int) -> None: ...


class RegisteredKeys:
    """The registries' answer to a recogniser's question, for one candidate flow: keys registered for its addresses are
    tried first. The first registry that knows the key answers. trials: what all flows of a capture share."""

    def __init__(self, snapshots: Sequence[Snapshot], ends: Ends, trials: KeyTrials) -> None:
        self._snapshots, self._ends, self._trials = snapshots, ends, trials

    def match_key(self, first_116_bytes: bytes, mac1: bytes) -> str | None:
        for snapshot in self._snapshots:
            for address in (address_text(packed) for packed, _ in self._ends):
                if snapshot.at_address(address):
                    handle = snapshot.match_key(first_116_bytes, mac1, address, self._trials)
                    break
            else:
                handle = snapshot.match_key(first_116_bytes, mac1, trials=self._trials)
            if handle is not None:
                return handle
        return None


class Scanner:
    """Everything about a scan that does not change from one capture to the next."""

    def __init__(
        self, registries: Sequence[Registry] = (), *, inside: Sequence[Network] = (), policy: Policy | None = None,
        at_ns: int | None = None, since_ns: int | None = None, until_ns: int | None = None,
        limits: Limits | None = None, timelines: bool = True, ladders: bool = True,
    ) -> None:
        self._registries = tuple(registries)
        # Those that permit come first: what they know of a key decides.
        ordered = sorted(self._registries, key=lambda registry: registry.role != PERMITS)
        self._snapshots = [cast("Snapshot", registry.snapshot) for registry in ordered]
        self._inside, self._policy = inside, policy or Policy()
        self._at_ns, self._since_ns, self._until_ns = at_ns, since_ns, until_ns
        self._limits, self._timelines, self._ladders = limits, timelines, ladders

    def scan(
        self, stream: CaptureStream, progress: Callable[[int, int], None]
    ) -> tuple[list[JudgedTunnel], CaptureReport]:
        """One capture. Damage ends the reading, not the scan: what was readable is reported with the reason."""
        reading = read_capture(
            stream, SIEVES, self._limits, since_ns=self._since_ns, until_ns=self._until_ns,
            progress=lambda packets: progress(stream.bytes_done(), packets), timelines=self._timelines,
        )
        trials = self.key_trials()
        tunnels = self._tunnels(stream.path, reading.candidates, trials)
        return [self.judged(tunnel) for tunnel in tunnels], _report(stream.path, reading, trials)

    def _tunnels(self, path: str, candidates: Iterator[Candidate], trials: KeyTrials | None) -> list[Tunnel]:
        founds: list[Found] = []
        ends = []
        for candidate in candidates:
            for found in self.recognise(candidate, trials):
                founds.append(found)
                ends.append(candidate.ends)
        kept = link(founds)
        ends_of = {id(found.flow): end for found, end in zip(founds, ends, strict=True)}
        served = [serve(found.flow, found.finding, ends_of[id(found.flow)], self._inside, self.is_registered)
                  for found in kept]
        return group(path, [one for one in served if one is not None])

    def recognise(self, candidate: Candidate, trials: KeyTrials | None) -> Iterator[Found]:
        """What each recogniser that wants a candidate finds in it; nothing that was kept of it leaves."""
        registered: Registered = NOTHING
        if trials is not None:
            registered = RegisteredKeys(self._snapshots, candidate.ends, trials)
        for owner, flow in candidate.owners:
            finding: Finding | None = RECOGNISERS[owner].recognise(flow, registered)
            if finding is not None:
                # What was kept of the flow has done its work. It and the steps are most of what a finding would hold.
                if not self._ladders:
                    finding = without_steps(finding)
                yield Found(flow.bare(), finding)

    @property
    def is_registered(self) -> IsRegistered | None:
        """Tells whether a registry of either role has this very endpoint for this protocol, lapsed or not; None where
        no registry was given."""
        return self._is_registered if self._snapshots else None

    def key_trials(self) -> KeyTrials | None:
        """What trying registered keys may cost, for one capture or window; None where no registry was given."""
        if not self._snapshots:
            return None
        # A scan without a registry should not pay for reading snapshots.
        from licet.snapshot.keys import KeyTrials

        return KeyTrials()

    def _is_registered(self, server: Endpoint, family: str) -> bool:
        return any(
            covers(record, server, family)
            for snapshot in self._snapshots for record in snapshot.at_address(server.address)
        )

    def judged(self, tunnel: Tunnel) -> JudgedTunnel:
        """A tunnel with its verdict, as of when it was last seen unless another time was asked for."""
        at_ns = tunnel.last_seen_ns if self._at_ns is None else self._at_ns
        verdict = judge(tunnel, self._registries, self._policy, at_ns)
        title = operator = ""
        for snapshot in self._snapshots:
            if verdict.registration is not None and not title:
                title = snapshot.title_of(verdict.registration)
                operator = snapshot.operator_of(verdict.registration)
        return JudgedTunnel(tunnel, verdict, title, operator)


def _report(path: str, reading: Reading, trials: KeyTrials | None) -> CaptureReport:
    counts = reading.counts
    evicted = dict(counts.evicted)
    if trials is not None and trials.cut_short:
        evicted["key checks"] = trials.cut_short
    skipped = {skip.title: count for skip, count in sorted(counts.skipped.items())}
    for number, count in sorted(counts.link_types.items()):
        skipped[f"of link type {number}, which is not read"] = count
    return CaptureReport(
        path, reading.problem, counts.packets, counts.flows, counts.bytes, skipped, evicted,
        reading.timeline, counts.nested,
    )


def _unread(path: str, problem: str) -> CaptureReport:
    return CaptureReport(path, problem, 0, 0, 0, {}, {}, None)


def scan_paths(scanner: Scanner, paths: Sequence[str], progress: Progress | None = None, jobs: int = 1) -> ScanResult:
    """Scan files, folders and `-`, each capture by itself, in the order given, on `jobs` processes.

    A file below a folder that is no capture is counted in `notes`, not an error: the user did not name it. Raises
    BadFile for a path that is missing or may not be read, before anything is scanned.
    """
    started = time.monotonic()
    check_readable(paths)
    files = [found for path in paths for found in find_captures(path)]
    tunnels: list[JudgedTunnel] = []
    reports: list[CaptureReport] = []
    others = 0
    for done in _each(scanner, files, progress, jobs):
        if done is None:
            others += 1
        else:
            tunnels += done[0]
            reports.append(done[1])
    noun = "file in the folders given is no capture" if others == 1 else "files in the folders given are no captures"
    notes = (f"{others:,} {noun}",) if others else ()
    if others and not reports:
        raise BadFile(paths[-1], "holds no captures")
    return ScanResult(tuple(tunnels), tuple(reports), time.monotonic() - started, notes)


Done = tuple[list[JudgedTunnel], CaptureReport] | None


def _each(
    scanner: Scanner, files: Sequence[tuple[str, bool]], progress: Progress | None, jobs: int
) -> Iterator[Done]:
    """The outcome of each file in the order given, whatever the number of processes."""
    if jobs > 1 and len(files) > 1 and all(file != STDIN for file, _ in files):
        from multiprocessing import get_context

        # Forked, so that the registries that are loaded are shared; a process is given files one after another.
        with get_context("fork").Pool(min(jobs, len(files)), _adopt, (scanner,)) as pool:
            packets = 0
            for done in pool.imap(_scan_adopted, files, chunksize=1):
                packets += 0 if done is None else done[1].packets
                if progress is not None:
                    progress.update(0, packets)
                yield done
        return
    bytes_before = packets_before = 0
    for file, is_named in files:

        def tell(bytes_done: int, packets: int, b: int = bytes_before, p: int = packets_before) -> None:
            if progress is not None:
                progress.update(b + bytes_done, p + packets)

        done = _scan_file(scanner, file, is_named, tell)
        if done is not None:
            packets_before += done[1].packets
        bytes_before += 0 if file == STDIN or not os.path.isfile(file) else os.path.getsize(file)
        yield done


_adopted: list[Scanner] = []


def _adopt(scanner: Scanner) -> None:
    """In a process of the pool: the scanner for all files that it will be given."""
    _adopted[:] = [scanner]


def _scan_adopted(file: tuple[str, bool]) -> Done:
    return _scan_file(_adopted[0], *file, lambda bytes_done, packets: None)


def _scan_file(scanner: Scanner, file: str, is_named: bool, tell: Callable[[int, int], None]) -> Done:
    """One file; None if it is no capture and nobody named it."""
    try:
        stream = open_capture(file)
    except BadFile as error:
        return [], _unread(file, error.problem)
    with stream:
        if not is_named and not _is_capture(stream):
            return None
        return scanner.scan(stream, tell)


def _is_capture(stream: CaptureStream) -> bool:
    try:
        return stream.sniff()
    except BadInput:
        return False  # Compressed, and damaged from its first bytes: nobody named it as a capture.


def open_registries(paths: Sequence[str], config: Config | None = None) -> tuple[Registry, ...]:
    """Load the registries that were named: those of the command line permit, those of the configuration as it says."""
    if not paths and (config is None or not config.registries):
        return ()
    from licet.app.registries import refuse_shared_handles
    from licet.snapshot import load

    named = [Registry(load(path)) for path in paths]
    configured = [] if config is None else [Registry(load(source.path), source.role) for source in config.registries]
    registries = (*named, *configured)
    refuse_shared_handles(registries)
    return registries


def scan(
    paths: Sequence[str], *, registries: Sequence[Registry] = (), config: Config | None = None,
    at_ns: int | None = None, since_ns: int | None = None, until_ns: int | None = None,
    progress: Progress | None = None, timelines: bool = True, ladders: bool = True, jobs: int = 1,
) -> ScanResult:
    """Scan captures and judge what is found.

    paths: files, folders, or `-` for standard input; registries: as `open_registries` gives them; config: the
    operator's prefixes and the network's kind; at_ns: the time at which registrations are read (default: when each
    tunnel was last seen); since_ns (included), until_ns (excluded): which packets count; timelines, ladders: whether
    tunnels are wanted with theirs, for pictures, and their evidence with its steps, to be drawn; jobs: processes for
    several files. Raises BadFile for a path that cannot be opened; damage inside a capture is in its report.
    """
    scanner = Scanner(
        registries,
        inside=() if config is None else config.prefixes,
        policy=Policy(None if config is None else config.network_kind),
        at_ns=at_ns, since_ns=since_ns, until_ns=until_ns, timelines=timelines,
        ladders=ladders,
    )
    return scan_paths(scanner, paths, progress, jobs)
