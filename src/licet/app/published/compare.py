"""Fetching what a registry publishes and comparing it with its log, again while one may only be late for the other.

The registry writes its log every minute: what happened since is on its pages and not yet in the log. So where something
differs, the log is read again until the registry had time to write it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from licet.app.log import Trust, Verified, verify_log
from licet.app.published.difference import Comparison
from licet.app.published.directory import compare_directory, compare_lookup, read_answer, read_directory_page
from licet.app.published.snapshots import PublishedSnapshot, compare_snapshot, compare_step, read_snapshot
from licet.errors import Unavailable
from licet.lifecycle import publication
from licet.lifecycle.fold import Fold, fold
from licet.tlog.fetch import Site

PATIENCE_S, PAUSE_S = 150.0, 15.0
SNAPSHOT_BYTES_MAX = 1024 * 1024 * 1024
PAGE_BYTES_MAX, ANSWER_BYTES_MAX = 16 * 1024 * 1024, 1024 * 1024
PAGES_MAX = 40_000
LOOKUPS = 20  # a registry answers sixty a minute


def compare_published(place: str, trust: Trust, since: Sequence[str], url: str, *, snapshots: int = 2,
                      patience_s: float = PATIENCE_S,
                      tell: Callable[[str], None] = lambda _: None) -> tuple[Verified, Comparison]:
    """Verify a log, and compare what the registry at `url` publishes with it. snapshots: how many of the newest;
    tell: gets a line where it waits. Raises LogBroken, Unavailable, Malformed, BadFile."""
    end = time.monotonic() + patience_s
    while True:
        verified = verify_log(place, trust, since, keeps_details=True)
        log = fold(verified.replay, verified.details)
        site = Site(url)
        try:
            found = _compare(site, log, verified.checkpoint.root, snapshots)
        finally:
            site.close()
        left = end - time.monotonic()
        if not found.differences or left <= 0:
            return verified, found
        tell(f"{len(found.differences)} differences; the log may be a minute late: looking again for {left:.0f} s")
        time.sleep(min(PAUSE_S, left))


def _compare(site: Site, log: Fold, root: bytes, snapshots: int) -> Comparison:
    found = Comparison()
    newest = _snapshot(site, "snapshot")
    if newest is None:
        raise Unavailable(f"{site.url}/snapshot: it is not there; is this the address of the registry?")
    compare_snapshot(found, log, newest)
    _compare_steps(found, site, log, newest, snapshots - 1)
    compare_directory(found, log, _directory(site))
    _lookups(found, site, log, root)
    return found


def _compare_steps(found: Comparison, site: Site, log: Fold, after: PublishedSnapshot, steps: int) -> None:
    """The last steps that led to a snapshot. Numbers may be left out; what the log has must be there."""
    for serial in sorted((one for one in log.snapshots if one < after.serial), reverse=True)[:steps]:
        before = _snapshot(site, f"snapshot/{serial}")
        if before is None:
            found.differ("snapshot_missing", publication.subject_of(serial), "the registry", "nothing of it",
                         log.snapshots[serial].digest)
            return
        if before.digest != log.snapshots[serial].digest:
            compare_snapshot(found, log, before)
            return
        compare_step(found, log, before, after)
        found.snapshots += 1
        after = before


def _snapshot(site: Site, path: str) -> PublishedSnapshot | None:
    raw = site.read(path, SNAPSHOT_BYTES_MAX)
    return None if raw is None else read_snapshot(f"{site.url}/{path}", raw)


def _directory(site: Site) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    path: str | None = "directory.json"
    for _ in range(PAGES_MAX):
        if path is None:
            return rows
        page, more = read_directory_page(f"{site.url}/{path}", _read(site, path, PAGE_BYTES_MAX))
        rows += page
        path = None if more is None else f"directory.json?{more.partition('?')[2]}"
    raise Unavailable(f"{site.url}: its directory does not end after {PAGES_MAX:,} pages")


def _lookups(found: Comparison, site: Site, log: Fold, root: bytes) -> None:
    """Some services, which ones nobody knows before the root of the log is known."""
    some = sorted(log.services, key=lambda handle: hashlib.sha256(root + handle.encode()).digest())[:LOOKUPS]
    for handle in some:
        path = f"lookup.json?q={handle}"
        try:
            raw = _read(site, path, ANSWER_BYTES_MAX)
        except Unavailable:
            if found.lookups:
                return  # it answers so many a minute, and no more
            raise
        compare_lookup(found, handle, log.services[handle], read_answer(f"{site.url}/{path}", raw))


def _read(site: Site, path: str, bytes_max: int) -> bytes:
    raw = site.read(path, bytes_max)
    if raw is None:
        raise Unavailable(f"{site.url}/{path}: it is not there; is this the address of the registry?")
    return raw
