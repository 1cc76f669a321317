"""Moving a row along its table, and the entry that the log gets of it (lifecycle §7, “log entry”).

Both happen in the caller's transaction, under the lock of the service: nothing moves without its entry, and no entry
stands for what did not happen. What a body holds is public: no text that somebody wrote, no account, and nothing but
the handle of a service that is not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from licet.lifecycle.table import Table, Transition
from licet.model.canonical import Json, canonical_json, moment_ns, sha256_digest, time_text
from licet.server import chance
from licet.server.registry.models import Outbox
from licet.server.registry.service_layer.actors import Actor
from licet.server.registry.service_layer.locks import join_outbox
from licet.tlog.entry import is_plain

ENTRY_VERSION = 1


class Moving(Protocol):
    """A row with a state."""

    state: str
    state_since: datetime
    up_date: datetime


def move(row: Moving, table: Table, event: str, actor: Actor, at: datetime, *, reason: str = "",
         facts: frozenset[str] = frozenset()) -> Transition:
    """Move a row in memory; the caller saves it. Raises EventRefused and leaves it as it was."""
    done = table.move(row.state, event, actor.role, moment_ns(at), reason=reason, facts=facts)
    if done.after != row.state:
        row.state, row.state_since = done.after, at
    row.up_date = at
    return done


def go_on(table: Table, state: str, event: str, actor: Actor, at: datetime) -> Transition:
    """The transition of what has no row, but only entries: from the state that the last of them left it in; "" where
    there is none yet. Raises EventRefused."""
    if not state:
        return begin(table, event, actor, at)
    return table.move(state, event, actor.role, moment_ns(at))


def begin(table: Table, event: str, actor: Actor, at: datetime) -> Transition:
    """The transition with which a new row begins. Raises EventRefused."""
    return table.begin(event, actor.role, moment_ns(at))


def write(done: Transition, subject: str, details: Mapping[str, Json] | None = None, *, is_apart: bool = False,
          key_id: str = "") -> Outbox:
    """Write the entry of a transition. subject: its handle; is_apart: keep the body apart whatever it says, so that it
    can be taken back; key_id: of the key by which somebody signed for it."""
    join_outbox()
    last = Outbox.objects.filter(subject=subject).order_by("-sequence").first()
    previous = "" if last is None else last.body_digest
    time = time_text(done.at_ns)
    body: dict[str, Json] = {
        "v": ENTRY_VERSION,
        "type": done.kind,
        "time": time,
        "subject": subject,
        "event": done.event,
        "from": done.before,
        "to": done.after,
        "reason": done.reason,
        "role": done.role,
        "actorKeyId": key_id,  # of who signs an order; officers have no keys of their own
        "prevSubjectLeaf": previous,
        "details": dict(details or {}),
        "redactions": [],
    }
    if is_apart or not is_plain(dict(details or {})):
        # The log keeps such a body apart, so that it can be redacted; its digest must not be one that can be guessed.
        body["salt"] = chance.token()
    raw = canonical_json(body)
    return Outbox.objects.create(
        type=done.kind, subject=subject, sequence=1 if last is None else last.sequence + 1, event=done.event,
        before=done.before, after=done.after, reason=done.reason, role=done.role,
        time=datetime.fromisoformat(time), prev_subject_leaf=previous, body=raw, body_digest=sha256_digest(raw),
    )
