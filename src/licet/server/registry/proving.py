"""Checking proofs: the challenge is made from the database, a checker is asked, and its outcome is recorded.

The checker comes from outside. It opens connections, so that no lock is held while it works, and it never raises for
what the other side does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from licet.model.endpoint import Endpoint as Place
from licet.snapshot.entry import decode_wireguard_key

if TYPE_CHECKING:
    from licet.server.registry.models import Proof


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be proven. method, token: of the proof; endpoint: where, or None for a name alone; name: in DNS;
    public_key: 32 bytes of a WireGuard server's key."""

    method: str
    token: str
    endpoint: Place | None
    name: str | None
    public_key: bytes | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check saw. problem: a code, "" where ok; the sentences say what was looked for, where, what was seen, and
    what to do."""

    ok: bool
    problem: str
    looked_for: str
    where: str
    seen: str
    todo: str


Checker = Callable[[Challenge], Outcome]


def challenge_of(proof: Proof) -> Challenge:
    """The challenge of a proof, with the endpoint as the checker knows it."""
    endpoint = proof.endpoint
    address = endpoint.address or endpoint.proof_address
    port = endpoint.port if endpoint.address else endpoint.proof_port
    return Challenge(
        method=proof.method,
        token=proof.token,
        endpoint=None if address is None else Place(address, endpoint.transport or "udp", port),
        name=endpoint.name or None,
        public_key=decode_wireguard_key(endpoint.public_key) if endpoint.public_key else None,
    )
