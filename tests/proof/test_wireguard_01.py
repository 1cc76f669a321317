"""wireguard-01 against a responder on this machine's own addresses; a real wireguard-go is in tests/e2e."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

import pytest

from licet.model.endpoint import Endpoint
from licet.proof import wireguard_01
from licet.proof.base import Challenge, Outcome
from licet.proof.noise import public_key
from licet.proof.wireguard_01 import ATTEMPTS_MAX, peer_private, peer_public
from suites.proof_method import TOKEN, ProofMethodSuite, assert_well_formed
from support.guards import loopback_guard, public_guard
from support.hostile_servers import udp_server
from support.wireguard_responder import Responder

SERVER = bytes(range(32, 64))
SERVER_KEY = public_key(SERVER)
KEY = base64.b64encode(SERVER_KEY).decode()
PEER = public_key(peer_private(TOKEN, SERVER_KEY))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wireguard_01, "ANSWER_WAIT_S", 0.15)


def check(answer: Callable[[bytes], list[bytes]], address: str = "127.0.0.1") -> Outcome:
    """The outcome where a server answers each datagram so."""
    with udp_server(answer, address) as port:
        challenge = Challenge("wireguard-01", TOKEN, Endpoint(address, "udp", port), None, KEY)
        outcome = wireguard_01.check(challenge, loopback_guard())
    assert_well_formed(outcome)
    return outcome


def served_by(server: Responder) -> Callable[[bytes], list[bytes]]:
    def answer(datagram: bytes) -> list[bytes]:
        response = server.answer(datagram)
        return [] if response is None else [response]

    return answer


class TestWireguard01(ProofMethodSuite):
    method = wireguard_01.METHOD

    def outcome(self, data: bytes) -> Outcome:
        """`data` is laid over a right response: a difference from the template is carried into a fresh one."""
        server = Responder(SERVER, PEER)

        def answer(datagram: bytes) -> list[bytes]:
            response = server.answer(datagram) or b""
            if len(data) != 92:
                return [data[:60_000], response[:8] + data[:60_000]]
            changed = bytes(a ^ b ^ c for a, b, c in zip(data, self.right_answer(), response, strict=True))
            return [changed]

        return check(answer)

    def right_answer(self) -> bytes:
        # mac2 is last, is not looked at by an initiator, and so is left out of what may be mutated (see below).
        return b"\x02" + b"r" * 91

    def silent_outcome(self) -> Outcome:
        return check(lambda datagram: [])

    def answer_to_token(self, token: str) -> bytes:
        return b"\x02" + token.encode().ljust(91, b"-")

    def test_mutated_answers_prove_nothing(self) -> None:
        for at in range(0, 76, 3):
            data = bytearray(self.right_answer())
            data[at] ^= 0x10
            outcome = self.outcome(bytes(data))
            assert_well_formed(outcome)
            assert not outcome.ok, at


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_holder_of_the_key_with_the_peer_is_believed(address: str) -> None:
    assert check(served_by(Responder(SERVER, PEER)), address).ok


def test_the_peer_is_what_wg_is_told() -> None:
    assert base64.b64decode(peer_public(TOKEN, SERVER_KEY)) == PEER
    challenge = Challenge("wireguard-01", TOKEN, Endpoint("192.0.2.10", "udp", 51820), None, KEY)
    lines = [line for step in wireguard_01.instructions(challenge) for line in step.lines]
    assert f'sudo wg set wg0 peer {peer_public(TOKEN, SERVER_KEY)} allowed-ips ""' in lines
    assert f"sudo wg set wg0 peer {peer_public(TOKEN, SERVER_KEY)} remove" in lines


def test_each_token_and_each_server_has_a_peer_of_its_own() -> None:
    keys = {peer_private(token, key) for token in ("a" * 32, "b" * 32) for key in (SERVER_KEY, bytes(32))}
    assert len(keys) == 4


def test_a_server_without_the_peer_is_tried_a_few_times_and_no_more() -> None:
    heard: list[bytes] = []
    assert check(lambda datagram: heard.append(datagram) or []).problem == "no_answer"  # type: ignore[func-returns-value]
    assert len(heard) == ATTEMPTS_MAX
    assert all(len(datagram) == 148 and datagram[0] == 1 for datagram in heard)


def test_timestamps_rise_from_attempt_to_attempt() -> None:
    server = Responder(SERVER, PEER)
    check(lambda datagram: [server.answer(datagram) or b""][:0])
    assert len(server.timestamps) == ATTEMPTS_MAX
    assert sorted(set(server.timestamps)) == server.timestamps


def test_one_message_is_sent_and_nothing_after_the_response() -> None:
    heard: list[bytes] = []
    server = Responder(SERVER, PEER)

    def answer(datagram: bytes) -> list[bytes]:
        heard.append(datagram)
        return [server.answer(datagram) or b""]

    assert check(answer).ok
    assert len(heard) == 1


def test_another_key_is_not_believed() -> None:
    """It cannot read the initiation at all, so the best that it can do is to make a response up."""
    assert check(lambda datagram: [b"\x02\0\0\0" + os.urandom(4) + datagram[4:8] + os.urandom(80)]).problem == (
        "key_not_held"
    )


def test_a_preshared_key_is_said_to_be_in_the_way() -> None:
    outcome = check(served_by(Responder(SERVER, PEER, psk=b"p" * 32)))
    assert outcome.problem == "key_not_held"
    assert "preshared" in outcome.todo


def test_a_forged_response_before_the_right_one_does_no_harm() -> None:
    server = Responder(SERVER, PEER)
    assert check(lambda datagram: [
        b"\x02\0\0\0" + os.urandom(4) + datagram[4:8] + os.urandom(80), b"junk",
        b"\x03\0\0\0" + datagram[4:8] + bytes(56),
        server.answer(datagram) or b"",
    ]).ok  # fmt: skip


def test_a_cookie_is_answered_once_with_mac2() -> None:
    server, heard = Responder(SERVER, PEER), []

    def answer(datagram: bytes) -> list[bytes]:
        heard.append(datagram)
        if datagram[132:] == bytes(16):
            return [server.cookie_reply(datagram, b"c" * 16)]
        return [server.answer(datagram) or b""]

    assert check(answer).ok
    assert len(heard) == 2


def test_a_server_that_stays_busy_is_left_alone() -> None:
    server, heard = Responder(SERVER, PEER), []

    def answer(datagram: bytes) -> list[bytes]:
        heard.append(datagram)
        return [server.cookie_reply(datagram, b"c" * 16)]

    assert check(answer).problem == "busy"
    assert len(heard) == 2


def test_a_flood_of_datagrams_ends() -> None:
    assert check(lambda datagram: [b"\x02\0\0\0" + os.urandom(4) + datagram[4:8] + bytes(80)] * 500).problem == (
        "key_not_held"
    )


@pytest.mark.parametrize(("endpoint", "key", "problem"), [
    (Endpoint("127.0.0.1", "tcp", 51820), KEY, "not_usable"),
    (Endpoint("127.0.0.1", "esp", None), KEY, "not_usable"),
    (Endpoint("127.0.0.1", "udp", 51820), base64.b64encode(b"\x01" + bytes(31)).decode(), "not_usable"),
    (Endpoint("127.0.0.1", "udp", 51820), "AAAA", "not_usable"),
    (Endpoint("127.0.0.1", "udp", 9), KEY, "connection_refused"),
])
def test_what_cannot_be_tried_is_said(endpoint: Endpoint, key: str, problem: str) -> None:
    outcome = wireguard_01.check(Challenge("wireguard-01", TOKEN, endpoint, None, key), loopback_guard())
    assert_well_formed(outcome)
    assert outcome.problem == problem


def test_an_address_that_is_not_global_gets_no_datagram() -> None:
    heard: list[bytes] = []
    with udp_server(lambda datagram: heard.append(datagram) or []) as port:  # type: ignore[func-returns-value]
        challenge = Challenge("wireguard-01", TOKEN, Endpoint("127.0.0.1", "udp", port), None, KEY)
        assert wireguard_01.check(challenge, public_guard()).problem == "address_refused"
    assert not heard
