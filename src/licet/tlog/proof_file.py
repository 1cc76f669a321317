"""Proof files (C2SP tlog-proof): that an entry is in a log, for checking offline with nothing but a key.

The line `extra` holds the leaf, so that the file alone says what is proven. It is trusted only after it hashed to the
proven leaf.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from licet.errors import LogBroken, Malformed
from licet.tlog.checkpoint import Checkpoint, open_checkpoint
from licet.tlog.cosignature import WitnessPolicy, require_cosigned
from licet.tlog.merkle import HASH_BYTES, PROOF_HASHES_MAX, is_included, leaf_hash
from licet.tlog.note import NOTE_BYTES_MAX, VerifierKey, read_base64

HEADER = "c2sp.org/tlog-proof@v1"
PROOF_BYTES_MAX = NOTE_BYTES_MAX + 128 * 1024  # the note, and a leaf of at most 65,535 bytes in base64

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proof:
    """index: of the entry, from zero; path: hashes from the leaf's sibling up; leaf: None where the file has none;
    checkpoint: the bytes of the signed note."""

    index: int
    path: tuple[bytes, ...]
    leaf: bytes | None
    checkpoint: bytes


def write_proof(index: int, path: Sequence[bytes], leaf: bytes, checkpoint: bytes) -> bytes:
    """The bytes of a proof file."""
    lines = [HEADER, f"extra {base64.b64encode(leaf).decode()}", f"index {index}"]
    lines += [base64.b64encode(node).decode() for node in path]
    return ("\n".join(lines) + "\n\n").encode() + checkpoint


def read_proof(raw: bytes) -> Proof:
    """Read a proof file without verifying it. Raises Malformed."""
    if len(raw) > PROOF_BYTES_MAX:
        raise Malformed(f"the proof has more than {PROOF_BYTES_MAX:,} bytes")
    head, blank, checkpoint = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        leaf = None
        if len(lines) > 1 and lines[1].startswith("extra "):
            leaf = read_base64(lines.pop(1)[6:])
        path = tuple(read_base64(line) for line in lines[2:])
    except UnicodeDecodeError:
        raise Malformed("the proof is not lines of base64") from None
    index = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
    if not blank or lines[0] != HEADER or index is None:
        raise Malformed(f"the proof does not begin with “{HEADER}” and an index, or has no checkpoint")
    if len(path) > PROOF_HASHES_MAX or any(len(node) != HASH_BYTES for node in path):
        raise Malformed(f"the path of the proof is not at most {PROOF_HASHES_MAX} hashes of {HASH_BYTES} bytes")
    return Proof(int(index[1]), path, leaf, checkpoint)


def verify_proof(raw: bytes, key: VerifierKey, policy: WitnessPolicy | None = None, leaf: bytes | None = None,
                 where: str = "the proof") -> tuple[Checkpoint, int, bytes]:
    """The checkpoint, the index and the leaf that are proven.

    leaf: what the entry should be, where the file does not hold it. Raises LogBroken where anything does not hold.
    """
    try:
        proof = read_proof(raw)
    except Malformed as error:
        raise LogBroken("proof_damaged", where, f"it cannot be read: {error}") from None
    leaf = proof.leaf if leaf is None else leaf
    if leaf is None:
        raise LogBroken("proof_damaged", where, "it does not hold the entry that it proves")
    checkpoint = open_checkpoint(proof.checkpoint, key, f"the checkpoint in {where}")
    require_cosigned(checkpoint, policy or WitnessPolicy(), f"the checkpoint in {where}")
    if not is_included(leaf_hash(leaf), proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise LogBroken("not_included", where, f"its path does not lead from entry {proof.index:,} to the root of "
                                               f"{checkpoint.size:,} entries")
    return checkpoint, proof.index, leaf
