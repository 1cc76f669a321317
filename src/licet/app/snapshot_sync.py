"""`licet snapshot sync`: bring a folder up to the newest snapshot, or leave it as it was and say why.

    DIR/registry.snapshot     the last good one; `licet scan --registry DIR` reads it
    DIR/sync.json             where it is from, and until when it is known to be the newest
    DIR/policy.toml           what the policy keys publish, where they do
    DIR/.sync/                what was verified, and what was not yet read to its end

The way is by deltas where they lead from what is there and cost less, else by the whole. Either way the result must
have the signed digest and the canonical form before it takes the place of the old one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from licet.app.snapshot_status import STATUS_NAME, Status, read_status, status_bytes
from licet.disk import Disk
from licet.errors import BadFile, BadInput, Malformed, SnapshotRefused
from licet.model.canonical import moment_ns
from licet.snapshot.delta import DELTA_BYTES_MAX, patched, read_delta
from licet.snapshot.form import read_header
from licet.snapshot.record_line import LINE_BYTES_MAX
from licet.snapshot.store import SYNCED_NAME, load, load_checked, read_bytes, replace_file
from licet.tuf.client import Client, Verified
from licet.tuf.index import Delta, Numbered
from licet.tuf.layout import POLICY_BYTES_MAX, POLICY_PATH, ROOT_BYTES_MAX, WHOLE_BYTES_MAX, delta_path, whole_path
from licet.tuf.roles import fingerprint

OWN = ".sync"
POLICY_NAME = "policy.toml"
UNCHANGED, DELTAS, WHOLE = "unchanged", "deltas", "whole"
BLOCK_BYTES = 1024 * 1024
LINES_A_BLOCK = 4_096

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Synced:
    """The folder as it is now. how: UNCHANGED, DELTAS or WHOLE; bytes_moved: content that came over the network;
    deltas: how many were used; is_starter: the root's keys were made by a server for itself; has_policy: policy.toml is
    there; records: in the snapshot."""

    status: Status
    how: str
    bytes_moved: int
    deltas: int
    is_starter: bool
    has_policy: bool
    records: int


def sync(url: str, folder: str, root: str | None, at: datetime) -> Synced:
    """Bring a folder up to date. root: a file, or the fingerprint of one, needed the first time; at: now.

    Raises SnapshotRefused where what the server shows breaks a rule, Unavailable where it cannot be had, BadInput and
    BadFile for what was given; then the folder holds the snapshot that it held.
    """
    place = Path(folder)
    client = Client(url, place / OWN)
    with client.hold():
        anchor = _anchor(client, root)
        verified = client.refresh(anchor)
        if client.anchor() is None:
            client.keep_anchor(anchor)
        before = _readable_status(folder)
        have = _numbered(place / SYNCED_NAME)
        _refuse_going_back(client, verified, before, have)
        how, count = UNCHANGED, 0
        if have != verified.index.newest:
            how, count = _bring(client, verified, place, have)
        policy = _bring_policy(client, place, before)
        newest = verified.index.newest
        status = Status(client.url, newest.serial, newest.digest, moment_ns(at), moment_ns(verified.expires),
                        verified.root_version, verified.publishers, policy)
        replace_file(str(place / STATUS_NAME), status_bytes(status))
        records = len(load(place / SYNCED_NAME).records)
        return Synced(status, how, client.fetcher.bytes_moved, count, verified.is_starter, policy is not None, records)


def _anchor(client: Client, root: str | None) -> bytes:
    """The root that is trusted first: the one that was, or the one that the user gives."""
    kept = client.anchor()
    if root is None:
        if kept is None:
            raise BadInput("this folder trusts no registry yet. Get the registry's root.json, or its fingerprint, from "
                           f"somewhere else than {client.url} (a letter, a page that others keep, a second person), "
                           "and give it once: --root root.json, or --root sha256:…")
        return kept
    given = None if _DIGEST.fullmatch(root) else read_bytes(root, ROOT_BYTES_MAX)
    wanted = root if given is None else fingerprint(given)
    if kept is None:
        return client.find_root(wanted) if given is None else given
    if wanted not in (fingerprint(kept), *client.fingerprints()):
        raise BadInput(f"this folder trusts the root {fingerprint(kept)} and those that came after it; {wanted} is "
                       "none of them. If you mean another registry, or its root was lost and made anew, sync into "
                       "another folder")
    return kept


def _readable_status(folder: str) -> Status | None:
    try:
        return read_status(folder)
    except BadFile:
        return None  # it is written anew below


def _numbered(path: Path) -> Numbered | None:
    """Number and digest of the snapshot that is there; None where there is none that can be used."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            line = file.readline(LINE_BYTES_MAX + 1)
            digest.update(line)
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
        header, _ = read_header(str(path), line.removesuffix(b"\n"))
    except (OSError, BadFile):
        return None
    return None if header.serial is None else Numbered(header.serial, f"sha256:{digest.hexdigest()}")


def _refuse_going_back(client: Client, verified: Verified, before: Status | None, have: Numbered | None) -> None:
    """A number never changes its content, and never goes back. Where the keys that publish were replaced the numbers of
    the old ones bind nobody: a thief may have counted to the end of all numbers."""
    if before is None or have is None or before.publishers != verified.publishers or have.digest != before.digest:
        return
    newest = verified.index.newest
    if newest.serial < have.serial:
        raise SnapshotRefused("rolled_back", client.url, f"the newest number is {newest.serial}, and {have.serial} is "
                              "here: the registry was restored from an old copy, or its key is in other hands")
    if newest.serial == have.serial and newest.digest != have.digest:
        raise SnapshotRefused("number_reused", client.url, f"number {newest.serial} has other content than before, and "
                              "a number never changes: ask the registry, and tell others who use it")


def _bring(client: Client, verified: Verified, place: Path, have: Numbered | None) -> tuple[str, int]:
    """Put the newest snapshot into its place: how, and by how many deltas."""
    index = verified.index
    way = None if have is None else index.way_from(have)
    if way is not None and _cost(client, way) * 2 <= _length(client, whole_path(index.whole.serial), WHOLE_BYTES_MAX):
        try:
            _put(client, place, place / SYNCED_NAME, way, index.newest)
            return DELTAS, len(way)
        except Malformed:
            pass  # a delta that leads elsewhere must not keep anybody from what is signed
    whole = whole_path(index.whole.serial)
    part = place / OWN / "part" / index.whole.digest.removeprefix("sha256:")
    since = index.way_from(index.whole) or ()
    if _cost(client, since) > _length(client, whole, WHOLE_BYTES_MAX):
        raise SnapshotRefused("too_long", client.url, "the deltas have more bytes than the whole")
    with _few_parts(part):
        _download(client, whole, part, WHOLE_BYTES_MAX)
        try:
            _put(client, place, part, since, index.newest)
        except Malformed as error:
            raise SnapshotRefused("damaged", client.url, str(error)) from None
        return WHOLE, len(since)


@contextmanager
def _few_parts(part: Path) -> Iterator[None]:
    """Keep what is being read and nothing older; remove it once it was used."""
    if part.parent.is_dir():
        for other in part.parent.iterdir():
            if other != part:
                other.unlink(missing_ok=True)
    yield
    part.unlink(missing_ok=True)


def _cost(client: Client, way: Sequence[Delta]) -> int:
    return sum(_length(client, delta_path(delta.serial), DELTA_BYTES_MAX) for delta in way)


def _length(client: Client, path: str, bytes_max: int) -> int:
    """How many bytes a file has, as signed. Raises SnapshotRefused where it is not listed, or longer than any may
    be."""
    listed = client.target(path)
    if listed is None:
        raise SnapshotRefused("incomplete", client.url, f"the list of snapshots names {path}, and nobody signed for it")
    if listed.length > bytes_max:
        raise SnapshotRefused("too_long", client.url, f"{path} has {listed.length:,} bytes, and at most {bytes_max:,} "
                              "are read")
    return listed.length


def _download(client: Client, path: str, part: Path, bytes_max: int) -> None:
    _length(client, path, bytes_max)
    listed = client.target(path)
    assert listed is not None
    client.download(listed, part)


def _put(client: Client, place: Path, base: Path, way: Sequence[Delta], newest: Numbered) -> None:
    """Make the newest snapshot from a base and deltas, check it, and let it take the place of the old one. Raises
    Malformed where it does not come out right."""
    new = place / OWN / "new"
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        made = new / SYNCED_NAME
        digest = hashlib.sha256()
        with open(base, "rb") as old, open(made, "wb") as file:
            lines: Iterator[bytes] = iter(old)
            for number, delta in enumerate(way):
                lines = patched(lines, read_delta(_delta(client, new / f"{number}.delta", delta)))
            for block in _blocks(lines):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if f"sha256:{digest.hexdigest()}" != newest.digest:
            raise Malformed(f"what came does not have the digest that is signed for number {newest.serial}")
        _check_form(made, newest)
        # Its index first: it is found by the name of the text, and is nothing without it.
        for path in sorted(new.glob(f"{SYNCED_NAME}.*")):
            os.replace(path, place / path.name)
        os.replace(made, place / SYNCED_NAME)
        Disk().sync_folder(place)
    except OSError as error:
        raise BadFile(str(place), f"cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _delta(client: Client, part: Path, delta: Delta) -> bytes:
    _download(client, delta_path(delta.serial), part, DELTA_BYTES_MAX)
    return part.read_bytes()


def _blocks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines in larger pieces."""
    kept: list[bytes] = []
    for line in lines:
        kept.append(line)
        if len(kept) == LINES_A_BLOCK:
            yield b"".join(kept)
            kept.clear()
    yield b"".join(kept)


def _check_form(path: Path, newest: Numbered) -> None:
    """Raises Malformed where the file is no snapshot of this number. A large one gets its index by this."""
    try:
        found = load_checked(str(path))
    except BadFile as error:
        raise Malformed(f"number {newest.serial} is no snapshot: {error.problem}") from None
    if found.serial != newest.serial:
        raise Malformed(f"number {newest.serial} says of itself that it is {found.serial}")


def _bring_policy(client: Client, place: Path, before: Status | None) -> str | None:
    """Bring what the policy keys publish: the digest of policy.toml, None where they publish none any more."""
    path = place / POLICY_NAME
    listed = client.target(POLICY_PATH)
    if listed is None:
        if before is not None and before.policy is not None:
            path.unlink(missing_ok=True)
        return None
    if listed.length > POLICY_BYTES_MAX:
        raise SnapshotRefused("too_long", client.url, f"the policy has {listed.length:,} bytes, and at most "
                              f"{POLICY_BYTES_MAX:,} are read")
    digest = f"sha256:{listed.hashes['sha256']}"
    if before is None or before.policy != digest or not path.is_file():
        part = place / OWN / "policy.part"
        client.download(listed, part)
        os.replace(part, path)
    return digest
