"""The log's own key (Ed25519), and the one thing that it signs: a checkpoint of the log whose name it bears.

Its text is the one that other tools of C2SP notes use: `PRIVATE+KEY+NAME+ID+BASE64`.
"""

from __future__ import annotations

import base64
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licet.errors import BadInput
from licet.tlog.checkpoint import checkpoint_text
from licet.tlog.note import ED25519, KEY_BYTES, Note, NoteSignature, VerifierKey, is_key_name, key_id

_TEXT = re.compile(r"PRIVATE\+KEY\+([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")


class LogKey:
    """The private key of a log. name: the log's origin; seed: 32 bytes that nobody can guess."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not is_key_name(name):
            raise BadInput(f"“{name[:80]}” is no name of a log: write one such as registry.example.net/log, without "
                           "blanks, a plus sign, or https://")
        if len(seed) != KEY_BYTES:
            raise ValueError(f"a seed has {KEY_BYTES} bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._seed = seed
        self.verifier = VerifierKey(name, ED25519, self._private.public_key().public_bytes_raw())

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.verifier.name

    def text(self) -> str:
        """The key as its file holds it: a secret."""
        encoded = base64.b64encode(bytes([ED25519]) + self._seed).decode()
        return f"PRIVATE+KEY+{self.origin}+{self.verifier.key_id.hex()}+{encoded}"

    def checkpoint(self, size: int, root: bytes) -> bytes:
        """A signed checkpoint of this log. Whoever calls it makes sure that it continues every one before."""
        text = checkpoint_text(self.origin, size, root)
        line = NoteSignature(self.origin, self.verifier.key_id, self._private.sign(text.encode()))
        return str(Note(text, (line,))).encode()


def read_log_key(text: str) -> LogKey:
    """Read the text of a key file. Raises BadInput; the key is not in its sentence."""
    found = _TEXT.fullmatch(text.strip())
    raw = base64.b64decode(found[3]) if found else b""
    if found is None or raw[0] != ED25519:
        raise BadInput("this is no key of a log: it is one line that begins with PRIVATE+KEY+, and "
                       "`licet keys new-log` writes it")
    key = LogKey(found[1], raw[1:])
    if key_id(key.origin, ED25519, key.verifier.raw).hex() != found[2]:
        raise BadInput("the log's key does not fit the id that is written in it: a character was changed")
    return key
