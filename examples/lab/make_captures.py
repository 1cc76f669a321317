"""Make the small captures that tests read, each with one real program in its own laboratory.

    sudo python3 examples/lab/make_captures.py OUTDIR [NAME…]
    python3 examples/lab/make_captures.py --list

A capture that exists is overwritten; one whose program is missing is named, and the others go on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# Run as a file, Python looks beside it; the package `lab` is one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import needs
from lab.captures import CAPTURES
from lab.network import Network
from lab.process import LabError


def make_capture(name: str, outdir: Path) -> Path:
    """Make one capture and return its path. Raises LabError if a program does not come up."""
    path = outdir / f"{name}.pcap"
    with Network(CAPTURES[name].clients) as network:
        CAPTURES[name].make(network, path)
    return path


def _make_all(names: list[str], outdir: Path) -> bool:
    """Make the captures one after the other; say of each what became of it. True if all could be made."""
    outdir.mkdir(parents=True, exist_ok=True)
    is_complete = True
    for name in names:
        try:
            lacking = needs.missing(CAPTURES[name].programs)
            if lacking:
                raise LabError("; ".join(lacking))
            path = make_capture(name, outdir)
            print(f"{path}: {path.stat().st_size} bytes", file=sys.stderr)
        except LabError as error:
            print(f"{name}: {error}", file=sys.stderr)
            is_complete = False
    return is_complete


def main() -> int:
    """Read the command line and make what it names. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the small captures that tests read.")
    parser.add_argument("outdir", nargs="?", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all, if none is named")
    parser.add_argument("--list", action="store_true", help="print the names and what they hold")
    words = parser.parse_args()
    if words.list:
        for name, capture in CAPTURES.items():
            print(f"{name:30} {capture.endpoint:34} {capture.holds}")
        return 0
    unknown = [name for name in words.names if name not in CAPTURES]
    if words.outdir is None or unknown:
        parser.error(f"no such capture: {', '.join(unknown)}; see --list" if unknown else "OUTDIR is missing")
    return 0 if _make_all(words.names or list(CAPTURES), words.outdir) else 1


if __name__ == "__main__":
    raise SystemExit(main())
