"""The handshake against a responder that was written from the whitepaper and shares no code with it."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed
from licet.proof.noise import Handshake, hchacha20, public_key, tai64n
from support.wireguard_responder import Responder, plain_hchacha20

AT_NS = 1_772_366_400_123_456_789
STATIC, SERVER = bytes(range(32)), bytes(range(32, 64))


def handshake(server: Responder, at_ns: int = AT_NS, sender: bytes = b"abcd") -> Handshake:
    return Handshake(STATIC, server.public, os.urandom(32), sender, at_ns)


def known_server(psk: bytes = bytes(32)) -> Responder:
    return Responder(SERVER, public_key(STATIC), psk)


def test_the_responder_reads_what_the_initiator_wrote_and_is_believed() -> None:
    server = known_server()
    attempt = handshake(server)
    response = server.answer(attempt.initiation())
    assert response is not None
    assert server.timestamps == [tai64n(AT_NS)]
    attempt.verify_response(response)


def test_mac1_is_right_and_mac2_is_empty_without_a_cookie() -> None:
    server = known_server()
    message = handshake(server).initiation()
    assert len(message) == 148
    assert server.mac1_is_right(message)
    assert message[132:] == bytes(16)


@pytest.mark.parametrize("server", [
    Responder(SERVER, None), Responder(SERVER, public_key(SERVER)),
], ids=["no peer", "another peer"])  # fmt: skip
def test_a_server_that_does_not_know_the_peer_is_silent(server: Responder) -> None:
    assert server.answer(handshake(server).initiation()) is None


def test_another_key_cannot_answer() -> None:
    """A machine that knows everything but the private key: the token, our one-time key, the server's public key."""
    named, other = known_server(), Responder(os.urandom(32), public_key(STATIC))
    attempt = handshake(named)
    assert other.answer(attempt.initiation()) is None
    own = handshake(other)
    response = other.answer(own.initiation())
    assert response is not None
    with pytest.raises(Malformed, match="private key"):
        attempt.verify_response(response)


def test_a_preshared_key_is_not_the_same_handshake() -> None:
    server = known_server(psk=b"p" * 32)
    attempt = handshake(server)
    response = server.answer(attempt.initiation())
    assert response is not None
    with pytest.raises(Malformed):
        attempt.verify_response(response)


def test_a_response_to_an_earlier_attempt_is_not_one_to_this() -> None:
    server = known_server()
    earlier, later = handshake(server), handshake(server, AT_NS + 1)
    response = server.answer(earlier.initiation())
    assert response is not None
    with pytest.raises(Malformed):
        later.verify_response(response)


def test_every_bit_of_a_response_matters_but_mac2() -> None:
    server = known_server()
    attempt = handshake(server)
    response = server.answer(attempt.initiation())
    assert response is not None
    # Bytes 4 to 8 are the server's own index: mac1 covers them.
    for at in range(76):
        changed = bytearray(response)
        changed[at] ^= 1
        with pytest.raises(Malformed):
            attempt.verify_response(bytes(changed))
    attempt.verify_response(response)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_malformed(data: bytes) -> None:
    attempt = handshake(known_server())
    for read in (attempt.verify_response, attempt.open_cookie):
        for datagram in (data, b"\x02\0\0\0wxyzabcd" + data[:80].ljust(80, b"\0"), b"\x03\0\0\0abcd" + data[:56]):
            with pytest.raises(Malformed):
                read(datagram)


def test_a_cookie_becomes_mac2() -> None:
    server = known_server()
    attempt = handshake(server)
    first = attempt.initiation()
    cookie = attempt.open_cookie(server.cookie_reply(first, b"c" * 16))
    assert cookie == b"c" * 16
    again = attempt.initiation(cookie)
    assert again[:132] == first[:132]
    assert again[132:] != bytes(16)


def test_a_cookie_for_another_initiation_is_refused() -> None:
    server = known_server()
    one, other = handshake(server), handshake(server)
    with pytest.raises(Malformed):
        one.open_cookie(server.cookie_reply(other.initiation(), b"c" * 16))


@pytest.mark.parametrize("key", [bytes(32), b"\x01" + bytes(31)])
def test_a_key_of_small_order_is_refused(key: bytes) -> None:
    with pytest.raises(Malformed, match="secret"):
        Handshake(STATIC, key, os.urandom(32), b"abcd", AT_NS)


def test_hchacha20_is_that_of_the_draft() -> None:
    """draft-irtf-cfrg-xchacha-03 §2.2.1."""
    key = bytes(range(32))
    nonce = bytes.fromhex("000000090000004a0000000031415927")
    expected = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert hchacha20(key, nonce).hex() == expected
    assert plain_hchacha20(key, nonce).hex() == expected


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16))
def test_hchacha20_is_that_of_its_arithmetic(key: bytes, nonce: bytes) -> None:
    assert hchacha20(key, nonce) == plain_hchacha20(key, nonce)


def test_tai64n_labels_count_from_1970_and_rise() -> None:
    """Two to the 62nd is the second at which 1970 began in TAI, which was ten seconds ahead of UTC by 1972."""
    assert tai64n(0).hex() == "400000000000000a00000000"
    assert tai64n(999_999_999).hex() == "400000000000000a3b9ac9ff"
    assert tai64n(10**9) > tai64n(999_999_999)


def test_public_keys_are_those_of_wg() -> None:
    import base64
    import shutil

    if shutil.which("wg") is None:
        pytest.skip("wg is missing: apt-get install wireguard-tools")
    done = subprocess.run(["wg", "pubkey"], input=base64.b64encode(STATIC), capture_output=True, check=True)
    assert base64.b64decode(done.stdout) == public_key(STATIC)
