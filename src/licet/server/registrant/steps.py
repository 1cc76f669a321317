"""The next missing thing of a service, as one button. What is most pressing comes first."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from licet.lifecycle import application as applications
from licet.lifecycle import endpoint_proof
from licet.lifecycle import registration as registrations
from licet.server.registrant.words import key_is_new
from licet.server.registry.models import Application, Endpoint, Message, Organisation, Registration, Service

# In this order, from pressing to optional.
QUESTION, NOTICE, PROVE_AGAIN, RENEW, FINISH, PROVE, AGAIN, NOTHING = range(8)

AGAINST = (registrations.NOTICED, registrations.SERVER_HOLD, registrations.PENDING_DELETE)
ENDING = (registrations.EXPIRING, registrations.REDEMPTION)


@dataclass(frozen=True)
class Step:
    """urgency: one of the above; why: a sentence; button: what it says; url: where it leads, "" where nothing is
    missing."""

    urgency: int
    why: str = ""
    button: str = ""
    url: str = ""


def next_step(service: Service, application: Application | None, registration: Registration | None,
              endpoints: list[Endpoint], question: Message | None) -> Step:
    """The next missing thing. application and registration: the newest; endpoints: the live ones; question:
    the open one."""
    here = {"handle": service.handle}
    name = {"name": service.name}
    if question is not None:
        return Step(QUESTION, _("We have a question about %(name)s.") % name, _("Read and answer it"),
                    reverse("registrant:messages", kwargs=here))
    is_registered = registration is not None and not registration.is_over
    if is_registered and registration is not None and registration.state in AGAINST:
        return Step(NOTICE, _("There is a notice about %(name)s.") % name, _("Read it, mend it or appeal"),
                    reverse("registrant:service", kwargs=here))
    is_open = application is not None and application.is_open
    if not is_registered and not is_open:
        return Step(AGAIN, _("%(name)s is not registered.") % name, _("Apply again"),
                    reverse("registrant:apply", kwargs=here))
    weak = next((one for one in endpoints if _needs_proof_again(one)), None)
    if weak is not None:
        return Step(PROVE_AGAIN, _("An endpoint of %(name)s needs a new proof.") % name, _("Prove it again"),
                    reverse("registrant:endpoint", kwargs={"handle": weak.handle}))
    if registration is not None and registration.state in ENDING:
        return Step(RENEW, _("The registration of %(name)s ends soon.") % name, _("Renew it"),
                    reverse("registrant:renew", kwargs=here))
    if application is not None and application.state == applications.DRAFT:
        return draft_step(service, endpoints)
    unproven = next((one for one in endpoints if not one.counts), None)
    if unproven is not None:
        return Step(PROVE, _("An endpoint of %(name)s is not proven yet.") % name, _("Prove it"),
                    reverse("registrant:endpoint", kwargs={"handle": unproven.handle}))
    organisation = service.organisation
    if organisation is not None and is_open and not organisation.is_confirmed:
        return confirm_step(organisation)
    return Step(NOTHING)


def draft_step(service: Service, endpoints: list[Endpoint]) -> Step:
    """What a draft lacks before it can be submitted."""
    here, name = {"handle": service.handle}, {"name": service.name}
    organisation = service.organisation
    if not endpoints:
        return Step(FINISH, _("%(name)s has no endpoint and no key yet.") % name, _("Add where it is reached"),
                    reverse("registrant:endpoint_add", kwargs=here))
    unproven = next((one for one in endpoints if not one.counts), None)
    if unproven is not None:
        return Step(FINISH, _("An endpoint of %(name)s is not proven yet.") % name, _("Prove it"),
                    reverse("registrant:endpoint", kwargs={"handle": unproven.handle}))
    if organisation is not None and not organisation.is_confirmed and not organisation.contact_token_digest:
        return confirm_step(organisation)
    return Step(FINISH, _("%(name)s is ready.") % name, _("Check and submit"),
                reverse("registrant:summary", kwargs=here))


def confirm_step(organisation: Organisation) -> Step:
    """The published contact has to answer once."""
    name = {"name": organisation.name}
    why = _("The contact of %(name)s has not been confirmed.") % name
    if organisation.contact_token_digest:
        why = _("We wrote to the contact of %(name)s; the link in that mail has not been followed yet.") % name
    return Step(FINISH, why, _("Confirm the contact"),
                reverse("registrant:organisation", kwargs={"handle": organisation.handle}))


def _needs_proof_again(endpoint: Endpoint) -> bool:
    weak = endpoint.state in (endpoint_proof.STALE, endpoint_proof.INACTIVE)
    return weak or (endpoint.counts and key_is_new(endpoint))
