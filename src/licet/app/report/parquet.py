"""Rows as Parquet, by DuckDB: tunnels of a scan, observations of a watch (docs/formats.md).

The rows are the objects of the JSON formats; a column has the member's name. They go through a file of JSON lines
beside the Parquet file, which DuckDB reads with its types said. Times are UTC. DuckDB is imported here only, when it is
asked for: its import takes longer than a small scan.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from licet.app.report.jsonl import json_line, tunnel_object
from licet.errors import BadFile, BadInput
from licet.model.canonical import Json

if TYPE_CHECKING:
    from licet.app.results import ScanResult

_EVIDENCE = "STRUCT(rule VARCHAR, link VARCHAR, packets UBIGINT[])[]"
_SNAPSHOT = "STRUCT(serial UBIGINT, digest VARCHAR)"
_ENDPOINT = "STRUCT(address VARCHAR, transport VARCHAR, port USMALLINT)"
_COUNTS = "MAP(VARCHAR, UBIGINT)"

TUNNEL_COLUMNS = {
    "schema": "VARCHAR", "capture": "VARCHAR", "transport": "VARCHAR", "address": "VARCHAR", "port": "USMALLINT",
    "family": "VARCHAR", "variant": "VARCHAR", "class": "VARCHAR", "grade": "VARCHAR", "verdict": "VARCHAR",
    "reason": "VARCHAR", "registration": "VARCHAR", "evidence": _EVIDENCE, "initiator": "VARCHAR", "clients": "UBIGINT",
    "flows": "UBIGINT", "packets": "UBIGINT", "bytes": "UBIGINT", "first_seen": "TIMESTAMPTZ",
    "last_seen": "TIMESTAMPTZ", "judged_at": "TIMESTAMPTZ", "snapshot": _SNAPSHOT, "policy": "VARCHAR",
}
OBSERVATION_COLUMNS = {
    "schema": "VARCHAR", "kind": "VARCHAR", "sensor": "VARCHAR", "interface": "VARCHAR", "windowStart": "TIMESTAMPTZ",
    "windowMilliseconds": "UBIGINT", "endpoint": _ENDPOINT, "tunnelProtocol": "VARCHAR", "variant": "VARCHAR",
    "class": "VARCHAR", "grade": "VARCHAR", "verdict": "VARCHAR", "reason": "VARCHAR", "registration": "VARCHAR",
    "evidence": _EVIDENCE, "initiator": "VARCHAR", "clients": "UBIGINT", "flows": "UBIGINT", "packets": "UBIGINT",
    "bytes": "UBIGINT", "firstSeen": "TIMESTAMPTZ", "lastSeen": "TIMESTAMPTZ", "judgedAt": "TIMESTAMPTZ",
    "snapshot": _SNAPSHOT, "policy": "VARCHAR", "classifierVersion": "VARCHAR", "lost": "UBIGINT",
    "vlanTagged": "UBIGINT", "skipped": _COUNTS, "evicted": _COUNTS, "problem": "VARCHAR",
}


def check_parquet() -> None:
    """Raises BadInput where DuckDB is not installed; imports it, so that later writes need not."""
    try:
        import duckdb  # noqa: F401 (asked for, not used yet)
    except ImportError:
        raise BadInput("writing Parquet needs DuckDB, which is not installed: pip install duckdb") from None


def write_parquet(result: ScanResult, out: TextIO) -> None:
    """Write one row a tunnel to a binary stream under `out`. Raises BadInput for a terminal, which it would garble."""
    if out.isatty():
        raise BadInput("Parquet is not for a terminal: send it to a file, such as --format parquet > tunnels.parquet")
    with tempfile.TemporaryDirectory(prefix="licet-") as folder:
        path = os.path.join(folder, "tunnels.parquet")
        write_rows(path, (tunnel_object(judged) for judged in result.tunnels), TUNNEL_COLUMNS)
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                out.buffer.write(block)
        out.buffer.flush()


def write_rows(path: str, rows: Iterable[dict[str, Json]], columns: dict[str, str]) -> None:
    """Write a Parquet file whole or not at all. Raises BadFile, and BadInput where DuckDB is not installed."""
    check_parquet()
    import duckdb

    lines, parquet = f"{path}.jsonl.part", f"{path}.part"
    try:
        with open(lines, "w", encoding="utf-8") as file:
            file.writelines(json_line(row) + "\n" for row in rows)
        named = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        # One thread, and no memory to speak of: this runs beside whatever watches a link.
        with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as database:
            database.execute(
                f"COPY (SELECT * FROM read_json({_quoted(lines)}, format='newline_delimited', columns={{{named}}}, "
                f"maximum_object_size=16777216)) TO {_quoted(parquet)} (FORMAT parquet, COMPRESSION zstd)"
            )
        os.replace(parquet, path)
    except OSError as error:
        raise BadFile(path, f"cannot be written: {error.strerror or error}") from None
    except duckdb.Error as error:
        raise BadFile(path, f"cannot be written: {str(error).splitlines()[0]}") from None
    finally:
        for leftover in (lines, parquet):
            if os.path.exists(leftover):
                os.unlink(leftover)


def _quoted(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"
