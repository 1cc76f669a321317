"""The wireguard recogniser against its vectors and the suite of all recognisers."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from licet.recognise import wireguard
from suites.recogniser import RecogniserSuite
from support.vectors import Vector, findings, load_vectors, records


class TestWireguard(RecogniserSuite):
    recogniser = wireguard.RECOGNISER
    vectors = "wireguard"

    def test_a_registered_key_is_matched_by_mac1_once_a_response_came(self) -> None:
        packets = records(_addressed_to(KEY, "handshake"))
        (finding,) = findings(self.recogniser, packets, Keys({"SVC-7F3K": KEY}))
        assert finding.matched_key == "SVC-7F3K"
        rules = [evidence.rule for evidence in finding.evidence]
        assert rules == ["wireguard/handshake@1", "wireguard/registered-key@1"]

    def test_another_key_is_not_matched(self) -> None:
        (finding,) = findings(self.recogniser, records(_addressed_to(KEY, "handshake")), Keys({"SVC-7F3K": bytes(32)}))
        assert finding.matched_key is None

    def test_a_key_is_not_even_tried_without_a_response(self) -> None:
        keys = Keys({"SVC-7F3K": KEY})
        findings(self.recogniser, records(_addressed_to(KEY, "attempt")), keys)
        assert keys.tried == 0

    def test_a_tag_in_the_reserved_bytes_does_not_hide_the_key(self) -> None:
        tagged = _addressed_to(KEY, "handshake")
        first = tagged.messages[0]
        first = replace(first, data=first.data[:1] + b"\xb9\x19\x81" + first.data[4:])
        (finding,) = findings(
            self.recogniser, records(replace(tagged, messages=(first, *tagged.messages[1:]))), Keys({"SVC-7F3K": KEY})
        )
        assert finding.matched_key == "SVC-7F3K"
        assert finding.best.variant == "tagged-reserved"


KEY = hashlib.sha256(b"a server's public key").digest()


class Keys:
    """A registry of keys that counts how often it was asked."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys, self.tried = keys, 0

    def match_key(self, first_116_bytes: bytes, mac1: bytes) -> str | None:
        self.tried += 1
        for handle, key in self._keys.items():
            if _mac1(key, first_116_bytes) == mac1:
                return handle
        return None


def _mac1(public_key: bytes, message: bytes) -> bytes:
    """Whitepaper §5.4.4: MAC(HASH(LABEL_MAC1 || S_pub), msg_alpha)."""
    key = hashlib.blake2s(b"mac1----" + public_key).digest()
    return hashlib.blake2s(message, key=key, digest_size=16).digest()


def _addressed_to(public_key: bytes, name: str) -> Vector:
    """The vector of that name with its initiations' mac1 made for a server's key."""
    vector = next(vector for vector in load_vectors("wireguard") if vector.name == name)
    messages = [
        replace(said, data=said.data[:116] + _mac1(public_key, said.data[:116]) + said.data[132:])
        if said.data[0] == 1 else said
        for said in vector.messages
    ]
    return replace(vector, messages=tuple(messages))
