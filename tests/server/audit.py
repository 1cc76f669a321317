"""Reading back what a registry left behind, as an auditor would: entries against the tables, snapshots against each
other. Nothing here asks the rows that the service moves."""

from __future__ import annotations

import json
from collections import defaultdict

from licet.lifecycle import registration
from licet.lifecycle.replay import TABLES
from licet.lifecycle.table import Table
from licet.model.canonical import canonical_json, sha256_digest, time_text
from licet.model.registration import Record
from licet.server.registry.models import Application, DomainProof, Endpoint, Outbox, Registration, Snapshot
from licet.snapshot.form import Header, read_form, write_form


def audit_log() -> None:
    """Each subject's entries are counted from one, name the one before, and make a legal way through its table that
    ends where its row is now."""
    chains: dict[str, list[Outbox]] = defaultdict(list)
    for entry in Outbox.objects.order_by("subject", "sequence"):
        chains[entry.subject].append(entry)
    for chain in chains.values():
        _audit_chain(chain)
    last = {subject: chain[-1].after for subject, chain in chains.items()}
    now = dict(Application.objects.values_list("handle", "state"))
    now |= dict(Endpoint.objects.values_list("handle", "state"))
    now |= dict(DomainProof.objects.values_list("handle", "state"))
    # Of a service's registrations the newest one is told of last.
    for handle, state in Registration.objects.order_by("pk").values_list("service__handle", "state"):
        now[handle] = state
    assert {subject: last.get(subject) for subject in now} == now
    others = {entry.type for subject, chain in chains.items() if subject not in now for entry in chain}
    assert others <= {"listing", "snapshot"}, others


def _audit_chain(chain: list[Outbox]) -> None:
    table = TABLES.get(chain[0].type)
    state, leaf = "", ""
    for number, entry in enumerate(chain, start=1):
        body = json.loads(bytes(entry.body))
        assert canonical_json(body) == bytes(entry.body)
        assert sha256_digest(bytes(entry.body)) == entry.body_digest
        assert (entry.sequence, entry.prev_subject_leaf, body["prevSubjectLeaf"]) == (number, leaf, leaf)
        said = (body["type"], body["subject"], body["event"], body["from"], body["to"], body["reason"], body["role"])
        assert said == (entry.type, entry.subject, entry.event, entry.before, entry.after, entry.reason, entry.role)
        assert body["time"] == time_text(round(entry.time.timestamp() * 1_000_000) * 1_000)
        if table is not None:
            _audit_move(table, state, entry)
        state, leaf = entry.after, entry.body_digest


def _audit_move(table: Table, state: str, entry: Outbox) -> None:
    where = f"{entry.subject} #{entry.sequence} {entry.event}"
    if entry.event in table.births and entry.before == "":
        to, roles = table.births[entry.event]
        assert entry.after == to, where
        assert entry.role in roles, where
        # A service can be registered again once its registration is over; nothing else begins twice.
        assert state == "" or (table is registration.TABLE and state in registration.OVER), where
        return
    assert entry.before == state, where
    assert entry.after in [move.to for move in table.rows[state].get(entry.event, ())], where
    assert entry.role in table.causes[entry.event], where
    assert entry.reason or entry.event not in table.demands_reason, where


def audit_snapshots(seen: dict[int, str]) -> None:
    """Serials run from one, each still has the bytes with which it was published, and each is the one before with a
    delta. seen: digests by serial, from when they were published."""
    before: tuple[Record, ...] = ()
    for number, snapshot in enumerate(Snapshot.objects.order_by("serial"), start=1):
        raw = bytes(snapshot.body)
        assert snapshot.serial == number
        assert sha256_digest(raw) == snapshot.digest == seen[number]
        header, records = read_form("snapshot", raw)
        assert (header.serial, len(records)) == (number, snapshot.records)
        removed, added = set(before) - set(records), set(records) - set(before)
        assert removed or added or number == 1, "a new serial without a change"
        rebuilt = [record for record in before if record not in removed] + sorted(added, key=str)
        assert write_form(Header(number, header.registry, header.published_ns), rebuilt) == raw
        before = records
