"""Logs for tests: keys, entries that tell a legal story, folders filled with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from licet.model.canonical import canonical_json, sha256_digest
from licet.tlog.entry import leaf_of
from licet.tlog.signer import LogKey
from licet.tlog.store import FolderStore
from licet.tlog.writer import Writer

ORIGIN = "registry.example.net/log"
KEY = LogKey(ORIGIN, hashlib.sha256(b"the key of a test").digest())
OTHER_KEY = LogKey(ORIGIN, hashlib.sha256(b"another key").digest())

# What happens to an application, again and again: (event, before, after, role, reason).
STORY = (
    ("open", "", "draft", "registrant", ""),
    ("submit", "draft", "proving", "registrant", ""),
    ("proof_failed", "proving", "proving", "machine", ""),
    ("proofs_valid", "proving", "in_review", "machine", ""),
    ("ask", "in_review", "info_needed", "officer", ""),
    ("answer", "info_needed", "in_review", "registrant", ""),
    ("refuse", "in_review", "refused", "officer", "control_not_proven"),
)


def body(step: int, subject: str, previous: str, second: int = 0, **changes: object) -> bytes:
    """The canonical JSON of one step of the story, as the registry's journal writes it."""
    event, before, after, role, reason = STORY[step]
    at = f"2026-03-{1 + second // 86400 % 28:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    members = {
        "v": 1, "type": "application", "time": f"{at}.000000Z", "subject": subject, "event": event, "from": before,
        "to": after, "reason": reason, "role": role, "actorKeyId": "", "prevSubjectLeaf": previous,
        "details": {"service": "SVC-7F3K"}, "redactions": [],
    }
    return canonical_json({**members, **changes})  # type: ignore[dict-item]


def leaves(count: int, start: int = 0) -> Iterator[bytes]:
    """The leaves of a log of that many entries, from number `start` on: each application goes through its story."""
    previous = ""
    first = start - start % len(STORY)
    for number in range(first, count):
        application, step = divmod(number, len(STORY))
        raw = body(step, f"APP-{application:08d}", previous if step else "", number % (28 * 86_400))
        previous = sha256_digest(raw)
        if number >= start:
            yield leaf_of(raw)[0]


def fill(folder: Path, count: int, key: LogKey = KEY, batch: int = 300) -> FolderStore:
    """A folder with a published log of so many entries."""
    store = FolderStore(folder)
    with store.hold():
        writer = Writer(store, key)
        block: list[bytes] = []
        for leaf in leaves(count, writer.size):
            block.append(leaf)
            if len(block) == batch:
                writer.append(block)
                writer.publish()
                block = []
        writer.append(block)
        writer.publish()
    return store
