"""wireguard-01: the WireGuard server at the endpoint holds the private key of the public key that is to be registered.

The registrant adds a one-time peer to the server. The verifier then completes one handshake as that peer (whitepaper
§5.4) and sends nothing else: without the peer the server stays silent, so nobody who did not agree is ever answered.

The peer's key pair comes from the token and the server's public key, so registry and registrant find the same one, a
re-check needs no stored secret, and `licet proof check` can be run beforehand. Knowing it does not help to forge: what
proves the server's key is mixed from that key and an ephemeral one that is new in each attempt. The peer is added
without allowed addresses, so no packet from it is let into the network.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from licet.errors import Malformed
from licet.proof.base import (
    Challenge,
    Datagrams,
    Guard,
    Instruction,
    NotReached,
    Outcome,
    ProofMethod,
    failed,
    incomplete,
    proved,
    read_key,
)

if TYPE_CHECKING:
    from licet.proof.noise import Handshake

ATTEMPTS_MAX = 3
ANSWER_WAIT_S = 2.0
RESPONSE_BYTES = 92
DATAGRAMS_MAX = 32  # of one attempt, whatever they hold

_PEER_LABEL = b"licet wireguard-01"
_TODO = {
    "address_refused": "Use a public address. On a network of your own, its officer can list the prefix.",
    "no_answer": "Add the one-time peer to this server, let the port in through the firewall, and see that the clocks "
                 "of both sides are right. If the peer was tried before, remove it and add it again.",
    "connection_refused": "Start WireGuard, or correct the port.",
    "unreachable": "Check the address, and that the machine that checks has this version of IP.",
    "key_not_held": "Register the key that `wg show INTERFACE public-key` prints on this server, "
                    "and add the peer without a preshared key.",
    "busy": "Try again in a few minutes.",
    "not_installed": "pip install 'licet[proof]'",
    "not_usable": "Name the server's ADDRESS:PORT/udp and its public key.",
}  # fmt: skip


def check(challenge: Challenge, guard: Guard) -> Outcome:
    """Complete one handshake as the one-time peer, in at most ATTEMPTS_MAX attempts."""
    lacking = incomplete(challenge, METHOD)
    endpoint, key_text = challenge.endpoint, challenge.public_key
    if lacking is not None or endpoint is None or key_text is None:
        return lacking or failed("incomplete", "An endpoint.", "The challenge.", "It has none.", "Ask for a new one.")
    looked_for = f"A WireGuard server that holds the private key of {key_text}."
    where = f"{endpoint}, one handshake as the peer that was added for it."
    if endpoint.transport != "udp" or endpoint.port is None:
        return failed("not_usable", looked_for, where, "The endpoint is not UDP.", _TODO["not_usable"])
    try:
        server_key = read_key(key_text)
        with guard.udp(endpoint.address, endpoint.port) as wire:
            for _ in range(ATTEMPTS_MAX):
                if _attempt(challenge.token, server_key, guard, wire):
                    return proved(looked_for, where, "The server completed the handshake.")
    except NotReached as error:
        return failed(error.problem, looked_for, where, error.seen, _TODO[error.problem])
    except Malformed as error:
        return failed("not_usable", looked_for, where, str(error), _TODO["not_usable"])
    seen = f"No answer to {ATTEMPTS_MAX} handshake initiations."
    return failed("no_answer", looked_for, where, seen, _TODO["no_answer"])


def _attempt(token: str, server_key: bytes, guard: Guard, wire: Datagrams) -> bool:
    """True if the handshake was completed, False if nothing answered in time.

    Raises NotReached: `key_not_held` after an answer that another key made, `busy` after a second cookie reply.
    """
    handshake = _handshake(token, server_key, guard)
    wire.send(handshake.initiation())
    has_cookie, refused = False, ""
    for _ in range(DATAGRAMS_MAX):
        datagram = wire.receive(ANSWER_WAIT_S)
        if datagram is None:
            break
        if not handshake.is_for_us(datagram):
            continue
        try:
            if len(datagram) == RESPONSE_BYTES:
                handshake.verify_response(datagram)
                return True
            cookie = handshake.open_cookie(datagram)
        except Malformed as error:
            refused = str(error)
            continue
        if has_cookie:
            raise NotReached("busy", "The server answered twice that it is under load (a cookie reply).")
        # A daily peer would wait before it repeats (§6.6); one message more is little for a server that is busy.
        has_cookie = True
        wire.send(handshake.initiation(cookie))
    if refused:
        raise NotReached("key_not_held", f"An answer, but {refused}.")
    return False


def _handshake(token: str, server_key: bytes, guard: Guard) -> Handshake:
    try:
        from licet.proof.noise import Handshake
    except ImportError:
        raise NotReached("not_installed", "cryptography is not installed here.") from None
    return Handshake(
        peer_private(token, server_key), server_key, guard.random(32), guard.random(4), guard.now_ns()
    )


def peer_private(token: str, server_key: bytes) -> bytes:
    """The one-time peer's private key, 32 bytes, before X25519 clamps it (RFC 7748 §5)."""
    return hashlib.blake2s(_PEER_LABEL + b"\0" + token.encode("ascii") + b"\0" + server_key).digest()


def peer_public(token: str, server_key: bytes) -> str:
    """The one-time peer's public key as wg takes it. Raises NotReached where cryptography is not installed."""
    try:
        from licet.proof.noise import public_key
    except ImportError:
        raise NotReached("not_installed", "cryptography is not installed here; pip install 'licet[proof]'") from None
    return base64.b64encode(public_key(peer_private(token, server_key))).decode("ascii")


def instructions(challenge: Challenge) -> tuple[Instruction, ...]:
    """How to add the one-time peer, and how to remove it. Raises Malformed and NotReached, see `peer_public`."""
    peer = peer_public(challenge.token, read_key(challenge.public_key or ""))
    return (
        Instruction("Add this one-time peer to the server, here on its interface wg0:",
                    (f'sudo wg set wg0 peer {peer} allowed-ips ""',)),
        Instruction("It has no allowed addresses: it can complete a handshake, and no packet of it is let in. "
                    "Where a form wants one, give 192.0.2.1/32, which nobody uses."),
        Instruction("After the check, remove it:", (f"sudo wg set wg0 peer {peer} remove",)),
        Instruction("The check is repeated every 30 days; you are asked to add the peer again then, or leave it."),
    )


METHOD = ProofMethod("wireguard-01", "that a WireGuard server holds the private key that is registered",
                     ("endpoint", "public_key"), instructions, check)
