"""Tunnels that were seen, as an order can cite them: `licet.tunnel/1`, or rows of a watch under the names of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from licet.errors import Malformed
from licet.model.canonical import canonical_json, parse_time, sha256_digest
from licet.model.endpoint import Endpoint, parse_address

LINE_BYTES_MAX = 64 * 1024

_NAMES = {"tunnelProtocol": "family", "firstSeen": "first_seen", "lastSeen": "last_seen", "judgedAt": "judged_at"}
_LEFT_OUT = ("kind", "sensor", "interface", "windowStart", "windowMilliseconds", "endpoint", "classifierVersion")


@dataclass(frozen=True, slots=True)
class Seen:
    """A tunnel that was seen. line: canonical `licet.tunnel/1`; digest: of it; last_seen_ns; snapshot: digest of the
    registry by which it was judged, or ""."""

    endpoint: Endpoint
    family: str
    grade: str
    verdict: str
    line: bytes
    digest: str
    last_seen_ns: int
    snapshot: str


class NoTunnel(Malformed):
    """A line that is none. number: of the line, from one."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"line {number} is no tunnel: give the output of `licet scan --format jsonl`")


def read_lines(raw: bytes) -> Iterator[Seen]:
    """The tunnels with a server's end in JSON lines. Raises NoTunnel."""
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip():
            try:
                one = _seen(line)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Malformed):
                raise NoTunnel(number) from None
            if one is not None:
                yield one


def _seen(raw: bytes) -> Seen | None:
    if len(raw) > LINE_BYTES_MAX:
        raise ValueError
    members = json.loads(raw)
    if members["schema"] == "licet.observation/1":
        if members["kind"] != "tunnel":
            return None
        members = _as_tunnel(members)
    if members["schema"] != "licet.tunnel/1":
        raise ValueError
    if members["address"] is None:
        return None
    end = Endpoint(str(parse_address(members["address"])), str(members["transport"]), members["port"])
    line = canonical_json(members)
    return Seen(end, str(members["family"]), str(members["grade"]), str(members["verdict"]), line, sha256_digest(line),
                parse_time(members["last_seen"]), str((members.get("snapshot") or {}).get("digest") or ""))


def _as_tunnel(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a watch under the names of a tunnel; its capture is the sensor and the interface."""
    rest = {_NAMES.get(name, name): value for name, value in row.items() if name not in _LEFT_OUT}
    return {**rest, **row["endpoint"], "schema": "licet.tunnel/1", "capture": f"{row['sensor']}, {row['interface']}"}
