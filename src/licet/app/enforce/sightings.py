"""Whether what an order names was seen again in the day before it takes effect (lifecycle §5).

The log says so of every order that comes into force. Where this machine's own sensor watches too (`windows` under
[enforce]), it must have seen the endpoint by itself: then nobody's word is taken for it. Both can only leave rules out.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from licet.app.enforce.windows import seen_endpoints
from licet.lifecycle.days import HOUR_NS
from licet.lifecycle.order import CANARY_HOURS, EVIDENCE_HOURS
from licet.model.canonical import parse_time
from licet.model.log_entry import LogEntry
from licet.model.order import OrderFile

OBSERVED = "observed"  # a detail of the entry: when all endpoints had been seen again, seconds since the epoch
SECOND_NS = 1_000_000_000


def is_on_fresh_evidence(entry: LogEntry) -> bool:
    """True for an entry that brings an order into force, and says that it was seen in the day before."""
    observed_s, at_ns = entry.details.get(OBSERVED), parse_time(entry.time)
    return type(observed_s) is int and at_ns - EVIDENCE_HOURS * HOUR_NS <= observed_s * SECOND_NS <= at_ns


def unseen(files: Iterable[OrderFile], seen_again: Set[str], windows: str, is_canary: bool,
           at_ns: int) -> frozenset[str]:
    """Keys of rules for which nothing shows that their endpoint was seen again. seen_again: orders of which the log
    says so; windows: folder of this machine's sensor, or "". Raises BadFile."""
    ends = [(file.order.puid, one.endpoint) for file in files for one in file.order.endpoints]
    # Elsewhere the order was on trial for an hour first.
    hours = EVIDENCE_HOURS if is_canary else EVIDENCE_HOURS + CANARY_HOURS
    seen = seen_endpoints(windows, at_ns - hours * HOUR_NS) if ends and windows else None
    return frozenset(f"{puid} {end}" for puid, end in ends
                     if puid not in seen_again or (seen is not None and end not in seen))
