"""Checking proofs: the challenge is made from the database, a checker is asked, and its outcome is recorded.

The checker comes from outside. It opens connections, so that no lock is held while it works, and it never raises for
what the other side does. `network_checker` is the one that is used: the methods of `app/catalogue`, behind the guard,
which contacts what everybody can reach, and the prefixes that the owner of a network lists in licet.toml.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from licet.app import proof as methods
from licet.errors import LicetError
from licet.lifecycle.endpoint_proof import DNS_01
from licet.model.canonical import moment_ns
from licet.model.endpoint import Endpoint as Place
from licet.snapshot.entry import decode_wireguard_key

if TYPE_CHECKING:
    from licet.server.registry.models import DomainProof, Proof


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


def domain_challenge(proof: DomainProof) -> Challenge:
    """The challenge of an organisation's domain: a name alone, by a record beside it."""
    return Challenge(DNS_01, proof.token, None, proof.organisation.domain, None)


def network_checker(*, is_owned: bool) -> Checker:
    """The checker that looks at the network. is_owned: of an owned network, whose own prefixes may be contacted."""
    guard = methods.make_guard(settings.DEPLOYMENT.prefixes if is_owned else ())

    def check(challenge: Challenge) -> Outcome:
        if not is_known(challenge.method):
            return Outcome(False, "not_usable", f"{challenge.method}.", "Here.", "This version cannot check it.",
                           "Choose another method.")
        try:
            asked = _as_asked(challenge)
            method = methods.method_of(asked)
            if method.check is None:
                return _not_here(challenge)
            return _as_recorded(method.check(asked, guard))
        except LicetError as error:  # a challenge that the method cannot use: its sentence says what is wrong
            return Outcome(False, "not_usable", "", "", str(error), "")

    return check


def look_up(name: str) -> tuple[str, ...]:
    """The addresses that a name has now; empty where it has none, or the name servers did not say."""
    try:
        return methods.make_guard().addresses(name)
    except LicetError:
        return ()


def is_public_name(name: str) -> bool:
    """True for a DNS name of two labels or more that nobody takes for an address."""
    try:
        return methods.read_name(name) == name
    except LicetError:
        return False


def is_known(method: str) -> bool:
    """True for a method that this version can check."""
    return method in methods.BY_NAME


def what_to_do(challenge: Challenge) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each thing that the registrant does, a sentence and lines to copy. Raises BadInput, Malformed or Unavailable
    where the challenge cannot be used."""
    return tuple((one.text, one.lines) for one in methods.instructions(_as_asked(challenge)))


def proves(method: str) -> str:
    """What a method proves, in words."""
    return methods.BY_NAME[method].proves


def compare_call(challenge: Challenge, address: str, token: str, at: datetime, until: datetime) -> Outcome:
    """What a call of callback-01 showed. address: where its connection came from; it is compared and not kept."""
    return _as_recorded(methods.check_call(_as_asked(challenge), address, token, moment_ns(at), moment_ns(until)))


def _as_asked(challenge: Challenge) -> methods.Challenge:
    key = challenge.public_key
    return methods.Challenge(
        challenge.method, challenge.token, challenge.endpoint, challenge.name,
        None if key is None else base64.b64encode(key).decode("ascii"))


def _as_recorded(outcome: methods.Outcome) -> Outcome:
    return Outcome(outcome.ok, outcome.problem or "", outcome.looked_for, outcome.where, outcome.seen, outcome.todo)


def _not_here(challenge: Challenge) -> Outcome:
    return Outcome(False, "no_call", "A call from the endpoint's machine.", "The connections to this registry.",
                   "No call with this challenge's token yet.",
                   f"Run `licet proof call {challenge.token}` there, with this registry's address.")
