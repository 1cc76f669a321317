"""Kill a writer again and again while it appends, and look at what is left.

    PYTHONPATH=tests python -m tlog.kills FOLDER --kills 500 --entries 50000 --seed 1

Each life of the writer is a process that is forked, opens the log, and appends batches of entries until SIGKILL comes
at a random moment. Its entries name the life that wrote them, so that what is retried is never what was tried before:
a writer that signed a state twice would fork.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from licet.app.log import make_trust, verify_log
from licet.tlog.checkpoint import Checkpoint, open_checkpoint
from licet.tlog.entry import leaf_of, read_entry
from licet.tlog.note import VerifierKey
from licet.tlog.store import HEAD, FolderStore
from licet.tlog.tree import Tree
from licet.tlog.writer import Writer
from tlog.logs import KEY, STORY, body

LIFE_S = 0.6
BATCH = 60
SLACK = 600


def leaves_of_life(writer: Writer, life: int, until: int) -> Iterator[bytes]:
    """What follows the log's last entry, as this life tells it."""
    size = writer.size
    previous = read_entry(next(writer.leaves_from(size - 1))[1]).digest if size % len(STORY) else ""
    for number in range(size, until):
        application, step = divmod(number, len(STORY))
        raw = body(step, f"APP-{application:08d}", previous if step else "", number % (28 * 86_400),
                   details={"number": number, "life": life})
        previous = read_entry(raw).digest
        yield leaf_of(raw)[0]


def live(store: FolderStore, life: int, until: int, seed: int) -> None:
    """Append until the entries run out, or until killed."""
    chance = random.Random(seed)
    with store.hold():
        writer = Writer(store, KEY)
        writer.publish()
        source, block = leaves_of_life(writer, life, until), []
        count = chance.randint(1, BATCH)
        for leaf in source:
            block.append(leaf)
            if len(block) == count:
                writer.append(block)
                writer.publish()
                block, count = [], chance.randint(1, BATCH)
        writer.append(block)
        writer.publish()


def run(folder: Path, kills: int, entries: int, seed: int) -> dict[str, object]:
    """Kill, look, and go on; then end in peace and verify everything. Raises AssertionError for what went wrong."""
    chance, store = random.Random(seed), FolderStore(folder)
    seen: Counter[str] = Counter()
    last: Checkpoint | None = None
    left: set[tuple[Path, int]] = set()
    for life in range(kills):
        child = os.fork()
        if child == 0:
            live(store, life, entries * (life + 1) // kills + SLACK, chance.randint(0, 2**31) + life)
            time.sleep(60)
            os._exit(0)
        time.sleep(chance.uniform(0, LIFE_S))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        last = look(store, last, seen, left)
    live(store, kills, max(entries, last.size if last else 0), seed)
    trust = make_trust(str(KEY.verifier))
    found = verify_log(str(folder), trust)
    told = [json.loads(leaf) for _, leaf in Writer(store, KEY).leaves_from(0)]
    numbers = [one["details"]["number"] for one in told]
    assert numbers == list(range(found.checkpoint.size)), "lost, doubled or reordered"
    lives = [one["details"]["life"] for one in told]
    assert lives == sorted(lives)
    return {"kills": kills, "entries": found.checkpoint.size, "lives that appended": len(set(lives)), **seen}


def look(store: FolderStore, last: Checkpoint | None, seen: Counter[str], left: set[tuple[Path, int]],
         key: VerifierKey = KEY.verifier) -> Checkpoint | None:
    """What a killed writer left: every signed state must continue the one before. left: files that writers before it
    left half written."""
    head_raw, published_raw = store.read(HEAD, 10_000), store.read("checkpoint", 10_000)
    if head_raw is None:
        assert published_raw is None
        seen["killed before the first head"] += 1
        return None
    head = open_checkpoint(head_raw, key)
    tree = Tree(store, head.size)
    assert tree.root() == head.root, "the head is not backed by its tiles"
    for earlier in (last, open_checkpoint(published_raw, key) if published_raw else None):
        if earlier is not None:
            assert earlier.size <= head.size, "the log shrank"
            assert tree.root(earlier.size) == earlier.root, "the log forked"
    seen["killed with a head that was not published"] += published_raw is None or published_raw != head_raw
    now = {(path, path.stat().st_mtime_ns) for path in store.folder.rglob("*.new")}
    seen["killed while a file was written"] += bool(now - left)
    left.clear()
    left.update(now)
    return head


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(json.dumps(run(asked.folder, asked.kills, asked.entries, asked.seed), indent=1))
