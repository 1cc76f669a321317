"""A registration: its states under their EPP names (RFC 5731 §2.3), its time-outs, and who may cause what.

Which states count as registered is said once, in `model.registration.COUNTING`. No state here leads to an order: who
loses a registration is "not registered", and nothing more. `noticed+appeal` and `held` are the states `noticed` and
`pendingDelete` with `serverDeleteProhibited`: EPP keeps a set of statuses, people are shown the main one.
"""

from __future__ import annotations

from licet.lifecycle.table import (
    AFFECTED,
    CLOCK,
    OFFICER,
    REGISTRANT,
    REVIEWER,
    SECOND_OFFICER,
    TIME_PASSED,
    After,
    Row,
    Table,
    move,
)

OK, NOTICED, NOTICED_APPEAL, EXPIRING, REDEMPTION = "ok", "noticed", "noticed+appeal", "expiring", "redemption"
SERVER_HOLD, PENDING_DELETE, HELD = "serverHold", "pendingDelete", "held"
LAPSED, REVOKED, GONE = "lapsed", "revoked", "gone"
OVER = (LAPSED, REVOKED, GONE)

DELETE_PROHIBITED = "serverDeleteProhibited"

REGISTRATION_DAYS = 365
EXPIRING_DAYS = 60  # before the end
REDEMPTION_DAYS = 60
NOTICE_DAYS = 14
HOLD_DAYS = 30
PENDING_DELETE_DAYS = 30
REVIEW_DAYS_MAX = 365  # the review date of an attested entry

NOTICE_OVER = "notice_period_over"  # the fact that NOTICE_DAYS went by

_STATUSES = {NOTICED_APPEAL: (NOTICED, DELETE_PROHIBITED), HELD: (PENDING_DELETE, DELETE_PROHIBITED)}
_PUBLISHED = {NOTICED_APPEAL: NOTICED}

_ENDED: Row = {"appeal_won": move(OK)}
_SURRENDER: Row = {"surrender": move(GONE)}

TABLE = Table(
    kind="registration",
    states=(OK, NOTICED, NOTICED_APPEAL, EXPIRING, REDEMPTION, SERVER_HOLD, PENDING_DELETE, HELD, *OVER),
    events=(
        "renew", "notice", "suspend", "lift", "revoke", "appeal_filed", "appeal_won", "surrender", TIME_PASSED,
    ),
    causes={
        # An officer renews and surrenders only what was attested on an owned network: it has no registrant.
        "renew": frozenset({REGISTRANT, OFFICER}),
        "notice": frozenset({OFFICER}),
        "suspend": frozenset({SECOND_OFFICER}),
        "lift": frozenset({OFFICER}),
        "revoke": frozenset({SECOND_OFFICER}),
        "appeal_filed": frozenset({REGISTRANT, AFFECTED}),
        "appeal_won": frozenset({REVIEWER}),
        "surrender": frozenset({REGISTRANT, OFFICER}),
        TIME_PASSED: frozenset({CLOCK}),
    },
    rows={
        OK: {
            "renew": move(OK),
            "notice": move(NOTICED),
            **_SURRENDER,
            TIME_PASSED: move(EXPIRING, reason="end_is_near"),
        },
        NOTICED: {
            "suspend": move(SERVER_HOLD, NOTICE_OVER),
            "lift": move(OK),
            "revoke": move(PENDING_DELETE, NOTICE_OVER),
            "appeal_filed": move(NOTICED_APPEAL),
            "appeal_won": move(OK),
            **_SURRENDER,
        },
        NOTICED_APPEAL: {
            "suspend": move(SERVER_HOLD, NOTICE_OVER),
            "lift": move(OK),
            "appeal_won": move(OK),
            **_SURRENDER,
        },
        EXPIRING: {
            "renew": move(OK),
            "notice": move(NOTICED),
            **_SURRENDER,
            TIME_PASSED: move(REDEMPTION, reason="not_renewed"),
        },
        REDEMPTION: {"renew": move(OK), **_SURRENDER, TIME_PASSED: move(LAPSED, reason="not_renewed")},
        SERVER_HOLD: {
            "lift": move(OK),
            "revoke": move(PENDING_DELETE),
            "appeal_filed": move(OK, reason="stayed"),
            "appeal_won": move(OK),
            **_SURRENDER,
            TIME_PASSED: move(OK, reason="hold_ended"),
        },
        PENDING_DELETE: {
            "lift": move(OK),
            "appeal_filed": move(HELD),
            "appeal_won": move(OK),
            **_SURRENDER,
            TIME_PASSED: move(REVOKED, reason="not_lifted"),
        },
        HELD: {"lift": move(OK), "appeal_won": move(OK), **_SURRENDER},
        LAPSED: _ENDED,
        REVOKED: _ENDED,
        GONE: _ENDED,
    },
    after={
        OK: After(-EXPIRING_DAYS, from_end=True),
        EXPIRING: After(0, from_end=True),
        REDEMPTION: After(REDEMPTION_DAYS),
        SERVER_HOLD: After(HOLD_DAYS),
        PENDING_DELETE: After(PENDING_DELETE_DAYS),
    },
    births={"approve": (OK, frozenset({OFFICER})), "attest": (OK, frozenset({OFFICER}))},
    demands_reason=frozenset({"notice", "suspend", "revoke"}),
    losses=frozenset({LAPSED, REVOKED}),
)


def epp_statuses(state: str) -> tuple[str, ...]:
    """The EPP statuses of a state, the main one first."""
    return _STATUSES.get(state, (state,))


def published_status(state: str) -> str:
    """The one status that a snapshot gives of a state; one of `model.registration.STATUSES`."""
    return _PUBLISHED.get(state, state)
