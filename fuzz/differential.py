"""Mutated captures through the kernel and its plain twin, for a while: any difference is a bug of one of them.

    python fuzz/differential.py --seconds 60 [--seed N] [FOLDER…]

Under a sanitiser (fuzz/run.sh) the kernel alone also meets bytes that no capture holds. What fails is written beside
this file as `failure-SEED-ROUND.pcap`, and the command to repeat it is printed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from flow.test_kernel import TIGHT, mutated  # noqa: E402
from support.engines import outcome  # noqa: E402

INPUT_BYTES_MAX = 60_000  # larger captures are cut: a round should be short


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=[str(ROOT / "tests" / "captures")])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    inputs = [path.read_bytes()[:INPUT_BYTES_MAX] for folder in arguments.folders
              for path in sorted(Path(folder).iterdir()) if path.suffix in (".pcap", ".pcapng", ".cap")]
    chance = random.Random(arguments.seed)
    ends_at, rounds = time.monotonic() + arguments.seconds, 0
    while time.monotonic() < ends_at:
        data = mutated(chance.choice(inputs), chance)
        limits = TIGHT if rounds % 2 else None
        rounds += 1
        if outcome(data, twin=False, limits=limits) != outcome(data, twin=True, limits=limits):
            path = Path(__file__).parent / f"failure-{arguments.seed}-{rounds}.pcap"
            path.write_bytes(data)
            print(f"kernel and twin differ in round {rounds}: {path}", file=sys.stderr)
            return 1
    print(f"{rounds:,} mutated captures in {arguments.seconds:.0f} s: kernel and twin agree on all of them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
