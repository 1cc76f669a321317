"""What the registry says: its log, verified from its first entry, and the files of the orders in force.

A log that cannot be reached leaves what was last heard of it, which gets older; one that does not hold leaves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from licet.app.config import Config
from licet.app.enforce.sightings import is_on_fresh_evidence
from licet.app.enforce.state import Folder
from licet.app.log import Trust, make_trust, open_log
from licet.enforce.logged import Logged, State
from licet.errors import BadFile, BadInput, LicetError, LogBroken, Malformed, Unavailable
from licet.lifecycle.order import CANARY, IN_FORCE, NOTICED, TABLE
from licet.lifecycle.replay import Replay
from licet.model.canonical import Json
from licet.model.order import FILE_BYTES_MAX, OrderFile, read_order_file
from licet.snapshot.store import read_bytes
from licet.tlog.checkpoint import Checkpoint, open_checkpoint
from licet.tlog.cosignature import require_cosigned
from licet.tlog.entry import read_entry
from licet.tlog.fetch import Site
from licet.tlog.verify import CHECKPOINT, CHECKPOINT_BYTES_MAX, Reader, verified_leaves

EXPIRE_NS = 24 * 3_600 * 1_000_000_000  # lifecycle §9: a day without news is too long
ORDERS_MAX = 5_000
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """logged: where the log leaves orders; until_ns: from when that is too old; checkpoint: its text, to be continued
    by the next; origin: its name; remark: that it was not reached, or ""; seen_again: orders that came into force on
    evidence of the last day, by the log's word."""

    logged: Logged
    until_ns: int
    checkpoint: str
    origin: str
    remark: str = ""
    seen_again: frozenset[str] = frozenset()


def hear(config: Config, folder: Folder, checkpoint: str) -> Heard:
    """The log of licet.toml. checkpoint: the newest one that is remembered, or "". Raises LogBroken, BadInput, and
    Unavailable where nothing was ever heard."""
    table = config.enforce
    if not table.log or not table.log_key:
        raise BadInput("licet.toml names no log and log_key under [enforce]")
    witnesses = [row.key for row in config.log.witnesses]
    trust = make_trust(table.log_key, witnesses, config.log.quorum)
    try:
        return _verified(open_log(table.log), trust, checkpoint)
    except (Unavailable, BadFile) as error:
        return _remembered(folder.object("heard.json"), str(error))


def heard_object(heard: Heard) -> dict[str, Json]:
    """For heard.json."""
    states: dict[str, Json] = {
        subject: [state.state, str(state.since_ns), state.index] for subject, state in heard.logged.states.items()
    }
    return {"states": states, "newest_ns": str(heard.logged.newest_ns), "size": heard.logged.size,
            "until_ns": str(heard.until_ns), "checkpoint": heard.checkpoint, "origin": heard.origin,
            "seen_again": [*sorted(heard.seen_again)]}


def _remembered(members: dict[str, Any], why: str) -> Heard:
    try:
        states = {str(subject): State(str(state), int(since), int(index))
                  for subject, (state, since, index) in members["states"].items()}
        logged = Logged(states, int(members["newest_ns"]), int(members["size"]))
        return Heard(logged, int(members["until_ns"]), str(members["checkpoint"]), str(members["origin"]),
                     f"the log was not reached, and what was last heard of it is used: {why}",
                     frozenset(map(str, members["seen_again"])))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unavailable(f"the log was never heard of: {why}") from None


def _verified(reader: Reader, trust: Trust, earlier: str) -> Heard:
    """Every leaf, every move, and that it continues what is remembered. Raises LogBroken."""
    raw = reader.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)
    if raw is None:
        raise LogBroken("checkpoint_missing", CHECKPOINT, "it is not there: this is no log, or it was never published")
    checkpoint = open_checkpoint(raw, trust.key)
    cosigned = require_cosigned(checkpoint, trust.witnesses)
    before = [open_checkpoint(earlier.encode(), trust.key, "the remembered checkpoint")] if earlier else []
    logged, replay = Logged(), Replay()
    seen_again: set[str] = set()
    for index, leaf in _leaves(reader, checkpoint, before):
        try:
            entry = read_entry(leaf)
        except Malformed as error:
            raise LogBroken("entry_malformed", f"entry {index:,}", str(error)) from None
        replay.take(index, entry)
        logged.take(index, entry)
        if entry.kind == TABLE.kind and entry.after == CANARY:
            (seen_again.add if is_on_fresh_evidence(entry) else seen_again.discard)(entry.subject)
    witnessed_ns = max(cosigned.values(), default=0) * SECOND_NS
    until_ns = max(logged.newest_ns, witnessed_ns) + EXPIRE_NS
    return Heard(logged, until_ns, str(checkpoint.note), checkpoint.origin, seen_again=frozenset(seen_again))


def _leaves(reader: Reader, checkpoint: Checkpoint, before: list[Checkpoint]) -> Iterator[tuple[int, bytes]]:
    for first, leaves in verified_leaves(reader, checkpoint, before):
        yield from enumerate(leaves, first)


def fetch_orders(place: str, folder: Folder, logged: Logged) -> tuple[tuple[OrderFile, ...], tuple[str, ...]]:
    """The files of all orders whose notice was served or that are in force, and remarks about those that lack. What was
    fetched before is kept: a signed order never changes."""
    wanted = sorted(subject for subject, state in logged.states.items()
                    if subject.startswith("ORD-") and state.state in (*IN_FORCE, NOTICED))
    site = Site(place) if "://" in place else None
    files, remarks = [], []
    for puid in wanted[:ORDERS_MAX]:
        try:
            files.append(_order(place, site, folder, puid))
        except LicetError as error:
            remarks.append(f"{puid}: {error}")
    if len(wanted) > ORDERS_MAX:
        remarks.append(f"{len(wanted) - ORDERS_MAX:,} orders are left out: {ORDERS_MAX:,} are the most that are read")
    return tuple(files), tuple(remarks)


def _order(place: str, site: Site | None, folder: Folder, puid: str) -> OrderFile:
    name = f"{puid}.json"
    kept = folder.at(os.path.join("orders", name))
    if os.path.exists(kept):
        try:
            return _read(read_bytes(kept, FILE_BYTES_MAX), puid)
        except LicetError:
            if folder.keeps:
                os.unlink(kept)
    if site is None:
        raw = read_bytes(os.path.join(place, name), FILE_BYTES_MAX)
    else:
        answer = site.read(name, FILE_BYTES_MAX)
        if answer is None:
            raise Unavailable(f"{place}/{name} is not there")
        raw = answer
    file = _read(raw, puid)
    if len(file.signatures) > 1:
        folder.write(os.path.join("orders", name), raw)
    return file


def _read(raw: bytes, puid: str) -> OrderFile:
    file = read_order_file(raw)
    if file.order.puid != puid:
        raise Malformed(f"the file is of {file.order.puid[:40]}")
    return file
