"""The look-up, answered from the database as it is now, with the logic of `licet lookup` (app/lookup).

A service that is not listed, or not decided yet, is answered exactly and shown without details. By a service's or an
organisation's name only what is listed is found: a name is no exact question, and who keeps a service unlisted does not
want it to be found by one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from licet.app.lookup import Match, Query, decide, matches_in, parse_query
from licet.errors import Malformed, Refused
from licet.lifecycle.application import PROVISIONAL
from licet.model.canonical import moment_ns
from licet.model.registration import Record
from licet.model.verdict import CONFLICT, REGISTERED, UNREGISTERED
from licet.server.public import words
from licet.server.registry.models import Endpoint, Service
from licet.server.registry.publish import ATTESTED, records_at
from licet.server.registry.service_layer.endpoint_fields import address_problem
from licet.server.registry.service_layer.errors import refuse_where
from licet.server.registry.service_layer.fields import Fields

QUERY_LENGTH_MAX = 300
SERVICES_MAX = 50  # of one answer; an organisation can have more, and the directory pages through them
PLACES_MAX = 12  # shown of one service

_PAGE = re.compile(r"https?://(\[[^\]]*\]|[^/?#:]+)(?::\d+)?(?:[/?#].*)?", re.IGNORECASE)
_NAME_AND_PORT = re.compile(r"([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]*\.?):\d{1,5}(?:/(?:udp|tcp))?")
_NO_TRANSPORT = re.compile(r"(?:[0-9.]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")
_LIKE_A_KEY = re.compile(r"(?:wireguard:.*|[A-Za-z0-9+/=]{40,60})", re.IGNORECASE)
_BEST_FIRST = (REGISTERED, CONFLICT, UNREGISTERED)


class LiveRecords:
    """The records of the database at one moment, for `matches_in`. `is_cut`: more services fit than SERVICES_MAX."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.services: dict[str, Service] = {}
        self.is_cut = False

    def at_address(self, address: str) -> tuple[Record, ...]:
        """Records of an address."""
        found = self._records(self._endpoints(Q(address=address)))
        return tuple(record for record in found if record.address == address)

    def by_mac1_key(self, mac1_key: str) -> tuple[Record, ...]:
        """Records of a key, also of one that was replaced lately."""
        found = self._records(self._endpoints(Q(mac1_key=mac1_key) | Q(old_mac1_key=mac1_key)))
        return tuple(record for record in found if record.mac1_key == mac1_key)

    def by_service(self, handle: str) -> tuple[Record, ...]:
        """All records of a service."""
        return tuple(self._records(Service.objects.filter(handle=handle).values_list("pk", flat=True)))

    def by_name(self, text: str) -> tuple[Record, ...]:
        """Records of a DNS name, or of a listed service or organisation that is called so."""
        wanted = text.strip().casefold().rstrip(".")
        named = Endpoint.objects.filter(dropped_at=None, name=wanted)
        places = {entry for pair in named.values_list("address", "mac1_key") for entry in pair if entry}
        found = self._records(self._endpoints(Q(name=wanted)))
        records = [record for record in found if places & {record.address, record.mac1_key}]
        called = Q(name__iexact=text.strip()) | Q(organisation__name__iexact=text.strip())
        listed = Service.objects.filter(called, is_listed=True, is_attested=False)
        records += [record for record in self._records(listed.order_by("pk").values_list("pk", flat=True))
                    if is_shown(self.services[record.service], record.status)]
        return tuple(dict.fromkeys(records))

    def title_of(self, handle: str) -> str:
        """A service's name for people."""
        return self.services[handle].name

    def operator_of(self, handle: str) -> str:
        """Who answers for it."""
        organisation = self.services[handle].organisation
        return "" if organisation is None else organisation.name

    def _endpoints(self, where: Q) -> Iterable[int]:
        found = Endpoint.objects.filter(where, dropped_at=None)
        return found.order_by("service_id").values_list("service_id", flat=True).distinct()

    def _records(self, keys: Iterable[int]) -> list[Record]:
        some: Collection[int] = list(keys[: SERVICES_MAX + 1])  # type: ignore[index]  # a query, cut by the database
        if len(some) > SERVICES_MAX:
            self.is_cut, some = True, list(some)[:SERVICES_MAX]
        if not some:
            return []
        for service in Service.objects.filter(pk__in=some).select_related("organisation"):
            self.services[service.handle] = service
        return records_at(self.at, some)


@dataclass(frozen=True, slots=True)
class FoundService:
    """One service of an answer. service: None where its details are not shown; places: of its endpoints, in words;
    more: how many places are left out."""

    service: Service | None
    status: words.Meaning
    places: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Found:
    """query: as it was understood; answer: REGISTERED, CONFLICT or UNREGISTERED; matches: of services that are shown;
    hidden: how many are not; both_transports: none was given, so both were tried; is_unregistrable: an address that
    nobody could register here; is_on_hold: a conflict because of a hold; is_attested: the owner of the network entered
    it, and nobody proved it; is_cut: there are more."""

    query: Query
    answer: str
    services: tuple[FoundService, ...]
    matches: tuple[Match, ...]
    hidden: int
    both_transports: bool
    is_unregistrable: bool
    is_on_hold: bool
    is_attested: bool
    is_cut: bool
    at: datetime


def find(text: str, at: datetime) -> Found:
    """Answer a look-up. Raises Invalid with one sentence for `q`, where it is nothing that can be looked up."""
    queries = _queries(_checked(text))
    records = LiveRecords(at)
    answers = []
    for query in queries:
        answer, matches = decide(matches_in(records, query, "", moment_ns(at)))
        answers.append((_BEST_FIRST.index(answer), query, answer, matches))
    _rank, query, answer, matches = min(answers, key=lambda one: one[0])
    if answer == REGISTERED:
        # What the address is registered for besides would only puzzle who asked for one endpoint.
        matches = tuple(match for match in matches if match.answers and match.counts)
    services = _services(records, matches)
    shown = {one.service.handle for one in services if one.service is not None}
    return Found(
        query=query, answer=answer, services=services,
        matches=tuple(match for match in matches if match.record.service in shown),
        hidden=len(services) - len(shown), both_transports=len(queries) > 1 and answer != REGISTERED,
        is_unregistrable=answer == UNREGISTERED and _is_unregistrable(query),
        is_on_hold=answer == CONFLICT and any(one.status.kind == "attention" for one in services),
        is_attested=bool(services) and all(one.status is words.ATTESTED for one in services),
        is_cut=records.is_cut, at=at)


def is_shown(service: Service, status: str) -> bool:
    """True where a service's details may be shown: it is listed and decided."""
    return service.is_listed and not service.is_attested and status != PROVISIONAL


def status_of(service: Service, status: str) -> words.Meaning:
    """What the status of a record means. A stale proof is said beside the endpoint, not of the whole service."""
    if status == PROVISIONAL:
        return words.PROVISIONAL
    if status == ATTESTED:
        return words.ATTESTED
    if not service.is_listed and status != "serverHold":
        return words.UNLISTED
    return words.REGISTRATIONS.get(status, words.REGISTRATIONS["ok"])


def _is_unregistrable(query: Query) -> bool:
    """True for an address that nobody could register here: private, or kept for something else."""
    try:
        return query.address is not None and address_problem(query.address) is not None
    except Refused:  # there is no registry yet
        return False


def place_text(record: Record) -> str:
    """“192.0.2.10:51820/udp, wireguard”."""
    if record.address is None:
        return _("a WireGuard key, at any address")
    host = f"[{record.address}]" if ":" in record.address and record.port is not None else record.address
    port = "" if record.port is None else f":{record.port}"
    transport = "" if record.transport is None else f"/{record.transport}"
    return f"{host}{port}{transport}, {record.protocol}"


def _services(records: LiveRecords, matches: Iterable[Match]) -> tuple[FoundService, ...]:
    grouped: dict[str, list[Record]] = {}
    for match in matches:
        grouped.setdefault(match.record.service, []).append(match.record)
    found = []
    for handle, its in grouped.items():
        service = records.services[handle]
        status = status_of(service, its[0].status)
        if is_shown(service, its[0].status):
            places = [place_text(record) for record in its]
            found.append(FoundService(service, status, tuple(places[:PLACES_MAX]), max(0, len(places) - PLACES_MAX)))
        else:
            found.append(FoundService(None, status, (), 0))
    return tuple(found)


def _checked(text: str) -> str:
    """The text without blanks around it, a page's address cut to its host. Raises Invalid."""
    fields = Fields({"q": text}, frozenset({"q"}))
    checked = fields.text("q", QUERY_LENGTH_MAX, required=True)
    refuse_where(fields.problems)
    page = _PAGE.fullmatch(checked)
    if page is not None:
        return page[1].strip("[]")
    named = _NAME_AND_PORT.fullmatch(checked)
    return checked if named is None else named[1]


def _queries(text: str) -> list[Query]:
    """What is asked for; both transports where an address and a port were given and no transport. Raises Invalid."""
    texts = [f"{text}/udp", f"{text}/tcp"] if _NO_TRANSPORT.fullmatch(text) else [text]
    try:
        queries = [parse_query(one) for one in texts]
    except Malformed:
        refuse_where({"q": _problem(text)})
        raise
    is_slip = _LIKE_A_KEY.fullmatch(text) or (":" in text and not re.search(r"\s", text))
    if queries[0].kind == "name" and is_slip:
        # A key that was cut short or an address with a zone is no name: “not registered” would answer something else.
        refuse_where({"q": _problem(text)})
    return queries


def _problem(text: str) -> str:
    """Why a text cannot be looked up, in one sentence."""
    if _LIKE_A_KEY.fullmatch(text):
        return _("This is not a WireGuard public key: one has 44 characters of base64, and the last of them is “=”.")
    if "/" in text:
        return _("“%(text)s” is not one server: write one address, such as 192.0.2.10, or with its port and transport, "
                 "such as 192.0.2.10:51820/udp.") % {"text": text}
    return _("“%(text)s” is not an address: write one such as 192.0.2.10 or 2001:db8::10, with the port if you know "
             "it: 192.0.2.10:51820 or [2001:db8::10]:51820.") % {"text": text}
