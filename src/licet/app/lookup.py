"""Look one thing up in registries: an address, an endpoint, a name, a handle or a WireGuard key.

The answer is about registrations and never about a person or a machine that was seen. That something is not in a
registry is a fact about the registry; every answer of that kind says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from licet.errors import Malformed
from licet.judge.coverage import ATTESTED, reaches
from licet.model.endpoint import TRANSPORTS, Endpoint, parse_address, parse_endpoint
from licet.model.registration import Record
from licet.model.verdict import CONFLICT, REGISTERED, UNREGISTERED
from licet.snapshot import Snapshot
from licet.snapshot.entry import WIREGUARD_KEY_BYTES, decode_wireguard_key, mac1_key
from licet.snapshot.registry_file import HANDLE

NOTICE = "Absence from a registry is no offence: it says nothing about who runs or uses a service, or why."

ON_HOLD_WORDS = "on hold"

_KEY_CHARACTERS = (WIREGUARD_KEY_BYTES + 2) // 3 * 4
_ADDRESS_CHARACTERS = frozenset("0123456789abcdefABCDEF:.[]")


class Source(Protocol):
    """What a look-up asks of a registry. A `Snapshot` answers it, and so does the service from its database."""

    def at_address(self, address: str) -> tuple[Record, ...]: ...

    def by_service(self, handle: str) -> tuple[Record, ...]: ...

    def by_name(self, text: str) -> tuple[Record, ...]: ...

    def by_mac1_key(self, mac1_key: str) -> tuple[Record, ...]: ...

    def title_of(self, handle: str) -> str: ...

    def operator_of(self, handle: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Query:
    """text: as asked, a key shortened; kind: address, endpoint, key, handle or name."""

    text: str
    kind: str
    endpoint: Endpoint | None = None
    address: str | None = None
    mac1_key: str | None = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One record that speaks of what was asked. answers: it is for exactly this; standing: `in force`, or why not;
    counts: in force, as far as a look-up can tell."""

    record: Record
    standing: str
    counts: bool
    answers: bool
    title: str
    operator: str
    source: str


@dataclass(frozen=True, slots=True)
class Answer:
    """answer: REGISTERED, CONFLICT where the registration is on hold or for another port, or UNREGISTERED; matches:
    those that decide first; sources: path and snapshot of each registry that was asked; at_ns: the time at which
    registrations were read."""

    query: Query
    answer: str
    matches: tuple[Match, ...]
    sources: tuple[tuple[str, Snapshot], ...]
    at_ns: int


def look_up(text: str, sources: Sequence[tuple[str, Snapshot]], at_ns: int) -> Answer:
    """Answer a query from registries, each with the path that it was read from. Raises Malformed for a query that looks
    like an address, an endpoint or a key and is none."""
    query = parse_query(text)
    found = [match for path, snapshot in sources for match in matches_in(snapshot, query, path, at_ns)]
    answer, matches = decide(found)
    return Answer(query, answer, matches, tuple(sources), at_ns)


def matches_in(source: Source, query: Query, path: str, at_ns: int) -> list[Match]:
    """Every record of one registry that speaks of what was asked."""
    return [_match(query, record, path, source, at_ns) for record in _records(query, source)]


def decide(matches: Sequence[Match]) -> tuple[str, tuple[Match, ...]]:
    """The answer that follows from all matches, and these with the ones that decide first."""
    ordered = sorted(matches, key=lambda match: (not (match.answers and match.counts), not match.counts,
                                                 not match.answers))
    if any(match.answers and match.counts for match in matches):
        answer = REGISTERED
    elif any(match.counts or match.standing == ON_HOLD_WORDS for match in matches):
        answer = CONFLICT
    else:
        answer = UNREGISTERED
    return answer, tuple(ordered)


def parse_query(text: str) -> Query:
    """Tell what is asked for. Raises Malformed."""
    text = text.strip()
    if not text:
        raise Malformed("the query is empty; ask for an address, an endpoint, a name, a handle or a key")
    if text.lower().startswith("wireguard:") or (len(text) == _KEY_CHARACTERS and text.endswith("=")):
        encoded = text.partition(":")[2] if ":" in text else text
        return Query(f"the WireGuard key {encoded[:6]}…", "key", mac1_key=mac1_key(decode_wireguard_key(encoded)))
    before_slash, slash, tail = text.rpartition("/")
    if slash and tail.lower() in TRANSPORTS:
        endpoint = parse_endpoint(text)
        return Query(str(endpoint), "endpoint", endpoint=endpoint, address=endpoint.address)
    if slash and _looks_like_address(before_slash):
        raise Malformed(f"“{text}” is not one endpoint; ask for an address, ADDRESS:PORT/udp or ADDRESS:PORT/tcp")
    if _looks_like_address(text):
        if text.count(":") == 1 or "]:" in text:
            raise Malformed(f"“{text}” does not name a transport; ask for {text}/udp or {text}/tcp")
        address = str(parse_address(text.strip("[]")))
        return Query(address, "address", address=address)
    if HANDLE.fullmatch(text.upper()):
        return Query(text.upper(), "handle", word=text.upper())
    return Query(text, "name", word=text)


def _looks_like_address(text: str) -> bool:
    """Only characters of an address, and some of those that make one: `192.0.2.300` is a slip, `cafe` a name."""
    return set(text) <= _ADDRESS_CHARACTERS and (":" in text or text.replace(".", "").isdigit())


def _records(query: Query, source: Source) -> tuple[Record, ...]:
    if query.address is not None:
        return source.at_address(query.address)
    if query.mac1_key is not None:
        return source.by_mac1_key(query.mac1_key)
    if query.kind == "handle":
        return source.by_service(query.word)
    return source.by_name(query.word)


def _match(query: Query, record: Record, path: str, source: Source, at_ns: int) -> Match:
    standing = _standing(record, at_ns)
    answers = query.endpoint is None or reaches(record, query.endpoint)
    return Match(record, standing, standing.startswith("in force"), answers, source.title_of(record.service),
                 source.operator_of(record.service), path)


def _standing(record: Record, at_ns: int) -> str:
    """In what state a registration is at a time, in words."""
    if at_ns < record.valid_from_ns:
        return "not begun"
    if at_ns >= record.valid_until_ns:
        return "ended"
    if record.is_held(at_ns):
        return ON_HOLD_WORDS
    if record.status == ATTESTED:
        return "in force on the owner's network"
    return "in force" if record.counts(at_ns) else record.status
