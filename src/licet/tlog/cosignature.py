"""Cosignatures of witnesses on a checkpoint (C2SP tlog-cosignature, Ed25519): who saw the log at this size, and when.

A witness cosigns only what continues all that it has seen of the log. Who asks for cosignatures of several witnesses is
shown the same log as they.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from licet.errors import LogBroken
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.note import COSIGNATURE, SIGNATURE_BYTES, NoteSignature, VerifierKey

TIME_BYTES = 8
WITNESSES_MAX = 32


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """Whose cosignatures count, and how many there must be."""

    keys: tuple[VerifierKey, ...] = ()
    quorum: int = 0

    def __post_init__(self) -> None:
        if any(key.kind != COSIGNATURE for key in self.keys):
            raise ValueError("the key of a witness is of the kind 0x04: its text begins with BA, BB … after the id")
        if not 0 <= self.quorum <= len({(key.name, key.raw) for key in self.keys}) or len(self.keys) > WITNESSES_MAX:
            raise ValueError(f"{self.quorum} cosignatures of {len(self.keys)} witnesses cannot be had")


def cosigned_message(text: str, time_s: int) -> bytes:
    """What a witness signs. time_s: seconds since the epoch; text: of the checkpoint."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def cosigned_at(signature: NoteSignature, key: VerifierKey, text: str) -> int | None:
    """When the witness cosigned, in seconds since the epoch; None where the line is no cosignature of this text."""
    if not signature.is_by(key) or len(signature.payload) != TIME_BYTES + SIGNATURE_BYTES:
        return None
    time_s = int.from_bytes(signature.payload[:TIME_BYTES], "big")
    if time_s >= 2**63 or not key.holds(signature.payload[TIME_BYTES:], cosigned_message(text, time_s)):
        return None
    return time_s


def cosigners(checkpoint: Checkpoint, keys: Sequence[VerifierKey]) -> Mapping[str, int]:
    """The names of the witnesses that cosigned, each with the time of its newest cosignature."""
    found: dict[str, int] = {}
    for key in keys:
        for line in checkpoint.note.signatures:
            time_s = cosigned_at(line, key, checkpoint.note.text)
            if time_s is not None:
                found[key.name] = max(time_s, found.get(key.name, 0))
    return found


def require_cosigned(checkpoint: Checkpoint, policy: WitnessPolicy, where: str = "checkpoint") -> Mapping[str, int]:
    """The cosigners of a checkpoint. Raises LogBroken where there are fewer than the policy asks for."""
    found = cosigners(checkpoint, policy.keys)
    if len(found) < policy.quorum:
        raise LogBroken("not_witnessed", where, f"{len(found)} of the witnesses cosigned it; {policy.quorum} are asked "
                                                "for")
    return found
