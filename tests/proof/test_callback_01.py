"""callback-01: a call is compared with its challenge, and the address that was seen is not kept."""

from __future__ import annotations

import pytest

from licet.model.endpoint import Endpoint
from licet.proof import callback_01
from licet.proof.base import Challenge, Outcome, make_token
from licet.proof.callback_01 import Call, check_call
from suites.proof_method import TOKEN, ProofMethodSuite, assert_well_formed

AT_NS, UNTIL_NS = 1_000, 2_000
ADDRESS = "192.0.2.10"
CHALLENGE = Challenge("callback-01", TOKEN, Endpoint(ADDRESS, "udp", 51820))


class TestCallback01(ProofMethodSuite):
    method = callback_01.METHOD

    def outcome(self, data: bytes) -> Outcome:
        """A call that presents `data` as its token."""
        return check_call(CHALLENGE, Call(ADDRESS, data.decode("utf-8", "surrogateescape"), AT_NS), UNTIL_NS)

    def right_answer(self) -> bytes:
        return TOKEN.encode()

    def silent_outcome(self) -> Outcome:
        return check_call(CHALLENGE, Call("", "", AT_NS), UNTIL_NS)

    def answer_to_token(self, token: str) -> bytes:
        return token.encode()


@pytest.mark.parametrize(("address", "seen"), [
    ("192.0.2.10", "192.0.2.10"), ("192.0.2.10", "::ffff:192.0.2.10"), ("2001:db8::10", "2001:DB8:0::10"),
])
def test_a_call_from_the_endpoint_proves(address: str, seen: str) -> None:
    challenge = Challenge("callback-01", TOKEN, Endpoint(address, "udp", 51820))
    assert check_call(challenge, Call(seen, TOKEN, AT_NS), UNTIL_NS).ok


@pytest.mark.parametrize("seen", [
    "203.0.113.77", "2001:db8:f00d::77", "not an address", "192.0.2.10, 203.0.113.77", "",
])  # fmt: skip
def test_a_call_from_elsewhere_fails_and_its_address_is_not_kept(seen: str) -> None:
    outcome = check_call(CHALLENGE, Call(seen, TOKEN, AT_NS), UNTIL_NS)
    assert outcome.problem == "called_from_elsewhere"
    assert_well_formed(outcome)
    assert not seen or seen not in repr(outcome)


def test_a_call_after_the_end_fails() -> None:
    assert check_call(CHALLENGE, Call(ADDRESS, TOKEN, UNTIL_NS - 1), UNTIL_NS).ok
    assert check_call(CHALLENGE, Call(ADDRESS, TOKEN, UNTIL_NS), UNTIL_NS).problem == "expired"


def test_who_has_no_token_learns_nothing_else() -> None:
    """Another token from elsewhere, too late: all that is said is that the token is another."""
    other = Call("203.0.113.77", make_token(bytes(20)), UNTIL_NS)
    assert check_call(CHALLENGE, other, UNTIL_NS).problem == "token_differs"


def test_a_challenge_without_an_endpoint_is_incomplete() -> None:
    assert check_call(Challenge("callback-01", TOKEN), Call(ADDRESS, TOKEN, AT_NS), UNTIL_NS).problem == "incomplete"
