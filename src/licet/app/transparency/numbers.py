"""What the report counts: every number with its unit and its query over the entries of the log (lifecycle §7).

A query names members of an entry, as the filters of the log's pages do, so that each number leads to what was counted.
Numbers about parts that a registry does not have yet are counted all the same, and are 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from licet.lifecycle.application import REFUSAL_CODES
from licet.lifecycle.request import ACCEPT_CODES, DECLINE_CODES
from licet.model.order import GROUNDS

# How a number comes from the entries that its query finds.
COUNT, MEDIAN, P90, IN_TIME, IN_FORCE, STANDING, DETAIL_SUM, ASKS, AFFECTED, BODIES, MEASURED = (
    "count", "median", "p90", "in_time", "in_force", "standing", "detail_sum", "asks", "affected", "bodies", "measured",
)

REGISTRATIONS, PROOFS, REQUESTS, ORDERS, APPEALS, RECORD, RECOGNISER = (
    "registrations", "proofs", "requests", "orders", "appeals", "record", "recogniser",
)
PARTS = (REGISTRATIONS, PROOFS, REQUESTS, ORDERS, APPEALS, RECORD, RECOGNISER)



@dataclass(frozen=True, slots=True)
class Query:
    """Entries of a type, narrowed by the members that are not empty. reason: the code, without the handle behind it."""

    kind: str
    event: str = ""
    to: str = ""
    reason: str = ""

    def fits(self, kind: str, event: str, to: str, reason: str) -> bool:
        """True for an entry with these members."""
        return (kind == self.kind and self.event in ("", event) and self.to in ("", to)
                and self.reason in ("", reason.partition(" ")[0]))

    def members(self) -> tuple[tuple[str, str], ...]:
        """(member of an entry, value) of what it narrows by."""
        named = (("type", self.kind), ("event", self.event), ("to", self.to), ("reason", self.reason))
        return tuple((name, value) for name, value in named if value)

    def __str__(self) -> str:
        return " and ".join(f"{name} = {value}" for name, value in self.members())


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How a number is split. by: `reason`, or a detail of the entry with which the subject began; known: values that
    are always printed, 0 or not."""

    by: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the report. how: one of the words above; queries: whose entries are counted, or end a time that is
    measured; begins: the event from which the time is measured; value: of what was measured once and is not counted."""

    name: str
    part: str
    title: str
    unit: str
    queries: tuple[Query, ...]
    how: str = COUNT
    begins: Query | None = None
    detail: str = ""
    breakdowns: tuple[Breakdown, ...] = ()
    value: int = 0

    @property
    def query(self) -> str:
        """What is counted, in words that a program can follow too."""
        found = " or ".join(f"({query})" if len(self.queries) > 1 else str(query) for query in self.queries)
        if self.how in (MEDIAN, P90):
            return f"time from ({self.begins}) to {found}, of one subject"
        return {
            IN_TIME: f"{found}, without an entry (event = clock and reason = overdue) of its subject before",
            IN_FORCE: f"time from {found} to the next entry of its subject, within these days",
            STANDING: f"subjects whose last entry until the last day is {found}",
            DETAIL_SUM: f"sum of details.{self.detail} of {found}",
            ASKS: f"details.ask1, ask2 … of {found}",
            AFFECTED: f"{found}, of what was in force just before",
            BODIES: f"redactions of {found}",
            MEASURED: "measured for this version of licet on public captures, and not counted from the log",
        }.get(self.how, found)


_DECIDED = (Query("application", "approve"), Query("application", "refuse"))
_ORDER_ENDS = tuple(Query("order", to=state) for state in ("expired", "lifted", "rolled_back", "quashed"))


def _counted(name: str, part: str, title: str, unit: str, *queries: Query, **more: object) -> Number:
    return Number(name, part, title, unit, queries, **more)  # type: ignore[arg-type]  # members of Number


NUMBERS: tuple[Number, ...] = (
    _counted("applications_received", REGISTRATIONS, "Applications received", "applications",
             Query("application", "submit")),
    _counted("applications_decided", REGISTRATIONS, "Applications decided", "applications", *_DECIDED),
    _counted("applications_approved", REGISTRATIONS, "Applications approved", "applications",
             Query("application", "approve")),
    _counted("applications_refused", REGISTRATIONS, "Applications refused", "applications",
             Query("application", "refuse"), breakdowns=(Breakdown("reason", REFUSAL_CODES),)),
    _counted("applications_overdue", REGISTRATIONS, "Applications registered for now: the registry was late",
             "applications", Query("application", "clock", "provisional")),
    _counted("applications_withdrawn", REGISTRATIONS, "Applications taken back", "applications",
             Query("application", "withdraw")),
    _counted("applications_lapsed", REGISTRATIONS, "Applications that ended unfinished", "applications",
             Query("application", to="lapsed")),
    _counted("decision_time_median_s", REGISTRATIONS, "Time to a decision, median", "seconds", *_DECIDED, how=MEDIAN,
             begins=Query("application", "submit")),
    _counted("decision_time_p90_s", REGISTRATIONS, "Time to a decision, 90th percentile", "seconds", *_DECIDED, how=P90,
             begins=Query("application", "submit")),
    _counted("registrations_begun", REGISTRATIONS, "Registrations begun", "registrations",
             Query("registration", "approve"), Query("registration", "attest")),
    _counted("registrations_renewed", REGISTRATIONS, "Registrations renewed", "registrations",
             Query("registration", "renew")),
    _counted("registrations_noticed", REGISTRATIONS, "Notices given", "notices", Query("registration", "notice")),
    _counted("registrations_held", REGISTRATIONS, "Registrations put on hold", "registrations",
             Query("registration", "suspend")),
    _counted("registrations_revoked", REGISTRATIONS, "Registrations revoked", "registrations",
             Query("registration", to="revoked")),
    _counted("registrations_lapsed", REGISTRATIONS, "Registrations not renewed", "registrations",
             Query("registration", to="lapsed")),
    _counted("registrations_surrendered", REGISTRATIONS, "Registrations given up", "registrations",
             Query("registration", to="gone")),

    _counted("proofs_passed", PROOFS, "Checks of proofs that succeeded", "checks", Query("endpoint", "check_ok"),
             Query("domain", "check_ok")),
    _counted("proofs_failed", PROOFS, "Checks of proofs that failed", "checks", Query("endpoint", "check_fail"),
             Query("domain", "check_fail")),
    _counted("endpoints_lost", PROOFS, "Endpoints lost: their proof failed for too long", "endpoints",
             Query("endpoint", to="inactive")),

    _counted("requests_received", REQUESTS, "Requests received", "requests", Query("request", "receive")),
    _counted("requests_answered", REQUESTS, "Requests answered", "requests", Query("request", to="answered")),
    _counted("asks_answered", REQUESTS, "What they asked for, answered", "asks", Query("request", to="answered"),
             how=ASKS, breakdowns=(Breakdown(ASKS, (*ACCEPT_CODES, *DECLINE_CODES)),)),
    _counted("requests_answered_in_time", REQUESTS, "Requests answered in time", "requests",
             Query("request", to="answered"), how=IN_TIME),
    _counted("requests_overdue", REQUESTS, "Requests whose answer became overdue", "requests",
             Query("request", "clock", "acknowledged", "overdue")),
    _counted("requests_withdrawn", REQUESTS, "Requests taken back", "requests", Query("request", "withdraw")),

    _counted("orders_drafted", ORDERS, "Orders drafted", "orders", Query("order", "draft")),
    _counted("orders_refused", ORDERS, "Orders refused by the machine", "orders", Query("order", to="refused"),
             breakdowns=(Breakdown("reason"),)),
    _counted("orders_rejected", ORDERS, "Orders rejected by a person", "orders", Query("order", "reject")),
    _counted("orders_tried", ORDERS, "Orders tried on one machine first", "orders", Query("order", to="canary")),
    _counted("orders_live", ORDERS, "Orders that went live", "orders", Query("order", to="live"),
             breakdowns=(Breakdown("ground", GROUNDS), Breakdown("network"))),
    _counted("orders_expired", ORDERS, "Orders expired", "orders", Query("order", to="expired")),
    _counted("orders_lifted", ORDERS, "Orders lifted", "orders", Query("order", to="lifted")),
    _counted("orders_rolled_back", ORDERS, "Orders rolled back", "orders", Query("order", to="rolled_back")),
    _counted("orders_stayed", ORDERS, "Orders stayed", "orders", Query("order", to="stayed")),
    _counted("orders_quashed", ORDERS, "Orders quashed", "orders", Query("order", to="quashed")),
    _counted("order_endpoints_stayed", ORDERS, "Endpoints stayed, of orders with several", "endpoints",
             Query("order_endpoint", "stay")),
    _counted("order_endpoints_quashed", ORDERS, "Endpoints quashed, of orders with several", "endpoints",
             Query("order_endpoint", "quash")),
    _counted("orders_standing", ORDERS, "Orders in force at the end of the last day", "orders",
             Query("order", to="canary"), Query("order", to="live"), how=STANDING),
    _counted("orders_in_force_s", ORDERS, "Time in force, of all orders together", "seconds",
             Query("order", to="canary"), Query("order", to="live"), how=IN_FORCE),
    _counted("orders_effect_predicted", ORDERS, "Effect as predicted, of orders that ended", "flows", *_ORDER_ENDS,
             how=DETAIL_SUM, detail="predicted"),
    _counted("orders_effect_predicted_packets", ORDERS, "Effect as predicted, of orders that ended", "packets",
             *_ORDER_ENDS, how=DETAIL_SUM, detail="predictedPackets"),
    _counted("orders_effect_measured", ORDERS, "Effect as enforcers measured it, of orders that ended", "packets",
             *_ORDER_ENDS, how=DETAIL_SUM, detail="measured"),
    _counted("registered_affected", ORDERS, "Registered endpoints ever affected by an order", "incidents",
             Query("order", "lift", "lifted", "registered"), Query("order_endpoint", "lift", "lifted", "registered"),
             Query("order", "anomaly", reason="registered_endpoint"),
             Query("order", "anomaly", reason="registered_fell"), how=AFFECTED),

    _counted("appeals_filed", APPEALS, "Appeals filed", "appeals", Query("appeal", "file"),
             Query("registration", "appeal_filed")),
    _counted("appeals_stayed", APPEALS, "Appeals that put off what they are about", "appeals",
             Query("appeal", to="stayed"), Query("registration", "appeal_filed", reason="stayed")),
    _counted("appeal_stay_time_median_s", APPEALS, "Time from an appeal to its stay, median", "seconds",
             Query("appeal", to="stayed"), how=MEDIAN, begins=Query("appeal", "file")),
    _counted("appeals_upheld", APPEALS, "Appeals upheld", "appeals", Query("appeal", "decide_for"),
             Query("registration", "appeal_won")),
    _counted("appeals_defaulted", APPEALS, "Appeals upheld because nobody decided in time", "appeals",
             Query("appeal", "clock", "upheld")),
    _counted("appeals_dismissed", APPEALS, "Appeals dismissed", "appeals", Query("appeal", "decide_against")),

    _counted("redactions", RECORD, "Bodies of entries taken back", "bodies", Query("redaction", "redact"), how=BODIES),

    # docs/recognition.md, “Misses on the public corpus”; a test holds that both say the same.
    _counted("recogniser_labelled", RECOGNISER, "Labelled endpoints in public captures", "endpoints", how=MEASURED,
             value=145),
    _counted("recogniser_found", RECOGNISER, "Of these found (recall)", "endpoints", how=MEASURED, value=144),
    _counted("recogniser_swapped", RECOGNISER, "Found with their ends swapped (precision)", "endpoints", how=MEASURED,
             value=0),
    _counted("recogniser_no_vpn", RECOGNISER, "Public captures without any VPN", "captures", how=MEASURED, value=813),
    _counted("recogniser_false", RECOGNISER, "Of these with a VPN reported (precision)", "captures", how=MEASURED,
             value=0),
)
BY_NAME = {number.name: number for number in NUMBERS}


def queries() -> Iterable[Query]:
    """Every query of the report."""
    for number in NUMBERS:
        yield from number.queries
        if number.begins is not None:
            yield number.begins
