"""An order: its states, events, time-outs, and what must hold before each (lifecycle §5).

`canary` and `live` are the only states in which an enforcer may hold a rule. There is no way past a signature, a dry
run or a notice, no way back from a final state, and no extension: another order is a new draft with fresh evidence.

Each endpoint of an order can be appealed alone. Where an order has one endpoint, a stay moves the order; where it has
several, it moves that endpoint, which has a row of its own in the log from its first stay on (`ENDPOINT_TABLE`).
"""

from __future__ import annotations

from licet.lifecycle.table import (
    AFFECTED,
    AUTHOR,
    CLOCK,
    MACHINE,
    OFFICER,
    REVIEWER,
    SIGNER,
    TIME_PASSED,
    After,
    Move,
    Row,
    Table,
    move,
)

DRAFT, CHECKED, SIMULATED, APPROVED, NOTICED = "draft", "checked", "simulated", "approved", "noticed"
CANARY, LIVE, STAYED = "canary", "live", "stayed"
ROLLED_BACK, LIFTED, EXPIRED, QUASHED = "rolled_back", "lifted", "expired", "quashed"
REFUSED, VOID, RETURNED = "refused", "void", "returned"
OPEN = (DRAFT, CHECKED, SIMULATED, APPROVED, NOTICED, CANARY, LIVE, STAYED)
FINAL = (ROLLED_BACK, LIFTED, EXPIRED, QUASHED, REFUSED, VOID)
IN_FORCE = frozenset({CANARY, LIVE})

DRAFT_DAYS = 14
DRY_RUN_HOURS = 24
CANARY_HOURS = 1
EVIDENCE_HOURS = 24  # re-observed so long before activation at most
SILENT_DAYS = 3  # no hit and no handshake: expired
QUASHED_DAYS = 180  # no order against that endpoint without new facts and the reviewer's signature
IN_FORCE_DAYS_A_YEAR_MAX = 60  # an endpoint, on a public network

# Facts.
LIMITS_HELD = "limits_held"  # every check of `order/limits.py`
OVERLAP_NONE = "overlap_none"  # the dry run met no registered endpoint, no never-block address and no tenant
SIGNATURES_VALID = "signatures_valid"
NOTICE_OVER, EVIDENCE_FRESH, PLACE_LEFT = "notice_period_over", "evidence_fresh", "place_left"
END_REACHED = "end_reached"
LEFT_APPROVED = "left_approved"  # it was stayed before notice was served

_UNSIGNED: Row = {"reject": move(VOID), "lift": move(VOID)}
_DRY_RUN = (Move(SIMULATED, frozenset({OVERLAP_NONE})), Move(REFUSED, reason="impact"))
_ENDS: Row = {"stay": move(STAYED), "quash": move(QUASHED), TIME_PASSED: move(EXPIRED, reason="end_reached")}
_AT_END = After(0, from_end=True)

TABLE = Table(
    kind="order",
    states=(*OPEN, *FINAL),
    events=("validate_ok", "dry_run", "sign", "reject", "notice_served", "activate", "anomaly", "stay", "lift", "quash",
            TIME_PASSED),
    causes={
        "validate_ok": frozenset({AUTHOR}),
        "dry_run": frozenset({AUTHOR}),
        "sign": frozenset({SIGNER}),
        "reject": frozenset({SIGNER, OFFICER}),
        "notice_served": frozenset({MACHINE, OFFICER}),
        "activate": frozenset({SIGNER, MACHINE}),
        "anomaly": frozenset({MACHINE, OFFICER}),
        "stay": frozenset({AFFECTED, REVIEWER, CLOCK, MACHINE}),
        "lift": frozenset({AUTHOR, SIGNER, OFFICER, MACHINE}),
        "quash": frozenset({REVIEWER, CLOCK}),
        TIME_PASSED: frozenset({CLOCK}),
    },
    only={(STAYED, "activate"): frozenset({REVIEWER})},
    rows={
        DRAFT: {"validate_ok": move(CHECKED, LIMITS_HELD, SIGNATURES_VALID), **_UNSIGNED,
                TIME_PASSED: move(VOID, reason="timed_out")},
        CHECKED: {"dry_run": _DRY_RUN, **_UNSIGNED, TIME_PASSED: move(VOID, reason="timed_out")},
        SIMULATED: {"dry_run": _DRY_RUN, "sign": move(APPROVED, LIMITS_HELD, SIGNATURES_VALID), **_UNSIGNED,
                    TIME_PASSED: move(CHECKED, reason="dry_run_too_old")},
        APPROVED: {"notice_served": move(NOTICED), "lift": move(VOID), **_ENDS},
        NOTICED: {"activate": move(CANARY, NOTICE_OVER, EVIDENCE_FRESH, PLACE_LEFT), "lift": move(VOID), **_ENDS},
        CANARY: {
            "activate": move(LIVE), "anomaly": move(ROLLED_BACK), "lift": move(LIFTED), **_ENDS,
            TIME_PASSED: (Move(EXPIRED, frozenset({END_REACHED}), "end_reached"), Move(LIVE)),
        },
        LIVE: {"anomaly": move(ROLLED_BACK), "lift": move(LIFTED), **_ENDS},
        # Back to where it was, and never past `noticed`: what was in force begins again with its canary.
        STAYED: {
            "activate": (Move(APPROVED, frozenset({LEFT_APPROVED}), "appeal_dismissed"),
                         Move(NOTICED, reason="appeal_dismissed")),
            "lift": move(LIFTED), "quash": move(QUASHED), TIME_PASSED: move(EXPIRED, reason="end_reached"),
        },
        **{state: {} for state in FINAL},
    },
    after={
        DRAFT: After(DRAFT_DAYS), CHECKED: After(DRAFT_DAYS), SIMULATED: After(0, hours=DRY_RUN_HOURS),
        APPROVED: _AT_END, NOTICED: _AT_END, CANARY: After(0, hours=CANARY_HOURS), LIVE: _AT_END, STAYED: _AT_END,
    },
    births={"draft": (DRAFT, frozenset({AUTHOR}))},
    demands_reason=frozenset({"reject", "anomaly", "stay", "lift", "quash"}),
    losses=frozenset({LIVE}),
)

ENDPOINT_TABLE = Table(
    kind="order_endpoint",
    states=(STAYED, RETURNED, LIFTED, QUASHED),
    events=("activate", "stay", "lift", "quash"),
    causes={
        "activate": frozenset({REVIEWER}), "stay": TABLE.causes["stay"], "lift": TABLE.causes["lift"],
        "quash": TABLE.causes["quash"],
    },
    rows={
        STAYED: {"activate": move(RETURNED, reason="appeal_dismissed"), "lift": move(LIFTED), "quash": move(QUASHED)},
        RETURNED: {"stay": move(STAYED), "lift": move(LIFTED), "quash": move(QUASHED)},
        LIFTED: {}, QUASHED: {},
    },
    after={},
    births={"stay": (STAYED, TABLE.causes["stay"]), "lift": (LIFTED, TABLE.causes["lift"])},
    demands_reason=frozenset({"stay", "lift", "quash"}),
)


def endpoint_handle(puid: str, number: int) -> str:
    """The subject of an endpoint of an order in the log: `OEP-7F3K9Q2M03`. number: in the order, from one."""
    return f"OEP-{puid.removeprefix('ORD-')}{number:02d}"
