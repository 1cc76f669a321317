"""The key ceremony on files: draft a list, sign it on one machine after another, install what enough have signed.

Lists travel as files; keys do not. What is not signed by enough is not installed, and a file is replaced whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from licet.errors import BadFile, BadInput, Malformed
from licet.model.policy import NetworkPolicy
from licet.order.policy_file import read_policy
from licet.snapshot.store import read_bytes, replace_file
from licet.tuf.ceremony import (
    Group,
    first_root,
    first_targets,
    group,
    next_root,
    next_targets,
    require_signed,
    root_standing,
    targets_standing,
)
from licet.tuf.current import PENDING, read_newest
from licet.tuf.layout import POLICY_BYTES_MAX, POLICY_PATH, ROOT, TARGETS, TARGETS_BYTES_MAX, file_of
from licet.tuf.roles import (
    AnyList,
    Holders,
    RootList,
    Standing,
    expires_at,
    fingerprint,
    is_starter,
    read_any,
    root_holders,
    targets_holders,
)
from licet.tuf.signer import SigningKey, public_key_bytes
from licet.tuf.store import PublishedFolder

WORDS = {ROOT: "a root", TARGETS: "a list of the policy keys"}


@dataclass(frozen=True, slots=True)
class Described:
    """A list in words. kind: root or targets; starter: a server made its keys for itself; standings: who signed it,
    where the root that it takes was given; files: what it publishes besides registrations."""

    kind: str
    version: int
    expires: datetime
    fingerprint: str
    starter: bool
    holders: tuple[Holders, ...]
    files: tuple[tuple[str, str], ...]
    standings: tuple[Standing, ...]


def read_key_line(text: str) -> bytes:
    """A public key as text or in a file that holds it. Raises BadInput."""
    if text.startswith("ed25519:") or not os.path.exists(text):
        return public_key_bytes(text)
    return public_key_bytes(read_bytes(text, 4_096).decode("utf-8", "replace"))


def group_of(keys: Sequence[str], threshold: int | None, name: str) -> Group | None:
    """Keys that sign together; None where none is named. threshold: more than half of them unless given. Raises
    BadInput."""
    if not keys:
        if threshold is not None:
            raise BadInput(f"a threshold of the {name} group was given, and none of its keys")
        return None
    wanted = len(keys) // 2 + 1 if threshold is None else threshold
    return group([read_key_line(one) for one in keys], wanted, name)


def draft_root(path: str, after: str | None, root: Group | None, policy: Group | None, online: Group | None,
               expires: datetime) -> Described:
    """Write a root that nobody has signed yet. after: the file of the one before; without it, it is the first, and
    every group is needed. Raises BadInput, BadFile."""
    if after is not None:
        draft = next_root(_read(after, ROOT).signed, expires, root=root, policy=policy, online=online)
    elif root is None or policy is None or online is None:
        raise BadInput("the first root names all three groups: --root-key, --policy-key and --online-key")
    else:
        draft = first_root(root, policy, online, expires)
    _write_new(path, draft.to_bytes())
    return describe(path, after)


def draft_policy(path: str, after: str | None, online: Group | None, policy: str | None,
                 expires: datetime) -> Described:
    """Write a list of the policy keys that nobody has signed yet. policy: the file that it publishes as policy.toml.
    Raises BadInput, and BadFile, also for a policy that nobody could act by."""
    raw = None
    if policy is not None:
        raw = read_bytes(policy, POLICY_BYTES_MAX)
        read_policy(policy, raw)
    if after is not None:
        draft = next_targets(_read(after, TARGETS).signed, expires, online=online, policy=raw)
    elif online is None:
        raise BadInput("the first list of the policy keys names who publishes registrations: --online-key")
    else:
        draft = first_targets(online, expires, raw)
    _write_new(path, draft.to_bytes())
    return describe(path, None)


def describe(path: str, root: str | None) -> Described:
    """What a list says, and who signed it. root: for a root, the file of the one before it, if there is one; for a list
    of the policy keys, the root that names them. Raises BadFile."""
    raw = read_bytes(path, TARGETS_BYTES_MAX)
    found = _read(path, None)
    signed, kind = found.signed, found.signed.type
    standings: tuple[Standing, ...] = ()
    if kind == ROOT and (root is not None or signed.version == 1):
        standings = root_standing(found, None if root is None else _read(root, ROOT).signed)
    elif kind == TARGETS and root is not None:
        standings = targets_standing(found, _read(root, ROOT).signed)
    holders = root_holders(signed) if kind == ROOT else targets_holders(signed)
    listed = {} if kind == ROOT else signed.targets
    files = tuple((name, f"sha256:{one.hashes['sha256']}") for name, one in listed.items())
    return Described(kind, signed.version, expires_at(found), fingerprint(raw), kind == ROOT and is_starter(signed),
                     holders, files, standings)


def networks_of(path: str, policy: str) -> tuple[NetworkPolicy, ...]:
    """The networks of the policy that a list publishes. policy: its file, which must be the one that is named. Raises
    BadFile, BadInput."""
    raw = read_bytes(policy, POLICY_BYTES_MAX)
    listed = _read(path, TARGETS).signed.targets.get(POLICY_PATH)
    if listed is None or listed.hashes["sha256"] != hashlib.sha256(raw).hexdigest():
        raise BadInput(f"{policy} is not the policy that {path} publishes: its digest is another one")
    return read_policy(policy, raw)


def add_signature_to(path: str, key: SigningKey) -> None:
    """Sign a list with a key; signing it again changes nothing. Raises BadFile, and BadInput for a key that was signed
    with already."""
    found = _read(path, None)
    if key.public.keyid in found.signatures:
        raise BadInput(f"{path} is signed by {key.public_text} already")
    key.add_signature(found)
    replace_file(path, found.to_bytes())


def install(paths: Sequence[str], folder: str, policy: str | None) -> list[str]:
    """Bring signed lists into the folder of the published set, where the publisher takes them up. Raises Refused where
    one is not signed by enough, BadInput where it is not the next one; then the folder is as it was. Returns a sentence
    for each."""
    store = PublishedFolder(folder)
    files: dict[str, bytes] = {}
    told: list[str] = []
    with store.hold():
        root, targets = read_newest(store)
        for path, found in sorted(((path, _read(path, None)) for path in paths), key=lambda one: one[1].signed.type):
            version, kind = found.signed.version, found.signed.type
            if kind == ROOT:
                _require_next(path, version, root)
                require_signed(root_standing(found, None if root is None else root.signed), path)
                root = found
            else:
                _require_next(path, version, targets)
                if root is None:
                    raise BadInput(f"{path} cannot be checked: install the root first, or with it")
                require_signed(targets_standing(found, root.signed), path)
                files |= _policy_file(store, found, policy)
                targets = found
            files[f"{PENDING}/{version}.{kind}.json"] = read_bytes(path, TARGETS_BYTES_MAX)
            told.append(f"{WORDS[kind]}, number {version}, is signed by enough: it is published with the next "
                        "snapshots, within a minute where the service runs")
        told += _warnings(root, targets)
        store.write(files)
    return told


def _warnings(root: RootList | None, targets: AnyList | None) -> Iterator[str]:
    """What will not go well, though each list is right by itself."""
    if root is None or targets is None:
        yield f"nothing is published yet: there is no {'root' if root is None else 'list of the policy keys'}"
        return
    if any(one.lacking for one in targets_standing(targets, root.signed)):
        yield ("the newest root names other policy keys than those that signed the newest list: nothing is published "
               "until they have signed a next one (`licet keys policy`)")


def _require_next(path: str, version: int, newest: AnyList | None) -> None:
    wanted = 1 if newest is None else newest.signed.version + 1
    if version != wanted:
        raise BadInput(f"{path} has the number {version}, and {wanted} is the next one: numbers have no gap, and none "
                       "is used twice")


def _policy_file(store: PublishedFolder, found: AnyList, policy: str | None) -> dict[str, bytes]:
    """The policy that a list names, by where it is published. Raises BadInput where it is not at hand."""
    listed = found.signed.targets.get(POLICY_PATH)
    if listed is None:
        if policy is not None:
            raise BadInput(f"{policy} is named by no list: draft one with `licet keys policy --policy {policy}`")
        return {}
    place = file_of(POLICY_PATH, listed.hashes["sha256"])
    if policy is None:
        if store.size(place) is None:
            raise BadInput("the list names a policy that is not in the folder: give its file with --policy")
        return {}
    raw = read_bytes(policy, POLICY_BYTES_MAX)
    if hashlib.sha256(raw).hexdigest() != listed.hashes["sha256"]:
        raise BadInput(f"{policy} is not the policy that was signed: its digest is another one")
    return {place: raw}


def _read(path: str, kind: str | None) -> AnyList:
    try:
        found = read_any(read_bytes(path, TARGETS_BYTES_MAX))
    except Malformed as error:
        raise BadFile(path, str(error)) from None
    if kind is not None and found.signed.type != kind:
        raise BadFile(path, f"is not {WORDS[kind]}")
    if found.signed.type not in WORDS:
        raise BadFile(path, f"is a list of the role {found.signed.type}, which no person signs")
    return found


def _write_new(path: str, raw: bytes) -> None:
    """Write a draft. One that is there may have been signed: it is not overwritten."""
    if os.path.exists(path):
        raise BadFile(path, "is there already, and somebody may have signed it: it is not overwritten")
    replace_file(path, raw)


def expiry(at: datetime, days: int) -> datetime:
    """So many days from now, in whole seconds, as lists have it."""
    return at.replace(microsecond=0) + timedelta(days=days)
