"""Parts of the job, measured from within: prints the CPU seconds that one part took, without the interpreter's start.

    python bench/inside.py read t.pcap      the file's bytes through one buffer, and nothing else
    python bench/inside.py kernel t.pcap    licet's compiled reader and flow table with its sieves, no recogniser
"""

from __future__ import annotations

import mmap
import sys
import time

BUFFER_BYTES = 1 << 18


def read(path: str) -> float:
    """CPU seconds to read a file to its end."""
    # A buffer that begins on a page: the system copies into one that does not at two thirds of the speed (measured).
    buffer = mmap.mmap(-1, BUFFER_BYTES)
    with open(path, "rb", buffering=0) as file:
        before = time.process_time()
        while file.readinto(buffer):
            pass
        return time.process_time() - before


def kernel(path: str) -> float:
    """CPU seconds of `licet.flow.engine.read_capture` on a file, by itself."""
    from licet.app.catalogue import RECOGNISERS
    from licet.capture.open import open_capture
    from licet.flow.engine import read_capture

    sieves = [recogniser.sieve for recogniser in RECOGNISERS]
    with open_capture(path) as stream:
        before = time.process_time()
        read_capture(stream, sieves)
        return time.process_time() - before


if __name__ == "__main__":
    part, capture = sys.argv[1:]
    print({"read": read, "kernel": kernel}[part](capture))
