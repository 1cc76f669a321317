"""Checkpoints (C2SP tlog-checkpoint): a note that states the size and the root of a log."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from licet.errors import LogBroken, Malformed
from licet.tlog.merkle import EMPTY_ROOT, HASH_BYTES
from licet.tlog.note import ED25519, Note, VerifierKey, read_base64, read_note

SIZE_MAX = 2**63 - 1

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """origin: which log; size: how many leaves; root: 32 bytes; note: as it came, with its signatures."""

    origin: str
    size: int
    root: bytes
    note: Note


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """What a log signs."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def read_checkpoint(raw: bytes) -> Checkpoint:
    """Read a checkpoint without verifying it. Raises Malformed."""
    note = read_note(raw)
    lines = note.text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines):
        raise Malformed("a checkpoint has three lines or more: origin, size, root")
    origin, size_text, root_text = lines[:3]
    root = read_base64(root_text)
    size = int(size_text) if _SIZE.fullmatch(size_text) else SIZE_MAX + 1
    if size > SIZE_MAX or len(root) != HASH_BYTES or (size == 0 and root != EMPTY_ROOT):
        raise Malformed("the checkpoint does not state a size in decimal and a root of 32 bytes in base64")
    return Checkpoint(origin, size, root, note)


def open_checkpoint(raw: bytes, key: VerifierKey, where: str = "checkpoint") -> Checkpoint:
    """Read a checkpoint and verify that the log signed it. where: its name, for the sentence.

    Raises LogBroken where it is damaged, of another log, not signed by this key, or signed wrongly.
    """
    try:
        found = read_checkpoint(raw)
    except Malformed as error:
        raise LogBroken("checkpoint_damaged", where, f"it cannot be read: {error}") from None
    if found.origin != key.name:
        raise LogBroken("wrong_origin", where, f"it is of the log “{found.origin[:80]}”, the key of “{key.name}”")
    lines = [one for one in found.note.signatures if one.is_by(key)]
    if key.kind != ED25519 or not lines:
        raise LogBroken("not_signed", where, f"the key {key.name}+{key.key_id.hex()} did not sign it")
    if not all(key.holds(one.payload, found.note.text.encode()) for one in lines):
        raise LogBroken("signature_forged", where, f"its signature is not by the key {key.name}+{key.key_id.hex()}")
    return found
