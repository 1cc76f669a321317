"""Does this record cover this tunnel, and does it count at this time? (design §3; lifecycle §6, 1)

A record that is found at the tunnel's address covers it when its protocol word covers the family, and transport and
port are equal where both have one. What is left open in a registration is open.
"""

from __future__ import annotations

from licet.judge.policy import OWNED, Policy
from licet.judge.registry import PERMITS, Registry
from licet.model.endpoint import Endpoint
from licet.model.family import FAMILIES
from licet.model.registration import Record

ATTESTED = "attested"

# IKE begins on one of these and moves to the other when it finds a NAT (RFC 7296 §2.23): who registers one has both.
_IKE_PORTS = (500, 4500)
_IKE_WORDS = ("ipsec", "ipsec-ike", "ipsec-esp")


def speaks(record: Record, family: str) -> bool:
    """True if the protocol word of a record covers a family: `ipsec` covers IKE, ESP and AH."""
    known = FAMILIES.get(family)
    words = (family,) if known is None else known.registered_as
    return record.protocol in words


def reaches(record: Record, server: Endpoint) -> bool:
    """True if transport and port of a record, found at the server's address, let in the server's."""
    if record.transport is None:
        return True
    if server.port is None and record.port is not None:
        # ESP goes with IKE's UDP and PPTP's GRE with its TCP: without ports, address and protocol decide.
        return True
    if record.transport != server.transport:
        return False
    if record.port is None or record.port == server.port:
        return True
    return (record.transport == "udp" and record.protocol in _IKE_WORDS
            and record.port in _IKE_PORTS and server.port in _IKE_PORTS)


def covers(record: Record, server: Endpoint | None, family: str) -> bool:
    """True if a record, found at the server's address, is for this endpoint and this protocol."""
    return server is not None and speaks(record, family) and reaches(record, server)


def counts(record: Record, registry: Registry, policy: Policy, at_ns: int) -> bool:
    """True while a record counts as registered.

    An attested one was entered by the owner of a network for what nobody there can prove; it counts on that network's
    own register and nowhere else.
    """
    if record.status == ATTESTED:
        is_own = registry.role == PERMITS and policy.network_kind == OWNED
        return is_own and record.valid_from_ns <= at_ns < record.valid_until_ns
    return record.counts(at_ns)
