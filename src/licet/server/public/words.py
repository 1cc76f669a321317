"""What states, methods, events and answers mean, in words for somebody who reads of them for the first time.

A pair is a title and its meaning. None of them blames anybody, and a service that lost its registration is “not
registered”, nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licet.lifecycle import endpoint_proof, registration
from licet.server.registry import record_check
from licet.server.registry.models import Service

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Meaning:
    """kind: the class that colours it, `registered`, `attention` or `neutral`; glyph: the same without colour."""

    title: Text
    meaning: Text
    kind: str
    glyph: str


PROVISIONAL = Meaning(
    _("registered for now"),
    _("Everything was proven, and the registry is late with its decision. Its delay harms nobody: the service counts "
      "as registered until the decision is made."),
    "registered", "✓")
UNLISTED = Meaning(
    _("registered, details unlisted"),
    _("Registered; its operator keeps the details unlisted. It counts like any other registration."),
    "registered", "✓")
ATTESTED = Meaning(
    _("permitted by the network's owner"),
    _("The owner of this network entered it, because nobody here can prove control of it. It counts on this network "
      "only."),
    "registered", "✓")
ENDED = Meaning(
    _("not registered any more"),
    _("The registration has ended. That is a fact and no fault: a service may end, move, or apply again at any time."),
    "neutral", "○")

# By the states of lifecycle/registration.py.
REGISTRATIONS = {
    registration.OK: Meaning(
        _("registered"),
        _("Control of every endpoint below was proven, and an officer of the registry approved it."),
        "registered", "✓"),
    registration.NOTICED: Meaning(
        _("registered, with a notice"),
        _("The registry has told the operator that something needs to be mended. The service counts as registered, and "
          "the operator has at least 14 days to answer."),
        "registered", "✓"),
    registration.NOTICED_APPEAL: Meaning(
        _("registered, with a notice under appeal"),
        _("The operator disagrees with a notice of the registry. Until somebody else has decided about that, the "
          "service counts as registered and cannot be revoked."),
        "registered", "✓"),
    registration.EXPIRING: Meaning(
        _("registered, to be renewed soon"),
        _("The registration ends within 60 days unless the operator renews it. Until then nothing changes."),
        "registered", "✓"),
    registration.REDEMPTION: Meaning(
        _("registered, renewal overdue"),
        _("The registration was not renewed in time. It still counts for 60 days, so that a forgotten date cuts nobody "
          "off."),
        "registered", "✓"),
    registration.SERVER_HOLD: Meaning(
        _("on hold"),
        _("Two officers have put the registration on hold for a stated reason, for 30 days at most. The service is "
          "still protected from being blocked, and its operator can appeal."),
        "attention", "≠"),
    registration.PENDING_DELETE: Meaning(
        _("registered, about to end"),
        _("Two officers have decided that the registration ends. It still counts for 30 days, and its operator can "
          "appeal."),
        "registered", "✓"),
    registration.HELD: Meaning(
        _("registered while an appeal is decided"),
        _("Its operator appealed against the end of the registration. Until that is decided, it counts as registered."),
        "registered", "✓"),
    **dict.fromkeys(registration.OVER, ENDED),
}

PROOFS: dict[str, tuple[Text, Text]] = {
    endpoint_proof.PENDING: (_("not proven yet"), _("Does not count yet.")),
    endpoint_proof.VALID: (_("proven"), _("Counts.")),
    endpoint_proof.STALE: (_("last check failed"), _("Still counts: an outage is no loss of control.")),
    endpoint_proof.INACTIVE: (_("not proven any more"), _("Does not count until it is proven again.")),
    endpoint_proof.INVALID: (_("proof failed"), _("Does not count until it is proven.")),
    endpoint_proof.GONE: (_("given up"), _("Counts for up to 72 hours where another took its place.")),
}

METHODS: dict[str, Text] = {
    endpoint_proof.DNS_01: _("a record in the DNS of its name"),
    endpoint_proof.HTTP_01: _("a page at its address"),
    endpoint_proof.TLS_ALPN_01: _("a TLS certificate at its address"),
    endpoint_proof.WIREGUARD_01: _("a WireGuard handshake with its key"),
    endpoint_proof.CALLBACK_01: _("a connection from its address"),
    endpoint_proof.SSH_01: _("an SSH signature"),
}

DUTIES: dict[str, tuple[Text, str]] = {
    Service.YES: (_("The law can make it intercept traffic."), "attention"),
    Service.NO: (_("No duty to intercept is known to its operator."), "neutral"),
    Service.UNKNOWN: (_("Its operator does not say whether the law can make it intercept traffic."), "neutral"),
}

ROLES: dict[str, Text] = {
    "registrant": _("its operator"),
    "officer": _("an officer of the registry"),
    "second officer": _("a second officer of the registry"),
    "reviewer": _("an independent reviewer"),
    "affected party": _("somebody affected"),
    "clock": _("the calendar"),
    "machine": _("the automatic check"),
}

# By type and event of an entry; where a state decides, by the state that it led to.
EVENTS: dict[tuple[str, str], Text] = {
    ("application", "open"): _("An application was begun."),
    ("application", "submit"): _("The application was handed in."),
    ("application", "proofs_valid"): _("Every endpoint was proven."),
    ("application", "proof_failed"): _("A proof failed; the application waits for it."),
    ("application", "ask"): _("The registry asked a question."),
    ("application", "answer"): _("The question was answered."),
    ("application", "approve"): _("The application was approved."),
    ("application", "refuse"): _("The application was refused."),
    ("application", "withdraw"): _("The application was taken back."),
    ("application", "provisional"): _("The registry was late: registered for now."),
    ("application", "lapsed"): _("The application ended unfinished."),
    ("endpoint", "add"): _("An endpoint was added."),
    ("endpoint", "attest"): _("An endpoint was entered by the network's owner."),
    ("endpoint", "check_ok"): _("An endpoint was proven."),
    ("endpoint", "check_fail"): _("A check of an endpoint failed."),
    ("endpoint", "key_change_by_owner"): _("A key was changed."),
    ("endpoint", "owner_revokes"): _("An endpoint was given up."),
    ("endpoint", "invalid"): _("An endpoint was not proven in time."),
    ("endpoint", "inactive"): _("An endpoint counts no more: its proof failed for too long."),
    ("registration", "approve"): _("Registered."),
    ("registration", "attest"): _("Permitted by the network's owner."),
    ("registration", "renew"): _("Renewed."),
    ("registration", "notice"): _("A notice was given."),
    ("registration", "suspend"): _("Put on hold."),
    ("registration", "lift"): _("What stood against it was lifted."),
    ("registration", "revoke"): _("The end of the registration was decided."),
    ("registration", "appeal_filed"): _("An appeal was filed."),
    ("registration", "appeal_won"): _("The appeal was upheld."),
    ("registration", "surrender"): _("Given up by its operator."),
    ("registration", "expiring"): _("The end of the registration came near."),
    ("registration", "redemption"): _("The registration was not renewed in time; it still counts."),
    ("registration", "lapsed"): _("The registration ended."),
    ("registration", "revoked"): _("The registration was revoked."),
    ("registration", "ok"): _("A hold ended by itself."),
}

# What the database says of a service and the record does not (registry.record_check).
CONTRADICTIONS: dict[str, Text] = {
    record_check.STATUS: _("The status here is not the one that the record leads to."),
    record_check.END: _("The day on which the registration ends is not the one in the record."),
    record_check.ENDPOINT: _("An endpoint here is not the one in the record."),
    record_check.FACTS: _("What is said about the service, or who answers for it, is not what was recorded."),
    record_check.ENTRY: _("An entry in the database is not the one in the log."),
    record_check.MISSING: _("Something here has no entry in the record."),
}

REASONS: dict[str, Text] = {
    "control_not_proven": _("control of an endpoint was not proven"),
    "organisation_not_proven": _("the organisation was not proven"),
    "conflicts_with": _("it conflicts with another registration"),
    "false_statement": _("a statement was not true"),
    "residential_endpoint": _("a home's address was to be listed"),
}


def event_text(kind: str, event: str, after: str) -> Text:
    """What an entry tells; the event's own name where no words are known."""
    return EVENTS.get((kind, after if event == "clock" else event), event.replace("_", " "))


def reason_text(reason: str) -> Text:
    """A reason code in words, without the handle that may stand behind it; "" where it is no refusal's."""
    return REASONS.get(reason.partition(" ")[0], "")
