"""callback-01: somebody runs licet on a machine with the endpoint's address.

The registrant runs `licet proof call TOKEN --registry URL` there, and the registry sees the TCP connection come from
that address; the three-way handshake makes it hard to forge (RFC 9293 §3.5). It shows a machine at an address, which
behind address translation many share: it counts only beside a second method. The address that was seen is compared and
not kept: an outcome does not carry it, for a call that fails may have come from somebody's home.

The wire form is in docs/proofs.md: POST CALL_PATH with {"token": TOKEN}, answered by an outcome as JSON.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from licet.errors import Malformed
from licet.model.endpoint import parse_address
from licet.proof.base import Challenge, Instruction, Outcome, ProofMethod, failed, incomplete, proved

CALL_PATH = "/api/proof/call"
CALL_BYTES_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the registry saw it. address: where its connection came from, never a header that the caller could
    write; token: what it presented; at_ns: when, nanoseconds since the epoch."""

    address: str
    token: str
    at_ns: int


def check_call(challenge: Challenge, call: Call, until_ns: int) -> Outcome:
    """Compare a call with its challenge. until_ns: the end of the challenge, excluded."""
    lacking = incomplete(challenge, METHOD)
    if lacking is not None or challenge.endpoint is None:
        return lacking or failed("incomplete", "An endpoint.", "The challenge.", "It has none.", "Ask for a new one.")
    address = challenge.endpoint.address
    looked_for, where = f"A call with this challenge's token from {address}.", "The connection to the registry."
    if not _same(challenge.token, call.token):
        return failed("token_differs", looked_for, where, "A call with another token.",
                      "Copy the whole token from the registry's page.")
    if call.at_ns >= until_ns:
        return failed("expired", looked_for, where, "The right token, after the challenge's end.",
                      "Ask for a new challenge.")
    if not _is_from(call.address, address):
        return failed("called_from_elsewhere", looked_for, where,
                      "The right token, from another address. That address is not kept.",
                      "Run the command on the machine itself, without a proxy or a VPN; "
                      "--from ADDRESS chooses among its addresses.")
    return proved(looked_for, where, "A call with the right token, from that address.")


def _same(one: str, other: str) -> bool:
    """Compared as digests, so that the time it takes says nothing about the token."""
    return _digest(one) == _digest(other)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _is_from(seen: str, address: str) -> bool:
    """True if the address that was seen, which a dual-stack socket may give as IPv4-mapped, is the endpoint's."""
    try:
        return parse_address(seen) == parse_address(address)
    except Malformed:
        return False


def instructions(challenge: Challenge) -> tuple[Instruction, ...]:
    """The command to run."""
    address = challenge.endpoint.address if challenge.endpoint else "the endpoint's address"
    return (
        Instruction(f"Run this on the machine that has {address}, with the registry's own URL:",
                    (f"licet proof call {challenge.token} --registry URL",)),
        Instruction("If the machine has several addresses, add --from ADDRESS. Proxies are not used."),
        Instruction("This shows a machine at an address and no more: a registry asks for a second method beside it."),
    )


METHOD = ProofMethod("callback-01", "that somebody uses a machine at the endpoint's address", ("endpoint",),
                     instructions, None)
