"""Make the traces, measure every program on them, check that licet finds what they hold, write the page.

    python -m bench.run --date 2026-01-31

Leaves with status 1 if a certain tunnel of a trace was missed, mislabelled or invented. At full size the page is
docs/benchmarks.md; a smaller run prints it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import cases, recall
from bench.cases import Case
from bench.compare import PAIRS, compare, fitting, usual_core
from bench.page import Section, page
from bench.programs import LICET, Program, bare_python, find_programs, licet
from licet.model.family import FAMILIES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
PACKETS, SNAP_PACKETS, SLOW_PACKETS, START_PACKETS = 5_000_000, 20_000_000, 100_000, 100
SNAP_PACKETS_A_FLOW = 20
START_ROUNDS = 20
CORPUS_BYTES = 500_000_000
# Only small captures are for the slow ones: there they are compared with licet, whose start-up weighs more.
SLOW_REMARK = "On so small a capture much of licet's time is start-up: ratios to it are lower than on large ones."


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", required=True, help="of the measurement, for the page")
    parser.add_argument("--packets", type=int, default=PACKETS, help="of the trace with whole frames")
    parser.add_argument("--snap-packets", type=int, default=SNAP_PACKETS, help="of the trace with short frames")
    parser.add_argument("--corpus", nargs="+", default=[], metavar="FOLDER", help="folders of real captures")
    parser.add_argument("--also", nargs="+", default=[], type=Path, metavar="FILE", help="pcap files of your own")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="rounds (default %(default)s)")
    parser.add_argument("--core", type=int, default=usual_core(), help="the core to pin to (default: the last)")
    parser.add_argument("--nfstream", default="", metavar="PYTHON", help="a Python that has nfstream")
    parser.add_argument("--without", nargs="+", default=[], metavar="NAME", help="programs to leave out")
    parser.add_argument("--cache", type=Path, default=Path(os.environ.get("LICET_BENCH_DIR") or "/tmp/licet-bench"))
    parser.add_argument("--out", type=Path, help="the page (default: docs/benchmarks.md at full size, else printed)")
    return parser.parse_args()


def make_cases(asked: argparse.Namespace) -> Iterator[Case]:
    """The captures, large ones first; each is made when its turn comes."""
    full = cases.synthetic(asked.cache, "full", asked.packets, 0, cases.FULL_SNAPLEN, seed=1)
    yield full
    flows = asked.snap_packets // SNAP_PACKETS_A_FLOW
    yield cases.synthetic(asked.cache, "snap", asked.snap_packets, flows, cases.SNAPLEN, seed=2)
    if asked.corpus:
        yield cases.from_corpus(asked.cache, asked.corpus, CORPUS_BYTES)
    for path in asked.also:
        yield cases.given(path)
    yield cases.synthetic(asked.cache, "slow", min(SLOW_PACKETS, asked.packets), 0, cases.FULL_SNAPLEN, seed=3)
    yield cases.beginning(asked.cache, full, START_PACKETS)


def measured(case: Case, programs: Sequence[Program], asked: argparse.Namespace) -> Section:
    """One case, measured and checked."""
    print(f"{case.name}: {case.about}", file=sys.stderr)
    remarks = [SLOW_REMARK] if case.name == "slow" else []
    rounds = START_ROUNDS if case.name == "start" else asked.pairs
    if case.name == "start":
        programs = [one for one in (*programs, bare_python()) if not one.is_inside and one.name != "tshark"]
    results = compare(case.capture, fitting(programs, case.packets), rounds, asked.core)
    return Section(case, results, None if case.truth is None else check(case, asked.cache), remarks)


def check(case: Case, cache: Path) -> recall.Recall:
    """Hold a scan of the case against its truth."""
    assert case.truth is not None
    said = cache / f"{case.capture.stem}.jsonl"
    with open(said, "wb") as file:
        subprocess.run(licet().command(str(case.capture)), stdout=file, check=True)
    return recall.compare(json.loads(case.truth.read_text()), recall.read_lines(said))


def main() -> int:
    """Measure everything that was asked for."""
    asked = arguments()
    programs = [one for one in find_programs(asked.nfstream) if one.name == LICET or one.name not in asked.without]
    sections = [measured(case, programs, asked) for case in make_cases(asked)]
    text = page(sections, asked.date, asked.pairs, sorted(FAMILIES))
    is_full = asked.packets >= PACKETS and asked.snap_packets >= SNAP_PACKETS
    out = asked.out or (PAGE if is_full else None)
    if out is None:
        print(text)
    else:
        out.write_text(text, encoding="utf-8")
        print(f"written: {out}", file=sys.stderr)
    wrong = [one.case.name for one in sections if one.recall is not None and not one.recall.is_right]
    for name in wrong:
        print(f"{name}: licet does not find what the trace holds", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
