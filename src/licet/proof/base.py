"""What every proof of control is: a challenge, a check, and an outcome in words (RFC 8555 §8).

Whoever wants an endpoint registered asks for a challenge and places its token where only they can. A check looks there
and nowhere else. Methods decide; they open no socket, ask no clock and draw no random number: the `Guard` that they are
handed does, and it bounds what the other side can do. On any bytes from the network a check returns an outcome.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from licet.errors import Malformed, Unavailable
from licet.model.endpoint import Endpoint

TOKEN_BYTES = 20
SENTENCE_CHARS_MAX = 400
SHOWN_CHARS_MAX = 120
NAME_CHARS_MAX = 253

# 128 bits and more in base64url (RFC 8555 §8.1 asks for as much), and no hyphen first: safe in a path, a URL and a
# shell, and never taken for an option.
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{21,85}")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")

PROBLEMS: dict[str, str] = {
    "incomplete": "the challenge lacks something that this method needs",
    "not_usable": "the method does not fit this endpoint",
    "address_refused": "the address is not one on the public internet, and no network here lists it",
    "name_not_found": "the name does not exist",
    "no_address": "the name has no address",
    "address_not_in_name": "the endpoint's address is not among the name's addresses",
    "dns_failed": "the name servers gave no usable answer",
    "record_missing": "there is no such record",
    "record_differs": "there is a record, with another value",
    "no_answer": "nothing answered in time",
    "connection_refused": "the machine answered that nothing listens there",
    "unreachable": "there is no way to the address from here",
    "answer_malformed": "the answer breaks its protocol",
    "answer_too_long": "the answer is longer than any right one",
    "redirect_refused": "the answer leads to another place",
    "http_status": "the web server has no such file",
    "content_differs": "the file has another content",
    "key_not_held": "the answer was made without the key that was named",
    "busy": "the server is under load and asked to wait, twice",
    "token_differs": "another token was presented",
    "called_from_elsewhere": "the call came from another address",
    "expired": "the challenge has expired",
    "not_installed": "a library that this method needs is not installed here",
}
"""Every code that an outcome may carry, in words."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What was asked of a registrant.

    method: a name of the catalogue; token: see `read_token`; endpoint: what is to be proved, None for a name alone;
    name: a DNS name in lower case, see `read_name`; public_key: a WireGuard server's, base64, see `read_key`.
    """

    method: str
    token: str
    endpoint: Endpoint | None = None
    name: str | None = None
    public_key: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found. problem: a key of PROBLEMS, None where it is ok; the four sentences are for the person who
    must mend it: short, printable, and bounded whatever the other side sent."""

    ok: bool
    problem: str | None
    looked_for: str
    where: str
    seen: str
    todo: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One thing for the registrant to do: a sentence, and lines to copy, if there are any."""

    text: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer of a web server. status: 100–999; location: where a redirect leads, or None; body: bounded."""

    status: int
    location: str | None
    body: bytes


class Datagrams(Protocol):
    """A UDP socket that is connected to one address and port, and hears that one alone."""

    def send(self, datagram: bytes) -> None:
        """Send one datagram. Raises NotReached."""

    def receive(self, wait_s: float) -> bytes | None:
        """The next datagram, None if none came in `wait_s` or before the deadline. Raises NotReached."""


class Guard(Protocol):
    """All that a check may do on the network, and the clock and chance that it may use."""

    def require_allowed(self, address: str) -> None:
        """Raises NotReached (`address_refused`) for an address that is not to be contacted."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """A and AAAA of a name, RFC 5952; empty if it has none. Raises NotReached."""

    def texts(self, name: str) -> tuple[bytes, ...]:
        """TXT of a name, the strings of a record joined; empty if it has none. Raises NotReached."""

    def get(self, address: str, port: int, host: str, path: str, body_bytes_max: int) -> HttpAnswer:
        """GET over HTTP/1.1 from exactly this address; follows nothing. Raises NotReached."""

    def udp(self, address: str, port: int) -> AbstractContextManager[Datagrams]:
        """Datagrams to and from exactly this address and port. Raises NotReached."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""

    def random(self, count: int) -> bytes:
        """So many bytes that nobody can guess."""


@dataclass(frozen=True, slots=True)
class ProofMethod:
    """One method. name: its word in the lifecycle; proves: in words; needs: fields of a challenge it cannot do without;
    instructions: what the registrant does; check: None for a method where the registrant's machine calls."""

    name: str
    proves: str
    needs: tuple[str, ...]
    instructions: Callable[[Challenge], tuple[Instruction, ...]]
    check: Callable[[Challenge, Guard], Outcome] | None


class NotReached(Unavailable):
    """The guard did not go there, or came back without an answer. problem: a key of PROBLEMS; seen: what happened."""

    def __init__(self, problem: str, seen: str) -> None:
        self.problem, self.seen = problem, bounded(seen)
        super().__init__(self.seen)


def proved(looked_for: str, where: str, seen: str) -> Outcome:
    """The outcome of a check that succeeded."""
    return Outcome(True, None, bounded(looked_for), bounded(where), bounded(seen), "Nothing more to do.")


def failed(problem: str, looked_for: str, where: str, seen: str, todo: str) -> Outcome:
    """The outcome of a check that did not. problem: a key of PROBLEMS."""
    if problem not in PROBLEMS:
        raise ValueError(f"{problem} is not in PROBLEMS")
    return Outcome(False, problem, bounded(looked_for), bounded(where), bounded(seen), bounded(todo))


def incomplete(challenge: Challenge, method: ProofMethod) -> Outcome | None:
    """An outcome that says what the challenge lacks for this method, or None if it lacks nothing."""
    lacking = [WORDS[field] for field in method.needs if getattr(challenge, field) is None]
    if not lacking:
        return None
    words = " and ".join(lacking)
    return failed("incomplete", f"A challenge with {words}.", f"The {method.name} challenge.", "It has none.",
                  f"Ask for a new challenge with {words}.")


WORDS = {"endpoint": "an endpoint", "name": "a DNS name", "public_key": "a WireGuard public key", "token": "a token"}


def answer_to(token: str) -> str:
    """What is published for a token: base64url of its SHA-256, without padding, 43 characters (as RFC 8555 §8.4)."""
    digest = hashlib.sha256(token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def make_token(chance: bytes) -> str:
    """A token from TOKEN_BYTES that nobody can guess: 32 small letters and digits (base32), easy to copy."""
    if len(chance) != TOKEN_BYTES:
        raise ValueError(f"a token is made from {TOKEN_BYTES} bytes")
    return base64.b32encode(chance).decode("ascii").lower()


def read_token(text: str) -> str:
    """Check the form of a token: 22 to 86 characters of base64url, no hyphen first. Raises Malformed."""
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        raise Malformed(f"{shown(token)} is no token; copy the whole of it from the registry's page")
    return token


def read_name(text: str) -> str:
    """A DNS name in lower case without its last dot; international names in their ASCII form. Raises Malformed."""
    name = text.strip().rstrip(".").lower()
    labels = name.split(".")
    # A last label that begins with a digit, as in 192.0.2.1 or 0x7f, is read as an address by some (RFC 3696 §2).
    is_name = len(labels) > 1 and labels[-1][:1].isalpha() and all(map(_LABEL.fullmatch, labels))
    if not is_name or len(name) > NAME_CHARS_MAX:
        raise Malformed(f"{shown(text)} is no DNS name; write one such as vpn.example.net (xn--… for other scripts)")
    return name


def read_key(text: str) -> bytes:
    """The 32 bytes of a WireGuard public key in base64. Raises Malformed."""
    try:
        key = base64.b64decode(text.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != 32 or not any(key):
        raise Malformed(f"{shown(text)} is no WireGuard public key; `wg show INTERFACE public-key` prints it")
    return key


def shown(data: bytes | str) -> str:
    """What somebody else sent, quoted, printable and at most SHOWN_CHARS_MAX characters of it."""
    text = data[: SHOWN_CHARS_MAX * 4].decode("utf-8", "replace") if isinstance(data, bytes) else data
    short = text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"
    return f"“{printable(short)}”"


def bounded(sentence: str) -> str:
    """A sentence that fits a page and controls no terminal."""
    text = printable(sentence)
    return text if len(text) <= SENTENCE_CHARS_MAX else text[: SENTENCE_CHARS_MAX - 1] + "…"


def printable(text: str) -> str:
    """The text with a replacement character for all that does not print: controls, bidirectional marks, surrogates."""
    return "".join(_printable(text))


def _printable(text: str) -> Iterator[str]:
    for one in text:
        yield one if one.isprintable() else "\N{REPLACEMENT CHARACTER}"
