"""Replaying a log: every entry must be a move of its table, follow the subject's entry before, and have its reasons.

What the log says happened is here held against what may happen. Facts that are not in the log (a proof was valid, an
account was confirmed) cannot be checked again, and are not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from licet.errors import LogBroken
from licet.lifecycle import (
    appeal,
    application,
    domain_proof,
    endpoint_proof,
    keeping,
    listing,
    order,
    publication,
    redaction,
    registration,
    request,
    switching,
)
from licet.lifecycle.table import Table
from licet.model.canonical import Json
from licet.model.log_entry import LogEntry

TABLES: dict[str, Table] = {
    one.kind: one for one in (
        application.TABLE, domain_proof.TABLE, endpoint_proof.TABLE, registration.TABLE, listing.TABLE,
        publication.TABLE, request.TABLE, order.TABLE, order.ENDPOINT_TABLE, appeal.TABLE, redaction.TABLE,
        keeping.TABLE, switching.TABLE)
}


MOVES_KEPT = 4_096

_NOTHING: dict[str, Json] = {}


@dataclass(slots=True)
class Subject:
    """Where a subject of the log stands. digest, time, index, body_digest: of its last entry; details: of that, where
    moves are kept; birth: the event with which it began, or last began anew."""

    kind: str
    state: str
    digest: str
    time: str
    index: int
    birth: str
    details: dict[str, Json]
    body_digest: str


@dataclass(slots=True)
class Replay:
    """subjects: by handle, as the log leaves them; counts: entries by (type, event, to); bodies: digest of every body
    that is kept apart, with the index of its entry; redacted: digest to reason; moves: the indexes of the entries of
    each subject, or None where nobody wants them."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    bodies: dict[str, int] = field(default_factory=dict)
    redacted: dict[str, str] = field(default_factory=dict)
    moves: dict[str, list[int]] | None = None

    def take(self, index: int, entry: LogEntry) -> None:
        """Take the next entry. index: in the log. Raises LogBroken where it does not follow from those before."""
        known = self.subjects.get(entry.subject)
        previous = "" if known is None else known.digest
        if entry.previous != previous:
            raise LogBroken("chain_broken", f"entry {index:,}", f"it does not follow the entry of {entry.subject} that "
                                                                "is before it: one is missing, doubled or changed")
        self._require_legal(index, entry, known)
        for one in entry.redactions:
            if not one.reason:
                raise LogBroken("redaction_without_reason", f"entry {index:,}", f"it takes back {one.digest} without a "
                                                                                "reason")
            self.redacted[one.digest] = one.reason
        if entry.body_digest:
            self.bodies[entry.body_digest] = index
        birth = entry.event if known is None or entry.before == "" else known.birth
        # Who only counts need not keep what a million entries say.
        details = _NOTHING if self.moves is None else entry.details
        self.subjects[entry.subject] = Subject(entry.kind, entry.after, entry.digest, entry.time, index, birth,
                                               details, entry.body_digest)
        if self.moves is not None:
            self.moves.setdefault(entry.subject, []).append(index)
        self.counts[entry.kind, entry.event, entry.after] += 1

    def _require_legal(self, index: int, entry: LogEntry, known: Subject | None) -> None:
        problem = _illegal(entry, known)
        if problem:
            moved = f"{entry.event} from “{entry.before}” to “{entry.after}” by the {entry.role}"
            raise LogBroken("transition_illegal", f"entry {index:,}",
                            f"{entry.kind} {entry.subject}, {moved}: {problem}")

    def require_bodies_known(self) -> None:
        """Raises LogBroken where something was taken back that no entry has."""
        for digest in self.redacted:
            if digest not in self.bodies:
                raise LogBroken("redaction_of_nothing", digest, "no entry has this body, but one takes it back")


def _illegal(entry: LogEntry, known: Subject | None) -> str:
    """What is wrong with the entry as a move of its table, or ""."""
    table = TABLES.get(entry.kind)
    if table is None:
        return "there is no such type"
    if known is not None and known.kind != entry.kind:
        return f"the subject is of the type {known.kind}"
    if known is not None and entry.time < known.time:
        return f"it is older than the entry before, of {known.time}"
    if entry.before == "":
        return _illegal_birth(table, entry, known)
    if known is None or known.state != entry.before:
        return "the subject was not there" if known is None else f"its state is “{known.state}”"
    return _illegal_move(entry.kind, entry.event, entry.before, entry.after, entry.role, bool(entry.reason))


@lru_cache(MOVES_KEPT)
def _illegal_move(kind: str, event: str, before: str, after: str, role: str, has_reason: bool) -> str:
    """What is wrong with a move by its table alone. A log repeats few moves very often."""
    table = TABLES[kind]
    if after not in [one.to for one in table.rows.get(before, {}).get(event, ())]:
        return "the table has no such move"
    if role not in table.roles(before, event):
        return "that is not for this role to cause"
    if event in table.demands_reason and not has_reason:
        return "it needs a reason code"
    return ""


def _illegal_birth(table: Table, entry: LogEntry, known: Subject | None) -> str:
    state, roles = table.births.get(entry.event, ("", frozenset()))
    if state != entry.after or entry.role not in roles:
        return "that is not how one begins"
    # A service whose registration is over may be registered again under its handle; nothing else begins twice.
    is_over = known is not None and known.kind == registration.TABLE.kind and known.state in registration.OVER
    return "" if known is None or is_over else f"it has begun already, and its state is “{known.state}”"
