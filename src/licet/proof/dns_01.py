"""dns-01: control of a name to which the endpoint's address belongs (RFC 8555 §8.4).

A TXT record at `_licet-challenge.NAME` whose value is base64url(SHA-256(TOKEN)): the digest, so that who reads the zone
does not learn the token. At the time of the check the endpoint's address must be among the name's A and AAAA. A name
says nothing of an address that it does not have, and an address alone is never proved this way (RFC 8738 §7). A
challenge without an endpoint proves the name and nothing else: an organisation's domain.
"""

from __future__ import annotations

from licet.proof.base import (
    Challenge,
    Guard,
    Instruction,
    NotReached,
    Outcome,
    ProofMethod,
    answer_to,
    failed,
    incomplete,
    proved,
    shown,
)

LABEL = "_licet-challenge"
SEEN_MAX = 3

_ASK_OPERATOR = "Ask the operator of the name servers, or try again in a few minutes."
_TODO = {
    "address_refused": "Name the endpoint's public address.",
    "name_not_found": "Publish the TXT record; if you just did, wait until your name servers have it.",
}


def check(challenge: Challenge, guard: Guard) -> Outcome:
    """Look for the record, and for the endpoint's address among the name's."""
    lacking = incomplete(challenge, METHOD)
    if lacking is not None or challenge.name is None:
        return lacking or _no_challenge()
    endpoint = challenge.endpoint
    record, wanted = f"{LABEL}.{challenge.name}", answer_to(challenge.token)
    looked_for, where = f"A TXT record with the value {wanted}.", f"{record} TXT"
    try:
        if endpoint is not None:
            guard.require_allowed(endpoint.address)
        values = guard.texts(record)
        if wanted.encode() not in [value.strip() for value in values]:
            return _wrong_record(looked_for, where, values)
        if endpoint is None:
            return proved(looked_for, where, "It is there.")
        looked_for, where = f"The address {endpoint.address}.", f"{challenge.name} A and AAAA"
        addresses = guard.addresses(challenge.name)
    except NotReached as error:
        return failed(error.problem, looked_for, where, error.seen, _TODO.get(error.problem, _ASK_OPERATOR))
    if endpoint.address in addresses:
        return proved(f"A TXT record with the value {wanted}, and the address {endpoint.address}.",
                      f"{record} TXT; {where}", "Both are there.")
    if not addresses:
        return failed("no_address", looked_for, where, "The name has no address.",
                      f"Publish an A or AAAA record for {challenge.name} with the endpoint's address.")
    seen = f"{', '.join(addresses[:SEEN_MAX])}{_more(addresses)}."
    return failed("address_not_in_name", looked_for, where, seen,
                  "Publish the endpoint's address under this name, or name the endpoint that the name leads to.")


def _wrong_record(looked_for: str, where: str, values: tuple[bytes, ...]) -> Outcome:
    if not values:
        return failed("record_missing", looked_for, where, "The name has no TXT record.",
                      "Publish the TXT record; if you just did, wait until your name servers have it.")
    seen = f"Another value: {', '.join(shown(value) for value in values[:SEEN_MAX])}{_more(values)}."
    return failed("record_differs", looked_for, where, seen,
                  "Publish the value from this challenge. Other values may stay beside it.")


def _more(found: tuple[object, ...]) -> str:
    return f" and {len(found) - SEEN_MAX} more" if len(found) > SEEN_MAX else ""


def _no_challenge() -> Outcome:
    return failed("incomplete", "A name.", "The challenge.", "It has none.", "Ask for a new one.")


def instructions(challenge: Challenge) -> tuple[Instruction, ...]:
    """What to publish, as a line of a zone file."""
    name = challenge.name or "NAME"
    publish = Instruction("Publish this record in the zone of your name:",
                          (f'{LABEL}.{name}. 300 IN TXT "{answer_to(challenge.token)}"',))
    leave = Instruction("Leave the record in place: the check is repeated every 30 days.")
    if challenge.endpoint is None:
        return publish, leave
    return (
        publish,
        Instruction(f"{name} must have the endpoint's address in its A or AAAA record when the check is made."),
        leave,
    )


METHOD = ProofMethod("dns-01", "control of a name that has the endpoint's address", ("name",), instructions, check)
