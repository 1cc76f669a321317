"""The report from a log alone: a folder, a mirror or an address, with nothing but the log's key.

Signature, hashes and every move are verified on the way, and a log that does not hold has no numbers. Bodies are not
read: nothing in them is counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from licet.app.log import Trust, open_log, read_checkpoint_of
from licet.app.transparency.count import Fold, Period, Report, seen_of
from licet.errors import LogBroken, Malformed
from licet.lifecycle.replay import Replay
from licet.model.canonical import parse_time
from licet.tlog.entry import read_entry
from licet.tlog.verify import verified_leaves


def report_from_log(place: str, trust: Trust, period: Period) -> Report:
    """Replay a log and count. Raises LogBroken for the first thing that does not hold, hashes before what entries say;
    BadFile, Unavailable."""
    checkpoint = read_checkpoint_of(place, trust)
    fold, replay, problem = Fold(period), Replay(), None
    for first, leaves in verified_leaves(open_log(place), checkpoint):
        if problem is None:
            problem = _take(fold, replay, first, leaves)
    if problem is not None:
        raise problem
    return fold.report(checkpoint.origin)


def _take(fold: Fold, replay: Replay, first: int, leaves: Sequence[bytes]) -> LogBroken | None:
    """Take leaves; what is wrong is kept until all hashes were seen, for a damaged file explains it better."""
    for index, leaf in enumerate(leaves, first):
        try:
            entry = read_entry(leaf)
            replay.take(index, entry)
        except Malformed as error:
            return LogBroken("entry_malformed", f"entry {index:,}", str(error))
        except LogBroken as error:
            return error
        fold.take(seen_of(index, parse_time(entry.time), entry))
    return None
