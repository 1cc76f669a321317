"""Every step that an officer can take on a case: its form, and the call of the service layer that does it.

A step that has no line here has no button. Which of them a page offers is asked of the state tables, in `case`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licet.errors import Refused
from licet.server.desk import forms
from licet.server.desk.case import Case
from licet.server.registry.models import Application, Proposal, Registration
from licet.server.registry.service_layer import decisions, registrations
from licet.server.registry.service_layer.actors import Actor

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """form: what is sent; do: the call; done: what the officer is told afterwards."""

    form: type[forms.DeskForm]
    do: Callable[[Actor, Case, Values, datetime], object]
    done: Any


def application_of(case: Case) -> Application:
    """The application of a case. Raises Refused where there is none."""
    if case.application is None:
        raise Refused("no_application", _("Nobody applies for this service."))
    return case.application


def registration_of(case: Case) -> Registration:
    """The registration of a case. Raises Refused where there is none."""
    if case.registration is None:
        raise Refused("no_registration", _("This service is not registered."))
    return case.registration


def _proposal_of(case: Case) -> Proposal:
    if case.registration is not None:
        last = case.registration.proposals.order_by("-proposed_at", "-pk").first()
        if last is not None:
            return last
    raise Refused("no_proposal", _("Nothing was proposed about this service."))


def _approve(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return decisions.decide(actor, application_of(case), approve=True, seen=values["seen"], at=at)


def _refuse(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return decisions.decide(actor, application_of(case), approve=False, code=values["code"], text=values["text"],
                            conflicts_with=values["conflicts_with"], seen=values["seen"], at=at)


def _ask(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return decisions.ask(actor, application_of(case), values["text"], seen=values["seen"], at=at)


def _notice(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return registrations.give_notice(actor, registration_of(case), code=values["code"], text=values["text"],
                                     conflicts_with=values["conflicts_with"], at=at)


def _propose(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    propose = registrations.propose_suspension if values["event"] == Proposal.SUSPEND else \
        registrations.propose_revocation
    return propose(actor, registration_of(case), code=values["code"], text=values["text"],
                   conflicts_with=values["conflicts_with"], at=at)


def _confirm(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return registrations.confirm_proposal(actor, _proposal_of(case), at=at)


def _drop(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return registrations.drop_proposal(actor, _proposal_of(case), at=at)


def _lift(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return registrations.lift(actor, registration_of(case), at=at)


def _uphold(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return registrations.uphold_appeal(actor, registration_of(case), at=at)


def _renew(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return registrations.renew(actor, registration_of(case), review_date=values["review_date"], at=at)


def _surrender(actor: Actor, case: Case, values: Values, at: datetime) -> object:
    return registrations.surrender(actor, registration_of(case), at=at)


STEPS: Mapping[str, Step] = {
    "approve": Step(forms.ApproveForm, _approve, gettext_lazy("Approved. It is registered for a year.")),
    "refuse": Step(forms.RefuseForm, _refuse, gettext_lazy("Refused. The applicant is told why, in your words.")),
    "ask": Step(forms.AskForm, _ask, gettext_lazy("Asked. The case comes back when the answer is there.")),
    "notice": Step(forms.NoticeForm, _notice, gettext_lazy("Notice given. It counts as before; the owner is told.")),
    "propose": Step(forms.ProposeForm, _propose, gettext_lazy("Proposed. Nothing happens until a second officer "
                                                              "confirms it.")),
    "confirm": Step(forms.SureForm, _confirm, gettext_lazy("Confirmed. The owner is told.")),
    "drop": Step(forms.SureForm, _drop, gettext_lazy("Dropped. Nothing happens.")),
    "lift": Step(forms.SureForm, _lift, gettext_lazy("Lifted. It is registered as before.")),
    "uphold": Step(forms.SureForm, _uphold, gettext_lazy("The appeal is upheld. It is registered as before.")),
    "renew": Step(forms.ReviewForm, _renew, gettext_lazy("Renewed until the next review.")),
    "surrender": Step(forms.SureForm, _surrender, gettext_lazy("Given up. It is permitted no more.")),
}
