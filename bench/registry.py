"""A seeded registry as its snapshot: a million lines, written in order without holding them.

70 % of the endpoints are IPv4; some are prefixes, some WireGuard keys without an address. Places are drawn in order:
the gaps between them are random, so that nothing has to be sorted. Hosts of IPv6 come in threes in one /64, as they do.
"""

from __future__ import annotations

import hashlib
import ipaddress
import random
from collections.abc import Iterator
from pathlib import Path

from licet.model.registration import Record
from licet.snapshot.form import Header, write_form
from licet.snapshot.record_line import record_line

IPV4_SHARE, PREFIX_SHARE, KEY_SHARE, NAME_SHARE = 0.70, 0.02, 0.20, 0.10
RECORDS_PER_SERVICE = 3
PROTOCOLS = (("udp", 51820, "wireguard"), ("udp", 1194, "openvpn"), ("tcp", 443, "sstp"), ("udp", 500, "ipsec-ike"))

_DAY_NS = 86_400 * 1_000_000_000
_FROM_NS = 20_454 * _DAY_NS  # 2026-01-01
_V4_FIRST, _V4_END = 1 << 24, 223 << 24
_V6_FIRST, _V6_END = 0x2001 << 112, 0x2A10 << 112


def write_registry(path: Path, records: int, seed: int) -> None:
    """Write the snapshot of a registry with so many records; the same seed gives the same bytes."""
    rng = random.Random(seed)
    with open(path, "wb") as file:
        header = write_form(Header(serial=1, registry="Example Registry"), ())
        file.write(header.replace(b'"records":0', b'"records":%d' % records))
        file.writelines(map(record_line, _records(records, rng)))


def public_key(number: int) -> bytes:
    """A server's public key; the registry holds those from 0 on."""
    return hashlib.sha256(b"server %d" % number).digest()


def _records(count: int, rng: random.Random) -> Iterator[Record]:
    services = max(1, count // RECORDS_PER_SERVICE)
    keys = sorted(hashlib.blake2s(b"mac1----" + public_key(number)).hexdigest()
                  for number in range(int(count * KEY_SHARE)))
    for key in keys:
        yield _record(rng, services, mac1_key=key)
    v4 = int((count - len(keys)) * IPV4_SHARE)
    for address in _v4(v4, rng):
        yield _record(rng, services, address=address)
    for address in _v6(count - len(keys) - v4, rng):
        yield _record(rng, services, address=address)


def _v4(count: int, rng: random.Random) -> Iterator[str]:
    """One a gap; half of those behind a prefix are moved into it."""
    gap = (_V4_END - _V4_FIRST) // count
    prefix: ipaddress.IPv4Network | None = None
    for index in range(count):
        start = _V4_FIRST + index * gap
        if rng.random() < PREFIX_SHARE:
            length = rng.randint(24, 30)
            size = 1 << 32 - length
            prefix = ipaddress.IPv4Network((-(-start // size) * size, length))
            yield str(prefix)
        elif prefix is not None and rng.random() < 0.5:
            yield str(prefix[rng.randrange(prefix.num_addresses)])
            prefix = None
        else:
            yield str(ipaddress.IPv4Address(start + rng.randrange(gap)))
            prefix = None


def _v6(count: int, rng: random.Random) -> Iterator[str]:
    gap = (_V6_END - _V6_FIRST) // count
    for index in range(0, count, 3):
        site = (_V6_FIRST + index * gap + rng.randrange(gap)) >> 64 << 64
        hosts = sorted(rng.sample(range(1, 1 << 16), min(3, count - index)))
        for host in hosts:
            if host == hosts[0] and rng.random() < 3 * PREFIX_SHARE:
                yield str(ipaddress.ip_network((site, 64)))
            else:
                yield str(ipaddress.IPv6Address(site + host))


def _record(rng: random.Random, services: int, address: str | None = None, mac1_key: str | None = None) -> Record:
    service = f"SVC-{rng.randrange(services):06X}"
    until_ns = _FROM_NS + rng.randint(30, 730) * _DAY_NS
    if address is None or "/" in address:
        protocol = "wireguard" if address is None else "ipsec"
        return Record(address, None, None, protocol, mac1_key, None, service, "ok", _FROM_NS, until_ns)
    transport, port, protocol = rng.choice(PROTOCOLS)
    name = f"vpn{rng.randrange(services)}.example.net" if rng.random() < NAME_SHARE else None
    return Record(address, transport, port, protocol, None, name, service, "ok", _FROM_NS, until_ns)
