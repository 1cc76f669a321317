"""The report's numbers in the words of its page. The English ones are those of `app/transparency/numbers.py`."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from licet.app.transparency.count import SMALL, Counted
from licet.lifecycle import request
from licet.model.order import GROUNDS
from licet.server.audit.words import Text, reason_text

SECONDS, MINUTE_S, HOUR_S, DAY_S = "seconds", 60, 3_600, 86_400

PARTS: dict[str, Text] = {
    "registrations": _("Applications and registrations"),
    "proofs": _("Proofs of control"),
    "requests": _("Requests to block"),
    "orders": _("Orders"),
    "appeals": _("Appeals"),
    "record": _("The log itself"),
    "recogniser": _("How well tunnels are recognised"),
}

TITLES: dict[str, Text] = {
    "applications_received": _("Applications received"),
    "applications_decided": _("Applications decided"),
    "applications_approved": _("Applications approved"),
    "applications_refused": _("Applications refused"),
    "applications_overdue": _("Applications registered for now: the registry was late"),
    "applications_withdrawn": _("Applications taken back"),
    "applications_lapsed": _("Applications that ended unfinished"),
    "decision_time_median_s": _("Time to a decision, median"),
    "decision_time_p90_s": _("Time to a decision, 90th percentile"),
    "registrations_begun": _("Registrations begun"),
    "registrations_renewed": _("Registrations renewed"),
    "registrations_noticed": _("Notices given"),
    "registrations_held": _("Registrations put on hold"),
    "registrations_revoked": _("Registrations revoked"),
    "registrations_lapsed": _("Registrations not renewed"),
    "registrations_surrendered": _("Registrations given up"),
    "proofs_passed": _("Checks of proofs that succeeded"),
    "proofs_failed": _("Checks of proofs that failed"),
    "endpoints_lost": _("Endpoints lost: their proof failed for too long"),
    "requests_received": _("Requests received"),
    "requests_answered": _("Requests answered"),
    "asks_answered": _("What they asked for, answered"),
    "requests_answered_in_time": _("Requests answered in time"),
    "requests_overdue": _("Requests whose answer became overdue"),
    "requests_withdrawn": _("Requests taken back"),
    "orders_drafted": _("Orders drafted"),
    "orders_refused": _("Orders refused by the machine"),
    "orders_rejected": _("Orders rejected by a person"),
    "orders_tried": _("Orders tried on one machine first"),
    "orders_live": _("Orders that went live"),
    "orders_expired": _("Orders expired"),
    "orders_lifted": _("Orders lifted"),
    "orders_rolled_back": _("Orders rolled back"),
    "orders_stayed": _("Orders stayed"),
    "orders_quashed": _("Orders quashed"),
    "order_endpoints_stayed": _("Endpoints stayed, of orders with several"),
    "order_endpoints_quashed": _("Endpoints quashed, of orders with several"),
    "orders_standing": _("Orders in force at the end of the last day"),
    "orders_in_force_s": _("Time in force, of all orders together"),
    "orders_effect_predicted": _("Effect as predicted, of orders that ended"),
    "orders_effect_predicted_packets": _("Effect as predicted, of orders that ended"),
    "orders_effect_measured": _("Effect as enforcers measured it, of orders that ended"),
    "registered_affected": _("Registered endpoints ever affected by an order"),
    "appeals_filed": _("Appeals filed"),
    "appeals_stayed": _("Appeals that put off what they are about"),
    "appeal_stay_time_median_s": _("Time from an appeal to its stay, median"),
    "appeals_upheld": _("Appeals upheld"),
    "appeals_defaulted": _("Appeals upheld because nobody decided in time"),
    "appeals_dismissed": _("Appeals dismissed"),
    "redactions": _("Bodies of entries taken back"),
    "recogniser_labelled": _("Labelled endpoints in public captures"),
    "recogniser_found": _("Of these found (recall)"),
    "recogniser_swapped": _("Found with their ends swapped (precision)"),
    "recogniser_no_vpn": _("Public captures without any VPN"),
    "recogniser_false": _("Of these with a VPN reported (precision)"),
}

UNITS: dict[str, Text] = {
    "applications": _("applications"),
    "seconds": _("seconds"),
    "registrations": _("registrations"),
    "notices": _("notices"),
    "checks": _("checks"),
    "endpoints": _("endpoints"),
    "requests": _("requests"),
    "asks": _("asks"),
    "orders": _("orders"),
    "flows": _("flows"),
    "packets": _("packets"),
    "incidents": _("incidents"),
    "appeals": _("appeals"),
    "bodies": _("bodies"),
    "captures": _("captures"),
}

# What orders rest on, and the answers to what requests ask for; in few words, as a table has room for.
SPLITS: dict[str, Text] = {
    GROUNDS[0]: _("by the policy of an owned network"),
    GROUNDS[1]: _("by the decision of an independent body"),
    request.DONE: _("accepted, and done"),
    request.DRAFT_MAY_CITE: _("accepted: a draft may cite it"),
    request.NOT_AN_EXACT_ENDPOINT: _("it named no exact endpoint"),
    request.NO_LEGAL_TEXT: _("it quoted no law"),
    request.TEXT_COVERS_CONTENT: _("the law that it quoted is about content"),
    request.ABSENCE_IS_NO_GROUND: _("not being registered is no ground"),
    request.REGISTERED_ENDPOINT: _("the endpoint is registered"),
    request.NEVER_BLOCK: _("the endpoint is never blocked"),
    request.ASKS_FOR_PEOPLE: _("it asked for people; none are held"),
    request.ASKS_FOR_LIST: _("it asked for a list"),
    request.ASKS_FOR_SECRECY: _("it asked for secrecy"),
}


def split_text(by: str, value: str) -> Text:
    """A value by which a number is split. by: of which breakdown."""
    return SPLITS.get(value) or (value if by == "network" else reason_text(value))


def count_text(value: int) -> str:
    """With a mark at each thousand, as the language has it."""
    return str(number_format(value, force_grouping=True))


def value_text(one: Counted) -> tuple[str, str]:
    """The value of a number, and where that is a time, the same to the second."""
    if one.is_withheld:
        return gettext("fewer than %(count)d") % {"count": SMALL}, ""
    if one.value is None:
        return gettext("none"), ""
    if one.number.unit == SECONDS:
        return time_text(one.value), count_text(one.value) if one.value else ""
    return count_text(one.value), ""


def time_text(seconds: int) -> str:
    """“12 minutes”, “7 hours”, “2.5 days”."""
    if seconds < HOUR_S:
        return gettext("%(count)s minutes") % {"count": number_format(round(seconds / MINUTE_S))}
    unit_s, words = (HOUR_S, gettext("%(count)s hours")) if seconds < 2 * DAY_S else (DAY_S, gettext("%(count)s days"))
    tenths = round(seconds * 10 / unit_s)
    return words % {"count": number_format(tenths / 10, 0 if tenths % 10 == 0 else 1)}
