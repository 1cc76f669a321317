"""The initiator's side of WireGuard's handshake, Noise_IKpsk2, as bytes in and bytes out (whitepaper §5.4).

    initiation 148:  type 1, 3 zero, sender 4, ephemeral 32, sealed static 48, sealed timestamp 28, mac1 16, mac2 16
    response 92:     type 2, 3 zero, sender 4, receiver 4, ephemeral 32, sealed nothing 16, mac1 16, mac2 16
    cookie reply 64: type 3, 3 zero, receiver 4, nonce 24, sealed cookie 32

Only who holds the responder's private key can seal the nothing of a response: what it is sealed with is mixed from that
key and our ephemeral one. Transport keys are not derived, so nothing can follow the handshake. No preshared key.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from licet.errors import Malformed, Truncated

INITIATION, RESPONSE, COOKIE_REPLY = 1, 2, 3
INITIATION_BYTES, RESPONSE_BYTES, COOKIE_REPLY_BYTES = 148, 92, 64

_CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
_IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
_LABEL_MAC1, _LABEL_COOKIE = b"mac1----", b"cookie--"
_NO_PRESHARED_KEY = bytes(32)
_ZERO_NONCE = bytes(12)
_MAC_BYTES = 16

# A TAI64N label begins with 2^62 plus the seconds since 1970 TAI, which was ten ahead of UTC then (§5.1).
_TAI64_BASE = 2**62 + 10
_NS = 1_000_000_000


class Handshake:
    """One attempt: an initiation, and what may answer it."""

    def __init__(
        self, static_private: bytes, responder_public: bytes, ephemeral_private: bytes, sender: bytes, at_ns: int
    ) -> None:
        """All keys are 32 bytes; sender: 4 bytes that name this attempt; at_ns: since the epoch, later than in any
        earlier attempt with this static key, or the responder takes it for a replay.

        Raises Malformed for a responder's key with which no secret can be shared (a point of small order).
        """
        self._static = X25519PrivateKey.from_private_bytes(static_private)
        self._ephemeral = X25519PrivateKey.from_private_bytes(ephemeral_private)
        self._responder_public, self._sender = responder_public, sender
        self._chain = _hash(_CONSTRUCTION)
        self._transcript = _hash(_hash(self._chain, _IDENTIFIER), responder_public)
        body = self._initiation_body(at_ns)
        self._mac1 = _mac(_hash(_LABEL_MAC1, responder_public), body)
        self._with_mac1 = body + self._mac1

    def initiation(self, cookie: bytes | None = None) -> bytes:
        """The message to send; with a cookie, its mac2 too (§5.4.4)."""
        mac2 = bytes(_MAC_BYTES) if cookie is None else _mac(cookie, self._with_mac1)
        return self._with_mac1 + mac2

    def _initiation_body(self, at_ns: int) -> bytes:
        """All of an initiation before its macs (§5.4.2)."""
        ephemeral = _public(self._ephemeral)
        self._chain = _kdf(self._chain, ephemeral, 1)[0]
        self._transcript = _hash(self._transcript, ephemeral)
        self._chain, key = _kdf(self._chain, _shared(self._ephemeral, self._responder_public), 2)
        static = self._seal(key, _public(self._static))
        self._chain, key = _kdf(self._chain, _shared(self._static, self._responder_public), 2)
        timestamp = self._seal(key, tai64n(at_ns))
        return struct.pack("<B3x4s", INITIATION, self._sender) + ephemeral + static + timestamp

    def _seal(self, key: bytes, plain: bytes) -> bytes:
        sealed = ChaCha20Poly1305(key).encrypt(_ZERO_NONCE, plain, self._transcript)
        self._transcript = _hash(self._transcript, sealed)
        return sealed

    def is_for_us(self, datagram: bytes) -> bool:
        """True if a datagram has the form of an answer to this attempt. Anybody on the path can make one."""
        if len(datagram) == RESPONSE_BYTES and datagram[:4] == bytes([RESPONSE, 0, 0, 0]):
            return datagram[8:12] == self._sender
        if len(datagram) == COOKIE_REPLY_BYTES and datagram[:4] == bytes([COOKIE_REPLY, 0, 0, 0]):
            return datagram[4:8] == self._sender
        return False

    def verify_response(self, datagram: bytes) -> None:
        """Return if the response was made by the holder of the responder's key (§5.4.3). Raises Malformed if not.

        The handshake's own state does not change: a forged response before the right one does no harm.
        """
        if len(datagram) < RESPONSE_BYTES:
            raise Truncated(f"a handshake response has {RESPONSE_BYTES} bytes, this has {len(datagram)}")
        if len(datagram) > RESPONSE_BYTES or not self.is_for_us(datagram):
            raise Malformed("this is no response to our initiation")
        ephemeral, sealed = datagram[12:44], datagram[44:60]
        mac1 = _mac(_hash(_LABEL_MAC1, _public(self._static)), datagram[:60])
        chain = _kdf(self._chain, ephemeral, 1)[0]
        transcript = _hash(self._transcript, ephemeral)
        chain = _kdf(chain, _shared(self._ephemeral, ephemeral), 1)[0]
        chain = _kdf(chain, _shared(self._static, ephemeral), 1)[0]
        chain, mixed, key = _kdf(chain, _NO_PRESHARED_KEY, 3)
        transcript = _hash(transcript, mixed)
        try:
            ChaCha20Poly1305(key).decrypt(_ZERO_NONCE, sealed, transcript)
        except InvalidTag:
            raise Malformed("the response was not made with the private key that belongs to the public one") from None
        if not hmac.compare_digest(mac1, datagram[60:76]):
            raise Malformed("the response's mac1 is wrong")

    def open_cookie(self, datagram: bytes) -> bytes:
        """The 16-byte cookie of a cookie reply (§5.4.7). Raises Malformed."""
        if len(datagram) != COOKIE_REPLY_BYTES or not self.is_for_us(datagram):
            raise Malformed("this is no cookie reply to our initiation")
        key = _hash(_LABEL_COOKIE, self._responder_public)
        nonce = datagram[8:32]
        # XChaCha20-Poly1305: a key from the first 16 bytes of the nonce, then the usual cipher with the other 8.
        cipher = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
        try:
            return cipher.decrypt(bytes(4) + nonce[16:], datagram[32:], self._mac1)
        except InvalidTag:
            raise Malformed("the cookie reply was not made for our initiation") from None


def public_key(private: bytes) -> bytes:
    """The public half of an X25519 key, 32 bytes."""
    return _public(X25519PrivateKey.from_private_bytes(private))


def tai64n(at_ns: int) -> bytes:
    """A time as the 12 bytes of a TAI64N label, without leap seconds, as WireGuard has them."""
    return struct.pack(">QI", _TAI64_BASE + at_ns // _NS, at_ns % _NS)


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """HChaCha20 (draft-irtf-cfrg-xchacha-03 §2.2): 32 bytes from a key of 32 and a nonce of 16.

    It is ChaCha20's block function without its last addition; the library gives the block, and what was added to the
    words that are wanted (four constants, and the nonce) is known and taken off again.
    """
    block = Cipher(ChaCha20(key, nonce), mode=None).encryptor().update(bytes(64))
    words = struct.unpack("<16I", block)
    added = struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<4I", nonce)
    kept = words[:4] + words[12:]
    return struct.pack("<8I", *((word - known) % 2**32 for word, known in zip(kept, added, strict=True)))


def _public(private: X25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


def _shared(private: X25519PrivateKey, public: bytes) -> bytes:
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Malformed("with this key no secret can be shared") from None


def _hash(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def _mac(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2s(data, key=key, digest_size=_MAC_BYTES).digest()


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.blake2s).digest()


def _kdf(chain: bytes, data: bytes, count: int) -> list[bytes]:
    """HKDF with HMAC-BLAKE2s, `count` outputs (§5.4)."""
    secret = _hmac(chain, data)
    outputs, last = [], b""
    for number in range(1, count + 1):
        last = _hmac(secret, last + bytes([number]))
        outputs.append(last)
    return outputs
