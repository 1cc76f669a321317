"""One entry of the log: something that happened to a subject, as everybody may read it (lifecycle §7)."""

from __future__ import annotations

from dataclasses import dataclass

from licet.model.canonical import Json


@dataclass(frozen=True, slots=True)
class Redaction:
    """A body that is no longer served. digest: of the body; reason: a code."""

    digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """kind: of the subject, `type` in the log; before, after: `from` and `to`; previous: digest of the subject's entry
    before, or ""; digest: of this one; body_digest: of the body that is kept apart, or ""; details: what the entry
    itself says besides; time: RFC 3339 in UTC, so that text order is time order."""

    kind: str
    time: str
    subject: str
    event: str
    before: str
    after: str
    reason: str
    role: str
    previous: str
    digest: str
    body_digest: str
    details: dict[str, Json]
    redactions: tuple[Redaction, ...] = ()
