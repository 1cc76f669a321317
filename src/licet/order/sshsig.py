"""SSH signatures, verified in process (OpenSSH `PROTOCOL.sshsig`, `PROTOCOL.u2f`; RFC 8709; RFC 5656).

`ssh-keygen -Y sign` makes them, and is the oracle of the tests; nothing here signs. Known are Ed25519 and ECDSA keys
and their hardware-backed kinds, whose signatures must say that somebody touched the device (ssh-keygen itself does not
ask for that). RSA and DSA are left out, and so are certificates.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from licet.errors import Malformed, VerificationFailed

MAGIC, VERSION = b"SSHSIG", 1
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
ARMORED_LENGTH_MAX, KEY_LINE_LENGTH_MAX = 8_000, 2_000
USER_PRESENT = 0x01
VERIFIED_KEPT = 4_096

ED25519, SK_ED25519 = "ssh-ed25519", "sk-ssh-ed25519@openssh.com"
SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
CURVES: dict[str, tuple[type[SECP256R1 | SECP384R1 | SECP521R1], hashes.HashAlgorithm]] = {
    "ecdsa-sha2-nistp256": (SECP256R1, hashes.SHA256()),
    "ecdsa-sha2-nistp384": (SECP384R1, hashes.SHA384()),
    "ecdsa-sha2-nistp521": (SECP521R1, hashes.SHA512()),
    SK_ECDSA: (SECP256R1, hashes.SHA256()),
}
KINDS = (ED25519, SK_ED25519, *CURVES)


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key. kind: one of KINDS; blob: as SSH writes it, which is what its id is made of."""

    kind: str
    blob: bytes

    @property
    def key_id(self) -> str:
        """`sha256:` and 64 hex digits."""
        return "sha256:" + hashlib.sha256(self.blob).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The same as `ssh-keygen -l` prints it: `SHA256:` and base64."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")


class _Reader:
    """Fields of SSH's wire format (RFC 4251 §5), one after the other. Raises Malformed past the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise Malformed("the signature or key ends too soon")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def end(self) -> None:
        if self.at != len(self.data):
            raise Malformed("the signature or key has bytes after its end")


def read_key(line: str) -> SshKey:
    """Read one line of a `.pub` file; its comment is left out. Raises Malformed for any other kind of key."""
    kind, _, rest = line.strip().partition(" ")
    encoded = rest.split(" ")[0]
    if len(line) > KEY_LINE_LENGTH_MAX or kind not in KINDS:
        raise Malformed(f"“{kind[:40]}” is no kind of key that can sign orders; make one with `ssh-keygen -t ed25519`")
    blob = _base64(encoded)
    if _Reader(blob).string() != kind.encode():
        raise Malformed("the key does not hold what its line says")
    key = SshKey(kind, blob)
    _public_part(key)
    return key


def require_signature(armored: str, key: SshKey, namespace: str, message: bytes) -> None:
    """Raises VerificationFailed or Malformed unless this key signed the message, in this namespace."""
    _require(armored, key, namespace, hashlib.sha256(message).digest(), hashlib.sha512(message).digest())


@lru_cache(maxsize=VERIFIED_KEPT)
def _require(armored: str, key: SshKey, namespace: str, sha256: bytes, sha512: bytes) -> None:
    """What did not raise is remembered by its digests: an enforcer asks again at every refresh."""
    lines = armored.strip().splitlines()
    if len(armored) > ARMORED_LENGTH_MAX or len(lines) < 3 or lines[0] != BEGIN or lines[-1] != END:
        raise Malformed(f"this is no SSH signature: it begins with {BEGIN} and ends with {END}")
    reader = _Reader(_base64("".join(lines[1:-1])))
    if reader.take(len(MAGIC)) != MAGIC or reader.number() != VERSION:
        raise Malformed("this is no SSH signature of version 1")
    if reader.string() != key.blob:
        raise VerificationFailed(f"the signature is by another key than {key.fingerprint}")
    found_namespace = reader.string()
    if found_namespace != namespace.encode():
        raise VerificationFailed(f"the signature is for “{found_namespace[:40].decode(errors='replace')}”, not for "
                                 f"“{namespace}”: sign with -n {namespace}")
    reserved, hash_name, signature = reader.string(), reader.string(), reader.string()
    reader.end()
    if hash_name not in (b"sha256", b"sha512"):
        raise Malformed("the signature is over a digest other than SHA-256 and SHA-512")
    digest = sha256 if hash_name == b"sha256" else sha512
    signed = MAGIC + b"".join(_field(one) for one in (namespace.encode(), reserved, hash_name, digest))
    if not _holds(key, signature, signed):
        raise VerificationFailed(f"the signature does not hold: {key.fingerprint} did not sign this text")


def _holds(key: SshKey, signature: bytes, signed: bytes) -> bool:
    reader = _Reader(signature)
    if reader.string() != key.kind.encode():
        raise VerificationFailed("the signature is not of the kind of its key")
    raw = reader.string()
    public, application = _public_part(key)
    if key.kind in (SK_ED25519, SK_ECDSA):
        flags, counter = reader.take(1), reader.take(4)
        if not flags[0] & USER_PRESENT:
            raise VerificationFailed("the signature was made without anybody touching the security key")
        signed = hashlib.sha256(application).digest() + flags + counter + hashlib.sha256(signed).digest()
    reader.end()
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(raw, signed)
        else:
            public.verify(_der(raw), signed, ECDSA(CURVES[key.kind][1]))
    except (InvalidSignature, ValueError):
        return False
    return True


def _public_part(key: SshKey) -> tuple[Ed25519PublicKey | EllipticCurvePublicKey, bytes]:
    """The key for the library, and the application of a hardware-backed one. Raises Malformed."""
    reader = _Reader(key.blob)
    reader.string()
    public: Ed25519PublicKey | EllipticCurvePublicKey
    try:
        if key.kind in (ED25519, SK_ED25519):
            public = Ed25519PublicKey.from_public_bytes(reader.string())
        else:
            curve = CURVES[key.kind][0]()
            if reader.string() != curve.name.replace("secp", "nistp").removesuffix("r1").encode():
                raise Malformed("the key is on another curve than its kind says")
            public = EllipticCurvePublicKey.from_encoded_point(curve, reader.string())
    except ValueError:
        raise Malformed("the key is no point of its curve") from None
    application = reader.string() if key.kind in (SK_ED25519, SK_ECDSA) else b""
    reader.end()
    return public, application


def _der(raw: bytes) -> bytes:
    """An ECDSA signature of SSH (two numbers, RFC 5656 §3.1.2) as the library reads it."""
    reader = _Reader(raw)
    r, s = int.from_bytes(reader.string(), "big"), int.from_bytes(reader.string(), "big")
    reader.end()
    return encode_dss_signature(r, s)


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("the signature or key is no base64") from None
