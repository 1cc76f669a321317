"""Vectors: conversations as data, with what a recogniser must say of them.

A vector is a list of messages between one client and one server. It names its origin and its aim. A near miss is
written as another vector `with` one thing changed:

    [[vector]]
    name = "echo-of-another-index"
    note = "a response to somebody else's initiation"
    like = "handshake"
    change = [{ message = 2, at = 8, hex = "00000000" }]
    expect = "nothing"

Messages: {way = ">" or "<", at = seconds, hex = first bytes, length = whole payload if longer}. `>` comes from the
first message's sender. TCP vectors hold one entry for each stretch of bytes; the runner cuts them into segments.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from licet.flow.records import Record
from licet.flow.table import FlowTable
from licet.model.evidence import LIKELY
from licet.recognise.base import Finding, NothingRegistered, Recogniser, Registered
from support.packets import CLIENT, SERVER, START_NS, ethernet, ip, tcp, udp

VECTORS = Path(__file__).parent.parent / "vectors"
PROTOCOLS = {"udp": 17, "tcp": 6, "esp": 50, "ah": 51, "gre": 47}
ACK, SYN = 16, 2


@dataclass(frozen=True)
class Said:
    """One message of a vector. at: seconds after the first; data: the whole payload, zeros where it was not given."""

    forward: bool
    at: float
    data: bytes


@dataclass(frozen=True)
class Vector:
    file: str
    name: str
    note: str
    transport: str
    ports: tuple[int, int]
    start_s: int
    messages: tuple[Said, ...]
    expect: dict[str, Any] | None
    with_syn: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.name}"


def load_vectors(file: str) -> list[Vector]:
    """All vectors of tests/vectors/FILE.toml, those that are `like` another one spelled out."""
    tables = tomllib.loads((VECTORS / f"{file}.toml").read_text())["vector"]
    known: dict[str, Vector] = {}
    for table in tables:
        vector = _read(file, table, known)
        assert vector.name not in known, f"{file}: two vectors are called {vector.name}"
        assert vector.note, f"{vector}: a vector says what it is for"
        known[vector.name] = vector
    return list(known.values())


def all_vectors() -> list[Vector]:
    return [vector for path in sorted(VECTORS.glob("*.toml")) for vector in load_vectors(path.stem)]


def _read(file: str, table: dict[str, Any], known: dict[str, Vector]) -> Vector:
    if "like" in table:
        base = known[table["like"]]
    else:
        assert table["source"], f"{file}: {table['name']} has no source"
        base = Vector(file, "", "", table["transport"], tuple(table.get("ports", (0, 0))),
                      table.get("start_s", START_NS // 10**9), tuple(map(_said, table["messages"])), None,
                      table.get("with_syn", True))
    messages = _edited(list(base.messages), table)
    expect = table["expect"]
    return replace(
        base, name=table["name"], note=table["note"], messages=tuple(messages),
        ports=tuple(table.get("ports", base.ports)), transport=table.get("transport", base.transport),
        with_syn=table.get("with_syn", base.with_syn), expect=None if expect == "nothing" else expect,
    )


def _said(entry: dict[str, Any]) -> Said:
    data = bytes.fromhex(entry["hex"])
    return Said(entry["way"] == ">", float(entry.get("at", 0)), data.ljust(entry.get("length", len(data)), b"\0"))


def _edited(messages: list[Said], table: dict[str, Any]) -> list[Said]:
    """Apply `change`, `shorten`, `lengthen`, `turn`, `later`, `drop`, `repeat` and `append`, in this order."""
    for edit in table.get("change", ()):
        old = messages[edit["message"] - 1]
        new = bytes.fromhex(edit["hex"])
        data = old.data[: edit["at"]] + new + old.data[edit["at"] + len(new) :]
        messages[edit["message"] - 1] = replace(old, data=data)
    for edit in table.get("shorten", ()):
        old = messages[edit["message"] - 1]
        messages[edit["message"] - 1] = replace(old, data=old.data[: -edit["bytes"]])
    for edit in table.get("lengthen", ()):
        old = messages[edit["message"] - 1]
        messages[edit["message"] - 1] = replace(old, data=old.data + b"\0" * edit["bytes"])
    for number in table.get("turn", ()):
        messages[number - 1] = replace(messages[number - 1], forward=not messages[number - 1].forward)
    for edit in table.get("later", ()):
        old = messages[edit["message"] - 1]
        messages[edit["message"] - 1] = replace(old, at=old.at + edit["seconds"])
    dropped = set(table.get("drop", ()))
    messages = [message for number, message in enumerate(messages, 1) if number not in dropped]
    order = table.get("order")
    if order:
        messages = [replace(messages[number - 1], at=place / 1000) for place, number in enumerate(order)]
    return messages + [_said(entry) for entry in table.get("append", ())]


def records(vector: Vector, *, cut_bytes: int = 1_400, client: str = CLIENT, server: str = SERVER) -> list[Record]:
    """The vector as packets of one flow. cut_bytes: how long a TCP segment may be."""
    out: list[Record] = []
    sequence = {True: 1_000, False: 4_294_967_290}  # the second wraps round within a few bytes

    def emit(forward: bool, at: float, payload: bytes, flags: int | None = None) -> None:
        source, destination = (client, server) if forward else (server, client)
        ports = vector.ports if forward else vector.ports[::-1]
        body = payload
        if vector.transport == "udp":
            body = udp(*ports, payload)
        elif vector.transport == "tcp":
            body = tcp(*ports, sequence[forward], ACK if flags is None else flags, payload)
            sequence[forward] += len(payload) + (flags is not None and bool(flags & SYN))
        packet = ip(source, destination, PROTOCOLS[vector.transport], body)
        out.append(Record(len(out) + 1, vector.start_s * 10**9 + round(at * 1e9), 1, ethernet(packet)))

    if vector.transport == "tcp" and vector.with_syn:
        emit(True, 0, b"", SYN)
        emit(False, 0, b"", SYN | ACK)
    for message in vector.messages:
        pieces = [message.data]
        if vector.transport == "tcp":
            pieces = [message.data[i : i + cut_bytes] for i in range(0, len(message.data), cut_bytes)]
        for piece in pieces:
            emit(message.forward, message.at, piece)
    return out


def findings(recogniser: Recogniser, packets: list[Record], registered: Registered | None = None) -> list[Finding]:
    """What one recogniser says of these packets, as the real flow table hands them to it."""
    table = FlowTable([recogniser.sieve])
    for packet in packets:
        table.add(packet)
    found = []
    for candidate in table.candidates():
        for _, flow in candidate.owners:
            finding = recogniser.recognise(flow, registered or NothingRegistered())
            if finding is not None:
                found.append(finding)
    return found


def summary(finding: Finding) -> dict[str, Any]:
    """A finding in the words of a vector's `expect`."""
    best = finding.best
    server = {True: "receiver", False: "sender", None: "unknown"}[finding.to_server]
    return {"family": best.family, "variant": best.variant or "", "grade": best.grade, "rule": best.rule,
            "link": best.link or "", "server": server}


def fits(finding: Finding, expect: dict[str, Any]) -> bool:
    said = summary(finding)
    return all(said[name] == value for name, value in expect.items())


def is_harmless(finding: Finding) -> bool:
    """True for what a recogniser may still say of damaged vectors of its own protocol."""
    return finding.best.grade == LIKELY
