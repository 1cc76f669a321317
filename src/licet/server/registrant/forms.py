"""What a registrant is asked: one question a page, in their own words. The service layer checks what is filled in; a
form only reads it. Every field stands with its purpose in tests/house/fields.toml."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from licet.lifecycle.application import REASON_TEXT_LENGTH_MAX
from licet.model.endpoint import TRANSPORTS
from licet.model.family import FAMILIES, PROTOCOL_WORDS
from licet.server.registrant.paste import PASTE_LENGTH_MAX
from licet.server.registry.models import Endpoint, Organisation, Service
from licet.server.registry.service_layer.errors import Invalid

NOT_FIELDS = frozenset({"csrfmiddlewaretoken", "next"})

YES, NO = "yes", "no"
PROTOCOL_TITLES = {
    **{name: family.title for name, family in FAMILIES.items()}, "ipsec": _("IPsec (IKE, ESP and AH)"), "l2tp": "L2TP",
    "sstp": "SSTP", "anyconnect": "AnyConnect", "globalprotect": "GlobalProtect", "fortinet": "Fortinet",
    "tailscale": "Tailscale", "zerotier": "ZeroTier", "nebula": "Nebula", "softether": "SoftEther", "tinc": "tinc",
}
PROTOCOLS = (*((word, PROTOCOL_TITLES.get(word, word)) for word in PROTOCOL_WORDS if word != "other-vpn"),
             ("other-vpn", _("Another one")))
CLASSES = (
    ("datacentre", _("In a data centre, or at a hosting provider")),
    ("enterprise", _("At a company or an institution")),
    ("shared", _("Behind an address that others share")),
    ("residential", _("At a home")),
    ("unknown", _("I do not know")),
)
assert {one for one, _title in CLASSES} == {one for one, _title in Endpoint.CLASSES}


class PlainForm(forms.Form):
    """A form that says so where it was sent with a field that it does not have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Every field says in its own words that it is missing: the summary on top names several."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages["required"] = gettext("Fill this in: %(label)s") % {"label": field.label}

    def clean(self) -> dict[str, Any]:
        """Refuse unknown fields: what was sent was made for another page."""
        unknown = set(self.data) - set(self.fields) - NOT_FIELDS
        if unknown:
            raise forms.ValidationError(gettext(
                "This page was sent with something it does not ask for. Load it again, and fill it in anew."))
        return self.cleaned_data

    def take(self, problem: Invalid) -> None:
        """Show what the service layer found wrong beside its field."""
        for field, sentence in problem.problems.items():
            self.add_error(field if field in self.fields else None, sentence)


def _text(label: Any, length_max: int, help_text: Any = "", *, required: bool = True, **attributes: str) -> Any:
    return forms.CharField(label=label, max_length=length_max, help_text=help_text, required=required,
                           widget=forms.TextInput(attrs=attributes))


class WhoForm(PlainForm):
    """Who answers for the service: one of the organisations of the account, or a new one."""

    who = forms.ChoiceField(label=_("Who answers for the service?"), widget=forms.RadioSelect)

    def __init__(self, organisations: list[Organisation], *args: Any, **kwargs: Any) -> None:
        """organisations: of the account."""
        super().__init__(*args, **kwargs)
        field = self.fields["who"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *((one.handle, one.name) for one in organisations),
            (Organisation.ORGANISATION, gettext("A company or another organisation")),
            (Organisation.SELF_DECLARED, gettext("I do, in my own name: I work alone, or it is for myself")),
        ]


class OrganisationForm(PlainForm):
    """A company or another organisation."""

    name = _text(_("What is it called?"), 120, _("As it is shown in the directory."), autocomplete="organization")
    legal_name = _text(_("Its legal name"), 120, _("As in the commercial register or its statutes."))
    jurisdiction = _text(_("Country whose law it stands under"), 2, _("Two letters, such as DE, PK or BR."),
                         autocomplete="country", autocapitalize="characters")
    abuse_contact = _text(_("Where can it be reached about a tunnel?"), 500, _(
        "A mail address of its own, or a page that begins with https://. It is published. A mail address is sent a "
        "link once: who follows it shows that somebody answers there."), autocapitalize="none", spellcheck="false")


class OrganisationFactsForm(PlainForm):
    """What an organisation may add."""

    registration_number = _text(_("Number in the commercial register"), 60, required=False)
    lei = _text(_("Legal entity identifier (LEI)"), 20, _("20 letters and digits."), required=False)


class SelfDeclaredForm(PlainForm):
    """Somebody who works alone: no legal name, no country, no papers."""

    name = _text(_("What shall we call you?"), 120, _(
        "A trade name, a nickname or “A freelance administrator”: what you want to be shown as. No legal name is asked "
        "for."))
    abuse_contact = _text(_("Where can you be reached about a tunnel?"), 500, _(
        "A mail address or a page that begins with https://. It is published; leave it empty if you would rather be "
        "reached through this registry."), required=False, autocapitalize="none", spellcheck="false")


class DomainForm(PlainForm):
    """The domain that an organisation's name comes with."""

    domain = _text(_("Which domain is its own?"), 253, _("Such as example.net: without www, and without https://."),
                   autocapitalize="none", spellcheck="false")


class MemberForm(PlainForm):
    """Somebody who is to act for an organisation too."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254, help_text=_(
        "They get a link that works once, for seven days."), widget=forms.EmailInput(attrs={"autocomplete": "off"}))


class ServiceNameForm(PlainForm):
    """What it is called."""

    name = _text(_("What is the service called?"), 120, _("Such as “Staff remote access” or “Amsterdam 1”."))


class PurposeForm(PlainForm):
    """What it is for."""

    purpose = _text(_("What is it for?"), 300, _("One sentence, such as “Remote access for staff”. It is shown."),
                    required=False)


class LogsForm(PlainForm):
    """What it logs."""

    logs = _text(_("What does it log?"), 300, _(
        "In your words, such as “Nothing” or “Connection times, for 7 days”. People choose by it; if you leave it "
        "empty, the directory says that it is not stated."), required=False)


class DutyForm(PlainForm):
    """Whether the law makes it intercept."""

    interception_duty = forms.ChoiceField(
        label=_("Does the law oblige it to let its traffic be intercepted?"), widget=forms.RadioSelect,
        help_text=_("Shown to users as a fact, whatever the answer is."),
        choices=((Service.NO, _("No")), (Service.YES, _("Yes")), (Service.UNKNOWN, _("I do not know"))))


class ListingForm(PlainForm):
    """Whether the directory shows it."""

    is_listed = forms.ChoiceField(
        label=_("Shall the directory show it?"), widget=forms.RadioSelect,
        choices=((YES, _("Yes, list it: people can find it")),
                 (NO, _("No, leave it unlisted: only who looks up its exact address, key or handle gets an answer"))))


class FactsForm(PlainForm):
    """Where users read more, and who looked at it."""

    website = _text(_("Its website"), 500, _("Begins with https://."), required=False)
    audit_url = _text(_("Where an audit of it is published"), 500, _("Begins with https://."), required=False)
    audit_date = forms.DateField(label=_("When the audit was"), required=False,
                                 widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class PasteForm(PlainForm):
    """Where it is reached, in whatever form one has it."""

    pasted = forms.CharField(
        label=_("Paste its address, its name, its public key, or lines of a configuration"),
        max_length=PASTE_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "autocapitalize": "none", "autocomplete": "off",
                                     "class": "mono"}))


class EndpointForm(PlainForm):
    """An endpoint or a key, exactly."""

    tunnel_protocol = forms.ChoiceField(label=_("Protocol"), choices=PROTOCOLS)
    address = _text(_("Address of the server"), 45, _("One address, such as 192.0.2.10 or 2001:db8::10."),
                    required=False, autocapitalize="none", spellcheck="false")
    port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65_535, help_text=_(
        "On which the server listens. ESP, AH and GRE have none."), widget=forms.NumberInput(attrs={"min": 1}))
    transport = forms.ChoiceField(label=_("Transport"), choices=tuple((one, one.upper()) for one in TRANSPORTS))
    name = _text(_("DNS name that points to it"), 253, _(
        "Such as vpn.example.net. With it, the address can be proven by a DNS record."), required=False,
        autocapitalize="none", spellcheck="false")
    public_key = _text(_("Public key of the WireGuard server"), 64, _(
        "44 characters. Never the private key: “wg show INTERFACE public-key” prints the public one."), required=False,
        autocapitalize="none", spellcheck="false")
    is_published = forms.ChoiceField(
        label=_("What shall be registered?"), widget=forms.RadioSelect, initial=YES, help_text=_(
            "By its key alone, a WireGuard server is registered wherever it is: for a home, a changing address, or one "
            "that nobody needs to know."),
        choices=((YES, _("The address: it is published")),
                 (NO, _("The key alone: the address is used to prove it, and is not published"))))
    endpoint_class = forms.ChoiceField(label=_("Where does the server stand?"), choices=CLASSES,
                                       widget=forms.RadioSelect, initial="unknown")

    def take(self, problem: Invalid) -> None:
        """An address that only proves a key stands in the same field as one that is published."""
        moved = {field.removeprefix("proof_"): sentence for field, sentence in problem.problems.items()}
        super().take(Invalid(moved))

    def values(self) -> dict[str, Any]:
        """As the service layer takes them."""
        given = dict(self.cleaned_data)
        if given.pop("is_published") == NO:
            given |= {"proof_address": given.pop("address"), "proof_port": given.pop("port")}
        return given


class MethodForm(PlainForm):
    """How an endpoint is to be proven."""

    method = forms.ChoiceField(label=pgettext_lazy("proof", "How do you want to prove it?"), widget=forms.RadioSelect)

    def __init__(self, methods: list[tuple[str, Any]], *args: Any, **kwargs: Any) -> None:
        """methods: those that can prove it, with what they ask for."""
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = methods


class KeyForm(PlainForm):
    """The key that takes the place of another."""

    public_key = _text(_("New public key of the server"), 64, _(
        "44 characters. Never the private key: “wg show INTERFACE public-key” prints the public one."),
        autocapitalize="none", spellcheck="false")


class AnswerForm(PlainForm):
    """An answer, or the text of an appeal."""

    text = forms.CharField(label=_("Your answer"), max_length=REASON_TEXT_LENGTH_MAX,
                           widget=forms.Textarea(attrs={"rows": 6}))


class ConfirmForm(PlainForm):
    """A step that cannot be taken back, confirmed once."""

    confirm = forms.BooleanField(label=_("Yes, I want this"))


class EmptyForm(PlainForm):
    """A button."""
