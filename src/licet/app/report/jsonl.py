"""One JSON object a tunnel, one a line: the format for programs (design §4, `licet.tunnel/1`).

The objects hold what is needed to contest a verdict and to compute it again, and nothing about any client but how many
there were. `licet replay` reads them back.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TextIO

from licet.app.results import JudgedTunnel, ScanResult
from licet.model.canonical import Json, time_text
from licet.model.evidence import Evidence
from licet.model.verdict import SnapshotRef

SCHEMA = "licet.tunnel/1"
LINES_PER_WRITE = 256

# JSON escapes the controls below U+0020 by itself. These others are legal in a string as they are, but a terminal
# might act on them: DEL and the C1 controls, direction marks and other invisible ones. Half a surrogate pair (a path
# that is not UTF-8) is no character at all.
_RISKY = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def tunnel_object(judged: JudgedTunnel) -> dict[str, Json]:
    """The `licet.tunnel/1` object of one tunnel: names, order and null as in the documented example."""
    tunnel, verdict = judged.tunnel, judged.verdict
    return {
        "schema": SCHEMA,
        "capture": tunnel.capture,
        "transport": tunnel.transport,
        "address": tunnel.server.address if tunnel.server else None,
        "port": tunnel.server.port if tunnel.server else None,
        "family": tunnel.family,
        "variant": tunnel.variant,
        "class": tunnel.tunnel_class,
        "grade": tunnel.grade,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "registration": verdict.registration,
        "evidence": [_evidence_object(evidence) for evidence in tunnel.evidence],
        "initiator": tunnel.initiator,
        "clients": tunnel.clients,
        "flows": tunnel.flows,
        "packets": tunnel.packets,
        "bytes": tunnel.bytes,
        "first_seen": time_text(tunnel.first_seen_ns),
        "last_seen": time_text(tunnel.last_seen_ns),
        "judged_at": time_text(verdict.judged_at_ns),
        "snapshot": _snapshot_object(verdict.snapshot),
        "policy": verdict.policy,
    }


def _evidence_object(evidence: Evidence) -> dict[str, Json]:
    return {"rule": evidence.rule, "link": evidence.link, "packets": list(evidence.packets)}


def _snapshot_object(snapshot: SnapshotRef | None) -> Json:
    return None if snapshot is None else {"serial": snapshot.serial, "digest": snapshot.digest}


def json_line(value: Json) -> str:
    """One line of JSON in UTF-8 that is safe to print, without its line end."""
    text = _encode(value)
    if text.isascii() and "\x7f" not in text:
        return text  # JSON has escaped every other control character by itself.
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return _RISKY.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def tunnel_line(judged: JudgedTunnel) -> str:
    """`json_line(tunnel_object(judged))`, put together from pieces: a large capture has tens of thousands of tunnels,
    most of their texts come again, and this takes a third of the time. A test holds the two together."""
    tunnel, verdict = judged.tunnel, judged.verdict
    server, snapshot = tunnel.server, verdict.snapshot
    address = f'"{server.address}"' if server else "null"  # digits, dots and colons: nothing to escape
    last_seen = time_text(tunnel.last_seen_ns)
    judged_at = last_seen if verdict.judged_at_ns == tunnel.last_seen_ns else time_text(verdict.judged_at_ns)
    return (
        f'{{"schema": "{SCHEMA}", "capture": {_text(tunnel.capture)}, "transport": {_text(tunnel.transport)}, '
        f'"address": {address}, "port": {_number(server.port if server else None)}, '
        f'"family": {_text(tunnel.family)}, "variant": {_text(tunnel.variant)}, "class": {_text(tunnel.tunnel_class)}, '
        f'"grade": {_text(tunnel.grade)}, "verdict": {_text(verdict.verdict)}, "reason": {_text(verdict.reason)}, '
        f'"registration": {_text(verdict.registration)}, '
        f'"evidence": [{", ".join(map(_evidence_text, tunnel.evidence))}], '
        f'"initiator": {_text(tunnel.initiator)}, "clients": {tunnel.clients}, "flows": {tunnel.flows}, '
        f'"packets": {tunnel.packets}, "bytes": {tunnel.bytes}, "first_seen": "{time_text(tunnel.first_seen_ns)}", '
        f'"last_seen": "{last_seen}", "judged_at": "{judged_at}", '
        f'"snapshot": {"null" if snapshot is None else json_line(_snapshot_object(snapshot))}, '
        f'"policy": {_text(verdict.policy)}}}'
    )


def _evidence_text(evidence: Evidence) -> str:
    packets = ", ".join(map(str, evidence.packets))
    return f'{{"rule": {_text(evidence.rule)}, "link": {_text(evidence.link)}, "packets": [{packets}]}}'


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


@lru_cache(maxsize=1_024)
def _text(value: str | None) -> str:
    return json_line(value)


def write_jsonl(result: ScanResult, out: TextIO) -> None:
    """Write one line a tunnel, in the order of the result. Nothing is written for a capture without tunnels."""
    for start in range(0, len(result.tunnels), LINES_PER_WRITE):
        lines = [tunnel_line(judged) + "\n" for judged in result.tunnels[start : start + LINES_PER_WRITE]]
        out.write("".join(lines))
