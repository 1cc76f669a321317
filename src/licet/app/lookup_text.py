"""An answer to a look-up, as text for people or as JSON (`licet.lookup/1`)."""

from __future__ import annotations

from licet.app.lookup import NOTICE, Answer, Match
from licet.judge.words import record_place
from licet.model.canonical import Json, time_text
from licet.model.verdict import CONFLICT, REGISTERED

SCHEMA = "licet.lookup/1"


def answer_text(answer: Answer) -> str:
    """A few lines: the answer, what it rests on, and which registries were asked."""
    lines = [_headline(answer)]
    for match in answer.matches:
        lines += _match_lines(match)
    if answer.answer != REGISTERED:
        lines.append(NOTICE)
    for path, snapshot in answer.sources:
        number = "" if snapshot.serial is None else f", serial {snapshot.serial}"
        lines.append(f"Asked: {path}{number}, {snapshot.digest}")
    return "\n".join(lines) + "\n"


def _headline(answer: Answer) -> str:
    asked = f"“{answer.query.text}”" if answer.query.kind == "name" else answer.query.text
    if answer.answer == REGISTERED:
        return f"{asked} is registered."
    if answer.answer == CONFLICT:
        return f"{asked} is not registered as such; the registry has this:"
    if answer.matches:
        return f"{asked} is not registered now; the registry remembers this:"
    return f"{asked} is not registered."


def _match_lines(match: Match) -> list[str]:
    record = match.record
    title = " · ".join(text for text in (match.title, match.operator) if text)
    heading = f"  {record.service}  {title}".rstrip()
    period = f"{time_text(record.valid_from_ns, 0)} to {time_text(record.valid_until_ns, 0)}"
    place = "a WireGuard key, at any address" if record.address is None else f"{record_place(record)} {record.protocol}"
    name = f" ({record.name})" if record.name else ""
    return [heading, f"    {place}{name}", f"    {match.standing}, {period}"]


def answer_json(answer: Answer) -> dict[str, Json]:
    """The same facts. `docs/formats.md` describes the members."""
    snapshots: list[Json] = [
        {"path": path, "serial": snapshot.serial, "digest": snapshot.digest} for path, snapshot in answer.sources
    ]
    matches: list[Json] = [_match_json(match) for match in answer.matches]
    return {
        "schema": SCHEMA,
        "query": answer.query.text,
        "kind": answer.query.kind,
        "answer": answer.answer,
        "at": time_text(answer.at_ns),
        "matches": matches,
        "notice": None if answer.answer == REGISTERED else NOTICE,
        "snapshots": snapshots,
    }


def _match_json(match: Match) -> dict[str, Json]:
    record = match.record
    return {
        "service": record.service,
        "title": match.title,
        "operator": match.operator,
        "address": record.address,
        "transport": record.transport,
        "port": record.port,
        "protocol": record.protocol,
        "name": record.name,
        "by_key": record.mac1_key is not None,
        "status": record.status,
        "standing": match.standing,
        "from": time_text(record.valid_from_ns, 0),
        "until": time_text(record.valid_until_ns, 0),
        "covers_query": match.answers,
        "registry": match.source,
    }
