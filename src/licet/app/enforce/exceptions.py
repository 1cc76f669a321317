"""What this machine's owner takes out by hand, and what is this machine's own: none of it is ever enforced against.

    # exceptions.txt: one a line, and it can only remove
    203.0.113.66:51820/udp
    198.51.100.0/24
"""

from __future__ import annotations

import ipaddress
import re

from licet.app.config import Config
from licet.enforce.base import Network
from licet.enforce.shield import Excepted
from licet.errors import BadFile, Malformed
from licet.model.endpoint import Endpoint, parse_endpoint
from licet.snapshot.store import read_bytes

EXCEPTIONS_BYTES_MAX = 16 * 1024 * 1024
SYSTEM_BYTES_MAX = 4 * 1024 * 1024

_LOCAL_V4 = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")
_NAME_SERVER = re.compile(r"^nameserver\s+([0-9a-fA-F:.]+)", re.MULTILINE)
_HOST = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+)")


def load_excepted(config: Config, matched: dict[Endpoint, int]) -> Excepted:
    """The exceptions of licet.toml, the addresses of this machine, its name servers, and the registry's where it is
    named by address. Raises BadFile where the exceptions cannot be read: nobody knows then what to leave out."""
    endpoints: set[Endpoint] = set()
    prefixes: list[Network] = []
    path = config.enforce.exceptions
    if path:
        text = read_bytes(path, EXCEPTIONS_BYTES_MAX).decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            _take(path, number, line.partition("#")[0].strip(), endpoints, prefixes)
    return Excepted(frozenset(endpoints), tuple(prefixes), own_addresses(config), matched)


def _take(path: str, number: int, words: str, endpoints: set[Endpoint], prefixes: list[Network]) -> None:
    if not words:
        return
    try:
        prefixes.append(ipaddress.ip_network(words, strict=False))
    except ValueError:
        try:
            endpoints.add(parse_endpoint(words))
        except Malformed as error:
            raise BadFile(path, f"{error}; a prefix such as 198.51.100.0/24 is understood too", number) from None


def own_addresses(config: Config) -> frozenset[str]:
    """Addresses of this machine, of its name servers, and of the registry."""
    found = set(_LOCAL_V4.findall(_system("/proc/net/fib_trie")))
    for line in _system("/proc/net/if_inet6").splitlines():
        found.add(str(ipaddress.IPv6Address(bytes.fromhex(line.split()[0]))))
    found.update(_NAME_SERVER.findall(_system("/etc/resolv.conf")))
    for place in (config.enforce.log, config.enforce.orders, config.server.url or ""):
        found.update(host.strip("[]") for host in _HOST.findall(place))
    return frozenset(found)


def _system(path: str) -> str:
    """A file of the system; "" where there is none."""
    try:
        return read_bytes(path, SYSTEM_BYTES_MAX).decode("ascii", "replace")
    except BadFile:
        return ""
