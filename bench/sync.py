"""What it costs to follow a large registry: bytes and time of the first copy, of one change, and of no change.

    python -m bench.sync                  a million records; some minutes and about 2 GB of disk
    python -m bench.sync --records 20000

The registry is one of `bench/registry.py`; it is published with keys of its own, served by a plain web server on the
loopback interface, and copied by the client that `licet snapshot sync` is.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.registry import write_registry
from licet.app.snapshot_sync import Synced, sync
from licet.model.canonical import sha256_digest
from licet.snapshot.delta import write_delta
from licet.tuf.ceremony import first_root, first_targets, group
from licet.tuf.index import Numbered
from licet.tuf.layout import ROOT, TARGETS, metadata_file
from licet.tuf.publisher import Offer, Step, publish
from licet.tuf.signer import SigningKey
from licet.tuf.store import PublishedFolder

SEED = 3
GONE_LINE = 700_001  # of a million: some endpoint in the middle is no longer registered


class Quiet(SimpleHTTPRequestHandler):
    """A plain web server that keeps its diagnostics to itself."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Nothing."""


class Publisher:
    """A registry with one key for everything that it signs."""

    def __init__(self, folder: Path) -> None:
        self._store = PublishedFolder(folder)
        self._key, offline = (SigningKey(hashlib.sha256(name).digest()) for name in (b"online", b"offline"))
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        people, online = group([offline.raw], 1, "root"), group([self._key.raw], 1, "online")
        root, targets = first_root(people, people, online, expires), first_targets(online, expires)
        offline.add_signature(root)
        offline.add_signature(targets)
        self._store.write({metadata_file(ROOT, 1): root.to_bytes(), metadata_file(TARGETS, 1): targets.to_bytes()})

    def number(self, serial: int, text: Path, before: Path | None) -> None:
        """Publish a number, by a delta where there was one before."""
        raw = text.read_bytes()
        delta = None
        if before is not None:
            with open(before, "rb") as old, open(text, "rb") as new:
                delta = write_delta(old, new)
            print(f"  the delta has {len(delta):,} bytes")
        with self._store.hold():
            step = Step(Numbered(serial, sha256_digest(raw)), delta)
            publish(self._store, [self._key], Offer("Example Registry", [step], lambda: raw), datetime.now(UTC))


def change_one(old: Path, new: Path, records: int) -> None:
    """The same registry under the next number, with one record less."""
    with open(old, "rb") as source, open(new, "wb") as target:
        header = source.readline()
        target.write(header.replace(b'"serial":1', b'"serial":2').replace(b"%d" % records, b"%d" % (records - 1)))
        gone = min(GONE_LINE, records // 2)
        target.writelines(itertools.islice(source, gone))
        source.readline()
        target.writelines(source)


def timed(what: str, url: str, folder: Path, root: str, whole_bytes: int) -> Synced:
    """Sync, and print what it took."""
    begun, cpu = time.perf_counter(), time.process_time()
    done = sync(url, str(folder), root, datetime.now(UTC))
    share = 100 * done.bytes_moved / whole_bytes
    print(f"{what}: {done.how}, {done.bytes_moved:,} bytes, {share:.4f} % of the whole; "
          f"{time.perf_counter() - begun:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
    return done


def main() -> None:
    """Make, publish, copy, change, copy."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--records", type=int, default=1_000_000)
    records = options.parse_args().records
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_registry(folder / "1", records, SEED)
        change_one(folder / "1", folder / "2", records)
        whole_bytes = (folder / "2").stat().st_size
        print(f"{records:,} records, {whole_bytes:,} bytes")
        publisher = Publisher(folder / "set")
        publisher.number(1, folder / "1", None)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder / "set")))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, root = f"http://127.0.0.1:{server.server_port}", str(folder / "set/metadata/1.root.json")
        copy = folder / "copy"
        timed("first copy", url, copy, root, whole_bytes)
        timed("nothing changed", url, copy, root, whole_bytes)
        publisher.number(2, folder / "2", folder / "1")
        done = timed("one change", url, copy, root, whole_bytes)
        server.shutdown()
        if (copy / "registry.snapshot").read_bytes() != (folder / "2").read_bytes():
            sys.exit("the copy is not what was published")
        if done.bytes_moved * 100 > whole_bytes:
            sys.exit("one change moved more than a hundredth of the whole")


if __name__ == "__main__":
    main()
