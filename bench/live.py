"""Watch a veth pair at a high rate, and compare what was found with a scan of the same frames (needs root and Linux).

    python -m bench.live --packets 3000000 --rate 300000

Makes a seeded trace, two namespaces and a veth pair; sends the trace through it from one core while `licet watch` reads
on the other; prints the rate, what was lost, the share of a core that the watch took, and whether each tunnel has the
same evidence as in a scan of the file. Leaves nothing behind but the trace in the cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LICET = [str(Path(sys.executable).with_name("licet"))]
SETTLE_S = 2.0

Row = dict[str, object]


@contextmanager
def veth() -> Iterator[tuple[list[str], list[str]]]:
    """Two namespaces with a wire between `near` and `far`; gives the commands that run something in each."""
    name = f"live{secrets.token_hex(2)}"
    near, far = f"{name}a", f"{name}b"
    try:
        for space in (near, far):
            subprocess.run(["ip", "netns", "add", space], check=True)
        wire = ["near", "netns", near, "type", "veth", "peer", "name", "far", "netns", far]
        subprocess.run(["ip", "link", "add", *wire], check=True)
        for space, link in ((near, "near"), (far, "far")):
            # Nothing but the trace is to be on the wire: no router solicitation, no listener report.
            subprocess.run(["ip", "netns", "exec", space, "sysctl", "-qw", f"net.ipv6.conf.{link}.disable_ipv6=1"],
                           check=True)
            subprocess.run(["ip", "-n", space, "link", "set", link, "mtu", "9000", "up"], check=True)
        yield ["ip", "netns", "exec", near], ["ip", "netns", "exec", far]
    finally:
        for space in (near, far):
            subprocess.run(["ip", "netns", "delete", space], check=False)


def run(trace: Path, rate: int, seconds: float, every_s: int, fanout: int) -> dict[str, object]:
    """Watch while the trace is sent. Returns the figures, with all rows that the watch wrote under `rows`."""
    with veth() as (near, far), tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "licet.toml"
        config.write_text('[network]\nkind = "owned"\n')
        rows = Path(folder) / "rows"
        options = ["--config", str(config), "--every", f"{every_s}s", "--fanout", str(fanout)]
        watch = [*LICET, "watch", "-i", "far", *options]
        pace = ["--rate", str(rate), "--seconds", str(seconds)]
        send = [sys.executable, "-m", "bench.sender", "near", str(trace), *pace]
        with rows.open("wb") as out:
            watcher = subprocess.Popen([*far, "taskset", "-c", "0", *watch], stdout=out)
            time.sleep(SETTLE_S)
            before = cpu_s(watcher.pid)
            sent, taken = subprocess.run([*near, "taskset", "-c", "1", *send], check=True, capture_output=True,
                                         text=True).stdout.split()
            during = cpu_s(watcher.pid) - before
            time.sleep(0.3)
            watcher.terminate()
            watcher.wait(60)
        found = [json.loads(line) for line in rows.read_text().splitlines()]
    windows = [row for row in found if row["kind"] == "window"]
    return {
        "sent": int(sent), "seconds": float(taken), "received": sum(row["packets"] for row in windows),
        "lost": sum(row["lost"] for row in windows), "cpu_s": during, "rows": found,
    }


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and of the children it has now."""
    total = 0
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += int(cpu_s(int(child)) * os.sysconf("SC_CLK_TCK"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (total + int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def evidence_of_scan(trace: Path) -> dict[str, Row]:
    """What a scan of the file says of each endpoint and family."""
    done = subprocess.run([*LICET, "scan", str(trace), "--format", "jsonl", "-q"], check=True, capture_output=True)
    tunnels = [json.loads(line) for line in done.stdout.splitlines()]
    return {f"{t['address']}:{t['port']}/{t['transport']} {t['family']}": told(t) for t in tunnels}


def evidence_of_watch(rows: list[Row]) -> dict[str, Row]:
    """The same of the rows of one window."""
    found = {}
    for row in rows:
        if row["kind"] == "tunnel":
            end = row["endpoint"]
            assert isinstance(end, dict)
            found[f"{end['address']}:{end['port']}/{end['transport']} {row['tunnelProtocol']}"] = told(row)
    return found


def told(tunnel: Row) -> Row:
    """The members that must not depend on how the frames came."""
    names = ("variant", "class", "grade", "verdict", "evidence", "initiator", "clients", "flows", "packets", "bytes")
    return {name: tunnel[name] for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=3_000_000)
    parser.add_argument("--rate", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--fanout", type=int, default=1)
    arguments = parser.parse_args()
    cache = Path(os.environ.get("LICET_BENCH_DIR", "/tmp/licet-bench"))
    cache.mkdir(exist_ok=True)
    trace = cache / "live.pcap"
    # It begins now: OpenVPN's packets tell the time, and a wrong one is no clock.
    make = ["--packets", str(arguments.packets), "--seed", str(arguments.seed), "--start", str(int(time.time()))]
    subprocess.run([sys.executable, "-m", "bench.make_trace", *make, "--out", str(trace)], check=True)
    seconds = 2 * arguments.packets / arguments.rate
    for every_s, words in ((2, "windows of 2 s"), (3_600, "one window")):
        figures = run(trace, arguments.rate, seconds, every_s, arguments.fanout)
        rate, share = figures["sent"] / figures["seconds"], figures["cpu_s"] / figures["seconds"]
        print(f"{words}: sent {figures['sent']:,} at {rate:,.0f}/s, received {figures['received']:,}, lost "
              f"{figures['lost']:,}, {100 * share:.1f} % of a core", flush=True)
    by_scan, by_watch = evidence_of_scan(trace), evidence_of_watch(figures["rows"])
    same = sum(by_watch.get(name) == told_ for name, told_ in by_scan.items())
    print(f"tunnels: {len(by_scan):,} in a scan of the file, {len(by_watch):,} watched, {same:,} with the same "
          "evidence" + (" (packets are counted a process)" if arguments.fanout > 1 else ""))


if __name__ == "__main__":
    main()
