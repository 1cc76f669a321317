"""Signed notes (C2SP signed-note) and the keys that verify them: text, an empty line, and signature lines.

Known are Ed25519 signatures (0x01) and timestamped cosignatures of witnesses (0x04). Signatures by other keys are
ignored, as the specification asks; the text is not to be used before one by a trusted key holds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from licet.errors import BadInput, Malformed

ED25519, COSIGNATURE = 0x01, 0x04
NOTE_BYTES_MAX = 256 * 1024  # signatures that we do not know may be post-quantum ones, of some kB each
SIGNATURES_MAX = 64
KEY_BYTES, KEY_ID_BYTES, SIGNATURE_BYTES = 32, 4, 64

_NAME = re.compile(r"[^\s+]{1,255}")
_VKEY = re.compile(r"([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")
_LINE = re.compile(r"— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name of who holds it. kind: ED25519 or COSIGNATURE; raw: 32 bytes."""

    name: str
    kind: int
    raw: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes by which a signature names its key, together with the name."""
        return key_id(self.name, self.kind, self.raw)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.raw).decode()}"

    def holds(self, signature: bytes, message: bytes) -> bool:
        """True where this key made the Ed25519 signature over the message (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; what it holds is not verified. payload: without the key id."""

    name: str
    key_id: bytes
    payload: bytes

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.payload).decode()}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """True where the line names this key."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, slots=True)
class Note:
    """text: with its last newline; signatures: not verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"


def key_id(name: str, kind: int, raw: bytes) -> bytes:
    """The first four bytes of SHA-256 of name, newline, kind and key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:KEY_ID_BYTES]


def is_key_name(name: str) -> bool:
    """True for a name without blanks and plus signs."""
    return _NAME.fullmatch(name) is not None and name.isprintable()


def read_verifier_key(text: str) -> VerifierKey:
    """Read `NAME+ID+KEY`, as notes name their keys. Raises BadInput."""
    found = _VKEY.fullmatch(text.strip())
    raw = base64.b64decode(found[3]) if found else b""
    if found is None or raw[0] not in (ED25519, COSIGNATURE) or not is_key_name(found[1]):
        raise BadInput(f"“{text.strip()[:80]}” is no verifier key; one reads registry.example.net/log+1a2b3c4d+AW5…, "
                       "and `licet keys` prints it")
    key = VerifierKey(found[1], raw[0], raw[1:])
    if key.key_id.hex() != found[2]:
        raise BadInput(f"the verifier key of {key.name} has the id {found[2]}, but its bytes give {key.key_id.hex()}: "
                       "a character was changed")
    return key


def read_base64(text: str) -> bytes:
    """Bytes of their one form in standard base64 (RFC 4648 §4). Raises Malformed."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if base64.b64encode(raw).decode() != text:
        raise Malformed(f"“{text[:60]}” is no base64")
    return raw


def read_note(raw: bytes) -> Note:
    """Read a note. Raises Malformed; nothing of it is verified."""
    if len(raw) > NOTE_BYTES_MAX:
        raise Malformed(f"the note has more than {NOTE_BYTES_MAX:,} bytes")
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise Malformed("the note is not UTF-8") from None
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or _CONTROL.search(whole):
        raise Malformed("the note is not text, an empty line, and signature lines")
    return Note(text + "\n", read_signature_lines(lines))


def read_signature_lines(lines: str) -> tuple[NoteSignature, ...]:
    """Read lines that each end in a newline. Raises Malformed."""
    parts = lines.split("\n")[:-1]
    if not lines.endswith("\n") or len(parts) > SIGNATURES_MAX:
        raise Malformed(f"the note has more than {SIGNATURES_MAX} signatures, or its last line has no end")
    return tuple(_read_line(part) for part in parts)


def _read_line(line: str) -> NoteSignature:
    found = _LINE.fullmatch(line)
    blob = read_base64(found[2]) if found else b""
    if found is None or len(blob) <= KEY_ID_BYTES:
        raise Malformed(f"“{line[:60]}” is no signature line of a note")
    return NoteSignature(found[1], blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])
