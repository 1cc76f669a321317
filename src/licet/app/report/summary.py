"""The line on stderr that ends every run: what was read, what was not, and how fast.

What a bound threw away is never silent. Captures that ended early and notes come before it, one line each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from licet.app.report.words import count_text, printable
from licet.app.results import ScanResult

PROBLEMS_MAX = 20  # lines about captures that ended early; the rest is counted


def summary_line(result: ScanResult) -> str:
    """`1,204 packets, 37 flows; skipped 12 (9 not IP, 3 truncated); nothing evicted; 0.41 s, 2,936 packets/s`."""
    packets = sum(capture.packets for capture in result.captures)
    flows = sum(capture.flows for capture in result.captures)
    read = f"{count_text(packets, 'packet')}, {count_text(flows, 'flow')}"
    if len(result.captures) != 1:
        read += f" in {count_text(len(result.captures), 'capture')}"
    parts = [
        read,
        _loss("skipped", total(capture.skipped for capture in result.captures)),
        _loss("evicted", total(capture.evicted for capture in result.captures)),
    ]
    nested = sum(capture.nested for capture in result.captures)
    if nested:
        parts.insert(1, f"{nested:,} in IP-in-IP or 6in4, looked into")
    early = sum(capture.problem is not None for capture in result.captures)
    if early:
        parts.append(f"{count_text(early, 'capture')} ended early")
    parts.append(_speed(packets, result.seconds))
    return "; ".join(parts)


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The counts of all captures added up, largest first, without zeros."""
    sums: Counter[str] = Counter()
    for count in counts:
        sums.update(count)
    return {name: number for name, number in sorted(sums.items(), key=lambda item: (-item[1], item[0])) if number}


def _loss(verb: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return f"nothing {verb}"
    reasons = ", ".join(f"{number:,} {printable(reason)}" for reason, number in counts.items())
    return f"{verb} {sum(counts.values()):,} ({reasons})"


def _speed(packets: int, seconds: float) -> str:
    text = f"{seconds:.2f} s"
    return f"{text}, {packets / seconds:,.0f} packets/s" if seconds > 0 else text


def diagnostic_lines(result: ScanResult) -> list[str]:
    """All lines for stderr at the end of a run: why a capture ended early, then notes, and last the summary."""
    problems = [
        f"{printable(capture.path)}: {printable(capture.problem)}"
        for capture in result.captures
        if capture.problem is not None
    ]
    lines = problems[:PROBLEMS_MAX]
    if len(problems) > PROBLEMS_MAX:
        lines.append(f"{len(problems) - PROBLEMS_MAX:,} more captures ended early")
    return [*lines, *(printable(note) for note in result.notes), summary_line(result)]
