"""What must not be guessed: tokens, keys, and the handles of new things. Chance is asked here and nowhere else.

Handles are Crockford's base32: no I, L, O or U, so that one can be read out on the telephone, and no word comes out of
it that anybody would mind.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TOKEN_BYTES = 24  # 192 bits; RFC 8555 §8 asks for 128
PROOF_TOKEN_BYTES = 20
KEY_BYTES = 48


def token() -> str:
    """A secret for a link: 32 characters of base64url."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def proof_token() -> str:
    """The token of a proof: 32 small letters and digits (base32). It is pasted into shells, so it never begins with a
    hyphen, as base64url may."""
    return base64.b32encode(secrets.token_bytes(PROOF_TOKEN_BYTES)).decode("ascii").lower()


def secret_key() -> str:
    """A key for signing sessions: 64 characters of base64url."""
    return secrets.token_urlsafe(KEY_BYTES)


def request_id() -> str:
    """A name for one request, to find its lines by: 16 hex digits."""
    return secrets.token_hex(8)


def handle(prefix: str, length: int) -> str:
    """Such as `SVC-7F3K` for the prefix SVC and the length 4."""
    return f"{prefix}-{''.join(secrets.choice(CROCKFORD) for _ in range(length))}"


def token_digest(text: str) -> str:
    """What is kept of a token that is shown once: 64 hex digits of SHA-256. With 192 bits of chance no salt is
    needed."""
    return hashlib.sha256(text.encode()).hexdigest()
