"""How fast a log is written and verified, and how large a proof is.

    PYTHONPATH=tests python -m bench.log FOLDER --entries 1000000
    PYTHONPATH=tests python -m bench.log FOLDER --outbox 100000

The entries are those of tests/tlog/logs.py: applications that go through their story, about 300 bytes each. Each batch
is made safe on the disk before the next, as in use. With --outbox they are in the outbox of a registry first (SQLite,
synced), every seventh with a body that is kept apart, and are brought into the log with their receipts, as the service
does it. Figures are printed; nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from licet.app.log import make_trust, prove, verify_log, verify_proof_file
from licet.tlog.store import FolderStore
from licet.tlog.writer import BATCH, Writer
from tlog.logs import KEY, leaves

PROOFS = 1_000
OUTBOX_BLOCK = 5_000


def append(folder: Path, entries: int, batch: int) -> dict[str, float]:
    """Append what is missing up to that many entries. Making the entries is not counted."""
    store, spent, cpu, written = FolderStore(folder), 0.0, 0.0, 0
    with store.hold():
        writer = Writer(store, KEY)
        source = leaves(entries, writer.size)
        while block := list(islice(source, batch)):
            begun, cpu_begun = time.perf_counter(), time.process_time()
            _write(writer, block)
            spent, cpu, written = spent + time.perf_counter() - begun, cpu + time.process_time() - cpu_begun, (
                written + len(block))
    return {"batch": batch, "entries": written, "seconds": round(spent, 2), "cpu_seconds": round(cpu, 2),
            "entries_per_second": round(written / spent) if spent else 0}


def outbox(folder: Path, entries: int) -> dict[str, float]:
    """Bring so many entries from the outbox into the log. Putting them into the outbox is not counted."""
    from bench.kill_writer import happen, set_up

    set_up(folder)
    from licet.server.log_writing import write_log

    for at in range(0, entries, OUTBOX_BLOCK):
        happen(min(OUTBOX_BLOCK, entries - at))
    begun, cpu = time.perf_counter(), time.process_time()
    write_log()
    seconds = time.perf_counter() - begun
    return {"entries": entries, "seconds": round(seconds, 2), "cpu_seconds": round(time.process_time() - cpu, 2),
            "entries_per_second": round(entries / seconds)}


def _write(writer: Writer, block: Sequence[bytes]) -> None:
    writer.append(block)
    writer.publish()


def verify(folder: Path) -> dict[str, float]:
    """Verify the whole log: hashes, signature, moves, chains."""
    begun, cpu = time.perf_counter(), time.process_time()
    found = verify_log(str(folder), make_trust(str(KEY.verifier)))
    seconds = time.perf_counter() - begun
    return {"entries": found.checkpoint.size, "seconds": round(seconds, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "entries_per_second": round(found.checkpoint.size / seconds)}


def proofs(folder: Path, entries: int) -> dict[str, float]:
    """The size of a proof, and how long one is checked."""
    trust, file = make_trust(str(KEY.verifier)), folder / "entry.tlog-proof"
    sizes, spent = [], []
    for number in range(20):
        raw, _ = prove(str(folder), trust, None, number * entries // 20)
        file.write_bytes(raw)
        sizes.append(len(raw))
        begun = time.perf_counter()
        for _ in range(PROOFS // 20):
            verify_proof_file(str(file), trust)
        spent.append((time.perf_counter() - begun) / (PROOFS // 20) * 1_000)
    file.unlink()
    return {"bytes_max": max(sizes), "milliseconds_median": round(sorted(spent)[10], 3),
            "milliseconds_max": round(max(spent), 3)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--outbox", type=int, default=0)
    asked = parser.parse_args()
    if asked.outbox:
        print(json.dumps({"outbox": outbox(asked.folder.absolute(), asked.outbox)}), flush=True)
        parser.exit()
    print(json.dumps({"append": append(asked.folder, asked.entries, asked.batch)}), flush=True)
    print(json.dumps({"verify": verify(asked.folder)}), flush=True)
    print(json.dumps({"proof": proofs(asked.folder, asked.entries)}), flush=True)
