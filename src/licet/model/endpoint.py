"""A server's end of a tunnel: address, transport and port (design: the exact thing that is registered or ordered).

Text forms: `192.0.2.10:51820/udp`, `[2001:db8::10]:1194/tcp`, `192.0.2.10/esp`. Addresses are printed as RFC 5952
says; an IPv4-mapped IPv6 address is the IPv4 address that it stands for.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import total_ordering

from licet.errors import Malformed

PORTLESS = ("esp", "ah", "gre", "l2tpip")
TRANSPORTS = ("udp", "tcp", *PORTLESS)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> IPAddress:
    """Read one IP address; an IPv4-mapped one becomes IPv4. Raises Malformed. A zone (`%eth0`) is not an address."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        raise Malformed(f"“{text}” is not an IP address; write one such as 192.0.2.10 or 2001:db8::10") from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise Malformed(f"“{text}” names an interface; write the address without %{address.scope_id}")
        return address.ipv4_mapped or address
    return address


def address_text(packed: bytes) -> str:
    """Print 4 or 16 bytes as RFC 5952 does."""
    if len(packed) == 4:
        a, b, c, d = packed
        return f"{a}.{b}.{c}.{d}"
    address = ipaddress.IPv6Address(packed)
    return str(address.ipv4_mapped or address)


@total_ordering
@dataclass(frozen=True, slots=True)
class Endpoint:
    """address: RFC 5952 text; transport: one of TRANSPORTS; port: 1–65535, None for transports without ports."""

    address: str
    transport: str
    port: int | None

    def sort_key(self) -> tuple[int, bytes, str, int]:
        """IPv4 before IPv6, then by number: the order in which tunnels and records are written."""
        packed = ipaddress.ip_address(self.address).packed
        return len(packed), packed, self.transport, self.port or 0

    def __lt__(self, other: Endpoint) -> bool:
        return self.sort_key() < other.sort_key()

    def __str__(self) -> str:
        if self.port is None:
            return f"{self.address}/{self.transport}"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}/{self.transport}"


def parse_endpoint(text: str) -> Endpoint:
    """Read `192.0.2.10:51820/udp`, `[2001:db8::10]:1194/tcp` or `192.0.2.10/esp`. Raises Malformed."""
    host, slash, transport = text.strip().rpartition("/")
    transport = transport.lower()
    if not slash or transport not in TRANSPORTS:
        raise Malformed(
            f"“{text}” does not name a transport; write ADDRESS:PORT/udp, ADDRESS:PORT/tcp or ADDRESS/esp"
        )
    if transport in PORTLESS:
        return Endpoint(str(parse_address(host.strip("[]"))), transport, None)
    address, port = split_port(host)
    if port is None:
        raise Malformed(f"“{text}” has no port; write ADDRESS:PORT/{transport} ([ADDRESS]:PORT for IPv6)")
    return Endpoint(str(parse_address(address)), transport, port)


def split_port(text: str) -> tuple[str, int | None]:
    """Split `host:port` and `[host]:port`; the port is None where there is none. Raises Malformed on a bad port."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port_text = rest.removeprefix(":") if rest else None
    elif text.count(":") == 1:
        host, _, port_text = text.partition(":")
    else:
        host, port_text = text, None
    if port_text is None:
        return host, None
    if not (port_text.isascii() and port_text.isdigit()) or not 1 <= int(port_text) <= 65535:
        raise Malformed(f"“{port_text}” in “{text}” is not a port; ports are 1 to 65535")
    return host, int(port_text)
