"""Rows for a dry run: what `licet watch --write` recorded as Parquet, or what a watch printed as JSON lines.

Only rows of the addresses that an order names are kept, of the seven days before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Set
from typing import Any

from licet.errors import BadFile, BadInput, Malformed
from licet.lifecycle.days import DAY_NS
from licet.model.canonical import parse_time
from licet.model.endpoint import TRANSPORTS, Endpoint, parse_address
from licet.order.impact import DAYS, Row
from licet.snapshot.store import read_bytes

ROWS_MAX = 2_000_000
LINES_BYTES_MAX = 1024 * 1024 * 1024
FILES_MAX = 200_000

_QUERY = """
    SELECT sensor, interface, epoch_us(windowStart) * 1000, windowMilliseconds, endpoint.address, endpoint.transport,
           endpoint.port, tunnelProtocol, CASE WHEN verdict = 'registered' THEN registration ELSE '' END, clients,
           flows, packets, bytes
    FROM read_parquet(?, union_by_name = true)
    WHERE kind IN ('tunnel', 'other') AND list_contains(?, endpoint.address)
      AND epoch_us(windowStart) BETWEEN ? AND ?
    LIMIT ?
"""


def rows_of(path: str, addresses: Set[str], at_ns: int) -> list[Row]:
    """The rows of a folder of Parquet files, or of a file of JSON lines. Raises BadFile and BadInput."""
    since_ns = at_ns - DAYS * DAY_NS
    if not path.endswith((".parquet", ".jsonl", ".json")) and not os.path.isdir(path):
        raise BadInput(f"{path} is no folder of `licet watch --write`, and no .jsonl of `licet watch --format jsonl`")
    if path.endswith((".jsonl", ".json")):
        return [row for row in _lines(path, addresses) if since_ns <= row.window[2] <= at_ns]
    files = [path] if path.endswith(".parquet") else sorted(
        os.path.join(path, name) for name in os.listdir(path)[:FILES_MAX] if name.endswith(".parquet"))
    return _parquet(path, files, addresses, since_ns, at_ns) if files else []


def _parquet(path: str, files: list[str], addresses: Set[str], since_ns: int, at_ns: int) -> list[Row]:
    try:
        import duckdb
    except ImportError:
        raise BadInput("reading Parquet needs DuckDB, which is not installed: pip install duckdb") from None
    try:
        with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as database:
            found = database.execute(_QUERY, [files, sorted(addresses), since_ns // 1_000, at_ns // 1_000,
                                              ROWS_MAX + 1]).fetchall()
    except duckdb.Error as error:
        raise BadFile(path, f"cannot be read: {str(error).splitlines()[0]}") from None
    _refuse_many(path, len(found))
    return [_row(path, values) for values in found]


def _refuse_many(path: str, count: int) -> None:
    if count > ROWS_MAX:
        raise BadFile(path, f"has more than {ROWS_MAX:,} rows of these addresses: split the order")


def _row(path: str, values: tuple[Any, ...]) -> Row:
    sensor, interface, start_ns, length_ms, address, transport, port, protocol, handle, *counts = values
    try:
        if transport not in TRANSPORTS:
            raise ValueError
        end = Endpoint(str(parse_address(address)), transport, port)
        return Row((str(sensor), str(interface), int(start_ns)), int(length_ms), end, str(protocol), str(handle or ""),
                   *(int(each) for each in counts))
    except (TypeError, ValueError, Malformed):
        raise BadFile(path, "has a row that is no licet.observation/1") from None


def _lines(path: str, addresses: Set[str]) -> Iterator[Row]:
    count = 0
    for number, raw in enumerate(read_bytes(path, LINES_BYTES_MAX).splitlines(), 1):
        try:
            row = json.loads(raw)
            if row["schema"] != "licet.observation/1":
                raise ValueError
            if row["kind"] not in ("tunnel", "other") or row["endpoint"]["address"] not in addresses:
                continue
            end, handle = row["endpoint"], row.get("registration") if row.get("verdict") == "registered" else ""
            values = (row["sensor"], row["interface"], parse_time(row["windowStart"]), row["windowMilliseconds"],
                      end["address"], end["transport"], end["port"], row["tunnelProtocol"], handle, row["clients"],
                      row["flows"], row["packets"], row["bytes"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BadFile(path, "is no licet.observation/1", number) from None
        count += 1
        _refuse_many(path, count)
        yield _row(path, values)
