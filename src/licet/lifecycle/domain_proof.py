"""The proof that an organisation controls a domain, from which its name comes: its states and time-outs.

As with an endpoint, a check that fails later makes it stale, and stale still counts; after 30 days and two notices the
name is shown as not proven, and one new proof brings it back. Nothing else depends on it: no registration ends. A
check that fails where nothing was proven is no event.
"""

from __future__ import annotations

from licet.lifecycle.endpoint_proof import NOTICES_SENT, RECHECK_DAYS, STALE_DAYS
from licet.lifecycle.table import CLOCK, MACHINE, REGISTRANT, TIME_PASSED, After, Row, Table, move

PENDING, VALID, STALE, INACTIVE, GONE = "pending", "valid", "stale", "inactive", "gone"
COUNTING = frozenset({VALID, STALE})

_OWNERS: Row = {"change_by_owner": move(PENDING), "owner_revokes": move(GONE)}

TABLE = Table(
    kind="domain",
    states=(PENDING, VALID, STALE, INACTIVE, GONE),
    events=("check_ok", "check_fail", "change_by_owner", "owner_revokes", TIME_PASSED),
    causes={
        "check_ok": frozenset({MACHINE}),
        "check_fail": frozenset({MACHINE}),
        "change_by_owner": frozenset({REGISTRANT}),
        "owner_revokes": frozenset({REGISTRANT}),
        TIME_PASSED: frozenset({CLOCK}),
    },
    rows={
        PENDING: {"check_ok": move(VALID), **_OWNERS},
        VALID: {
            "check_ok": move(VALID),
            "check_fail": move(STALE),
            **_OWNERS,
            TIME_PASSED: move(VALID, reason="recheck"),
        },
        STALE: {
            "check_ok": move(VALID),
            "check_fail": move(STALE),
            **_OWNERS,
            TIME_PASSED: move(INACTIVE, NOTICES_SENT, reason="stale_too_long"),
        },
        INACTIVE: {"check_ok": move(VALID, reason="new_proof"), **_OWNERS},
        GONE: {"change_by_owner": move(PENDING)},
    },
    after={VALID: After(RECHECK_DAYS), STALE: After(STALE_DAYS)},
    births={"add": (PENDING, frozenset({REGISTRANT}))},
    losses=frozenset({INACTIVE}),
)
