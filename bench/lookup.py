"""What a large snapshot costs: to index, to load, to ask, to join.

    python -m bench.lookup
    python -m bench.lookup --records 100000 --seed 7

Makes a seeded registry (see `registry`) in a temporary folder and prints a table. Each row is a process of its own, so
that its memory is its own: the peak is what the process held at most, mapped pages included; its own is what it held at
the end without these. The registry's file is in the page cache.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.registry import KEY_SHARE, public_key, write_registry
from licet.snapshot import Snapshot, load
from licet.snapshot.entry import mac1_key
from licet.snapshot.index_store import load_verified

if TYPE_CHECKING:
    from licet.snapshot.join import Halves

RECORDS = 1_000_000
JOINED = 1_000_000
ASKED = 2_000
CHECKED = 300
SMALL, WIREGUARD = "openvpn-tcp-tls-crypt.pcap", "wireguard-v4.pcap"  # of tests/captures
IPV4_SHARE = 0.7
# Rows of the table: what is measured, and what it should cost at a million records.
ROWS = {
    "build": ("index a text that is there", "15 s"),
    "load": ("load through the index", "50 ms"),
    "address": ("one address, median and slowest", "1 ms"),
    "key": ("a key that nobody registered, one flow", ""),
    "records": ("read every record", ""),
    "join": ("join, second time, addresses a CPU second", "5 million"),
    "scan": ("scan 48 packets, CPU and peak", "0.30 s"),
    "wireguard": ("scan a handshake, every key tried", ""),
    "check": ("answers held against trying every network", ""),
}


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--feed", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Print the table, or measure one row of it."""
    asked = arguments()
    if asked.row is not None:
        print(json.dumps([MEASURES[asked.row](asked.feed, random.Random(asked.seed)), *_memory()]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        feed = Path(folder) / "feed"
        write_registry(feed, asked.records, asked.seed)
        print(f"{asked.records:,} records, seed {asked.seed}, {feed.stat().st_size / 1e6:.0f} MB of text\n")
        print(f"{'':<44}{'measured':>24}{'aim':>12}{'peak MB':>10}{'own MB':>9}")
        for row, (title, aim) in ROWS.items():
            command = [sys.executable, "-m", "bench.lookup", "--row", row, "--feed", str(feed),
                       "--seed", str(asked.seed)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figure, peak_mb, own_mb = json.loads(done.stdout)
            print(f"{title:<44}{figure:>24}{aim:>12}{peak_mb:>10.0f}{own_mb:>9.0f}", flush=True)
        (index,) = feed.parent.glob("feed.*.index")
        print(f"\nindex: {index.stat().st_size / 1e6:.0f} MB")
    return 0


def _memory() -> tuple[float, float]:
    """What this process held at most, and what it holds of its own (not mapped) now, in MB; Linux only."""
    found = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        found[name] = value
    return tuple(int(found[name].split()[0]) / 1000 for name in ("VmHWM", "RssAnon"))  # type: ignore[return-value]


def measure_build(feed: str, _: random.Random) -> str:
    """Parse and index the text, and write the index."""
    wall, cpu = time.perf_counter(), time.process_time()
    load_verified(feed)
    return f"{time.perf_counter() - wall:.1f} s ({time.process_time() - cpu:.1f} CPU)"


def measure_load(feed: str, _: random.Random) -> str:
    """Load as every command does."""
    before = time.perf_counter()
    load(feed)
    return f"{(time.perf_counter() - before) * 1e3:.2f} ms"


def measure_address(feed: str, rng: random.Random) -> str:
    """Registered and other addresses in turn, each asked once, blocks that were not checked yet included."""
    snapshot = load(feed)
    asked = _some_addresses(snapshot, rng, ASKED)
    times = []
    for address in asked:
        before = time.perf_counter()
        snapshot.at_address(address)
        times.append(time.perf_counter() - before)
    return f"{sorted(times)[len(times) // 2] * 1e6:.0f} µs, {max(times) * 1e6:.0f} µs"


def measure_key(feed: str, rng: random.Random) -> str:
    """Every key is tried. A registered one is found, too."""
    snapshot = load(feed)
    covered = rng.randbytes(116)
    before = time.perf_counter()
    assert snapshot.match_key(covered, rng.randbytes(16)) is None
    took = time.perf_counter() - before
    known = bytes.fromhex(mac1_key(public_key(rng.randrange(int(len(snapshot.records) * KEY_SHARE)))))
    assert snapshot.by_mac1_key(known.hex())
    return f"{took:.2f} s, {snapshot.key_count:,} keys"


def measure_records(feed: str, _: random.Random) -> str:
    """What `licet snapshot show` reads."""
    before = time.perf_counter()
    count = sum(1 for _ in load(feed).records)
    return f"{time.perf_counter() - before:.1f} s, {count:,}"


def measure_join(feed: str, rng: random.Random) -> str:
    """A million addresses, half of them registered, unsorted."""
    snapshot = load(feed)
    high, low = _many_addresses(snapshot, rng)
    snapshot.join(high, low)
    before = time.process_time()
    snapshot.join(high, low)
    return f"{JOINED / (time.process_time() - before) / 1e6:.1f} million"


def measure_scan(feed: str, _: random.Random) -> str:
    """`licet scan` of a small capture that holds no WireGuard, judged by the large registry; the best of five."""
    return _scan(feed, SMALL)


def measure_wireguard(feed: str, _: random.Random) -> str:
    """The same for a handshake with a server whose key nobody registered: all keys are tried."""
    return _scan(feed, WIREGUARD)


def _scan(feed: str, capture: str) -> str:
    command = [sys.executable, "-m", "licet", "scan", "--registry", feed, "--format", "jsonl",
               str(Path(__file__).parents[1] / "tests" / "captures" / capture)]
    best_s = min(_cpu_s(command) for _ in range(5))
    return f"{best_s:.2f} s, {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000:.0f} MB"


def _cpu_s(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _some_addresses(snapshot: Snapshot, rng: random.Random, count: int) -> list[str]:
    """Half of them the (first) address of a record, half drawn from all addresses in use."""
    found: list[str] = []
    while len(found) < count:
        address = snapshot.records[rng.randrange(len(snapshot.records))].address
        if address is not None:
            found.append(address.partition("/")[0])
            other = rng.getrandbits(32) if rng.random() < IPV4_SHARE else 0x2001 << 112 | rng.getrandbits(112)
            found.append(str(ipaddress.ip_address(other)))
    return found[:count]


def _many_addresses(snapshot: Snapshot, rng: random.Random) -> tuple[Halves, Halves]:
    import numpy as np

    from licet.snapshot.join import halves

    high, low = halves(_some_addresses(snapshot, rng, 20_000))
    numbers = np.random.default_rng(rng.getrandbits(32))
    rows = numbers.integers(0, len(high), JOINED)
    # Others are spread over the low bits, so that no two queries are the same by design.
    spread = np.where(numbers.random(JOINED) < 0.5, 0, numbers.integers(0, 1 << 16, JOINED)).astype(np.uint64)
    return high[rows], low[rows] ^ spread


def check(feed: str, rng: random.Random) -> str:
    """Compare look-ups with trying every network, and the join with look-ups. Raises AssertionError."""
    from licet.snapshot.join import halves

    snapshot = load(feed)
    networks, exact = [], Counter[str]()
    for record in snapshot.records:
        if record.address is not None and "/" in record.address:
            networks.append(ipaddress.ip_network(record.address))
        elif record.address is not None:
            exact[record.address] += 1
    asked = _some_addresses(snapshot, rng, CHECKED)
    for address, network in zip(asked, snapshot.join(*halves(asked)), strict=True):
        wanted = ipaddress.ip_address(address)
        around = sum(wanted in network for network in networks if network.version == wanted.version)
        assert len(snapshot.at_address(address)) == exact[address] + around, address
        assert snapshot.at_network(int(network)) == snapshot.at_address(address), address
    return f"{len(asked)} agree"


MEASURES: dict[str, Callable[[str, random.Random], str]] = {
    "build": measure_build, "load": measure_load, "address": measure_address, "key": measure_key,
    "records": measure_records, "join": measure_join, "scan": measure_scan,
    "wireguard": measure_wireguard, "check": check,
}


if __name__ == "__main__":
    sys.exit(main())
