"""Reading an endpoint as it was filled in: an exact address, transport, port and protocol, or a server's key, or both.

A public registry takes addresses that everybody can reach. A home's address is not published there: it is registered
by key, or with a service that is not listed.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from licet.errors import Malformed
from licet.lifecycle.application import RESIDENTIAL_ENDPOINT
from licet.model.endpoint import PORTLESS, TRANSPORTS
from licet.model.family import PROTOCOL_WORDS
from licet.server.registry.models import Endpoint, Service
from licet.server.registry.service_layer.actors import registry
from licet.server.registry.service_layer.errors import Invalid, refuse_where
from licet.server.registry.service_layer.fields import Fields
from licet.snapshot.entry import decode_wireguard_key, mac1_key, parse_entry, parse_server_address

FIELDS = frozenset({
    "address", "transport", "port", "tunnel_protocol", "name", "public_key", "endpoint_class", "proof_address",
    "proof_port",
})
WIREGUARD = "wireguard"
RESIDENTIAL = "residential"
CLASSES = tuple(one for one, _title in Endpoint.CLASSES)

# Kept for documentation (RFC 5737, RFC 3849): nobody has them, so a real registry takes none.
DOCUMENTATION = tuple(map(ipaddress.ip_network, (
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32",
)))


@dataclass(frozen=True)
class Described:
    """The checked fields of an endpoint, ready for its row. address: None for a key alone; entry_text: "" then."""

    address: str | None
    transport: str
    port: int | None
    tunnel_protocol: str
    name: str
    endpoint_class: str
    public_key: str
    mac1_key: str
    entry_text: str
    proof_address: str | None
    proof_port: int | None


def read_endpoint(service: Service, values: dict[str, Any]) -> Described:
    """values: any of FIELDS. Raises Invalid with a sentence for each field that is wrong."""
    fields = Fields(values, FIELDS)
    protocol = fields.word("tunnel_protocol", PROTOCOL_WORDS, WIREGUARD)
    key = fields.text("public_key", 64)
    key_digest = _read_key(fields, key, protocol)
    address = _address(fields, "address")
    transport = fields.word("transport", TRANSPORTS, "udp")
    port = fields.number("port", 1, 65_535)
    entry_text = ""
    if address is not None:
        entry_text = _read_entry(fields, address, transport, port, protocol)
    elif not key and "address" not in fields.problems:
        fields.problems["address"] = _("Enter the address of the server, or the public key of a WireGuard server.")
    proof_address = _address(fields, "proof_address") if address is None else None
    proof_port = fields.number("proof_port", 1, 65_535) if address is None else None
    endpoint_class = fields.word("endpoint_class", CLASSES, "unknown")
    name = fields.dns_name("name")
    if endpoint_class == RESIDENTIAL and address is not None and service.is_listed and not registry().is_owned:
        fields.problems["endpoint_class"] = _(
            "A home's address is not published. Register by key instead, or make the service unlisted.")
    refuse_where(fields.problems)
    is_portless = address is None or transport in PORTLESS
    return Described(
        address=address, transport="" if address is None else transport, port=None if is_portless else port,
        tunnel_protocol=protocol, name=name, endpoint_class=endpoint_class, public_key=key, mac1_key=key_digest,
        entry_text=entry_text, proof_address=proof_address, proof_port=proof_port,
    )


def read_key(key: str) -> str:
    """The mac1 key of a WireGuard public key as it was filled in. Raises Invalid."""
    fields = Fields({"public_key": key}, FIELDS)
    text = fields.text("public_key", 64, required=True)
    digest = _read_key(fields, text, WIREGUARD)
    refuse_where(fields.problems)
    return digest


def refuse_taken(service: Service, key_digest: str, entry_text: str, but: Endpoint | None = None) -> None:
    """Raises Invalid where the service has the same end or key already, or another service has proven it. but: an
    endpoint that is left out, because it is the one being changed."""
    others = Endpoint.objects.filter(dropped_at=None)
    if but is not None:
        others = others.exclude(pk=but.pk)
    for field, column, value in (("address", "entry_text", entry_text), ("public_key", "mac1_key", key_digest)):
        if not value:
            continue
        same = others.filter(**{column: value})
        # One key at several addresses is one server with several addresses; one key alone is there once.
        is_one_server = column == "mac1_key" and entry_text
        own = same.filter(service=service).exclude(state__in=("gone", "inactive", "invalid"))
        if not is_one_server and own.exists():
            raise Invalid({field: _("This service has it already.")})
        holder = same.filter(state="valid").exclude(service=service).select_related("service").first()
        if holder is not None:
            raise Invalid({field: _("%(handle)s has proven this already. If it is yours now, ask the registry.") % {
                "handle": holder.service.handle}})


def refuse_listed_homes(service: Service) -> None:
    """Raises Invalid where a service that is to be listed has the address of a home. Public registries only."""
    homes = service.endpoints.filter(endpoint_class=RESIDENTIAL, dropped_at=None).exclude(address=None)
    if service.is_listed and not registry().is_owned and homes.exclude(state="gone").exists():
        raise Invalid({"is_listed": _(
            "It has the address of a home (%(code)s). Leave it unlisted, or register it by key.") % {
                "code": RESIDENTIAL_ENDPOINT}})


def address_problem(text: str) -> str | None:
    """Why an address cannot be registered here, or None where it can."""
    address = ipaddress.ip_address(text)
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return _("This is not the address of a server that others can reach.")
    is_owned, prefixes = registry().is_owned, settings.DEPLOYMENT.prefixes
    if is_owned and any(address in prefix for prefix in prefixes):
        return None
    if any(address in network for network in DOCUMENTATION):
        return None if settings.LICET_DOCUMENTATION_ADDRESSES else _("This address is kept for documentation.")
    if is_owned:
        if address.is_global or not prefixes:
            return None
        return _("This private address is in none of the prefixes of this network (licet.toml).")
    return None if address.is_global else _("This is a private address: nobody else can reach it. Enter a public one.")


def _address(fields: Fields, name: str) -> str | None:
    text = fields.text(name, 45)
    if not text:
        return None
    try:
        address = parse_server_address(text)
    except Malformed:
        fields.problems[name] = _(
            "This is not the address of one server; write one such as 192.0.2.10 or 2001:db8::10.")
        return None
    problem = address_problem(address)
    if problem is not None:
        fields.problems[name] = problem
    return address


def _read_key(fields: Fields, key: str, protocol: str) -> str:
    if not key:
        return ""
    if protocol != WIREGUARD:
        fields.problems["public_key"] = _("Only a WireGuard server has such a key.")
        return ""
    try:
        return mac1_key(decode_wireguard_key(key))
    except Malformed:
        fields.problems["public_key"] = _(
            "A WireGuard public key is 44 characters of base64. `wg show INTERFACE public-key` prints the server's.")
        return ""


def _read_entry(fields: Fields, address: str, transport: str, port: int | None, protocol: str) -> str:
    """Address, port and protocol in one form; notes a problem where they do not fit together."""
    if transport not in PORTLESS and port is None:
        fields.problems.setdefault("port", _("Enter the port on which the server listens."))
        return ""
    host = f"[{address}]" if ":" in address else address
    place = f"{host}/{transport}" if transport in PORTLESS else f"{host}:{port}/{transport}"
    try:
        return str(parse_entry(f"{place} {protocol}"))
    except Malformed:
        fields.problems.setdefault("transport", _("%(protocol)s is not carried by %(transport)s.") % {
            "protocol": protocol, "transport": transport})
        return ""
