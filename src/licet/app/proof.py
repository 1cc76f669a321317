"""Proof of control, from where the registrant stands: what to publish, the same check as the registry's, the call."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict

from licet.app.catalogue import proof_methods
from licet.errors import BadInput
from licet.model.endpoint import parse_address, parse_endpoint
from licet.proof.address_rules import EVERYWHERE, Prefix, why_refused
from licet.proof.base import (
    WORDS,
    Challenge,
    Instruction,
    Outcome,
    ProofMethod,
    incomplete,
    read_key,
    read_name,
    read_token,
)
from licet.proof.call import call
from licet.proof.callback_01 import CALL_BYTES_MAX, CALL_PATH, Call
from licet.proof.callback_01 import check_call as compare
from licet.proof.guard import NetworkGuard

# For the registry service, beside what stands here.
__all__ = ["CALL_BYTES_MAX", "CALL_PATH", "Challenge", "Outcome", "read_name"]

BY_NAME = {method.name: method for method in proof_methods()}


def make_guard(allowed_prefixes: Sequence[Prefix] = (), resolvers: Sequence[str] = ()) -> NetworkGuard:
    """The guard of a registry's checks, with this machine's clock and chance.

    allowed_prefixes: what an owned network lists, nothing on a public one; resolvers: addresses of name servers, else
    the system's.
    """
    return NetworkGuard(
        clock_ns=time.time_ns, chance=os.urandom, allowed_prefixes=allowed_prefixes, resolvers=resolvers
    )


def make_challenge(
    method: str, token: str, endpoint: str | None = None, name: str | None = None, public_key: str | None = None
) -> Challenge:
    """A challenge from what a person typed, each part checked. Raises BadInput."""
    if method not in BY_NAME:
        raise BadInput(f"“{method}” is no method; there are {', '.join(BY_NAME)}")
    if public_key is not None:
        read_key(public_key)
    return Challenge(
        method,
        read_token(token),
        None if endpoint is None else parse_endpoint(endpoint),
        None if name is None else read_name(name),
        None if public_key is None else public_key.strip(),
    )


def method_of(challenge: Challenge) -> ProofMethod:
    """The method that a challenge names."""
    return BY_NAME[challenge.method]


def instructions(challenge: Challenge) -> tuple[Instruction, ...]:
    """What the registrant does for a challenge. Raises BadInput if it lacks what the method needs."""
    _require_complete(challenge)
    return method_of(challenge).instructions(challenge)


def check_from_here(challenge: Challenge, resolvers: Sequence[str] = ()) -> Outcome:
    """Run the registry's check from this machine, where private addresses are the registrant's own.

    Raises BadInput if the challenge lacks something, or if its method is one where the registrant calls.
    """
    _require_complete(challenge)
    check = method_of(challenge).check
    if check is None:
        raise BadInput(f"{challenge.method} has nothing to look at from here; use `licet proof call`")
    return check(challenge, make_guard(EVERYWHERE, resolvers))


def check_call(challenge: Challenge, address: str, token: str, at_ns: int, until_ns: int) -> Outcome:
    """The registry's side of callback-01. address: where the connection came from; until_ns: the challenge's end."""
    return compare(challenge, Call(address, token, at_ns), until_ns)


def call_registry(token: str, registry_url: str, source: str | None = None) -> Outcome:
    """Present a token at a registry from this machine; source: its address to call from. Raises BadInput, Unavailable,
    Malformed, see `proof.call`."""
    return call(read_token(token), registry_url, None if source is None else str(parse_address(source)))


def outcome_json(outcome: Outcome) -> dict[str, object]:
    """An outcome as its JSON form has it: `ok`, `problem`, `looked_for`, `where`, `seen`, `todo`."""
    return asdict(outcome)


def differs_from_registry(challenge: Challenge) -> str | None:
    """What a registry would do otherwise than the check from here, as a sentence, or None."""
    if challenge.endpoint is None:
        return None
    why = why_refused(challenge.endpoint.address)
    if why is None:
        return None
    return (f"{challenge.endpoint.address} is {why}. A public registry refuses it; the register of your own network "
            "takes it if its prefix is listed there.")


def _require_complete(challenge: Challenge) -> None:
    method = method_of(challenge)
    if incomplete(challenge, method) is not None:
        needed = " and ".join(WORDS[field] for field in method.needs)
        raise BadInput(f"{method.name} needs {needed}")
    if not method.needs and challenge.endpoint is None and challenge.name is None:
        raise BadInput(f"{method.name} needs {WORDS['endpoint']} or {WORDS['name']}")
