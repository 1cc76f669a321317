"""States, events and codes in the desk's words, and what a refused step means to the officer who tried it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from licet.errors import Refused
from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof, table
from licet.lifecycle import registration as registrations
from licet.server.registry.models import Application, Proposal, Registration

# Each state as (word, tone); the tones are classes of desk.css, and say nothing that the word does not.
APPLICATION = {
    applications.DRAFT: (gettext_lazy("being filled in"), "neutral"),
    applications.PROVING: (gettext_lazy("being proven"), "neutral"),
    applications.IN_REVIEW: (gettext_lazy("to decide"), "attention"),
    applications.INFO_NEEDED: (gettext_lazy("question open"), "neutral"),
    applications.PROVISIONAL: (gettext_lazy("provisional, to decide"), "attention"),
    applications.APPROVED: (gettext_lazy("approved"), "registered"),
    applications.REFUSED: (gettext_lazy("refused"), "neutral"),
    applications.WITHDRAWN: (gettext_lazy("withdrawn"), "neutral"),
    applications.LAPSED: (gettext_lazy("lapsed"), "neutral"),
}
REGISTRATION = {
    registrations.OK: (gettext_lazy("registered"), "registered"),
    registrations.NOTICED: (gettext_lazy("registered, notice given"), "attention"),
    registrations.NOTICED_APPEAL: (gettext_lazy("registered, notice appealed"), "attention"),
    registrations.EXPIRING: (gettext_lazy("registered, expiring"), "attention"),
    registrations.REDEMPTION: (gettext_lazy("past its end, still counts"), "attention"),
    registrations.SERVER_HOLD: (gettext_lazy("on hold"), "attention"),
    registrations.PENDING_DELETE: (gettext_lazy("being revoked, still counts"), "attention"),
    registrations.HELD: (gettext_lazy("revocation appealed, still counts"), "attention"),
    registrations.LAPSED: (gettext_lazy("not registered: lapsed"), "neutral"),
    registrations.REVOKED: (gettext_lazy("not registered: revoked"), "neutral"),
    registrations.GONE: (gettext_lazy("not registered: given up"), "neutral"),
}
ENDPOINT = {
    endpoint_proof.PENDING: (gettext_lazy("not proven yet"), "neutral"),
    endpoint_proof.VALID: (gettext_lazy("proven"), "registered"),
    endpoint_proof.STALE: (gettext_lazy("last check failed, still counts"), "attention"),
    endpoint_proof.INACTIVE: (gettext_lazy("counts no more"), "neutral"),
    endpoint_proof.INVALID: (gettext_lazy("check failed"), "wrong"),
    endpoint_proof.GONE: (gettext_lazy("given up"), "neutral"),
}
REFUSAL_CODES = (
    (applications.CONTROL_NOT_PROVEN, gettext_lazy("Control is not proven")),
    (applications.ORGANISATION_NOT_PROVEN, gettext_lazy("The organisation is not proven")),
    (applications.CONFLICTS_WITH, gettext_lazy("It conflicts with another service")),
    (applications.FALSE_STATEMENT, gettext_lazy("A statement is not true")),
    (applications.RESIDENTIAL_ENDPOINT, gettext_lazy("A home's address would be listed")),
)
PROPOSALS = {Proposal.SUSPEND: gettext_lazy("put on hold"), Proposal.REVOKE: gettext_lazy("revoke")}
ROLES = {
    "registrant": gettext_lazy("registrant"), "officer": gettext_lazy("officer"),
    "second officer": gettext_lazy("second officer"), "reviewer": gettext_lazy("reviewer"),
    "clock": gettext_lazy("clock"), "machine": gettext_lazy("machine"),
}
CLASSES = {
    "datacentre": gettext_lazy("in a data centre"),
    "enterprise": gettext_lazy("at a company or an institution"),
    "shared": gettext_lazy("behind a shared address"), "residential": gettext_lazy("at a home"),
    "unknown": gettext_lazy("place not stated"),
}
DUTIES = {"yes": gettext_lazy("yes"), "no": gettext_lazy("no"), "unknown": gettext_lazy("unknown")}

EVENTS = {
    "open": gettext_lazy("begun"), "submit": gettext_lazy("handed in"), "proofs_valid": gettext_lazy("proofs complete"),
    "proof_failed": gettext_lazy("a proof failed"), "ask": gettext_lazy("question asked"),
    "answer": gettext_lazy("question answered"), "approve": gettext_lazy("approved"),
    "refuse": gettext_lazy("refused"), "withdraw": gettext_lazy("withdrawn"), "attest": gettext_lazy("attested"),
    "renew": gettext_lazy("renewed"), "notice": gettext_lazy("notice given"), "suspend": gettext_lazy("put on hold"),
    "lift": gettext_lazy("lifted"), "revoke": gettext_lazy("revocation begun"),
    "appeal_filed": gettext_lazy("appeal filed"), "appeal_won": gettext_lazy("appeal upheld"),
    "surrender": gettext_lazy("given up"), "add": gettext_lazy("endpoint added"),
    "check_ok": gettext_lazy("check passed"), "check_fail": gettext_lazy("check failed"),
    "key_change_by_owner": gettext_lazy("key changed"), "owner_revokes": gettext_lazy("endpoint given up"),
    table.TIME_PASSED: gettext_lazy("time passed"),
}
# What an event lacks, by the fact or the code that its table names.
LACKS = {
    applications.PROOFS_VALID: gettext_lazy(
        "Not every endpoint is proven, so it cannot be approved. It goes on by itself once the proofs stand."),
    registrations.NOTICE_OVER: gettext_lazy(
        "The owner has 14 days from the notice. Before they are over, nothing can follow from it."),
    "not_this_role": gettext_lazy("This step is not for an officer to take."),
    "no_reason": gettext_lazy("Choose a reason code."),
}


def duration(seconds: float | None) -> str:
    """A time that passed, in its largest fitting unit: “40 minutes”, “7 hours”, “3 days”."""
    if seconds is None:
        return _("none yet")
    minutes = max(0, round(seconds / 60))
    if minutes < 90:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    days = round(hours / 24)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def age(since: datetime, at: datetime) -> str:
    """How long ago something was."""
    return duration((at - since).total_seconds())


def day(moment: datetime) -> str:
    """A date in words, in UTC: “3 March 2026”."""
    return date_format(moment, "DATE_FORMAT")


def clock(moment: datetime) -> str:
    """A date and a time of day in words, in UTC."""
    return date_format(moment, "DATETIME_FORMAT") + " UTC"


def application_word(state: str) -> str:
    """The state of an application in a few words."""
    return str(APPLICATION[state][0])


def registration_word(state: str) -> str:
    """The state of a registration in a few words."""
    return str(REGISTRATION[state][0])


def notice_over_at(registration: Registration) -> datetime | None:
    """From when something may follow from the notice that was given."""
    if registration.noticed_at is None:
        return None
    return registration.noticed_at + timedelta(days=registrations.NOTICE_DAYS)


def decided_already(application: Application) -> str:
    """What somebody decided before, for the officer who came second."""
    who = application.decided_by.code if application.decided_by else _("nobody")
    done = _("approved") if application.state == applications.APPROVED else _("refused")
    reason = f" ({application.reason})" if application.reason else ""
    when = clock(application.decided_at) if application.decided_at else ""
    return _("%(who)s %(done)s this already%(reason)s, on %(when)s. Nothing was changed by you.") % {
        "who": who, "done": done, "reason": reason, "when": when}


def refusal(error: Refused, application: Application | None, registration: Registration | None) -> str:
    """Why a step was refused, in a sentence for an officer. The rows are as they are now."""
    code = error.code
    if code in LACKS:
        sentence = str(LACKS[code])
        over = notice_over_at(registration) if registration is not None and code == registrations.NOTICE_OVER else None
        return sentence if over is None else f"{sentence} " + _("They are over on %(day)s.") % {"day": day(over)}
    if code != "not_in_table":
        return str(error)
    if getattr(error, "kind", "") == "application" and application is not None:
        if application.decided_by_id is not None:
            return decided_already(application)
        return _("This application is now “%(state)s”, where that cannot be done. Nothing was changed.") % {
            "state": application_word(application.state)}
    if registration is not None:
        return _("This registration is now “%(state)s”, where that cannot be done. Nothing was changed.") % {
            "state": registration_word(registration.state)}
    return str(error)
