"""What is never enforced against, whatever an order says: the registered, and what the operator excepts.

Allow wins every tie, so this is wider than what a verdict calls registered: a registration shields whatever stands on
its address and port, of whatever protocol; on hold it shields too; and it shields for thirty days after it has left the
registry, so that nobody who takes over a registry can first strike somebody off and then act (lifecycle §6, 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from licet.enforce.base import Network
from licet.model.endpoint import PORTLESS, Endpoint, IPAddress, parse_address
from licet.model.registration import COUNTING, ON_HOLD, Record

SHIELDING = COUNTING | {ON_HOLD, "attested"}
REMEMBERED_NS = 30 * 86_400 * 1_000_000_000
IKE_PORTS = (500, 4500)  # who registers one has both (RFC 7296 §2.23)
NAME_SERVER_PORT = 53


class Registers(Protocol):
    """Every registry that this network knows, as it is and as it was in the last thirty days."""

    def at(self, endpoint: Endpoint) -> Iterable[tuple[Record, int]]:
        """Records of the endpoint's address and of prefixes that hold it, each with when it was last seen in a verified
        snapshot, nanoseconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class Excepted:
    """endpoints, prefixes: of the local file, which only removes; own: addresses of the registry and of this machine;
    matched: endpoints at which a sensor matched a registered key, with when."""

    endpoints: frozenset[Endpoint] = frozenset()
    prefixes: tuple[Network, ...] = ()
    own: frozenset[str] = frozenset()
    matched: Mapping[Endpoint, int] = field(default_factory=dict)


def shields(record: Record, endpoint: Endpoint, seen_ns: int, at_ns: int) -> bool:
    """True where a record at the endpoint's address lets it be. seen_ns: when it was last in a verified snapshot."""
    is_forgotten = seen_ns <= at_ns - REMEMBERED_NS or record.valid_until_ns <= min(seen_ns, at_ns)
    if record.status not in SHIELDING or is_forgotten:
        return False
    if record.transport is None or record.transport in PORTLESS:
        return True  # ESP has its IKE on some port of this address, and GRE its PPTP
    both_ike = record.port in IKE_PORTS and endpoint.port in IKE_PORTS
    return record.transport == endpoint.transport and (record.port in (None, endpoint.port) or both_ike)


def shielded_by(endpoint: Endpoint, registers: Registers, excepted: Excepted, at_ns: int) -> str:
    """The code of what shields an endpoint, or ""."""
    if any(shields(record, endpoint, seen_ns, at_ns) for record, seen_ns in registers.at(endpoint)):
        return "registered_endpoint"
    if excepted.matched.get(endpoint, 0) > at_ns - REMEMBERED_NS:
        return "registered_key"
    address = parse_address(endpoint.address)
    if endpoint in excepted.endpoints or within(address, excepted.prefixes):
        return "excepted_here"
    return "never_block" if endpoint.address in excepted.own or endpoint.port == NAME_SERVER_PORT else ""


def within(address: IPAddress, prefixes: Iterable[Network]) -> bool:
    """True where one of the prefixes holds the address."""
    return any(address.version == prefix.version and address in prefix for prefix in prefixes)
