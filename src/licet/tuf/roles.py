"""Reading lists (TUF metadata) from bytes, and saying who signed them. Bounded; nothing here trusts what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, cast

from securesystemslib.signer import Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, Targets, Timestamp

from licet.errors import Malformed
from licet.model.canonical import sha256_digest
from licet.tuf.layout import (
    REGISTRATIONS,
    ROOT,
    ROOT_BYTES_MAX,
    SNAPSHOT,
    SNAPSHOT_BYTES_MAX,
    TARGETS,
    TARGETS_BYTES_MAX,
    TIMESTAMP,
    TIMESTAMP_BYTES_MAX,
)
from licet.tuf.signer import key_text

T = TypeVar("T", Root, Timestamp, Snapshot, Targets)

RootList: TypeAlias = Metadata[Root]
TargetsList: TypeAlias = Metadata[Targets]
AnyList: TypeAlias = Metadata[Any]

BYTES_MAX: dict[type[Signed], int] = {
    Root: ROOT_BYTES_MAX, Targets: TARGETS_BYTES_MAX, Snapshot: SNAPSHOT_BYTES_MAX, Timestamp: TIMESTAMP_BYTES_MAX,
}
MARK = "x-licet-made-for"  # in a root whose keys a server made for itself
STARTER = "a start or a demonstration"


def read_metadata(raw: bytes, kind: type[T]) -> Metadata[T]:
    """Read a list of one kind. Raises Malformed."""
    metadata = read_any(raw)
    if type(metadata.signed) is not kind:
        raise Malformed(f"this is a list of the role {metadata.signed.type}, not of {kind.type}")
    return cast("Metadata[T]", metadata)


def read_any(raw: bytes) -> Metadata[Any]:
    """Read a list of whatever kind. Raises Malformed."""
    if len(raw) > max(BYTES_MAX.values()):
        raise Malformed("this is too large for a list of keys or files")
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(raw)
    except (RepositoryError, ValueError, RecursionError):
        raise Malformed("this is no TUF metadata, or it is damaged") from None
    if len(raw) > BYTES_MAX[type(metadata.signed)]:
        raise Malformed(f"this is too large for a list of the role {metadata.signed.type}")
    return metadata


def fingerprint(raw: bytes) -> str:
    """By what a root is known to people: SHA-256 of its file."""
    return sha256_digest(raw)


def is_starter(root: Root) -> bool:
    """True for a root that a server made for itself."""
    return root.unrecognized_fields.get(MARK) == STARTER


@dataclass(frozen=True, slots=True)
class Holders:
    """Who signs a role: keys as lines of text, and how many of them it takes."""

    role: str
    keys: tuple[str, ...]
    threshold: int


def holders(delegator: Root | Targets, roles: Iterable[str]) -> tuple[Holders, ...]:
    """Who signs each of some roles."""
    found = []
    for role in roles:
        held = delegator.get_delegated_role(role)
        keys = sorted(key_text(delegator.get_key(keyid)) for keyid in held.keyids)
        found.append(Holders(role, tuple(keys), held.threshold))
    return tuple(found)


def root_holders(root: Root) -> tuple[Holders, ...]:
    """Whom a root names."""
    return holders(root, (ROOT, TARGETS, SNAPSHOT, TIMESTAMP))


def targets_holders(targets: Targets) -> tuple[Holders, ...]:
    """Whom the policy keys let publish registrations."""
    return holders(targets, (REGISTRATIONS,)) if targets.delegations is not None else ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the signing of a list has come, by one set of keys. by: whose keys they are, in words; signed: lines of
    the keys that signed; lacking: how many more are needed."""

    by: str
    signed: tuple[str, ...]
    threshold: int
    lacking: int


def standing(metadata: Metadata[Any], delegator: Root | Targets, role: str, by: str) -> Standing:
    """Who signed a list, of those whom a delegator names for its role. Raises Malformed where it names nobody."""
    try:
        result = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise Malformed(f"nobody is named who signs the role {role}: {error}") from None
    signed = tuple(sorted(map(key_text, cast("Iterable[Key]", result.signed.values()))))
    return Standing(by, signed, result.threshold, result.missing)


def expires_at(metadata: Metadata[Any]) -> datetime:
    """When a list is over, aware, in UTC."""
    return cast("datetime", metadata.signed.expires)
