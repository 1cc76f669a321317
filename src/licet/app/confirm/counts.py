"""What rules met, added up over hand-overs: the firewall counts anew with each set that it is given.

    counts.json    {"since_ns": "…", "ends": {"ORD-… ENDPOINT": ["OEP-…", packets, bytes, "last counted, ns"]}}

The sums grow for as long as the file is there, so a report that was lost or came twice changes no count. Losing the
file begins counting anew, with another `since_ns`. It is no part of what a decision is made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from licet.app.enforce.cycle import CarriedOut
from licet.app.enforce.state import Folder
from licet.lifecycle.order import endpoint_handle
from licet.model.enforcer_report import HITS_MAX, ReportedHits
from licet.model.order import OrderFile

COUNTS = "counts.json"
KEPT_NS = 35 * 86_400 * 1_000_000_000  # longer than any order lives


@dataclass(frozen=True, slots=True)
class Count:
    """end: the endpoint's handle; packets, bytes: refused; last_ns: when some were, or the rule was last there."""

    end: str
    packets: int
    bytes: int
    last_ns: int


@dataclass(frozen=True, slots=True)
class Counts:
    """since_ns: when counting began; ends: by `ORD-… ENDPOINT`."""

    since_ns: int
    ends: Mapping[str, Count] = field(default_factory=dict)

    def hits(self) -> tuple[ReportedHits, ...]:
        """For a report: what met something, sorted."""
        return tuple(ReportedHits(one.end, one.packets, one.bytes)
                     for one in sorted(self.ends.values(), key=lambda each: each.end) if one.packets)


def read_counts(folder: Folder, at_ns: int) -> Counts:
    """The sums so far; none, from now on, where the file cannot be read."""
    members = folder.object(COUNTS)
    try:
        ends = {str(key): Count(str(end), int(packets), int(size), int(last_ns))
                for key, (end, packets, size, last_ns) in members["ends"].items()}
        return Counts(int(members["since_ns"]), ends)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Counts(at_ns)


def write_counts(folder: Folder, counts: Counts) -> None:
    """Replace the file. Raises BadFile."""
    folder.write_object(COUNTS, {"since_ns": str(counts.since_ns), "ends": {
        key: [one.end, one.packets, one.bytes, str(one.last_ns)] for key, one in counts.ends.items()}})


def handles(files: Iterable[OrderFile]) -> dict[str, str]:
    """`ORD-… ENDPOINT` to the handle of the endpoint in the log."""
    return {f"{file.order.puid} {one.endpoint}": endpoint_handle(file.order.puid, number)
            for file in files for number, one in enumerate(file.order.endpoints, 1)}


def added(counts: Counts, done: CarriedOut) -> Counts:
    """With what the firewall had counted when it was handed this set."""
    at_ns, known = done.computed.at_ns, handles(done.computed.gathered.known.orders)
    ends = dict(counts.ends)
    for rule in done.computed.rules:
        key = f"{rule.order} {rule.endpoint}"
        ends[key] = replace(ends.get(key, Count(known[key], 0, 0, at_ns)), last_ns=at_ns)
    for one in done.held:
        key = f"{one.order} {one.endpoint}"
        before = ends.get(key)
        if before is None and key in known:
            before = Count(known[key], 0, 0, at_ns)
        if before is not None:  # else it is of an order of which nothing is known any more
            ends[key] = _with(before, one.packets, one.bytes, at_ns)
    kept = {key: one for key, one in ends.items() if one.last_ns > at_ns - KEPT_NS}
    newest = sorted(kept.items(), key=lambda each: -each[1].last_ns)[:HITS_MAX]
    return Counts(counts.since_ns, dict(newest))


def _with(count: Count, packets: int, size: int, at_ns: int) -> Count:
    return Count(count.end, count.packets + packets, count.bytes + size, at_ns if packets else count.last_ns)
