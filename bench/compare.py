"""Measure licet and every peer that is installed on one capture, in turn, and print a table.

    python -m bench.compare t.pcap --pairs 5
    python -m bench.compare t.pcap --only ndpiReader tcpdump read

A round runs each program once (A B C, A B C, …), so that whatever else the machine does falls on all of them; a ratio
is the median of the rounds' ratios. Page cache warm, one core.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cases import count_packets
from bench.measure import Cost, measure, warm
from bench.programs import FLOOR, KERNEL, LICET, Program, find_programs

PAIRS = 5
MB = 1_000_000


@dataclass(frozen=True)
class Result:
    """One program's costs, round by round."""

    program: Program
    costs: tuple[Cost, ...]

    @property
    def cpu_s(self) -> float:
        """Median CPU time."""
        return median(cost.cpu_s for cost in self.costs)

    @property
    def wall_s(self) -> float:
        """Median wall time."""
        return median(cost.wall_s for cost in self.costs)

    @property
    def peak_bytes(self) -> int:
        """The largest peak."""
        return max(cost.peak_bytes for cost in self.costs)

    def times(self, other: Result) -> list[float]:
        """CPU time as a multiple of the other's, pair by pair, in rising order."""
        pairs = zip(self.costs, other.costs, strict=True)
        return sorted(own.cpu_s / max(base.cpu_s, 1e-6) for own, base in pairs)


def compare(capture: Path, programs: Sequence[Program], pairs: int, core: int | None) -> list[Result]:
    """Measure all programs on a capture, `pairs` rounds. Raises DidNotRun."""
    warm(capture)
    costs: list[list[Cost]] = [[] for _ in programs]
    for number in range(pairs):
        for program, own in zip(programs, costs, strict=True):
            own.append(measure(program, str(capture), core))
            print(f"  {number + 1}/{pairs} {program.name}: {own[-1].cpu_s:.2f} s", file=sys.stderr)
    return [Result(program, tuple(own)) for program, own in zip(programs, costs, strict=True)]


def table(results: Sequence[Result], packets: int) -> list[str]:
    """A Markdown table; ratios are to licet where it is among the results, else to the first."""
    base = next((one for one in results if one.program.name == LICET), results[0])
    lines = [
        f"| program | what it does | CPU s | wall s | Mpkt/s | peak MB | CPU, × {base.program.name} (least–most) |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in results:
        ratios = one.times(base)
        ratio = "1" if one is base else f"{median(ratios):.3g} ({ratios[0]:.3g}–{ratios[-1]:.3g})"
        speed = packets / max(one.cpu_s, 1e-6) / 1e6
        lines.append(
            f"| {one.program.name} | {one.program.does} | {one.cpu_s:.3g} | {one.wall_s:.3g} | {speed:.3g} | "
            f"{one.peak_bytes / MB:,.0f} | {ratio} |"
        )
    return lines


def against_floor(results: Sequence[Result]) -> list[str]:
    """How far licet is from the least that any reader costs, each ratio with what it compares."""
    by_name = {one.program.name: one for one in results}
    said = []
    for name, what in ((LICET, "the whole process"), (KERNEL, "reader, flow table and sieves alone")):
        if name in by_name and FLOOR in by_name:
            ratios = by_name[name].times(by_name[FLOOR])
            said.append(f"- {name}, {what}: {median(ratios):.3g} × the CPU time of {FLOOR} of the same file "
                        f"({ratios[0]:.3g}–{ratios[-1]:.3g})")
    return said


def usual_core() -> int | None:
    """The last core that this process may use; None where programs cannot be pinned."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return max(os.sched_getaffinity(0))


def fitting(programs: Sequence[Program], packets: int) -> list[Program]:
    """Those that a capture of so many packets is not too large for."""
    return [one for one in programs if one.packets_max is None or packets <= one.packets_max]


def main() -> None:
    """Measure one capture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", type=Path)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="rounds (default %(default)s)")
    parser.add_argument("--core", type=int, default=usual_core(), help="the core to pin to (default: the last)")
    parser.add_argument("--only", nargs="+", default=[], help="programs whose name begins so")
    parser.add_argument("--nfstream", default="", metavar="PYTHON", help="a Python that has nfstream")
    arguments = parser.parse_args()
    packets = count_packets(arguments.capture)
    programs = fitting(find_programs(arguments.nfstream), packets)
    if arguments.only:
        programs = [one for one in programs if one.name.startswith(tuple(arguments.only))]
    if not programs:
        parser.error("none of these is installed here, or the capture is too large for them")
    results = compare(arguments.capture, programs, arguments.pairs, arguments.core)
    print("\n".join([*table(results, packets), *against_floor(results)]))


if __name__ == "__main__":
    main()
