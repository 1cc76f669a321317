"""Asking witnesses for their cosignature (C2SP tlog-witness, add-checkpoint): the side of the log.

A witness signs what continues all it has seen of this log. One that says otherwise has seen another log under this
name: then the policy's number is not reached, nothing is published, and the sentence says so.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from licet.errors import LicetError, LogBroken, Malformed, Unavailable
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.cosignature import WitnessPolicy, cosigned_at
from licet.tlog.fetch import Answer, Site
from licet.tlog.note import NoteSignature, VerifierKey, read_signature_lines
from licet.tlog.tree import Tree

ADD_CHECKPOINT = "add-checkpoint"
TRIES_MAX = 3  # the witness may learn of a checkpoint between two of our requests

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")


class Poster(Protocol):
    """Sends a body to a path below a URL; see `fetch.Site`."""

    def post(self, path: str, body: bytes) -> Answer:
        """The answer. Raises Unavailable, Malformed."""
        ...


@dataclass(frozen=True, slots=True)
class Witness:
    """url: its submission prefix; key: of its cosignatures."""

    url: str
    key: VerifierKey


class Witnesses:
    """All witnesses of a log, and how many of them must cosign before a checkpoint is published."""

    def __init__(self, witnesses: Sequence[Witness], quorum: int) -> None:
        self.policy = WitnessPolicy(tuple(one.key for one in witnesses), quorum)
        self._sites = [(one.key, Site(one.url)) for one in witnesses]

    def cosign(self, checkpoint: Checkpoint, tree: Tree, known_size: int) -> list[NoteSignature]:
        """Ask all of them. Raises LogBroken where too few cosigned and one has seen another log, else Unavailable."""
        lines: list[NoteSignature] = []
        problems: list[LicetError] = []
        for key, site in self._sites:
            try:
                lines.append(add_checkpoint(site, key, checkpoint, tree, known_size))
            except (Unavailable, Malformed, LogBroken) as error:
                problems.append(error)
            finally:
                site.close()
        if len(lines) < self.policy.quorum:
            for problem in problems:
                if isinstance(problem, LogBroken):
                    raise problem
            raise Unavailable(f"{len(lines)} witnesses cosigned, {self.policy.quorum} are needed, so nothing was "
                              f"published: {'; '.join(map(str, problems))[:400]}")
        return lines


def add_checkpoint(poster: Poster, key: VerifierKey, checkpoint: Checkpoint, tree: Tree,
                   known_size: int) -> NoteSignature:
    """The cosignature of one witness. known_size: what it probably saw last. Raises LogBroken where it has seen another
    log, Unavailable where it does not serve this one, Malformed where its answer is none."""
    for _ in range(TRIES_MAX):
        answer = poster.post(ADD_CHECKPOINT, request_body(known_size, tree.consistency(known_size), checkpoint))
        if answer.status == 200:
            return _read_cosignature(answer.body, key, checkpoint)
        size = _SIZE.fullmatch(answer.body) if answer.status == 409 else None
        if answer.status == 422 or (size and int(size[1]) == known_size):
            raise LogBroken("split_view", key.name, f"this witness has seen another log of {checkpoint.origin} than "
                                                    "the one that is about to be published")
        if size is None:
            raise Unavailable(f"the witness {key.name} answered with HTTP status {answer.status}")
        known_size = int(size[1])
        if known_size > checkpoint.size:
            raise LogBroken("rolled_back", key.name, f"this witness cosigned {known_size:,} entries of this log, which "
                            f"now has {checkpoint.size:,}: its folder is an old one")
    raise Unavailable(f"the witness {key.name} names another size each time")


def request_body(old_size: int, path: Sequence[bytes], checkpoint: Checkpoint) -> bytes:
    """What is sent to a witness."""
    lines = [f"old {old_size}", *(base64.b64encode(node).decode() for node in path)]
    return ("\n".join(lines) + "\n\n" + str(checkpoint.note)).encode()


def _read_cosignature(body: bytes, key: VerifierKey, checkpoint: Checkpoint) -> NoteSignature:
    try:
        lines = read_signature_lines(body.decode())
    except UnicodeDecodeError:
        raise Malformed(f"the witness {key.name} answered with what is no text") from None
    for line in lines:
        if cosigned_at(line, key, checkpoint.note.text) is not None:
            return line
    raise Malformed(f"the witness {key.name} answered with no cosignature of this checkpoint by its key")
