"""Tunnels that a draft can cite, from files."""

from __future__ import annotations

from collections.abc import Iterable

from licet.errors import BadFile
from licet.order.seen import NoTunnel, Seen, read_lines
from licet.snapshot.store import read_bytes

SCAN_BYTES_MAX = 256 * 1024 * 1024


def read_seen(path: str) -> list[Seen]:
    """The tunnels with a server's end in a file of JSON lines. Raises BadFile with the line for what is no tunnel."""
    try:
        return list(read_lines(read_bytes(path, SCAN_BYTES_MAX)))
    except NoTunnel as error:
        raise BadFile(path, "is no tunnel: give the output of `licet scan --format jsonl`", error.number) from None


def best_of(seen: Iterable[Seen], most: int) -> list[Seen]:
    """The newest few, each once."""
    unique = {one.digest: one for one in seen}
    return sorted(unique.values(), key=lambda one: (-one.last_seen_ns, one.digest))[:most]
