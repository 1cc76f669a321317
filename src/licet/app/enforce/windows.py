"""What this network's own sensors saw: the windows that `licet watch --write` wrote.

An endpoint at which a registered service was recognised in the last thirty days, by its address or by its key, is never
enforced against, whatever the registry says today. One that is ordered must have been seen in the last day.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from licet.enforce.shield import REMEMBERED_NS
from licet.errors import BadFile
from licet.model.canonical import parse_time, time_text
from licet.model.endpoint import Endpoint

ENDPOINTS_MAX = 1_000_000

_QUERY = """
SELECT endpoint.address, endpoint.transport, endpoint.port, max(windowStart)::VARCHAR
FROM read_parquet(?, union_by_name = true)
WHERE kind = 'tunnel' AND registration IS NOT NULL AND endpoint.address IS NOT NULL AND windowStart > ?::TIMESTAMPTZ
GROUP BY ALL LIMIT ?
"""

_SEEN = """
SELECT DISTINCT endpoint.address, endpoint.transport, endpoint.port
FROM read_parquet(?, union_by_name = true)
WHERE kind = 'tunnel' AND grade = 'certain' AND verdict IN ('unregistered', 'conflict') AND endpoint.address IS NOT NULL
  AND lastSeen > ?::TIMESTAMPTZ
LIMIT ?
"""


_PACKETS = """
SELECT kind, endpoint.address, (epoch(windowStart) // 3600)::BIGINT AS hour, endpoint.transport, endpoint.port,
       sum(packets)::BIGINT, sum(windowMilliseconds)::BIGINT
FROM read_parquet(?, union_by_name = true)
WHERE (kind = 'window' OR (kind = 'tunnel' AND registration IS NOT NULL AND endpoint.address IS NOT NULL))
  AND windowStart > ?::TIMESTAMPTZ
GROUP BY ALL LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Hours:
    """What was watched, by hours since the epoch. watched: milliseconds, of all interfaces; packets: of registered
    tunnels, by endpoint and hour."""

    watched: dict[int, int]
    packets: dict[tuple[Endpoint, int], int]


def registered_hours(folder: str, since_ns: int) -> Hours:
    """Packets of registered tunnels by the hour. Raises BadFile."""
    watched: dict[int, int] = {}
    packets: dict[tuple[Endpoint, int], int] = {}
    for kind, address, hour, transport, port, count, milliseconds in _ask(folder, _PACKETS, since_ns):
        if kind == "window":
            watched[hour] = milliseconds
        else:
            packets[Endpoint(address, transport, port), hour] = count
    return Hours(watched, packets)


def seen_endpoints(folder: str, since_ns: int) -> frozenset[Endpoint]:
    """Endpoints of tunnels that were seen since, certain and not registered. Raises BadFile."""
    return frozenset(Endpoint(address, transport, port) for address, transport, port in _ask(folder, _SEEN, since_ns))


def matched_endpoints(folder: str, at_ns: int) -> dict[Endpoint, int]:
    """Endpoints of registered tunnels, each with when it was last met; {} without a folder. Raises BadFile."""
    rows = _ask(folder, _QUERY, at_ns - REMEMBERED_NS) if folder else []
    return {Endpoint(address, transport, port): _time_ns(text) for address, transport, port, text in rows}


def _ask(folder: str, query: str, since_ns: int) -> list[tuple[Any, ...]]:
    """The rows of a query over all windows; none before there is a window. Raises BadFile."""
    if not os.path.isdir(folder):
        raise BadFile(folder, "is no folder; `licet watch --write` makes one")
    if not any(name.endswith(".parquet") for name in os.listdir(folder)):
        return []
    import duckdb  # 0.2 s, for who has windows

    since = time_text(max(0, since_ns))
    try:
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            return database.execute(query, [os.path.join(folder, "*.parquet"), since, ENDPOINTS_MAX]).fetchall()
    except duckdb.Error as error:
        raise BadFile(folder, f"its windows cannot be read: {str(error).splitlines()[0][:200]}") from None


def _time_ns(text: str) -> int:
    """DuckDB prints `2026-03-01 12:00:00+00`."""
    return parse_time(f"{text.removesuffix('+00')}+00:00")
