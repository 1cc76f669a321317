"""The directory and the look-up of a registry against the fold of its log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from licet.app.published.difference import Comparison
from licet.errors import Malformed
from licet.lifecycle.fold import Fold, LoggedService
from licet.model.canonical import canonical_json, sha256_digest
from licet.model.registration import COUNTING
from licet.model.verdict import REGISTERED

SCHEMA = "licet.directory/1"
WHERE = "the directory"
ENDS_SHOWN = 4

_NOTHING = LoggedService()


def compare_directory(found: Comparison, log: Fold, rows: Sequence[Mapping[str, Any]]) -> None:
    """All rows of `directory.json` against the fold."""
    shown: dict[str, Mapping[str, Any]] = {row["service"]: row for row in rows}
    expected = {handle for handle, service in log.services.items() if service.is_listed}
    for handle in sorted(expected | shown.keys()):
        service, row = log.services.get(handle, _NOTHING), shown.get(handle)
        if row is None:
            found.differ("not_in_directory", handle, WHERE, "nothing of it", f"it is listed, {service.status}")
        elif not service.is_listed:
            found.differ("not_listed", handle, WHERE, f"that it is {row['status']}",
                         f"it is {service.status} and not listed" if service.status else "it is not registered")
        else:
            found.listed += 1
            _compare_row(found, handle, service, row)


def _compare_row(found: Comparison, handle: str, service: LoggedService, row: Mapping[str, Any]) -> None:
    if row["status"] != service.status:
        found.differ("status_differs", handle, WHERE, row["status"], service.status)
    if row["exDate"] != service.end_day:
        found.differ("end_differs", handle, WHERE, f"that it ends on {row['exDate']}", f"on {service.end_day}")
    if sha256_digest(canonical_json(row["facts"])) != service.facts:
        found.differ("facts_differ", handle, WHERE, json.dumps(row["facts"], ensure_ascii=False),
                     f"facts with the digest {service.facts}")
    shown = {f"{one['endpoint']} {one['protocol']}" for one in row["endpoints"] if one["endpoint"]}
    counting = list(service.counting())
    logged = {one.entry for one in counting if one.entry}
    strangers, missing = sorted(shown - logged), sorted(logged - shown)
    if len(strangers) > sum(not one.entry for one in counting):
        found.differ("endpoint_not_logged", handle, WHERE, ", ".join(strangers[:ENDS_SHOWN]), "no such endpoint of it")
    if missing:
        found.differ("endpoint_missing", handle, WHERE, "nothing of it", f"{', '.join(missing[:ENDS_SHOWN])} counts")


def compare_lookup(found: Comparison, handle: str, service: LoggedService, answer: Mapping[str, Any]) -> None:
    """The answer of the look-up for a service's handle."""
    found.lookups += 1
    if service.status not in ("", *COUNTING):
        return  # On hold, or permitted by the owner of a network: the answer depends on who asks.
    is_registered = bool(service.status) and any(service.counting())
    if is_registered != (answer.get("answer") == REGISTERED):
        found.differ("lookup_differs", handle, "the look-up", str(answer.get("answer")), service.status or "nothing")


def read_directory_page(where: str, raw: bytes) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of a page of `directory.json`, and the address of the next one. Raises Malformed."""
    try:
        page = json.loads(raw)
        rows, more = page["services"], page["next"]
        is_right = page["schema"] == SCHEMA and (more is None or isinstance(more, str))
        for row in rows:
            is_right &= all(isinstance(row[name], str) for name in ("service", "status", "exDate"))
            is_right &= isinstance(row["facts"], dict) and all(
                isinstance(one[name], str) for one in row["endpoints"] for name in ("endpoint", "protocol"))
            canonical_json(row["facts"])
    except (ValueError, KeyError, TypeError, RecursionError):
        is_right, rows, more = False, [], None
    if not is_right:
        raise Malformed(f"{where}: this is no page of a directory ({SCHEMA})")
    return rows, more


def read_answer(where: str, raw: bytes) -> Mapping[str, Any]:
    """What `lookup.json` answered. Raises Malformed."""
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Malformed(f"{where}: this is no answer of a look-up")
    return answer
