"""Mutated captures through the kernel and its plain twin, for a while: any difference is a bug of one of them.

    python fuzz/differential.py --seconds 60 [--rounds N] [--seed N] [FOLDER…]

Between two comparisons the kernel alone is fed more: mutated captures, bytes that no capture holds, and blocks of a
ring whose offsets lie. There nothing is compared; a sanitiser (fuzz/run.sh) watches. What differs is written beside
this file as `failure-SEED-ROUND.pcap`.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from flow.test_kernel import TIGHT, mutated  # noqa: E402
from licet.errors import Malformed  # noqa: E402
from licet.flow.engine import read_capture  # noqa: E402
from licet.flow.kernel import Kernel  # noqa: E402
from licet.flow.matching import ReadySieves  # noqa: E402
from licet.flow.records import Record, read_records  # noqa: E402
from support.engines import SIEVES, Bytes, outcome, spelled  # noqa: E402
from support.rings import ring_block  # noqa: E402

INPUT_BYTES = (3_000, 10_000, 60_000)  # larger captures are cut, most of them early: many short rounds find more
ALONE = 4  # rounds of the kernel alone between two comparisons
BLOCK_BYTES = 1 << 16


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=[str(ROOT / "tests" / "captures")])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=0, help="stop after so many comparisons, however long they take")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    inputs = [path.read_bytes()[: max(INPUT_BYTES)] for folder in arguments.folders
              for path in sorted(Path(folder).iterdir()) if path.suffix in (".pcap", ".pcapng", ".cap")]
    chance = random.Random(arguments.seed)
    ends_at, rounds = time.monotonic() + arguments.seconds, 0
    while rounds < arguments.rounds if arguments.rounds else time.monotonic() < ends_at:
        data = mutated(chance.choice(inputs)[: chance.choice(INPUT_BYTES)], chance)
        limits = TIGHT if rounds % 2 else None
        rounds += 1
        if outcome(data, twin=False, limits=limits) != outcome(data, twin=True, limits=limits):
            path = Path(__file__).parent / f"failure-{arguments.seed}-{rounds}.pcap"
            path.write_bytes(data)
            print(f"kernel and twin differ in round {rounds}: {path}", file=sys.stderr)
            return 1
        for _ in range(ALONE):
            feed_alone(chance.choice(inputs)[: chance.choice(INPUT_BYTES)], chance)
    print(f"{rounds:,} mutated captures: kernel and twin agree on all of them; {ALONE * rounds:,} more inputs went to "
          "the kernel alone")
    return 0


def feed_alone(data: bytes, chance: random.Random) -> None:
    """The kernel, under a sanitiser as a rule, with something that need not be a capture."""
    kind = chance.random()
    if kind < 0.4:
        list(map(spelled, read_capture(Bytes(mutated(data, chance)), SIEVES, TIGHT).candidates))
    elif kind < 0.5:
        list(map(spelled, read_capture(Bytes(data[:24] + chance.randbytes(600)), SIEVES, TIGHT).candidates))
    else:
        feed_ring(data, chance)


def feed_ring(data: bytes, chance: random.Random) -> None:
    """The frames of a capture as a ring's block, with a few of its bytes changed, in a table of live traffic."""
    records: list[Record] = []
    with contextlib.suppress(Malformed):  # The input was cut.
        for record in itertools.islice(read_records(Bytes(data)), 40):
            records.append(record)  # noqa: PERF402 (what was read before the cut counts)
    block = bytearray(ring_block([(one.time_ns, one.frame) for one in records], BLOCK_BYTES))
    for _ in range(chance.randrange(6)):
        block[chance.randrange(12, 2_000)] = chance.choice((0, 255, chance.randrange(256)))
    kernel = Kernel(ReadySieves(SIEVES), TIGHT, live=True)
    for _ in range(2):
        block[8:12] = (1).to_bytes(4, sys.byteorder)
        kernel.add_block(block, 0, len(block), records[0].link_type if records else 1)
    for place in reversed(range(kernel.live_count())):
        kernel.live_state(place)
        spelled(kernel.live_candidate(place))
        kernel.live_drop(place)


if __name__ == "__main__":
    sys.exit(main())
