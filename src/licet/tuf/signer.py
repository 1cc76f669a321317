"""A key as a file, and the one thing that it signs: TUF metadata.

A file is JSON. Of a person's key, `sealed` is the secret under a passphrase (scrypt, RFC 7914; ChaCha20-Poly1305,
RFC 8439, with the public key as associated data). Of a server's key, `secret` is the secret itself, and the file's mode
protects it. A public key is one line, `ed25519:BASE64`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from securesystemslib.signer import CryptoSigner, Key, SSlibKey
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from licet.errors import BadInput, VerificationFailed

SCHEMA = "licet.signing-key/1"
SEED_BYTES = KEY_BYTES = 32
SALT_BYTES, NONCE_BYTES = 16, 12
KEY_FILE_BYTES_MAX = 4_096
PASSPHRASE_LENGTH_MIN = 12
SIGNED = (Root, Targets, Snapshot, Timestamp)

# 64 MiB and a fifth of a second a guess (RFC 7914 §2).
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P, _SCRYPT_BYTES_MAX = 2**16, 8, 1, 2**27


class SigningKey:
    """A private key. seed: 32 bytes that nobody can guess; is_starter: made by a server for its start or for a
    demonstration, so that it proves little."""

    def __init__(self, seed: bytes, is_starter: bool = False) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes")
        private = Ed25519PrivateKey.from_private_bytes(seed)
        self._seed, self.is_starter = seed, is_starter
        self.raw = private.public_key().public_bytes_raw()
        self.public = SSlibKey.from_crypto(private.public_key())
        self._signer = CryptoSigner(private, self.public)

    @property
    def public_text(self) -> str:
        """The public half, as it is handed to others."""
        return public_text(self.raw)

    def add_signature(self, metadata: Metadata[Any]) -> None:
        """Sign a list of keys, of files or of versions. Raises TypeError for anything else."""
        if type(metadata.signed) not in SIGNED:
            raise TypeError("this key signs TUF metadata and nothing else")
        metadata.sign(self._signer, append=True)

    def open_text(self) -> str:
        """The file of a server's key: a secret."""
        return self._text({"secret": self._seed.hex()})

    def sealed_text(self, passphrase: str, salt: bytes, nonce: bytes) -> str:
        """The file of a person's key. salt, nonce: SALT_BYTES and NONCE_BYTES that were never used before."""
        box = ChaCha20Poly1305(_derived(passphrase, salt)).encrypt(nonce, self._seed, self.raw)
        return self._text({"salt": salt.hex(), "nonce": nonce.hex(), "sealed": box.hex()})

    def _text(self, members: dict[str, str]) -> str:
        said = {"schema": SCHEMA, "public": self.public_text, **members}
        if self.is_starter:
            said["made_for"] = "a start or a demonstration: replace it, see docs/keys.md"
        return json.dumps(said, indent=1) + "\n"


def read_signing_key(text: str, passphrase: str | None = None) -> SigningKey:
    """Read the file of a key. Raises BadInput where it is none or needs a passphrase, VerificationFailed where the
    passphrase is wrong; the secret is in no sentence."""
    try:
        found = json.loads(text)
        public = public_key_bytes(found["public"])
        if found["schema"] != SCHEMA:
            raise ValueError
        if "secret" in found:
            seed = bytes.fromhex(found["secret"])
        else:
            if passphrase is None:
                raise BadInput("this key is sealed: its passphrase is needed")
            seed = _opened(found, public, passphrase)
        key = SigningKey(seed, "made_for" in found)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput("this is no key: it is a file that `licet keys new` writes") from None
    if key.raw != public:
        raise BadInput("this key is damaged: its secret does not belong to its public half")
    return key


def needs_passphrase(text: str) -> bool:
    """True for the file of a person's key."""
    return '"sealed"' in text


def _opened(found: dict[str, str], public: bytes, passphrase: str) -> bytes:
    salt, nonce, box = (bytes.fromhex(found[name]) for name in ("salt", "nonce", "sealed"))
    try:
        return ChaCha20Poly1305(_derived(passphrase, salt)).decrypt(nonce, box, public)
    except InvalidTag:
        raise VerificationFailed("the passphrase does not open this key, or the file was changed") from None


def _derived(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P,
                          maxmem=_SCRYPT_BYTES_MAX, dklen=KEY_BYTES)


def public_text(raw: bytes) -> str:
    """A public key as one line."""
    return f"ed25519:{base64.b64encode(raw).decode()}"


def public_key_bytes(text: str) -> bytes:
    """The 32 bytes of a public key's line. Raises BadInput."""
    kind, _, encoded = text.strip().partition(":")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if kind != "ed25519" or len(raw) != KEY_BYTES:
        raise BadInput(f"“{text.strip()[:60]}” is no public key: it is one line, ed25519: and 44 characters, which "
                       "`licet keys new` prints")
    return raw


def tuf_key(raw: bytes) -> Key:
    """A public key as metadata holds it; its id is that of the library."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(raw))


def key_text(key: Key) -> str:
    """The line of a key in metadata; its id where it is of another kind."""
    try:
        raw = bytes.fromhex(key.keyval["public"])
    except (KeyError, ValueError, TypeError):
        raw = b""
    return public_text(raw) if key.keytype == "ed25519" and len(raw) == KEY_BYTES else key.keyid
