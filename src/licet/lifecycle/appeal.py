"""An appeal against an order, a refusal, a suspension or a fact of the directory: its states and clocks (lifecycle §5).

Silence upholds: an appeal that nobody decides in time is won. Only an adjudicated order is not quashed by silence, for
the decision is another body's; it stays off, and the adjudicator is told. The reviewer is neither author nor approver.
`stayed`, `assigned` and `waiting` say where the appeal is; whether the order is off, the order's own state says.
"""

from __future__ import annotations

from licet.lifecycle.table import (
    AFFECTED,
    CLOCK,
    MACHINE,
    OFFICER,
    REVIEWER,
    TIME_PASSED,
    After,
    Move,
    Table,
    move,
)

FILED, STAYED, ASSIGNED, WAITING = "filed", "stayed", "assigned", "waiting"
UPHELD, DISMISSED = "upheld", "dismissed"
OPEN = (FILED, STAYED, ASSIGNED, WAITING)
FINAL = (UPHELD, DISMISSED)

UNASSIGNED_HOURS = 24
REVIEW_DAYS = 10  # counted from the filing, however often it moved since
ANSWER_DAYS = 14

BY_OWN_DECISION, ADJUDICATED = "by_own_decision", "adjudicated"  # whose decision is appealed
NOT_ASKED_BEFORE = "not_asked_before"  # more information is asked for once
REASONS_GIVEN = "reasons_given"

# Silence: upheld, or for another body's decision off until that body answers.
_SILENCE = (
    Move(UPHELD, frozenset({BY_OWN_DECISION}), "silence"),
    Move(STAYED, frozenset({ADJUDICATED}), "silence_reported"),
)
_DECIDABLE = {
    "decide_for": move(UPHELD, REASONS_GIVEN),
    "decide_against": move(DISMISSED, REASONS_GIVEN),
    TIME_PASSED: _SILENCE,
}
_ASKABLE = {"more_info": move(WAITING, NOT_ASKED_BEFORE)}

TABLE = Table(
    kind="appeal",
    states=(*OPEN, *FINAL),
    events=("control_proved", "assign", "decide_for", "decide_against", "more_info", TIME_PASSED),
    causes={
        "control_proved": frozenset({MACHINE}),
        "assign": frozenset({MACHINE, OFFICER}),
        "decide_for": frozenset({REVIEWER}),
        "decide_against": frozenset({REVIEWER}),
        "more_info": frozenset({REVIEWER}),
        TIME_PASSED: frozenset({CLOCK}),
    },
    rows={
        FILED: {"control_proved": move(STAYED), "assign": move(ASSIGNED),
                TIME_PASSED: move(STAYED, reason="unassigned")},
        STAYED: {"assign": move(ASSIGNED), **_DECIDABLE, **_ASKABLE},
        ASSIGNED: {"control_proved": move(STAYED), **_DECIDABLE, **_ASKABLE},
        WAITING: {"control_proved": move(STAYED), **_DECIDABLE},
        UPHELD: {}, DISMISSED: {},
    },
    after={
        FILED: After(0, hours=UNASSIGNED_HOURS), STAYED: After(REVIEW_DAYS), ASSIGNED: After(REVIEW_DAYS),
        WAITING: After(ANSWER_DAYS),
    },
    births={"file": (FILED, frozenset({AFFECTED}))},
    demands_reason=frozenset({"decide_for", "decide_against"}),
)
