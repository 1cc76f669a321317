"""A log entry as the bytes of a leaf: canonical JSON (RFC 8785) with a closed list of members (lifecycle §7).

    {"actorKeyId":"","details":{"service":"SVC-7F3K"},"event":"submit","from":"draft","prevSubjectLeaf":"sha256:…",
     "reason":"","redactions":[],"role":"registrant","subject":"APP-4K2Z","time":"2026-03-02T09:00:00.000000Z",
     "to":"proving","type":"application","v":1}

A leaf can never be taken back, so it holds handles, codes, days and digests, and nothing else. What says more (an
address, a quoted text) or is larger than BODY_BYTES_MAX stands in a body beside the log: the leaf has its digest in
`bodyDigest` instead of `details`, and the body has a `salt`, so that its digest tells nothing once it was redacted.
`prevSubjectLeaf` is the digest of the subject's entry before: of its body where that is apart, else of its leaf.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from operator import itemgetter
from typing import Any

from licet.errors import Malformed
from licet.model.canonical import Json, canonical_json, sha256_digest
from licet.model.log_entry import LogEntry, Redaction

VERSION = 1
BODY_BYTES_MAX = 60_000  # larger ones are kept apart: a leaf has at most 65,535 bytes
APART_BYTES_MAX = 16 * 1024 * 1024
DETAILS_MAX, REDACTIONS_MAX = 16, 64

_COMMON = frozenset({
    "actorKeyId", "event", "from", "prevSubjectLeaf", "reason", "redactions", "role", "subject", "time", "to", "type",
    "v",
})
_INLINE, _APART = _COMMON | {"details"}, _COMMON | {"bodyDigest"}

_WORD = re.compile(r"[A-Za-z0-9+_-]{0,40}")
_HANDLE = re.compile(r"[A-Z]{2,8}-[0-9A-Z]{4,16}")
_ROLE = re.compile(r"[a-z ]{3,20}")
_REASON = re.compile(r"(?:[a-z0-9_]{1,40}(?: [A-Z]{2,8}-[0-9A-Z]{4,16})?)?")
_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{6}Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHAIN = re.compile(r"(?:sha256:[0-9a-f]{64})?")
_PLAIN = re.compile(r"[A-Za-z0-9_-]{0,40}|sha256:[0-9a-f]{64}")
# What differs from entry to entry, and what a log repeats a million times: that is looked at once.
_OWN = (("subject", _HANDLE), ("time", _TIME), ("prevSubjectLeaf", _CHAIN))
_REPEATED = (("type", _WORD), ("event", _WORD), ("from", _WORD), ("to", _WORD), ("role", _ROLE), ("reason", _REASON),
             ("actorKeyId", _CHAIN))
_repeated_of = itemgetter(*(name for name, _ in _REPEATED))
REPEATED_KEPT = 4_096


def leaf_of(body: bytes) -> tuple[bytes, bytes | None]:
    """The leaf of an entry that was written as canonical JSON with all its details, and the body that is kept apart,
    if it is. The same bytes always give the same leaf. Raises Malformed."""
    members = _members(body)
    if not isinstance(members.get("details"), dict):
        raise Malformed("the entry has no details")
    if len(body) <= BODY_BYTES_MAX and _is_plain(members["details"]) and "salt" not in members:
        read_entry(body)
        return body, None
    if not re.fullmatch(r"[A-Za-z0-9_-]{22,64}", str(members.get("salt", ""))):
        raise Malformed("an entry whose details are kept apart needs a salt of 22 characters or more")
    apart = {name: value for name, value in members.items() if name not in ("details", "salt")}
    leaf = canonical_json({**apart, "bodyDigest": sha256_digest(body)})
    read_entry(leaf)
    return leaf, body


def read_body(raw: bytes) -> dict[str, Json]:
    """What a body that is kept apart says: its details. Raises Malformed."""
    details = _members(raw).get("details")
    if not isinstance(details, dict):
        raise Malformed("the body has no details")
    return details


def is_plain(details: dict[str, Json]) -> bool:
    """True where details may stand in a leaf: handles, codes, days, numbers and digests."""
    return _is_plain(details)


def read_entry(leaf: bytes) -> LogEntry:
    """Read a leaf. Raises Malformed where it is not canonical, or has a member, or a value, that no entry has."""
    members = _members(leaf)
    names = members.keys()
    if (names != _INLINE and names != _APART) or members["v"] != VERSION:
        raise Malformed("it has not the members of an entry")
    for name, shape in _OWN:
        value = members[name]
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise Malformed(f"its “{name}” is not of the form of an entry")
    repeated = _repeated_of(members)
    if set(map(type, repeated)) != {str}:
        raise Malformed("what should be text in it is not")
    if problem := _repeated_problem(*repeated):
        raise Malformed(f"its “{problem}” is not of the form of an entry")
    details, body_digest = members.get("details", {}), members.get("bodyDigest", "")
    if "details" in members and not _is_plain(details):
        raise Malformed("its details say more than handles, codes, days and digests")
    if "bodyDigest" in members and not (isinstance(body_digest, str) and _DIGEST.fullmatch(body_digest)):
        raise Malformed("its bodyDigest is no digest")
    return LogEntry(
        kind=members["type"], time=members["time"], subject=members["subject"], event=members["event"],
        before=members["from"], after=members["to"], reason=members["reason"], role=members["role"],
        previous=members["prevSubjectLeaf"], digest=body_digest or sha256_digest(leaf), body_digest=body_digest,
        details=details, redactions=_redactions(members["redactions"]),
    )


@lru_cache(REPEATED_KEPT)
def _repeated_problem(*values: str) -> str:
    """The first of the members in _REPEATED that has not its form, or ""."""
    for (name, shape), value in zip(_REPEATED, values, strict=True):
        if not shape.fullmatch(value):
            return name
    return ""


def _redactions(value: Any) -> tuple[Redaction, ...]:
    """The bodies that an entry takes back. A reason may be missing here; whoever replays the log refuses it."""
    if value == []:
        return ()
    if not isinstance(value, list) or len(value) > REDACTIONS_MAX:
        raise Malformed("its redactions are no list")
    found = []
    for one in value:
        if not isinstance(one, dict) or one.keys() != {"digest", "reason"}:
            raise Malformed("a redaction has a digest and a reason")
        if not (isinstance(one["digest"], str) and _DIGEST.fullmatch(one["digest"])
                and isinstance(one["reason"], str) and _REASON.fullmatch(one["reason"])):
            raise Malformed("a redaction has a digest, and a code as its reason")
        found.append(Redaction(one["digest"], one["reason"]))
    return tuple(found)


def _is_plain(details: Any) -> bool:
    if not isinstance(details, dict) or len(details) > DETAILS_MAX:
        return False
    return all(name.isascii() and name.isalnum() and (type(value) is int or value is None or isinstance(value, bool)
                                                      or (isinstance(value, str) and _PLAIN.fullmatch(value)))
               for name, value in details.items())


def _refuse_number(text: str) -> None:
    raise ValueError(f"{text} is no whole number")


_decode = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _members(raw: bytes) -> dict[str, Any]:
    """The members of canonical JSON. Raises Malformed for anything else: one entry has one form only."""
    try:
        text = raw.decode()
        members = _decode(text)
        is_canonical = isinstance(members, dict) and _encode(members) == text
    except (ValueError, RecursionError):
        members, is_canonical = {}, False
    if not is_canonical:
        raise Malformed("it is not canonical JSON (RFC 8785)")
    return dict(members)
