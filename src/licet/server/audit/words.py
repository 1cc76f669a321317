"""What entries of the log say, in words for somebody who reads one for the first time.

The words of the public face, and those that only the log needs: what the calendar did, and the codes that it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from licet.lifecycle import application
from licet.server.orders import words as orders
from licet.server.public import words as public

Text = public.Text
ROLES: dict[str, Text] = {
    **public.ROLES,
    "requester": _("whoever sent it"),
    "author": _("its author"),
    "signer": _("the second person who signs"),
}

KINDS: dict[str, Text] = {
    "application": _("application"),
    "endpoint": _("endpoint"),
    "registration": _("registration"),
    "domain": _("domain of an organisation"),
    "listing": _("entry in the directory"),
    "snapshot": _("snapshot"),
    "request": _("request"),
    "order": _("order"),
    "order_endpoint": _("endpoint of an order"),
    "appeal": _("appeal"),
    "redaction": _("redaction"),
    "log": _("the log itself"),
    "enforcer": _("enforcer"),
}

# By type and event of an entry; where the calendar did it, by its new state; and where one event can mean two
# things, by both.
EVENTS: dict[tuple[str, str], Text] = {
    ("application", "in_review"): _("The decision is overdue; every officer was told."),
    ("endpoint", "valid"): _("It was time to check an endpoint again."),
    ("domain", "add"): _("A domain was added to an organisation."),
    ("domain", "check_ok"): _("A domain was proven."),
    ("domain", "check_fail"): _("A check of a domain failed."),
    ("domain", "change_by_owner"): _("The domain of an organisation was changed."),
    ("domain", "owner_revokes"): _("The domain of an organisation was given up."),
    ("domain", "valid"): _("It was time to check a domain again."),
    ("domain", "inactive"): _("A domain counts no more: its proof failed for too long."),
    ("redaction", "redact"): _("The body of an entry was taken back."),
    ("log", "keep"): _("Nothing else happened for half a day, and the log is kept."),
    ("enforcer", "off"): _("An enforcer says that it was switched off by hand."),
    ("listing", "list"): _("The directory began to show a service."),
    ("listing", "describe"): _("What the directory says of a service changed."),
    ("listing", "unlist"): _("The directory stopped showing a service."),
    ("snapshot", "publish"): _("A numbered snapshot of the registry was published."),
    ("request", "receive"): _("A request was received."),
    ("request", "received"): _("A request was published as received."),
    ("request", "acknowledge"): _("A request was acknowledged; it is being read."),
    ("request", "acknowledged"): _("The answer to a request is overdue."),
    ("request", "accept"): _("What a request asks for was accepted."),
    ("request", "accept_in_part"): _("Part of what a request asks for was accepted."),
    ("request", "decline"): _("What a request asks for was declined."),
    ("request", "withdraw"): _("A request was taken back."),
    ("order", "draft"): _("An order was drafted."),
    ("order", "validate_ok"): _("An order was checked by machine."),
    ("order", "dry_run simulated"): _("An order was run dry."),
    ("order", "dry_run refused"): _("An order was refused by its dry run."),
    ("order", "sign"): _("A second person signed an order."),
    ("order", "reject"): _("A person rejected an order."),
    ("order", "notice_served"): _("Notice of an order was given."),
    ("order", "activate canary"): _("An order came into force, on one machine first."),
    ("order", "activate live"): _("An order came into force everywhere."),
    ("order", "activate approved"): _("An order goes on after a stay; it is not in force."),
    ("order", "activate noticed"): _("An order goes on after a stay; it is not in force."),
    ("order", "checked"): _("The dry run of an order became too old."),
    ("order", "void"): _("A draft came to nothing."),
    ("order", "live"): _("An order came into force everywhere."),
    ("order", "expired"): _("An order ended."),
    ("order", "anomaly"): _("An order was rolled back: something was not as predicted."),
    ("order", "stay"): _("An order was put off."),
    ("order", "lift"): _("An order was lifted."),
    ("order", "quash"): _("An order was quashed."),
    ("order_endpoint", "stay"): _("An endpoint of an order was put off."),
    ("order_endpoint", "activate"): _("An endpoint of an order goes on after a stay."),
    ("order_endpoint", "lift"): _("An endpoint of an order was lifted."),
    ("order_endpoint", "quash"): _("An endpoint of an order was quashed."),
    ("appeal", "file"): _("An appeal was filed."),
    ("appeal", "control_proved"): _("Control of the endpoint was proven: the order is off."),
    ("appeal", "assign"): _("An appeal was given to a reviewer."),
    ("appeal", "decide_for"): _("An appeal was upheld."),
    ("appeal", "decide_against"): _("An appeal was dismissed."),
    ("appeal", "more_info"): _("The reviewer of an appeal asked for more."),
    ("appeal", "stayed"): _("An appeal was not dealt with in time: the order is off."),
    ("appeal", "upheld"): _("Nobody decided an appeal in time: it is upheld."),
}

# Codes that tables leave where nobody gives a reason; those of officers are the public face's.
REASONS: dict[str, Text] = {
    "timed_out": _("the time for it was over"),
    "overdue": _("the time for it was over"),
    "overdue_escalated": _("two working days went by"),
    "question_attached": _("it stays registered for now while the question is open"),
    "recheck": _("30 days after the last check"),
    "new_proof": _("by a new proof"),
    "stale_too_long": _("the last check failed for 30 days, and two notices were sent"),
    "end_is_near": _("it ends within 60 days"),
    "not_renewed": _("it was not renewed"),
    "hold_ended": _("a hold ends after 30 days"),
    "not_lifted": _("nobody lifted it within 30 days"),
    "stayed": _("an appeal puts it off"),
    "published": _("two days went by"),
    "impact": _("it would meet what it must not"),
    "dry_run_too_old": _("a dry run counts for a day"),
    "end_reached": _("its end was reached"),
    "appeal_upheld": _("an appeal was upheld"),
    "appeal_dismissed": _("an appeal was dismissed"),
    "silence": _("nobody decided in time"),
    "silence_reported": _("nobody decided in time; the adjudicator was told"),
    "unassigned": _("nobody read it for a day"),
    "registered": _("the endpoint is registered"),
    "no_longer_needed": _("it is not needed any more"),
    "not_needed_any_more": _("it is not needed any more"),
    "wrong_endpoint": _("it named the wrong endpoint"),
    "contact_answered": _("who answers for the endpoint answered"),
    "court": _("a court decided so"),
}

APPLICATIONS: dict[str, Text] = {
    application.DRAFT: _("being filled in"),
    application.PROVING: _("being proven"),
    application.IN_REVIEW: _("to be decided"),
    application.INFO_NEEDED: _("waiting for an answer"),
    application.PROVISIONAL: _("registered for now"),
    application.APPROVED: _("approved"),
    application.REFUSED: _("refused"),
    application.WITHDRAWN: _("taken back"),
    application.LAPSED: _("ended unfinished"),
}

STATES: dict[str, Mapping[str, Text]] = {
    "application": APPLICATIONS, "request": orders.REQUEST_STATES, "order": orders.ORDER_STATES,
    "order_endpoint": orders.ORDER_STATES, "appeal": orders.APPEAL_STATES,
}
LANES: dict[str, Text] = {"application": _("Application"), "registration": _("Registration")}


def kind_title(kind: str) -> Text:
    """The type of an entry; its own name where no word is known."""
    return KINDS.get(kind, kind)


def event_text(kind: str, event: str, after: str) -> Text:
    """What an entry tells."""
    name = after if event == "clock" else event
    found = EVENTS.get((kind, f"{event} {after}")) or EVENTS.get((kind, name))
    return found or public.event_text(kind, event, after)


def reason_text(reason: str) -> Text:
    """A reason code in words; the code itself where no words are known, and "" where there is none."""
    code = reason.partition(" ")[0]
    return public.reason_text(code) or REASONS.get(code) or code.replace("_", " ")


def state_text(kind: str, state: str) -> Text:
    """A state in words; its own name where no words are known."""
    if kind == "registration" and state in public.REGISTRATIONS:
        return public.REGISTRATIONS[state].title
    if kind in ("endpoint", "domain") and state in public.PROOFS:
        return public.PROOFS[state][0]
    return STATES.get(kind, {}).get(state, state)
