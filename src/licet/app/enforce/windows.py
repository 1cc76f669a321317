"""Where this network's own sensors met what is registered: the windows that `licet watch --write` wrote.

An endpoint at which a registered service was recognised in the last thirty days, by its address or by its key, is never
enforced against, whatever the registry says today.
"""

from __future__ import annotations

import os

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


def matched_endpoints(folder: str, at_ns: int) -> dict[Endpoint, int]:
    """Endpoints of registered tunnels, each with when it was last met; {} without a folder. Raises BadFile."""
    if not folder:
        return {}
    if not os.path.isdir(folder):
        raise BadFile(folder, "is no folder; `licet watch --write` makes one")
    if not any(name.endswith(".parquet") for name in os.listdir(folder)):
        return {}
    import duckdb  # 0.2 s, for who has windows

    since = time_text(max(0, at_ns - REMEMBERED_NS))
    try:
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            rows = database.execute(_QUERY, [os.path.join(folder, "*.parquet"), since, ENDPOINTS_MAX]).fetchall()
    except duckdb.Error as error:
        raise BadFile(folder, f"its windows cannot be read: {str(error).splitlines()[0][:200]}") from None
    return {Endpoint(address, transport, port): _time_ns(text) for address, transport, port, text in rows}


def _time_ns(text: str) -> int:
    """DuckDB prints `2026-03-01 12:00:00+00`."""
    return parse_time(f"{text.removesuffix('+00')}+00:00")
