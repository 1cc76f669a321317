"""What entries of the log say, in words for somebody who reads one for the first time.

The words of the public face, and those that only the log needs: what the calendar did, and the codes that it leaves.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from licet.lifecycle import application, endpoint_proof
from licet.server.public import words as public

Text = public.Text
ROLES = public.ROLES

KINDS: dict[str, Text] = {
    "application": _("application"),
    "endpoint": _("endpoint"),
    "registration": _("registration"),
    "listing": _("entry in the directory"),
    "snapshot": _("snapshot"),
    "redaction": _("redaction"),
}

# What happens without changing a state, and what only an auditor reads.
EVENTS: dict[tuple[str, str], Text] = {
    ("application", "in_review"): _("The decision is overdue; every officer was told."),
    ("endpoint", "valid"): _("It was time to check an endpoint again."),
    ("redaction", "redact"): _("The body of an entry was taken back."),
    ("listing", "list"): _("The directory began to show a service."),
    ("listing", "describe"): _("What the directory says of a service changed."),
    ("listing", "unlist"): _("The directory stopped showing a service."),
    ("snapshot", "publish"): _("A numbered snapshot of the registry was published."),
}

# Codes that tables leave where nobody gives a reason; those of officers are the public face's.
REASONS: dict[str, Text] = {
    "timed_out": _("the time for it was over"),
    "overdue": _("the registry was late"),
    "overdue_escalated": _("the registry was late"),
    "question_attached": _("it stays registered for now while the question is open"),
    "recheck": _("30 days after the last check"),
    "new_proof": _("by a new proof"),
    "stale_too_long": _("the last check failed for 30 days, and two notices were sent"),
    "end_is_near": _("it ends within 60 days"),
    "not_renewed": _("it was not renewed"),
    "hold_ended": _("a hold ends after 30 days"),
    "not_lifted": _("nobody lifted it within 30 days"),
    "stayed": _("an appeal puts it off"),
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

LANES: dict[str, Text] = {"application": _("Application"), "registration": _("Registration")}


def kind_title(kind: str) -> Text:
    """The type of an entry; its own name where no word is known."""
    return KINDS.get(kind, kind)


def event_text(kind: str, event: str, after: str) -> Text:
    """What an entry tells."""
    name = after if event == "clock" else event
    return EVENTS.get((kind, name)) or public.event_text(kind, event, after)


def reason_text(reason: str) -> Text:
    """A reason code in words; the code itself where no words are known, and "" where there is none."""
    code = reason.partition(" ")[0]
    return public.reason_text(code) or REASONS.get(code) or code.replace("_", " ")


def state_text(kind: str, state: str) -> Text:
    """A state in words; its own name where no words are known."""
    if kind == "registration" and state in public.REGISTRATIONS:
        return public.REGISTRATIONS[state].title
    if kind == "endpoint" and state in endpoint_proof.TABLE.states:
        return public.PROOFS[state][0]
    return APPLICATIONS.get(state, state) if kind == "application" else state
