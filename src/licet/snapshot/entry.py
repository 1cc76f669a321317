"""One endpoint or one key of a service, as people write it in `registry.toml` (design §4).

    192.0.2.10:51820/udp wireguard              one port of one address
    [2001:db8::10]:1194/udp openvpn             the same for IPv6, in brackets
    192.0.2.1/esp ipsec-esp                     a transport that has no ports
    192.0.2.10 ipsec                            every port of an address
    192.0.2.0/28 ipsec                          every address of a prefix
    192.0.2.10:443/tcp sstp vpn.example.net     with the DNS name that clients are given
    wireguard:BASE64                            a server's public key (in `keys`)

Names are never resolved here. A WireGuard key is turned into its mac1 key at once (protocols: WireGuard whitepaper
§5.4.4) and not kept: what is left can recognise an initiation to that server, and cannot be used to connect to it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from dataclasses import dataclass

from licet.errors import Malformed
from licet.model.endpoint import PORTLESS, TRANSPORTS, parse_address, split_port
from licet.model.family import PROTOCOL_WORDS
from licet.snapshot.place import PREFIX_LENGTH_MIN

WIREGUARD_KEY_BYTES = 32
NAME_LENGTH_MAX = 253  # RFC 1035 §2.3.4, in text form

_NAME_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")

# Where each protocol can be: “51820/tcp wireguard” is a typing error that would otherwise show as a conflict.
_ANY_PORT = ("udp", "tcp")
_TRANSPORTS_OF = {
    "wireguard": ("udp",), "openvpn": _ANY_PORT, "ipsec": ("udp", "tcp", "esp", "ah"), "ipsec-ike": _ANY_PORT,
    "ipsec-esp": ("esp", "udp", "tcp"), "ipsec-ah": ("ah",), "l2tp": ("udp", "l2tpip"), "pptp": ("tcp", "gre"),
    "gre": ("gre",), "sstp": ("tcp",), "anyconnect": _ANY_PORT, "globalprotect": ("udp", "tcp", "esp"),
    "fortinet": _ANY_PORT, "tailscale": _ANY_PORT, "zerotier": _ANY_PORT, "nebula": ("udp",),
    "softether": _ANY_PORT, "tinc": _ANY_PORT, "other-vpn": TRANSPORTS,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """address: RFC 5952 text of an address or a prefix; transport and port: None where left open; protocol: one of
    PROTOCOL_WORDS; name: a DNS name in lower case, or None."""

    address: str
    transport: str | None
    port: int | None
    protocol: str
    name: str | None = None

    def __str__(self) -> str:
        """The form that `parse_entry` reads back."""
        host = f"[{self.address}]" if ":" in self.address and "/" not in self.address else self.address
        port = "" if self.port is None else f":{self.port}"
        transport = "" if self.transport is None else f"/{self.transport}"
        name = "" if self.name is None else f" {self.name}"
        return f"{host}{port}{transport} {self.protocol}{name}"


def parse_entry(text: str) -> Entry:
    """Read one endpoint of a service. Raises Malformed with a sentence that says what was expected."""
    words = text.split()
    if len(words) not in (2, 3):
        raise Malformed(f"“{text}” is not an endpoint; write an address and a protocol, such as "
                        "“192.0.2.10:51820/udp wireguard”")
    protocol = words[1].lower()
    if protocol not in PROTOCOL_WORDS:
        raise Malformed(f"“{words[1]}” is not a protocol; known are {', '.join(PROTOCOL_WORDS)}")
    address, transport, port = _parse_place(words[0])
    if transport is not None and transport not in _TRANSPORTS_OF[protocol]:
        known = " or ".join(_TRANSPORTS_OF[protocol])
        raise Malformed(f"“{text}”: {protocol} is carried by {known}, not by {transport}")
    name = parse_name(words[2]) if len(words) == 3 else None
    return Entry(address, transport, port, protocol, name)


def _parse_place(text: str) -> tuple[str, str | None, int | None]:
    """Address or prefix, transport, port."""
    host, slash, tail = text.rpartition("/")
    if not slash:
        return _parse_bare(text), None, None
    if tail.isascii() and tail.isdigit():
        return parse_prefix(text), None, None
    transport = tail.lower()
    if transport not in TRANSPORTS:
        raise Malformed(f"“{tail}” in “{text}” is neither a transport nor a prefix length; transports are "
                        f"{', '.join(TRANSPORTS)}")
    if transport in PORTLESS:
        return _parse_portless(text, host), transport, None
    if not host.startswith("[") and host.count(":") > 1:
        raise Malformed(f"“{text}”: write an IPv6 address in brackets before its port, such as "
                        f"[2001:db8::10]:1194/{transport}")
    address, port = split_port(host)
    if port is None:
        raise Malformed(f"“{text}” has no port; write ADDRESS:PORT/{transport}, or ADDRESS alone for every port")
    return parse_server_address(address), transport, port


def _parse_bare(text: str) -> str:
    """An address alone. IPv6 needs brackets, or a forgotten transport would turn a port into part of the address."""
    if text.count(":") > 1 and not text.startswith("["):
        raise Malformed(f"“{text}”: write an IPv6 address in brackets, such as [2001:db8::10], or a prefix with its "
                        "length")
    address, port = split_port(text)
    if port is not None:
        raise Malformed(f"“{text}” has a port without a transport; write {text}/udp or {text}/tcp")
    return parse_server_address(address)


def _parse_portless(text: str, host: str) -> str:
    bracketed = host.startswith("[") and host.endswith("]")
    if not bracketed and host.count(":") == 1:
        raise Malformed(f"“{text}” has a port, but that transport has none; write {host.partition(':')[0]}"
                        f"/{text.rpartition('/')[2]}")
    return parse_server_address(host[1:-1] if bracketed else host)


def parse_server_address(text: str) -> str:
    """Read the address of one server and print it as RFC 5952 does. Raises Malformed."""
    address = parse_address(text)
    if address.is_unspecified or address.is_multicast:
        raise Malformed(f"“{text}” is not the address of one server")
    return str(address)


def parse_prefix(text: str) -> str:
    """Read `192.0.2.0/28` or `2001:db8::/48`; one that holds a single address becomes that address. Raises Malformed.

    Bits after the prefix are refused, because `192.0.2.10/28` may be meant as one address or as sixteen.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Malformed(f"“{text}” is not a prefix; write one such as 192.0.2.0/28 or 2001:db8::/48") from None
    host = text.partition("/")[0]
    if parse_address(host).version != network.version:
        raise Malformed(f"“{text}” is an IPv4 address inside IPv6; write the IPv4 prefix")
    if str(network.network_address) != str(parse_address(host)):
        raise Malformed(f"“{text}” has bits set after its prefix; write {network} for all of it, or {host} for one "
                        "address")
    length_min = PREFIX_LENGTH_MIN[network.version]
    if network.prefixlen < length_min:
        raise Malformed(f"“{text}” is too wide; the widest prefix here is /{length_min}")
    if network.num_addresses == 1:
        return parse_server_address(host)
    return str(network)


def parse_name(text: str) -> str:
    """Read a DNS name, in lower case and without the last dot. Raises Malformed. Names beyond ASCII are written in
    their `xn--` form (RFC 5890), as the wire has them."""
    name = text.lower().rstrip(".")
    labels = name.split(".")
    if len(name) > NAME_LENGTH_MAX or len(labels) < 2 or not all(_NAME_LABEL.fullmatch(label) for label in labels):
        raise Malformed(f"“{text}” is not a DNS name; write one such as vpn.example.net")
    return name


def parse_key(text: str) -> str:
    """Read `wireguard:BASE64` and return its mac1 key, 64 hex digits. Raises Malformed.

    A private key has the same shape as a public one and cannot be told apart; the documentation says which to use.
    """
    protocol, colon, encoded = text.strip().partition(":")
    if not colon or protocol.lower() != "wireguard":
        raise Malformed("a key is written as “wireguard:” and the server's public key in base64")
    return mac1_key(decode_wireguard_key(encoded))


def decode_wireguard_key(encoded: str) -> bytes:
    """Read a WireGuard public key, 44 characters of base64. Raises Malformed; the sentence never repeats the key."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != WIREGUARD_KEY_BYTES or base64.b64encode(key).decode() != encoded or not any(key):
        raise Malformed(f"a WireGuard public key is 44 characters of base64 (32 bytes); this has {len(encoded)} "
                        "characters or is not base64. `wg show INTERFACE public-key` prints it")
    return key


def mac1_key(public_key: bytes) -> str:
    """BLAKE2s-256 of "mac1----" and a server's public key, in hex: it keys the mac1 of initiations to that server."""
    return hashlib.blake2s(b"mac1----" + public_key).hexdigest()
