"""The responder's side of WireGuard's handshake, written from the whitepaper (§5.4) for tests, and apart from licet's.

It shares no code with `licet.proof.noise`: its own key derivation, its own HChaCha20 in plain arithmetic, and it reads
the initiation that the other writes.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

Bytes = bytes | memoryview


def blake(*parts: bytes) -> bytes:
    state = hashlib.blake2s()
    for part in parts:
        state.update(part)
    return state.digest()


def hkdf(key: bytes, material: bytes, n: int) -> tuple[bytes, ...]:
    t0 = hmac.HMAC(key, material, "blake2s").digest()
    t1 = hmac.HMAC(t0, b"\x01", "blake2s").digest()
    t2 = hmac.HMAC(t0, t1 + b"\x02", "blake2s").digest()
    t3 = hmac.HMAC(t0, t2 + b"\x03", "blake2s").digest()
    return (t1, t2, t3)[:n]


def keyed(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


class Responder:
    """A server that knows one peer, or none. psk: the preshared key that it has for it."""

    def __init__(self, private: bytes, peer: bytes | None, psk: bytes = bytes(32)) -> None:
        self.private = X25519PrivateKey.from_private_bytes(private)
        self.public = self.private.public_key().public_bytes_raw()
        self.peer, self.psk = peer, psk
        self.timestamps: list[bytes] = []

    def dh(self, public: bytes) -> bytes:
        return self.private.exchange(X25519PublicKey.from_public_bytes(public))

    def mac1_is_right(self, message: bytes) -> bool:
        return keyed(blake(b"mac1----", self.public), message[:116]) == message[116:132]

    def answer(self, message: bytes) -> bytes | None:
        """The response to an initiation, None where a server would stay silent."""
        if len(message) != 148 or message[:4] != b"\x01\0\0\0" or not self.mac1_is_right(message):
            return None
        sender, e_pub, sealed_static, sealed_time = message[4:8], message[8:40], message[40:88], message[88:116]
        ck = blake(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
        h = blake(blake(ck, b"WireGuard v1 zx2c4 Jason@zx2c4.com"), self.public)
        (ck,) = hkdf(ck, e_pub, 1)
        h = blake(h, e_pub)
        ck, k = hkdf(ck, self.dh(e_pub), 2)
        s_pub = ChaCha20Poly1305(k).decrypt(bytes(12), sealed_static, h)
        h = blake(h, sealed_static)
        ck, k = hkdf(ck, self.dh(s_pub), 2)
        timestamp = ChaCha20Poly1305(k).decrypt(bytes(12), sealed_time, h)
        h = blake(h, sealed_time)
        if s_pub != self.peer or (self.timestamps and timestamp <= self.timestamps[-1]):
            return None
        self.timestamps.append(timestamp)
        ephemeral = X25519PrivateKey.from_private_bytes(os.urandom(32))
        own = ephemeral.public_key().public_bytes_raw()
        (ck,) = hkdf(ck, own, 1)
        h = blake(h, own)
        (ck,) = hkdf(ck, ephemeral.exchange(X25519PublicKey.from_public_bytes(e_pub)), 1)
        (ck,) = hkdf(ck, ephemeral.exchange(X25519PublicKey.from_public_bytes(s_pub)), 1)
        ck, tau, k = hkdf(ck, self.psk, 3)
        h = blake(h, tau)
        body = b"\x02\0\0\0" + os.urandom(4) + sender + own + ChaCha20Poly1305(k).encrypt(bytes(12), b"", h)
        return body + keyed(blake(b"mac1----", s_pub), body) + bytes(16)

    def cookie_reply(self, message: bytes, cookie: bytes) -> bytes:
        """What a server under load answers (§5.4.7)."""
        nonce = os.urandom(24)
        key = plain_hchacha20(blake(b"cookie--", self.public), nonce[:16])
        sealed = ChaCha20Poly1305(key).encrypt(bytes(4) + nonce[16:], cookie, message[116:132])
        return b"\x03\0\0\0" + message[4:8] + nonce + sealed


def plain_hchacha20(key: bytes, nonce: bytes) -> bytes:
    """HChaCha20 by its own arithmetic (draft-irtf-cfrg-xchacha-03 §2.2)."""
    data = b"expand 32-byte k" + key + nonce
    x = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 64, 4)]

    def turn(a: int, b: int, c: int, d: int) -> None:
        for one, two, three, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[one] = (x[one] + x[two]) % 2**32
            mixed = x[three] ^ x[one]
            x[three] = (mixed << by | mixed >> (32 - by)) % 2**32

    for _ in range(10):
        for column in range(4):
            turn(column, column + 4, column + 8, column + 12)
        for a, b, c, d in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            turn(a, b, c, d)
    return b"".join(x[at].to_bytes(4, "little") for at in (0, 1, 2, 3, 12, 13, 14, 15))
