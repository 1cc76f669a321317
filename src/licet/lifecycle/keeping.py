"""That the log is kept: an entry of its own where nothing else happened for half a day.

A checkpoint has no time in it, so whoever reads a log knows how recent it is from its entries (lifecycle §9: after
a day without news an enforcer acts on nothing). A registry in which nothing happens would look like one that was cut
off.
"""

from __future__ import annotations

from licet.lifecycle.table import MACHINE, Table, move

KEPT, KEEP = "kept", "keep"
SUBJECT = "LOG-0001"
QUIET_HOURS = 12  # twice a day, so that one run of the clock may fail

TABLE = Table(
    kind="log",
    states=(KEPT,),
    events=(KEEP,),
    causes={KEEP: frozenset({MACHINE})},
    rows={KEPT: {KEEP: move(KEPT)}},
    after={},
    births={KEEP: (KEPT, frozenset({MACHINE}))},
)
