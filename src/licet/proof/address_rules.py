"""Which addresses a check may contact: those of the public internet, and prefixes that an owned network lists.

A registrant names the address, so a registry that contacted any would be their way into its own network (server-side
request forgery). `ipaddress.is_global` alone is not enough: it calls multicast, 6to4, NAT64 and, depending on Python's
version, newer documentation prefixes global. IPv4 inside IPv6 is judged by what it would reach, or refused.
Source: IANA's special-purpose registries (RFC 6890), RFC 9637, RFC 3056, RFC 6052.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from licet.errors import Malformed
from licet.model.endpoint import IPAddress, parse_address

Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network

EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
"""For a check that runs where the registrant stands: private addresses there are the registrant's own."""

_UNICAST6 = ipaddress.ip_network("2000::/3")
_REFUSED = tuple((ipaddress.ip_network(prefix), what) for prefix, what in (
    ("0.0.0.0/8", "no machine's address"),
    ("192.0.0.0/24", "kept for protocols"),
    ("192.88.99.0/24", "a former 6to4 relay"),
    ("240.0.0.0/4", "reserved"),
    ("64:ff9b::/96", "a translated IPv4 address (NAT64)"),
    ("64:ff9b:1::/48", "a translated IPv4 address (NAT64)"),
    ("2001::/23", "kept for protocols"),
    ("2001:db8::/32", "kept for documentation"),
    ("2002::/16", "an IPv4 address inside IPv6 (6to4)"),
    ("3fff::/20", "kept for documentation"),
))  # fmt: skip
_BROADCAST = ipaddress.ip_address("255.255.255.255")


def why_refused(text: str, allowed_prefixes: Sequence[Prefix] = ()) -> str | None:
    """Why an address is not to be contacted, as words that follow "it is", or None if it may be.

    allowed_prefixes: what an owned network lists; it opens everything in it but what is no single machine's address.
    An IPv4-mapped IPv6 address is judged as the IPv4 address that it stands for.
    """
    try:
        address = parse_address(text)
    except Malformed:
        return "not an address"
    if address.is_multicast or address.is_unspecified or address == _BROADCAST:
        return "not the address of one machine"
    if any(address.version == prefix.version and address in prefix for prefix in allowed_prefixes):
        return None
    return _why_not_global(address)


def _why_not_global(address: IPAddress) -> str | None:
    if address.is_loopback:
        return "the machine's own (loopback)"
    if address.is_link_local:
        return "link-local"
    for prefix, what in _REFUSED:
        if address.version == prefix.version and address in prefix:
            return what
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST6:
        return "not a global address"
    if not address.is_global:
        return "private" if address.is_private else "not a global address"
    return None
