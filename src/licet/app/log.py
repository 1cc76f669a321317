"""Reading a log as anybody may: its checkpoint, a proof that an entry is in it, and replaying all of it.

A log is named by a folder or by a URL; a mirror will do, for nothing that it says is believed before it is verified.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from licet.errors import BadFile, BadInput, LogBroken, Malformed
from licet.lifecycle.replay import Replay
from licet.model.canonical import Json, sha256_digest
from licet.model.log_entry import LogEntry
from licet.tlog.checkpoint import Checkpoint, open_checkpoint
from licet.tlog.cosignature import WitnessPolicy, require_cosigned
from licet.tlog.entry import APART_BYTES_MAX, read_body, read_entry
from licet.tlog.fetch import Site
from licet.tlog.merkle import is_consistent, is_included, leaf_hash
from licet.tlog.note import ED25519, VerifierKey, read_verifier_key
from licet.tlog.proof_file import PROOF_BYTES_MAX, verify_proof, write_proof
from licet.tlog.store import FolderReader
from licet.tlog.tile import ENTRIES, WIDTH, width_at
from licet.tlog.tree import Tree
from licet.tlog.verify import CHECKPOINT, CHECKPOINT_BYTES_MAX, Reader, read_tile, verified_leaves
from licet.tlog.writer import body_path

KEY_FILE_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Trust:
    """What a reader of a log relies on. key: of the log; witnesses: whose cosignatures count, and how many."""

    key: VerifierKey
    witnesses: WitnessPolicy = field(default_factory=WitnessPolicy)


@dataclass(frozen=True, slots=True)
class Verified:
    """A log that holds. replay: where it leaves every subject, and the counts; cosigned_by: names of witnesses; bodies,
    redacted: how many bodies are served, and how many were taken back with a reason; details: what the last bodies of
    subjects say, by their digests, where that was asked for."""

    checkpoint: Checkpoint
    replay: Replay
    cosigned_by: tuple[str, ...]
    bodies: int
    redacted: int
    details: Mapping[str, dict[str, Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """What a proof file proves."""

    checkpoint: Checkpoint
    index: int
    leaf: bytes
    entry: LogEntry


def open_log(place: str) -> Reader:
    """A log in a folder or at a URL. Raises BadInput, BadFile."""
    if "://" in place:
        return Site(place)
    if not os.path.isdir(place):
        raise BadFile(place, "is no folder; a log is a folder with a file `checkpoint` in it, or a URL")
    return FolderReader(place)


def make_trust(key: str, witnesses: Sequence[str] = (), quorum: int | None = None) -> Trust:
    """What the command line says: keys as text or as the path of a file that holds one. quorum: None for all of the
    witnesses. Raises BadInput."""
    log_key = read_key(key)
    if log_key.kind != ED25519:
        raise BadInput(f"{log_key.name} is the key of a witness, not of a log: its kind is 0x{log_key.kind:02x}")
    keys = tuple(read_key(one) for one in witnesses)
    try:
        policy = WitnessPolicy(keys, len(keys) if quorum is None else quorum)
    except ValueError as error:
        raise BadInput(str(error)) from None
    return Trust(log_key, policy)


def read_key(text: str) -> VerifierKey:
    """A verifier key, or the one in a file. Raises BadInput, BadFile."""
    if "+" not in text and os.path.isfile(text):
        text = _read_file(text, KEY_FILE_BYTES_MAX).decode("utf-8", "replace")
    return read_verifier_key(text)


def read_checkpoint_of(place: str, trust: Trust, since: Sequence[str] = ()) -> Checkpoint:
    """The newest checkpoint of a log, verified. since: files with checkpoints that it must continue, which a few tiles
    show. Raises LogBroken, Unavailable, BadFile."""
    reader = open_log(place)
    checkpoint = _checkpoint(reader, trust)
    for path in since:
        require_consistent(reader, checkpoint, open_checkpoint(_read_file(path, CHECKPOINT_BYTES_MAX), trust.key, path))
    return checkpoint


def require_consistent(reader: Reader, checkpoint: Checkpoint, earlier: Checkpoint) -> None:
    """Raises LogBroken where a log does not continue an earlier checkpoint (RFC 6962 §2.1.2)."""
    if earlier.size > checkpoint.size:
        raise LogBroken("rolled_back", CHECKPOINT, f"it has {checkpoint.size:,} entries, and an earlier one had "
                                                   f"{earlier.size:,}: this is an old state, or the log was cut")
    path = Tree(reader, checkpoint.size).consistency(earlier.size)
    if not is_consistent(earlier.size, earlier.root, checkpoint.size, checkpoint.root, path):
        raise LogBroken("forked", f"the earlier checkpoint of {earlier.size:,} entries", "the tiles do not lead from "
                        "it to the newest: two logs were signed, or a tile was changed. `licet log verify` says which")


def verify_log(place: str, trust: Trust, since: Sequence[str] = (), *, keeps_details: bool = False) -> Verified:
    """Replay a whole log. since: files with checkpoints that it must continue; keeps_details: also keep what the last
    entry of every subject says, and at which indexes each moved. Raises LogBroken for the first thing that does not
    hold; hashes and signatures come before what entries say."""
    reader = open_log(place)
    checkpoint = _checkpoint(reader, trust)
    earlier = [open_checkpoint(_read_file(path, CHECKPOINT_BYTES_MAX), trust.key, path) for path in since]
    replay, problem = Replay(moves={} if keeps_details else None), None
    for first, leaves in verified_leaves(reader, checkpoint, earlier):
        if problem is None:
            problem = _replay_block(replay, first, leaves)
    if problem is not None:
        raise problem
    replay.require_bodies_known()
    wanted = {one.body_digest for one in replay.subjects.values()} if keeps_details else set()
    bodies, details = _require_bodies(reader, replay, wanted)
    cosigned = require_cosigned(checkpoint, trust.witnesses)
    return Verified(checkpoint, replay, tuple(cosigned), bodies, len(replay.redacted), details)


def prove(place: str, trust: Trust, handle: str | None, index: int | None) -> tuple[bytes, ProvenEntry]:
    """A proof file for an entry: the one with this index, or the last one of a subject. Raises BadInput where there is
    none, LogBroken where the log does not lead to its checkpoint."""
    reader = open_log(place)
    checkpoint = _checkpoint(reader, trust)
    index, leaf = _find(reader, checkpoint, handle, index)
    path = Tree(reader, checkpoint.size).inclusion(index)
    if not is_included(leaf_hash(leaf), index, checkpoint.size, path, checkpoint.root):
        raise LogBroken("not_included", f"entry {index:,}", "the tiles do not lead from it to the root; `licet log "
                                                            "verify` names the file that was changed")
    raw = write_proof(index, path, leaf, str(checkpoint.note).encode())
    return raw, ProvenEntry(checkpoint, index, leaf, _read_entry(index, leaf))


def verify_proof_file(path: str, trust: Trust) -> ProvenEntry:
    """Check a proof file with nothing but keys. Raises LogBroken, BadFile."""
    checkpoint, index, leaf = verify_proof(_read_file(path, PROOF_BYTES_MAX), trust.key, trust.witnesses, where=path)
    return ProvenEntry(checkpoint, index, leaf, _read_entry(index, leaf))


def verified_json(verified: Verified) -> dict[str, object]:
    """The result of verifying a log: what is counted, with its unit, by the members of an entry."""
    states: dict[str, dict[str, int]] = {}
    for subject in verified.replay.subjects.values():
        of_kind = states.setdefault(subject.kind, {})
        of_kind[subject.state] = of_kind.get(subject.state, 0) + 1
    return {
        "schema": "licet.log/1",
        "origin": verified.checkpoint.origin,
        "entries": verified.checkpoint.size,
        "root": verified.checkpoint.root.hex(),
        "cosigned_by": list(verified.cosigned_by),
        "bodies": verified.bodies,
        "redacted": verified.redacted,
        "subjects": {kind: dict(sorted(of_kind.items())) for kind, of_kind in sorted(states.items())},
        "entries_by": [{"type": kind, "event": event, "to": after, "entries": count}
                       for (kind, event, after), count in sorted(verified.replay.counts.items())],
    }


def _checkpoint(reader: Reader, trust: Trust) -> Checkpoint:
    raw = reader.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)
    if raw is None:
        raise LogBroken("checkpoint_missing", CHECKPOINT, "it is not there: this is no log, or it was never published")
    checkpoint = open_checkpoint(raw, trust.key)
    require_cosigned(checkpoint, trust.witnesses)
    return checkpoint


def _replay_block(replay: Replay, first: int, leaves: Sequence[bytes]) -> LogBroken | None:
    """Replay leaves; what is wrong is kept until all hashes were seen, for a damaged file explains it better."""
    try:
        for index, leaf in enumerate(leaves, first):
            replay.take(index, _read_entry(index, leaf))
    except LogBroken as error:
        return error
    return None


def _read_entry(index: int, leaf: bytes) -> LogEntry:
    try:
        return read_entry(leaf)
    except Malformed as error:
        raise LogBroken("entry_malformed", f"entry {index:,}", str(error)) from None


def _require_bodies(reader: Reader, replay: Replay, wanted: Set[str]) -> tuple[int, dict[str, dict[str, Json]]]:
    """Every body that is kept apart is there and has its digest, or was taken back. Returns how many are there, and
    what those say whose digests are wanted."""
    there, details = 0, {}
    for digest, index in replay.bodies.items():
        if digest in replay.redacted:
            continue
        raw = reader.read(body_path(digest), APART_BYTES_MAX)
        if raw is None:
            raise LogBroken("body_missing", f"the body of entry {index:,}", "it is not there, and no entry says why: "
                                                                            "this is a redaction without a reason")
        if sha256_digest(raw) != digest:
            raise LogBroken("body_changed", f"the body of entry {index:,}", f"it is not the one with {digest}")
        there += 1
        if digest in wanted:
            details[digest] = _details(index, raw)
    return there, details


def _details(index: int, raw: bytes) -> dict[str, Json]:
    try:
        return read_body(raw)
    except Malformed as error:
        raise LogBroken("body_malformed", f"the body of entry {index:,}", str(error)) from None


def _find(reader: Reader, checkpoint: Checkpoint, handle: str | None, index: int | None) -> tuple[int, bytes]:
    if index is not None:
        if not 0 <= index < checkpoint.size:
            raise BadInput(f"there is no entry {index:,}; the log has {checkpoint.size:,}, counted from 0")
        tile, at = divmod(index, WIDTH)
        return index, read_tile(reader, ENTRIES, tile, width_at(checkpoint.size, 0, tile))[at]
    for tile in reversed(range((checkpoint.size + WIDTH - 1) // WIDTH)):
        leaves = read_tile(reader, ENTRIES, tile, width_at(checkpoint.size, 0, tile))
        for at in reversed(range(len(leaves))):
            if f'"subject":"{handle}"'.encode() in leaves[at]:
                return tile * WIDTH + at, leaves[at]
    raise BadInput(f"no entry of this log is about “{handle}”")


def _read_file(path: str, bytes_max: int) -> bytes:
    try:
        with open(path, "rb") as file:
            raw = file.read(bytes_max + 1)
    except OSError as error:
        raise BadFile(path, f"cannot be read: {error.strerror or error}") from None
    if len(raw) > bytes_max:
        raise BadFile(path, f"has more than {bytes_max:,} bytes, the most that are read")
    return raw
