"""The directory: every service that is registered and wants to be found, by name, with filters.

Not in it: what is not listed, not decided yet, or entered by the owner of a network without proof.
"""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from licet.lifecycle import registration
from licet.lifecycle.endpoint_proof import COUNTING
from licet.model.family import FAMILIES, PROTOCOL_WORDS
from licet.server.public import words
from licet.server.registry.models import Endpoint, Organisation, Registration, Service
from licet.server.registry.service_layer.listings import listed_services

A_PAGE = 50
TEXT_LENGTH_MAX = 100

# The words of registrations themselves, where no recogniser has a title for them.
_PROTOCOL_TITLES: dict[str, words.Text] = {
    **{word: word for word in PROTOCOL_WORDS},
    **{name: family.title for name, family in FAMILIES.items()},
    "ipsec": "IPsec", "l2tp": "L2TP", "sstp": "SSTP", "anyconnect": "AnyConnect", "globalprotect": "GlobalProtect",
    "fortinet": "Fortinet", "tailscale": "Tailscale", "zerotier": "ZeroTier", "nebula": "Nebula",
    "softether": "SoftEther", "tinc": "tinc", "other-vpn": _("other"),
}


def protocol_title(word: str) -> str:
    """How a protocol is written where people read."""
    return str(_PROTOCOL_TITLES.get(word, word))


class DirectoryForm(forms.Form):
    """What the directory is filtered by. It is sent as part of the address, so that a result can be passed on."""

    q = forms.CharField(label=_("Name"), required=False, max_length=TEXT_LENGTH_MAX,
                        help_text=_("Part of the name of a service or of its operator"))
    protocol = forms.ChoiceField(label=_("Protocol"), required=False)
    jurisdiction = forms.ChoiceField(label=_("Country of law"), required=False)
    duty = forms.ChoiceField(label=_("Duty to intercept"), required=False, choices=[
        ("", _("All")), (Service.NO, _("None known")), (Service.YES, _("Yes")), (Service.UNKNOWN, _("Not said"))])

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        self._choose("protocol", [(one, protocol_title(one)) for one in PROTOCOL_WORDS])
        self._choose("jurisdiction", [(one, one) for one in jurisdictions()])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All")), *choices]


@dataclass(frozen=True, slots=True)
class Row:
    """One service of a page of the directory."""

    service: Service
    status: words.Meaning
    protocols: tuple[str, ...]
    duty: tuple[words.Text, str]


def jurisdictions() -> list[str]:
    """The countries of law that organisations stand under, as ISO 3166 codes."""
    return list(Organisation.objects.exclude(jurisdiction="").order_by("jurisdiction")
                .values_list("jurisdiction", flat=True).distinct())


def filtered(wanted: dict[str, str]) -> QuerySet[Service]:
    """The services that fit, by name. wanted: cleaned values of DirectoryForm."""
    found = listed_services()
    if text := wanted.get("q", ""):
        found = found.filter(Q(name__icontains=text) | Q(organisation__name__icontains=text) | Q(handle__iexact=text))
    if duty := wanted.get("duty", ""):
        found = found.filter(interception_duty=duty)
    if jurisdiction := wanted.get("jurisdiction", ""):
        found = found.filter(organisation__jurisdiction=jurisdiction)
    if protocol := wanted.get("protocol", ""):
        found = found.filter(Exists(Endpoint.objects.filter(
            service=OuterRef("pk"), tunnel_protocol=protocol, state__in=COUNTING)))
    return found.order_by(Lower("name"), "handle")


def page_of(found: QuerySet[Service], number: str) -> tuple[Page[Service], list[Row]]:
    """One page, and its rows. Four queries, however many rows."""
    ready = found.select_related("organisation").prefetch_related(
        Prefetch("endpoints", Endpoint.objects.filter(state__in=COUNTING).only("service_id", "tunnel_protocol")),
        Prefetch("registrations", Registration.objects.exclude(state__in=registration.OVER)))
    page = Paginator(ready, A_PAGE).get_page(number)
    return page, [_row(service) for service in page.object_list]


def _row(service: Service) -> Row:
    protocols = sorted({protocol_title(one.tunnel_protocol) for one in service.endpoints.all()})
    states = [one.state for one in service.registrations.all()]
    # Between two queries a registration may have ended.
    status = words.REGISTRATIONS[states[0]] if states else words.ENDED
    return Row(service, status, tuple(protocols), words.DUTIES[service.interception_duty])
