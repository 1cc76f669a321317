"""That somebody switched an enforcer off, which anybody may at once and alone: an entry of its own for each time
(lifecycle §6, 25). The machine's signed report says when it was, and nobody says who; it may be days until it is told.
"""

from __future__ import annotations

from licet.lifecycle.table import MACHINE, Table, move

SWITCHED_OFF, OFF = "switched_off", "off"

TABLE = Table(
    kind="enforcer",
    states=(SWITCHED_OFF,),
    events=(OFF,),
    causes={OFF: frozenset({MACHINE})},
    rows={SWITCHED_OFF: {OFF: move(SWITCHED_OFF)}},
    after={},
    births={OFF: (SWITCHED_OFF, frozenset({MACHINE}))},
)
