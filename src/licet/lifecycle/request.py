"""A request to block something (the letter): its states, and the codes with which its asks are answered (lifecycle §4).

A request is published, with its basis quoted word for word, whether it is answered or not. Each ask is answered alone.
An ask that is not one exact endpoint on a stated ground is declined with a code; asking for more services to be
registered, or for the directory to be published, is accepted by doing it. No request orders anybody anything.
"""

from __future__ import annotations

from licet.lifecycle.table import CLOCK, OFFICER, REQUESTER, TIME_PASSED, After, Table, move

RECEIVED, ACKNOWLEDGED, ANSWERED, WITHDRAWN = "received", "acknowledged", "answered", "withdrawn"
OPEN, FINAL = (RECEIVED, ACKNOWLEDGED), (ANSWERED, WITHDRAWN)

PUBLISHED_DAYS = 2
ANSWER_DAYS = 30
SEAL_DAYS_MAX = 90
ASKS_MAX = 50

NOT_AN_EXACT_ENDPOINT, NO_LEGAL_TEXT = "not_an_exact_endpoint", "no_legal_text"
TEXT_COVERS_CONTENT, ABSENCE_IS_NO_GROUND = "text_covers_content_not_endpoints", "absence_is_not_a_ground"
REGISTERED_ENDPOINT, NEVER_BLOCK = "registered_endpoint", "never_block"
ASKS_FOR_PEOPLE, ASKS_FOR_LIST, ASKS_FOR_SECRECY = "asks_for_people", "asks_for_list", "asks_for_secrecy"
DECLINE_CODES = (
    NOT_AN_EXACT_ENDPOINT, NO_LEGAL_TEXT, TEXT_COVERS_CONTENT, ABSENCE_IS_NO_GROUND, REGISTERED_ENDPOINT, NEVER_BLOCK,
    ASKS_FOR_PEOPLE, ASKS_FOR_LIST, ASKS_FOR_SECRECY,
)
DONE, DRAFT_MAY_CITE = "done", "draft_may_cite"
ACCEPT_CODES = (DONE, DRAFT_MAY_CITE)

TABLE = Table(
    kind="request",
    states=(*OPEN, *FINAL),
    events=("acknowledge", "accept", "accept_in_part", "decline", "withdraw", TIME_PASSED),
    causes={
        "acknowledge": frozenset({OFFICER}),
        "accept": frozenset({OFFICER}),
        "accept_in_part": frozenset({OFFICER}),
        "decline": frozenset({OFFICER}),
        "withdraw": frozenset({REQUESTER, OFFICER}),
        TIME_PASSED: frozenset({CLOCK}),
    },
    rows={
        RECEIVED: {"acknowledge": move(ACKNOWLEDGED), "withdraw": move(WITHDRAWN),
                   TIME_PASSED: move(RECEIVED, reason="published")},
        ACKNOWLEDGED: {
            "accept": move(ANSWERED), "accept_in_part": move(ANSWERED), "decline": move(ANSWERED),
            "withdraw": move(WITHDRAWN), TIME_PASSED: move(ACKNOWLEDGED, reason="overdue"),
        },
        ANSWERED: {}, WITHDRAWN: {},
    },
    after={RECEIVED: After(PUBLISHED_DAYS), ACKNOWLEDGED: After(ANSWER_DAYS)},
    births={"receive": (RECEIVED, frozenset({REQUESTER, OFFICER}))},
)
