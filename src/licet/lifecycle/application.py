"""An application to be registered: its states, events, time-outs and the codes of a refusal.

Delay by the registry never harms the applicant: an application that waits for an officer longer than two working days
counts as registered (`provisional`), if every proof is valid and account and organisation were confirmed. On an owned
network an officer is told instead, and nothing is permitted by silence.
"""

from __future__ import annotations

from licet.errors import Refused
from licet.lifecycle.table import (
    CLOCK,
    MACHINE,
    OFFICER,
    REGISTRANT,
    TIME_PASSED,
    After,
    Move,
    Row,
    Table,
    move,
)

DRAFT, PROVING, IN_REVIEW, INFO_NEEDED, PROVISIONAL = "draft", "proving", "in_review", "info_needed", "provisional"
APPROVED, REFUSED, WITHDRAWN, LAPSED = "approved", "refused", "withdrawn", "lapsed"
OPEN = (DRAFT, PROVING, IN_REVIEW, INFO_NEEDED, PROVISIONAL)
FINAL = (APPROVED, REFUSED, WITHDRAWN, LAPSED)

DRAFT_DAYS = 30
PROVING_DAYS = 14
ANSWER_DAYS = 30
REVIEW_WORKING_DAYS = 2
PROVISIONAL_PER_ORGANISATION_MAX = 3

# Facts that a move to `provisional` needs, and the one that makes it an escalation.
PROOFS_VALID, ACCOUNT_CONFIRMED, ORGANISATION_CONFIRMED = "proofs_valid", "account_confirmed", "organisation_confirmed"
PROVISIONAL_PLACE_LEFT, PUBLIC_NETWORK, OWNED_NETWORK = "provisional_place_left", "public_network", "owned_network"

# Why an application can be refused; “public interest” is not among them.
CONTROL_NOT_PROVEN, ORGANISATION_NOT_PROVEN = "control_not_proven", "organisation_not_proven"
CONFLICTS_WITH, FALSE_STATEMENT, RESIDENTIAL_ENDPOINT = "conflicts_with", "false_statement", "residential_endpoint"
REFUSAL_CODES = (
    CONTROL_NOT_PROVEN, ORGANISATION_NOT_PROVEN, CONFLICTS_WITH, FALSE_STATEMENT, RESIDENTIAL_ENDPOINT,
)
REASON_TEXT_LENGTH_MAX = 2_000

_LAPSES: Row = {TIME_PASSED: move(LAPSED, reason="timed_out")}
_WITHDRAWABLE: Row = {"withdraw": move(WITHDRAWN)}
_DECIDABLE: Row = {
    "proof_failed": move(PROVING),
    "approve": move(APPROVED, PROOFS_VALID),
    "refuse": move(REFUSED),
}
_OVERDUE = (
    Move(PROVISIONAL, frozenset({
        PROOFS_VALID, ACCOUNT_CONFIRMED, ORGANISATION_CONFIRMED, PROVISIONAL_PLACE_LEFT, PUBLIC_NETWORK,
    }), "overdue"),
    Move(IN_REVIEW, frozenset({OWNED_NETWORK}), "overdue_escalated"),
)

TABLE = Table(
    kind="application",
    states=(*OPEN, *FINAL),
    events=("submit", "proofs_valid", "proof_failed", "ask", "answer", "approve", "refuse", "withdraw", TIME_PASSED),
    causes={
        "submit": frozenset({REGISTRANT}),
        "proofs_valid": frozenset({MACHINE}),
        "proof_failed": frozenset({MACHINE}),
        "ask": frozenset({OFFICER}),
        "answer": frozenset({REGISTRANT}),
        "approve": frozenset({OFFICER}),
        "refuse": frozenset({OFFICER}),
        "withdraw": frozenset({REGISTRANT}),
        TIME_PASSED: frozenset({CLOCK}),
    },
    rows={
        DRAFT: {"submit": move(PROVING), **_WITHDRAWABLE, **_LAPSES},
        PROVING: {
            "proofs_valid": move(IN_REVIEW, PROOFS_VALID),
            "proof_failed": move(PROVING),
            **_WITHDRAWABLE,
            **_LAPSES,
        },
        IN_REVIEW: {**_DECIDABLE, "ask": move(INFO_NEEDED), **_WITHDRAWABLE, TIME_PASSED: _OVERDUE},
        INFO_NEEDED: {"answer": move(IN_REVIEW), **_WITHDRAWABLE, **_LAPSES},
        PROVISIONAL: {
            **_DECIDABLE,
            "ask": move(PROVISIONAL, reason="question_attached"),
            "answer": move(PROVISIONAL),
            **_WITHDRAWABLE,
            TIME_PASSED: move(PROVISIONAL),
        },
        **{state: {} for state in FINAL},
    },
    after={
        DRAFT: After(DRAFT_DAYS),
        PROVING: After(PROVING_DAYS),
        INFO_NEEDED: After(ANSWER_DAYS),
        IN_REVIEW: After(REVIEW_WORKING_DAYS, working=True),
    },
    births={"open": (DRAFT, frozenset({REGISTRANT}))},
    demands_reason=frozenset({"refuse"}),
    losses=frozenset({LAPSED}),
)


def refusal_reason(code: str, text: str, conflicts_with: str = "") -> str:
    """The reason of a refusal as the log keeps it: a code, and for a conflict the handle of the other service.

    Raises Refused where the code is unknown, the text is missing or too long, or the handle is missing.
    """
    if code not in REFUSAL_CODES:
        raise Refused("unknown_code", f"“{code}” is no reason code; known are {', '.join(REFUSAL_CODES)}", "code")
    if not text.strip():
        raise Refused("no_text", "a code alone explains nothing: write what is missing, and what would mend it", "text")
    if len(text) > REASON_TEXT_LENGTH_MAX:
        raise Refused("text_too_long", f"the text has {len(text)} characters; at most {REASON_TEXT_LENGTH_MAX}", "text")
    if code == CONFLICTS_WITH:
        if not conflicts_with:
            raise Refused("no_handle", "name the service with which it conflicts, such as SVC-7F3K", "conflicts_with")
        return f"{code} {conflicts_with}"
    return code
