"""Holders of networks come from a file that the user gives, or are neighbours by number."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.app.holders import Holders, read_holders
from licet.errors import BadFile


def _read(folder: Path, raw: bytes) -> Holders:
    path = folder / "holders.csv"
    path.write_bytes(raw)
    return read_holders(str(path))


@pytest.mark.parametrize(("address", "name"), [("192.0.2.200", "192.0.2.0/24"), ("2001:db8:1:2::1", "2001:db8:1::/48")])
def test_without_a_file_neighbours_share_a_prefix(address: str, name: str) -> None:
    assert Holders().name_of(address) == name


def test_longest_prefix_names_the_holder(tmp_path: Path) -> None:
    holders = _read(tmp_path, b"prefix,holder\n192.0.2.0/24,Example Carrier\n192.0.2.8/29,\"Example, Ltd\",more\n\n"
                              b"2001:db8::/32,Example Six\n")
    assert holders.name_of("192.0.2.9") == "Example, Ltd"
    assert holders.name_of("192.0.2.16") == "Example Carrier"
    assert holders.name_of("2001:db8::1") == "Example Six"
    assert holders.name_of("198.51.100.1") == "198.51.100.0/24"


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"192.0.2.0/24\n", 1, "write prefix,holder"),
        (b"prefix,holder\n192.0.2.1/24,x\n", 2, "is not a prefix"),
        (b"192.0.2.0/24,\n", 1, "is empty"),
        (b"192.0.2.0/24,\x1b[31mred\n", 1, "invisible"),
        (b"\xff\xfe", None, "UTF-8"),
        (b"192.0.2.0/24," + b"x" * 200_000 + b"\n", 1, "CSV"),
    ],
)
def test_mistake_is_reported_with_its_line(tmp_path: Path, raw: bytes, line: int | None, words: str) -> None:
    with pytest.raises(BadFile) as caught:
        _read(tmp_path, raw)
    assert caught.value.line == line
    assert words in caught.value.problem
