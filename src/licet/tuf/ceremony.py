"""Making the lists that offline keys sign: the root (whose keys sign what) and the policy keys' own (TUF §4.3, §4.5).

A list is drafted once and then signed by one holder after another, on their own machines; it counts when enough have.
The next root is signed by enough holders of the one before too: this is how everybody who trusts the old one comes to
trust the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tuf.api.metadata import (
    TOP_LEVEL_ROLE_NAMES,
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    Role,
    Root,
    TargetFile,
    Targets,
)

from licet.errors import BadInput, Refused
from licet.tuf.layout import POLICY_PATH, REGISTRATION_PATHS, REGISTRATIONS, ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from licet.tuf.roles import MARK, STARTER, Standing, standing
from licet.tuf.signer import tuf_key

HOLDERS_MAX = 32


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that sign together. keys: 32 bytes each; threshold: how many of them it takes."""

    keys: tuple[bytes, ...]
    threshold: int


def group(keys: Sequence[bytes], threshold: int, name: str) -> Group:
    """A group of different keys. Raises BadInput."""
    if len(set(keys)) != len(keys):
        raise BadInput(f"a key stands twice among those of the {name} group: one holder cannot count as two")
    if not 1 <= len(keys) <= HOLDERS_MAX:
        raise BadInput(f"the {name} group has {len(keys)} keys; it takes 1 to {HOLDERS_MAX}")
    if not 1 <= threshold <= len(keys):
        raise BadInput(f"the {name} group has {len(keys)} keys, and {threshold} of them cannot sign: the threshold is "
                       f"a number from 1 to {len(keys)}")
    return Group(tuple(keys), threshold)


def first_root(root: Group, policy: Group, online: Group, expires: datetime, *,
               is_starter: bool = False) -> Metadata[Root]:
    """The root with the number 1, not signed yet. Raises BadInput where a key is to be offline and online."""
    made = Root(version=1, expires=expires, consistent_snapshot=True)
    if is_starter:
        made.unrecognized_fields[MARK] = STARTER
    return _with_groups(made, {ROOT: root, TARGETS: policy, TIMESTAMP: online, SNAPSHOT: online})


def next_root(old: Root, expires: datetime, *, root: Group | None = None, policy: Group | None = None,
              online: Group | None = None) -> Metadata[Root]:
    """The root after another, not signed yet; a group that is not given stays. The mark of a starter goes with its
    keys. Raises BadInput."""
    made = Root.from_dict(old.to_dict())
    made.version, made.expires = old.version + 1, expires
    if root is not None:
        made.unrecognized_fields.pop(MARK, None)
    given = {ROOT: root, TARGETS: policy, TIMESTAMP: online, SNAPSHOT: online}
    return _with_groups(made, {role: one for role, one in given.items() if one is not None})


def _with_groups(made: Root, groups: dict[str, Group]) -> Metadata[Root]:
    for role, one in groups.items():
        keys = [tuf_key(raw) for raw in one.keys]
        made.roles[role] = Role([key.keyid for key in keys], one.threshold)
        made.keys.update({key.keyid: key for key in keys})
    used = {keyid for role in TOP_LEVEL_ROLE_NAMES for keyid in made.roles[role].keyids}
    made.keys = {keyid: key for keyid, key in made.keys.items() if keyid in used}
    offline = {*made.roles[ROOT].keyids, *made.roles[TARGETS].keyids}
    if offline & {*made.roles[TIMESTAMP].keyids, *made.roles[SNAPSHOT].keyids}:
        raise BadInput("a key is named for the server and for a holder: who takes the server must not have the other")
    return Metadata(made)


def first_targets(online: Group, expires: datetime, policy: bytes | None = None) -> Metadata[Targets]:
    """The policy keys' list with the number 1, not signed yet: who may publish registrations, and the policy."""
    return _with_policy(_with_online(Targets(version=1, expires=expires), online), policy)


def next_targets(old: Targets, expires: datetime, *, online: Group | None = None,
                 policy: bytes | None = None) -> Metadata[Targets]:
    """The policy keys' list after another, not signed yet; what is not given stays."""
    made = Targets.from_dict(old.to_dict())
    made.version, made.expires = old.version + 1, expires
    return _with_policy(made if online is None else _with_online(made, online), policy)


def _with_online(made: Targets, online: Group) -> Targets:
    keys: dict[str, Key] = {key.keyid: key for key in map(tuf_key, online.keys)}
    role = DelegatedRole(REGISTRATIONS, list(keys), online.threshold, terminating=True, paths=[REGISTRATION_PATHS])
    made.delegations = Delegations(keys, {REGISTRATIONS: role})
    return made


def _with_policy(made: Targets, policy: bytes | None) -> Metadata[Targets]:
    if policy is not None:
        made.targets[POLICY_PATH] = TargetFile.from_data(POLICY_PATH, policy, ["sha256"])
    return Metadata(made)


def root_standing(draft: Metadata[Root], before: Root | None) -> tuple[Standing, ...]:
    """How far the signing of a root has come: by its own holders, and by those of the root before it. Raises BadInput
    where it does not come after that one."""
    own = standing(draft, draft.signed, ROOT, f"the root keys of version {draft.signed.version}")
    if before is None:
        return (own,)
    if draft.signed.version != before.version + 1:
        raise BadInput(f"this root has the number {draft.signed.version}, and the one before it {before.version}: one "
                       "comes after the other")
    return standing(draft, before, ROOT, f"the root keys of version {before.version}"), own


def targets_standing(draft: Metadata[Targets], root: Root) -> tuple[Standing, ...]:
    """How far the signing of the policy keys' list has come."""
    return (standing(draft, root, TARGETS, f"the policy keys of root {root.version}"),)


def require_signed(standings: Sequence[Standing], what: str) -> None:
    """Raises Refused where a list is not signed by enough."""
    for one in standings:
        if one.lacking:
            raise Refused("not_signed", f"{what} is signed by {len(one.signed)} of {one.threshold} of {one.by}: "
                          f"{one.lacking} more must sign it, with `licet keys sign`")
