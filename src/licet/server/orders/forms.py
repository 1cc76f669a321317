"""Forms of requests, orders and appeals. They only read what was sent; every rule is the service layer's."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from licet.lifecycle import request as requests
from licet.lifecycle.endpoint_proof import CALLBACK_01, DNS_01, HTTP_01, WIREGUARD_01
from licet.server.desk.forms import DeskForm
from licet.server.orders import words
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
