"""The desk's forms. They only read what was sent; every rule is the service layer's, whose sentences they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licet.lifecycle.application import REASON_TEXT_LENGTH_MAX
from licet.lifecycle.registration import NOTICE_DAYS
from licet.server.desk.words import PROPOSALS, REFUSAL_CODES
from licet.server.registry.models.organisations import NAME_LENGTH_MAX
from licet.server.registry.service_layer.errors import Invalid

NEVER_A_FIELD = "csrfmiddlewaretoken"
HANDLE_LENGTH_MAX = 20
ENTRIES_LENGTH_MAX = 20_000

CODES = (("", _("Choose a reason")), *REFUSAL_CODES)


class DeskForm(forms.Form):
    """A form that takes its own fields and no other."""

    def clean(self) -> dict[str, Any]:
        """Refuse what this page never asked for."""
        known = {self.add_prefix(name) for name in self.fields}
        if set(self.data) - known - {NEVER_A_FIELD}:
            raise forms.ValidationError(_("This page was sent with fields that it does not have. Load it again."))
        return self.cleaned_data

    def take(self, error: Invalid) -> None:
        """Show the service layer's sentences beside their fields."""
        take_problems(self, error.problems)


def take_problems(form: forms.Form, problems: Mapping[str, str]) -> None:
    """Put each sentence beside its field, or on top where the form has none of that name."""
    for field, sentence in problems.items():
        form.add_error(field if field in form.fields else None, sentence)


def _text(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=REASON_TEXT_LENGTH_MAX, strip=True,
                           widget=forms.Textarea(attrs={"rows": 3}))


class _SeenForm(DeskForm):
    """What the officer looked at, so that a decision about something else is not taken."""

    seen = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)


class ApproveForm(_SeenForm):
    """Nothing to fill in: the proofs speak."""


class AskForm(_SeenForm):
    """One clear question."""

    text = _text(_("Question"), _("One question that the applicant can answer in a sentence. Never ask for papers."))


class RefuseForm(_SeenForm):
    """A refusal has a documented code and a text."""

    code = forms.ChoiceField(label=_("Reason"), choices=CODES)
    conflicts_with = forms.CharField(
        label=_("The other service"), max_length=HANDLE_LENGTH_MAX, required=False,
        help_text=_("Only for a conflict: its handle, such as SVC-7F3K."))
    text = _text(_("In words, for the applicant"), _("What is missing, and what would mend it. Applying again is "
                                                     "always possible."))


class NoticeForm(DeskForm):
    """What is wrong, told to the owner before anything can follow."""

    code = forms.ChoiceField(label=_("Reason"), choices=CODES)
    conflicts_with = forms.CharField(label=_("The other service"), max_length=HANDLE_LENGTH_MAX, required=False,
                                     help_text=_("Only for a conflict: its handle, such as SVC-7F3K."))
    text = _text(_("In words, for the owner"), _("What is wrong, and what would mend it. The owner has %(days)d days.")
                 % {"days": NOTICE_DAYS})


class ProposeForm(NoticeForm):
    """What a second officer has to confirm."""

    event = forms.ChoiceField(label=_("Propose to"), choices=tuple(PROPOSALS.items()), widget=forms.RadioSelect)

    field_order = ("event", "code", "conflicts_with", "text")


class SureForm(DeskForm):
    """A button: there is nothing to fill in."""


class ReviewForm(DeskForm):
    """When somebody looks at an attested entry again."""

    review_date = forms.DateField(label=_("Next review"), help_text=_("A day within a year, such as 2027-03-01."),
                                  widget=forms.DateInput(attrs={"type": "date"}))


class AttestForm(DeskForm):
    """An entry that the owner of the network permits without proof."""

    name = forms.CharField(label=_("What it is"), max_length=NAME_LENGTH_MAX,
                           help_text=_("Such as “Lift maintenance, supplier's gateway”."))
    sponsor = forms.CharField(label=_("Sponsor"), max_length=NAME_LENGTH_MAX,
                              help_text=_("Which unit of this organisation asked for it. A unit, not a person."))
    purpose = forms.CharField(label=_("Purpose"), max_length=300, help_text=_("What it is needed for, in a sentence."))
    entries = forms.CharField(
        label=_("Endpoints and keys"), max_length=ENTRIES_LENGTH_MAX, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line: 192.0.2.10:51820/udp wireguard, or wireguard: and a server's public key."))
    review_date = ReviewForm.base_fields["review_date"]
