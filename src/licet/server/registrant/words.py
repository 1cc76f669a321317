"""What a state is called on a page: a few plain words, and a tone that colours them. No word blames anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from licet.lifecycle import application as applications
from licet.lifecycle import domain_proof, endpoint_proof
from licet.lifecycle import registration as registrations
from licet.server.registry.models import Application, DomainProof, Endpoint, Registration

GOOD, NEUTRAL, ATTENTION = "good", "neutral", "attention"
GLYPHS = {GOOD: "✓", NEUTRAL: "○", ATTENTION: "?"}


@dataclass(frozen=True)
class Words:
    """title: the state in a few words; text: what it means, in a sentence or two; tone: good, neutral or attention."""

    title: str
    text: str
    tone: str

    @property
    def glyph(self) -> str:
        """A sign beside the words, never instead of them."""
        return GLYPHS[self.tone]


def day(moment: datetime) -> str:
    """A date in words, such as 3 March 2027."""
    return date_format(moment, "DATE_FORMAT")


def application_words(application: Application, *, is_owned: bool) -> Words:
    """An application as its applicant reads it."""
    state = application.state
    if state == applications.DRAFT:
        return Words(_("Draft"), _("Not submitted yet. A draft that nobody goes on with is closed after 30 days."),
                     NEUTRAL)
    if state == applications.PROVING:
        return Words(_("Submitted: waiting for proof"), _(
            "Once every endpoint is proven, it goes to an officer by itself. There are 14 days for it."), NEUTRAL)
    if state == applications.IN_REVIEW:
        text = _("An officer is looking at it.") if is_owned else _(
            "An officer is looking at it. If nobody decides within two working days, it counts as registered until "
            "somebody does: our delay is not your loss.")
        return Words(_("Submitted: being looked at"), text, NEUTRAL)
    if state == applications.INFO_NEEDED:
        return Words(_("We have a question"), _(
            "While it is open, our clock stands still. There are 30 days to answer."), ATTENTION)
    if state == applications.PROVISIONAL:
        return Words(_("Counts as registered while we decide"), _(
            "We have not decided in time. Until we do, networks that use this registry see it as registered."), GOOD)
    return _closed_words(application)


def _closed_words(application: Application) -> Words:
    if application.state == applications.APPROVED:
        return Words(_("Approved"), "", GOOD)
    if application.state == applications.REFUSED:
        return Words(_("Not accepted: %(reason)s") % {"reason": reason_words(application.reason)},
                     application.reason_text or _("You can apply again at any time."), NEUTRAL)
    if application.state == applications.WITHDRAWN:
        return Words(_("Taken back"), _("You took this application back. You can apply again at any time."), NEUTRAL)
    return Words(_("Closed"), _("Nothing happened for a while, so this application was closed. You can apply again at "
                                "any time."), NEUTRAL)


def reason_words(reason: str) -> str:
    """A reason code in words."""
    code, _space, handle = reason.partition(" ")
    known = {
        applications.CONTROL_NOT_PROVEN: _("control of an endpoint is not proven"),
        applications.ORGANISATION_NOT_PROVEN: _("the organisation is not proven"),
        applications.CONFLICTS_WITH: _("it conflicts with %(handle)s") % {"handle": handle},
        applications.FALSE_STATEMENT: _("something stated does not hold"),
        applications.RESIDENTIAL_ENDPOINT: _("a home's address cannot be listed"),
    }
    return known.get(code, reason)


def registration_words(registration: Registration) -> Words:
    """A registration as its owner reads it."""
    state, end = registration.state, day(registration.ex_date)
    reason = {"reason": reason_words(registration.reason), "text": registration.reason_text}
    if state == registrations.OK:
        return Words(_("Registered until %(end)s") % {"end": end}, "", GOOD)
    if state == registrations.EXPIRING:
        return Words(_("Registered; renew before %(end)s") % {"end": end}, _("Renewing is one button."), ATTENTION)
    if state == registrations.REDEMPTION:
        return Words(_("Ended on %(end)s, and still counts for 60 days") % {"end": end},
                     _("Renew it now, and nothing was lost."), ATTENTION)
    if state == registrations.NOTICED:
        return Words(_("Registered; we gave notice: %(reason)s") % reason, _(
            "%(text)s Nothing changes for at least 14 days. Mend it, or appeal.") % reason, ATTENTION)
    if state == registrations.NOTICED_APPEAL:
        return Words(_("Registered; your appeal is being read"), _("Until it is decided, it cannot be revoked."), GOOD)
    if state == registrations.SERVER_HOLD:
        return Words(_("On hold: %(reason)s") % reason, _(
            "%(text)s It is still protected. The hold ends by itself after 30 days; an appeal ends it at once."
        ) % reason, ATTENTION)
    if state == registrations.PENDING_DELETE:
        return Words(_("Will be revoked: %(reason)s") % reason, _(
            "%(text)s It counts until 30 days after the decision. You can appeal.") % reason, ATTENTION)
    if state == registrations.HELD:
        return Words(_("Counts as registered until your appeal is decided"), "", GOOD)
    ended = {registrations.LAPSED: _("Lapsed: it was not renewed"), registrations.REVOKED: _("Revoked"),
             registrations.GONE: _("Given up")}
    return Words(ended.get(state, state), _(
        "It is not registered now, and nothing more follows from that. You can apply again at any time."), NEUTRAL)


def endpoint_words(endpoint: Endpoint, at: datetime) -> Words:
    """An endpoint's proof as its owner reads it."""
    state = endpoint.state
    if endpoint.counts and key_is_new(endpoint):
        return Words(_("Counts; the new key is not proven yet"), _(
            "Prove the new key before the old one stops counting."), ATTENTION)
    if state == endpoint_proof.VALID:
        return Words(_("Proven"), "", GOOD)
    if state == endpoint_proof.STALE:
        return Words(_("Counts; the last check failed"), _(
            "An outage is not a loss of control: it counts for 30 days more, and one new proof mends it."), ATTENTION)
    if state == endpoint_proof.GONE:
        if endpoint.counts_until is not None and endpoint.counts_until > at:
            return Words(_("Replaced; counts until %(end)s") % {
                "end": date_format(endpoint.counts_until, "DATETIME_FORMAT")}, "", NEUTRAL)
        return Words(_("Given up"), "", NEUTRAL)
    if state == endpoint_proof.INACTIVE:
        return Words(_("Does not count: the checks failed for too long"), _("One new proof brings it back."), ATTENTION)
    if state == endpoint_proof.INVALID:
        return Words(_("Not proven: the check did not find what it looked for"), "", ATTENTION)
    return Words(_("Not proven yet"), "", NEUTRAL)


def domain_words(proof: DomainProof) -> Words:
    """The proof of a domain as the members of its organisation read it."""
    if proof.state == domain_proof.VALID:
        return Words(_("Proven"), _("Users see the domain beside the name. The record is looked for again every 30 "
                                    "days: leave it in place."), GOOD)
    if proof.state == domain_proof.STALE:
        return Words(_("Still shown as proven; the last check failed"), _(
            "It is shown as proven for 30 days more, and one check that finds the record mends it."), ATTENTION)
    if proof.state == domain_proof.INACTIVE:
        return Words(_("Shown as not proven: the checks failed for too long"), _(
            "One check that finds the record brings it back. Registrations stay as they are."), ATTENTION)
    return Words(_("Not proven yet"), _("Publish the record, and check."), NEUTRAL)


def key_is_new(endpoint: Endpoint) -> bool:
    """True where its key was changed and has not been proven since."""
    changed = endpoint.old_key_until is not None and endpoint.key_since is not None
    if not changed or endpoint.key_since is None:
        return False
    return endpoint.recheck_asked_at is not None and endpoint.recheck_asked_at >= endpoint.key_since
