"""registry.toml: every mistake is one sentence with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.errors import BadFile
from licet.model.canonical import parse_time
from licet.snapshot import load
from licet.snapshot.registry_file import REGISTRY_BYTES_MAX, examine_registry, read_registry

KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
GOOD = f"""\
# Services of this office.
registry = "Example Logistics"

[[service]]
handle = "SVC-7F3K"
name = "Staff remote access"
operator = "Example Logistics"
purpose = "remote access"
from = 2026-01-01
until = 2027-01-01
endpoints = ["192.0.2.10:51820/udp wireguard", "[2001:db8::10]:1194/udp openvpn"]
keys = ["wireguard:{KEY}"]

[[service]]
handle = "SVC-0002"
name = "Partner link"
operator = "Example Partner"
from = 2026-01-01T00:00:00Z
until = "2027-01-01T00:00:00+01:00"
endpoints = [
    # two gateways
    "198.51.100.1 ipsec",
    "198.51.100.2 ipsec",
]
"""

# (what is replaced, by what, the line that is named, words of the sentence)
MISTAKES = [
    ('handle = "SVC-7F3K"', 'handle = "svc-7f3k"', 5, "does not fit"),
    ('handle = "SVC-7F3K"', "handle = 7", 5, "handle is a number"),
    ('handle = "SVC-7F3K"\n', "", 4, "has no handle"),
    ('handle = "SVC-0002"', 'handle = "SVC-7F3K"', 15, "is already that of service 1"),
    ('name = "Partner link"', 'name = "Partner link"\nnmae = "x"', 17, "“nmae” is not a field"),
    ('name = "Partner link"\n', "", 14, "has no name"),
    ('name = "Partner link"', 'name = " "', 16, "is empty"),
    ('name = "Partner link"', 'name = "\\u001b[31m"', 16, "invisible characters"),
    ('name = "Partner link"', 'name = "a\\u202eb"', 16, "invisible characters"),
    ('name = "Partner link"', f'name = "{"x" * 201}"', 16, "at most 200"),
    ('operator = "Example Partner"\n', "", 14, "has no operator"),
    ("from = 2026-01-01\n", "from = 2027-01-01\n", 10, "must be later than from"),
    ("from = 2026-01-01\n", "from = 2026-01-01T00:00:00\n", 9, "needs Z or an offset"),
    ("from = 2026-01-01\n", "from = 2026\n", 9, "a number is not a date"),
    ("from = 2026-01-01\n", "from = true\n", 9, "true or false is not a date"),
    ("from = 2026-01-01\n", 'from = "yesterday"\n', 9, "from cannot be read"),
    ("from = 2026-01-01\n", "from = 0001-01-01T00:00:00+01:00\n", 9, "from cannot be read"),
    ("from = 2026-01-01\n", "from = 2026-01-01T00:00:00.5Z\n", 9, "whole seconds"),
    ("until = 2027-01-01\n", "", 4, "has no until"),
    ("198.51.100.2 ipsec", "198.51.100.2 ipsce", 23, "is not a protocol"),
    ("198.51.100.2 ipsec", "198.51.100.1 ipsec", 23, "is already registered for SVC-0002"),
    ("198.51.100.2 ipsec", "192.0.2.10:51820/udp wireguard", 23, "is already registered for SVC-7F3K"),
    ("198.51.100.2 ipsec", "2001:db8::10:1194/udp openvpn", 23, "in brackets"),
    ("198.51.100.2 ipsec", "198.51.100.2/24 ipsec", 23, "bits set after its prefix"),
    ('"198.51.100.2 ipsec"', "17", 23, "endpoints holds a number"),
    (f'keys = ["wireguard:{KEY}"]', 'keys = ["wireguard:AAAA"]', 12, "44 characters"),
    (f'keys = ["wireguard:{KEY}"]', f'keys = "wireguard:{KEY}"', 12, "write a list"),
    (f'keys = ["wireguard:{KEY}"]', f'keys = ["wireguard:{KEY}", "wireguard:{KEY}"]', 12, "already registered for"),
    ('purpose = "remote access"', 'status = "fine"', 8, "it is one of"),
    ('purpose = "remote access"', "status = 1", 8, "status is a number"),
    ('purpose = "remote access"', 'status = "attested"', 8, "needs sponsor, purpose and review"),
    ('purpose = "remote access"', 'review = "soon"', 8, "review cannot be read"),
    ('registry = "Example Logistics"', 'name = "Example Logistics"', 2, "“name” is not a field"),
    ('registry = "Example Logistics"', "registry = [1]", 2, "registry is a list"),
    ('name = "Partner link"', 'name = "Partner link', 16, "is not TOML"),
    ("[[service]]\nhandle = \"SVC-0002\"", "[[service]\nhandle = \"SVC-0002\"", 14, "is not TOML"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), MISTAKES)
def test_mistake_is_reported_with_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    with pytest.raises(BadFile) as caught:
        read_registry("registry.toml", GOOD.replace(old, new, 1).encode())
    assert (caught.value.line, caught.value.path) == (line, "registry.toml")
    assert words in caught.value.problem


def test_good_file_is_read_whole() -> None:
    registry = read_registry("registry.toml", GOOD.encode())
    first, second = registry.services
    assert (registry.name, first.handle, first.title, first.purpose) == (
        "Example Logistics", "SVC-7F3K", "Staff remote access", "remote access")
    assert second.valid_until_ns == parse_time("2026-12-31T23:00:00Z")
    assert [str(entry) for entry in second.entries] == ["198.51.100.1 ipsec", "198.51.100.2 ipsec"]


def test_all_mistakes_are_found_at_once_in_order() -> None:
    raw = GOOD.replace("SVC-7F3K", "x").replace("198.51.100.2 ipsec", "x").replace("2027-01-01\n", "2025-01-01\n")
    _, faults = examine_registry("registry.toml", raw.encode())
    assert [fault.line for fault in faults] == [5, 10, 23]


def test_service_without_endpoint_or_key_is_refused() -> None:
    raw = GOOD[: GOOD.index("endpoints")]
    with pytest.raises(BadFile, match=r"line 4: has neither endpoints nor keys"):
        read_registry("registry.toml", raw.encode())


def test_endpoint_may_pass_to_the_next_service_when_the_first_has_ended() -> None:
    raw = GOOD.replace('"198.51.100.2 ipsec"', '"192.0.2.10:51820/udp wireguard"').replace(
        "from = 2026-01-01T00:00:00Z", "from = 2027-01-01").replace('"2027-01-01T00:00:00+01:00"', "2028-01-01")
    assert len(read_registry("registry.toml", raw.encode()).services) == 2


def test_persian_name_with_its_joiner_is_kept() -> None:
    name = "می‌خواهم"
    assert read_registry("r", GOOD.replace("Partner link", name).encode()).services[1].title == name


def test_services_may_be_written_as_one_inline_list() -> None:
    raw = ('service = [\n  {handle = "SVC-7F3K", name = "a", operator = "b", from = 2026-01-01, until = 2027-01-01,'
           ' endpoints = ["192.0.2.1 ipsec", "nonsense"]},\n]\n')
    with pytest.raises(BadFile, match="line 2: “nonsense”"):
        read_registry("registry.toml", raw.encode())


@pytest.mark.parametrize("raw", [b"service = 1", b"service = [1]", b"[service]\n", b"[service.x]\n"])
def test_service_must_be_a_list_of_tables(raw: bytes) -> None:
    with pytest.raises(BadFile, match="line 1: service is not a list of tables"):
        read_registry("registry.toml", raw)


def test_bad_utf8_is_reported_with_its_line() -> None:
    with pytest.raises(BadFile, match="line 6: is not UTF-8"):
        read_registry("registry.toml", GOOD.encode().replace(b"Staff", b"Staf\xff"))


def test_byte_order_mark_and_crlf_are_no_mistake() -> None:
    raw = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert len(read_registry("registry.toml", raw).services) == 2


def test_oversize_file_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(BadFile, match="has more than"):
        read_registry("registry.toml", b"#" * (REGISTRY_BYTES_MAX + 1))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BadFile):
        read_registry("registry.toml", b"x = " + b"[" * 100_000)


def test_empty_file_is_an_empty_registry(tmp_path: Path) -> None:
    path = tmp_path / "registry.toml"
    path.write_bytes(b"")
    assert load(path).records == ()


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read: No such file"):
        load(tmp_path / "absent.toml")
