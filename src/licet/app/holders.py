"""Who holds the network that a server is in, as far as can be said without asking anyone.

Nothing is looked up: licet asks no registry of addresses and no name server. Without a file, neighbours are those of
one /24 (IPv4) or /48 (IPv6). With `--holders FILE`, a CSV of two columns, `prefix,holder`, the longest prefix that
holds the address gives the name; such a file can be made from any routing or WHOIS export.
"""

from __future__ import annotations

import csv
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from licet.errors import BadFile
from licet.snapshot.store import read_bytes
from licet.snapshot.toml_table import TEXT_LENGTH_MAX, text_problem

HOLDERS_BYTES_MAX = 64 * 1024 * 1024
NEIGHBOURS = {4: 24, 6: 48}

_Place = tuple[int, int, int]  # version, prefix length, network as a number


@dataclass(frozen=True)
class Holders:
    """names: holder of each prefix; empty where no file was given."""

    names: Mapping[_Place, str] = field(default_factory=dict)

    def name_of(self, address: str) -> str:
        """The holder of the longest prefix around an address, else its /24 or /48 as text."""
        parsed = ipaddress.ip_address(address)
        if self.names:
            for length in range(parsed.max_prefixlen, -1, -1):
                name = self.names.get(_place(parsed, length))
                if name is not None:
                    return name
        return str(ipaddress.ip_network(f"{address}/{NEIGHBOURS[parsed.version]}", strict=False))


def _place(address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int) -> _Place:
    shift = address.max_prefixlen - length
    return address.version, length, int(address) >> shift << shift


def read_holders(path: str) -> Holders:
    """Read a CSV of prefix and holder; a first line `prefix,holder` is a heading. Raises BadFile with the line."""
    try:
        text = read_bytes(path, HOLDERS_BYTES_MAX).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(path, "is not UTF-8 text; save it as UTF-8") from None
    names: dict[_Place, str] = {}
    rows = csv.reader(text.splitlines())
    try:
        for row in rows:
            if not row or (rows.line_num == 1 and row[0].strip().lower() == "prefix"):
                continue
            place, name = _read_row(path, row, rows.line_num)
            names[place] = name
    except csv.Error as error:
        raise BadFile(path, f"is not CSV: {error}", rows.line_num) from None
    return Holders(names)


def _read_row(path: str, row: list[str], line: int) -> tuple[_Place, str]:
    if len(row) < 2:
        raise BadFile(path, "has one column; write prefix,holder", line)
    try:
        prefix = ipaddress.ip_network(row[0].strip())
    except ValueError:
        raise BadFile(path, f"“{row[0][:60]}” is not a prefix such as 192.0.2.0/24", line) from None
    name = row[1].strip()
    problem = text_problem(name, TEXT_LENGTH_MAX)
    if problem is not None:
        raise BadFile(path, f"the holder {problem}", line)
    return _place(prefix.network_address, prefix.prefixlen), name
