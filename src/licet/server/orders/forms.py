"""Forms of requests, orders and appeals. They only read what was sent; every rule is the service layer's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licet.lifecycle import request as requests
from licet.lifecycle.endpoint_proof import CALLBACK_01, DNS_01, HTTP_01, WIREGUARD_01
from licet.model import order
from licet.model.policy import NAME_LENGTH_MAX as CODE_LENGTH_MAX
from licet.model.policy import NetworkPolicy
from licet.order.words import NEEDED
from licet.server.desk.forms import DeskForm
from licet.server.orders import words
from licet.server.orders.drafting import ENDPOINTS_LENGTH_MAX, LINES_LENGTH_MAX
from licet.server.orders.models.requests import ASK_LENGTH_MAX, QUOTE_LENGTH_MAX, TEXT_LENGTH_MAX
from licet.server.registry.models.organisations import NAME_LENGTH_MAX, URL_LENGTH_MAX


def _lines(label: object, help_text: object, length_max: int, rows: int, *, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=length_max, required=required, strip=True,  # type: ignore[arg-type]  # lazy texts
                           widget=forms.Textarea(attrs={"rows": rows}))


class RequestForm(DeskForm):
    """A letter, as its sender or an officer enters it. All but the contact is published."""

    requester = forms.CharField(label=_("Who asks"), max_length=NAME_LENGTH_MAX,
                                help_text=_("The authority or organisation. Published."))
    principal = forms.CharField(label=_("For whom"), max_length=NAME_LENGTH_MAX, required=False,
                                help_text=_("Where it asks for somebody else."))
    addressee = forms.CharField(label=_("Of whom"), max_length=NAME_LENGTH_MAX,
                                help_text=_("The operator whose network this is about."))
    relays = _lines(_("Passed on by"), _("Everybody through whose hands it came, one a line."), TEXT_LENGTH_MAX, 2,
                    required=False)
    legal_ground = forms.CharField(label=_("Law or policy"), max_length=300, required=False,
                                   help_text=_("Its name and the article."))
    legal_text_quoted = _lines(_("Its words"), _("Quoted word for word. Without them no ask for a block can be "
                                                 "accepted."), QUOTE_LENGTH_MAX, 5, required=False)
    legal_text_url = forms.CharField(label=_("Where it is published"), max_length=URL_LENGTH_MAX, required=False,
                                     help_text=_("An address that begins with https://."))
    asks = _lines(_("What is asked for"), _("One thing a line. An endpoint is written like 192.0.2.10:51820/udp."),
                  ASK_LENGTH_MAX * requests.ASKS_MAX, 6)
    contact = forms.CharField(label=_("Where the answer goes"), max_length=URL_LENGTH_MAX,
                              help_text=_("A mail address or a page. Not published."))


class AskAnswerForm(forms.Form):
    """The answer to one ask."""

    code = forms.ChoiceField(label=_("Answer"), choices=(
        ("", _("Choose an answer")), *((code, text) for code, text in words.CODES.items())))
    text = _lines(_("In words"), _("What was decided, and what would make a difference."), TEXT_LENGTH_MAX, 2)


class SealForm(DeskForm):
    """For how long asks are not shown."""

    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=requests.SEAL_DAYS_MAX)


class AppealForm(DeskForm):
    """An appeal. Neither a name nor an account is asked for."""

    statement = _lines(_("What speaks against it"), _("Whose server is it, and what is it for? Read by the reviewer; "
                                                      "never published."), TEXT_LENGTH_MAX, 5)
    contact = forms.CharField(label=_("Where the answer goes"), max_length=URL_LENGTH_MAX, required=False,
                              help_text=_("A mail address, if you like. Else you read it on the appeal's page."))


class AppealProofForm(forms.Form):
    """How control of the endpoint is shown."""

    method = forms.ChoiceField(label=_("How"), widget=forms.RadioSelect, choices=(
        (CALLBACK_01, _("Run one command on the machine")),
        (HTTP_01, _("Put a file on a web server at this address, port 80")),
        (DNS_01, _("Add a TXT record beside its DNS name")),
        (WIREGUARD_01, _("Add a one-time peer to the WireGuard server")),
    ))
    name = forms.CharField(label=_("DNS name"), max_length=253, required=False, help_text=_("Only for the TXT record."))
    public_key = forms.CharField(label=_("The server's public key"), max_length=44, required=False,
                                 help_text=_("Only for WireGuard."))


class AppealAnswerForm(forms.Form):
    """What who appealed answers to the reviewer's question."""

    text = _lines(_("Your answer"), _("Read by the reviewer; never published."), TEXT_LENGTH_MAX, 4)


class SubmitOrderForm(DeskForm):
    """The file that `licet order` made, pasted."""

    order = _lines(_("The order's file"), _("All of order.json."), 1_000_000, 8)


DRAFT_GROUPS = (
    (_("What it is about"), ("network", "author", "lines", "endpoints", "class_", "class_source", "contact")),
    (_("What it rests on"), ("decision_ground", "request", "legal_ground", "legal_text_quoted", "text_covers",
                             "legal_text_url")),
    (_("What was weighed"), ("decision_facts", "lawful_uses_considered", "necessity", "less_intrusive_tried")),
    (_("Who hears of it first"), ("notice_to", "notice_via")),
    (_("Only for a decision, or after an order was quashed"), ("decision_quoted", "decision_url", "adjudicator",
                                                               "new_facts")),
)


class DraftForm(DeskForm):
    """What an order will say. It is read by people before each signature; nothing here is kept."""

    network = forms.ChoiceField(label=_("Network"))
    lines = _lines(_("What was seen"), _("Output of “licet scan --format jsonl”, judged by this registry."),
                   LINES_LENGTH_MAX, 5)
    endpoints = _lines(_("Against"), _("One endpoint a line, such as 192.0.2.10:51820/udp. Left empty: all that are "
                                       "certain and not registered."), ENDPOINTS_LENGTH_MAX, 2, required=False)
    author = forms.ChoiceField(label=_("Who will sign it first"))
    request = forms.CharField(label=_("The ask that it answers"), max_length=40, required=False,
                              help_text=_("The handle of a request and the number of an accepted ask: REQ-7F3K9Q2M/2."))
    decision_ground = forms.ChoiceField(label=_("Ground"), choices=tuple(words.GROUNDS.items()))
    legal_ground = forms.CharField(label=_("Law or policy"), max_length=300, required=False,
                                   help_text=_("Its name and the article."))
    legal_text_quoted = _lines(_("Its words"), _("Quoted word for word."), order.QUOTE_LENGTH_MAX, 4, required=False)
    text_covers = forms.CharField(label=_("Which of them speak of tunnels"), max_length=300, required=False,
                                  help_text=_("Copied from the quote."))
    legal_text_url = forms.CharField(label=_("Where it is published"), max_length=order.URL_LENGTH_MAX, required=False,
                                     help_text=_("An address that begins with https://."))
    decision_facts = _lines(_("What was found"), _("Where and when."), order.TEXT_LENGTH_MAX, 2, required=False)
    lawful_uses_considered = _lines(_("Permitted uses"), _("Which were thought of, and whom they serve."),
                                    order.TEXT_LENGTH_MAX, 2, required=False)
    necessity = _lines(_("Why it is needed"), _("And why for so long."), order.TEXT_LENGTH_MAX, 2, required=False)
    less_intrusive_tried = _lines(_("What was tried before"), _("Who was asked, and when."), order.TEXT_LENGTH_MAX, 2,
                                  required=False)
    notice_to = forms.CharField(label=_("Who is told"), max_length=300, required=False)
    notice_via = forms.CharField(label=_("How they are told"), max_length=order.URL_LENGTH_MAX, required=False,
                                 help_text=_("A page, or a mail."))
    class_ = forms.ChoiceField(label=_("Class of the address"), choices=words.ENDPOINT_CLASSES)
    class_source = forms.CharField(label=_("Where that is from"), max_length=300, required=False,
                                   help_text=_("RDAP, PTR or ASN data, with the day."))
    contact = forms.CharField(label=_("Who answers for the endpoint"), max_length=order.URL_LENGTH_MAX, required=False,
                              help_text=_("A mail address, or a page that begins with https://."))
    decision_quoted = _lines(_("The decision's words"), _("Only for the decision of an independent body."),
                             order.QUOTE_LENGTH_MAX, 2, required=False)
    decision_url = forms.CharField(label=_("Where the decision is published"), max_length=order.URL_LENGTH_MAX,
                                   required=False)
    adjudicator = forms.CharField(label=_("Who decided"), max_length=CODE_LENGTH_MAX, required=False,
                                  help_text=_("A code of policy.toml."))
    new_facts = _lines(_("New facts"), _("Only where an order against it was quashed before."), order.TEXT_LENGTH_MAX,
                       2, required=False)

    def __init__(self, networks: Sequence[NetworkPolicy], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._choose("network", [(one.name, one.name) for one in networks])
        codes = dict.fromkeys(signer.code for one in networks for signer in one.signers)
        self._choose("author", [(code, code) for code in codes])
        # A draft says what it lacks, all at once: such a field may be empty, and is not optional.
        for name in (*dict(NEEDED), "class_source"):
            setattr(self.fields[name], "is_needed", True)  # noqa: B010 -- no attribute of Django's

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as the page shows them, under a title each."""
        return [(str(title), [self[name] for name in names]) for title, names in DRAFT_GROUPS]

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        found = self.fields[name]
        assert isinstance(found, forms.ChoiceField)
        found.choices = choices

    def values(self) -> dict[str, str]:
        """What was typed in, by the names of an order's members."""
        return {name.rstrip("_"): str(value) for name, value in self.cleaned_data.items()}


class LiftForm(DeskForm):
    """Why an order is ended before its end."""

    code = forms.ChoiceField(label=_("Reason"), choices=(("", _("Choose a reason")), *words.LIFT_CODES.items()))


class ObserveForm(DeskForm):
    """Evidence of the last day."""

    lines = _lines(_("Fresh evidence"), _("Output of “licet scan --format jsonl” that shows each endpoint again."),
                   200_000, 4)


class DecideForm(DeskForm):
    """The decision about an appeal."""

    outcome = forms.ChoiceField(label=_("Decision"), widget=forms.RadioSelect, choices=(
        ("uphold", _("Uphold: the order is quashed")), ("dismiss", _("Dismiss: the order goes on after its notice"))))
    reasons = _lines(_("Reasons"), _("Published."), TEXT_LENGTH_MAX, 4)


class AskMoreForm(DeskForm):
    """One question to who appealed."""

    question = _lines(_("Question"), _("One clear question, once. Silence after it upholds the appeal."),
                      TEXT_LENGTH_MAX, 2)
