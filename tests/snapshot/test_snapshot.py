"""Looking things up in a snapshot: addresses and prefixes, keys, names."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.model.registration import Record
from licet.snapshot import Snapshot, load
from licet.snapshot.entry import mac1_key
from licet.snapshot.form import Header, write_form

SERVERS = [bytes([number]) * 32 for number in range(1, 6)]
FIRST_116 = bytes(range(116))


def _record(address: str | None, service: str, key: bytes | None = None) -> Record:
    return Record(address, None, None, "wireguard", mac1_key(key) if key else None, None, service, "ok", 0, 10**18)


def _snapshot(*records: Record) -> Snapshot:
    return Snapshot(Header(), records)


def _mac1(server: bytes, covered: bytes = FIRST_116) -> bytes:
    """mac1 as WireGuard's whitepaper §5.4.4 writes it."""
    return hashlib.blake2s(covered, key=hashlib.blake2s(b"mac1----" + server).digest(), digest_size=16).digest()


@pytest.mark.parametrize("prefer", [None, "192.0.2.10", "203.0.113.9"])
def test_initiation_is_matched_to_the_server_it_is_addressed_to(prefer: str | None) -> None:
    keys = [_record(None, f"SVC-K{index}", key) for index, key in enumerate(SERVERS)]
    snapshot = _snapshot(*keys, _record("192.0.2.10", "SVC-K3"))
    for index, server in enumerate(SERVERS):
        assert snapshot.match_key(FIRST_116, _mac1(server), prefer) == f"SVC-K{index}"


@pytest.mark.parametrize(
    ("covered", "mac1"),
    [
        (FIRST_116, _mac1(bytes(32))),
        (FIRST_116[:-1] + b"x", _mac1(SERVERS[0])),
        (FIRST_116[:-1], _mac1(SERVERS[0], FIRST_116[:-1])),
        (FIRST_116 + b"x", _mac1(SERVERS[0], FIRST_116 + b"x")),
        (FIRST_116, _mac1(SERVERS[0])[:15]),
        (FIRST_116, b""),
    ],
)
def test_near_miss_matches_no_key(covered: bytes, mac1: bytes) -> None:
    assert _snapshot(_record(None, "SVC-K0", SERVERS[0])).match_key(covered, mac1) is None


def test_without_keys_nothing_matches() -> None:
    assert _snapshot(_record("192.0.2.10", "SVC-7F3K")).match_key(FIRST_116, _mac1(SERVERS[0]), "192.0.2.10") is None


def test_address_finds_its_records_and_the_prefixes_around_it_most_exact_first() -> None:
    snapshot = _snapshot(*[_record(text, "SVC-7F3K") for text in (
        "192.0.2.0/24", "192.0.2.10", "192.0.2.8/29", "192.0.2.16/28", "2001:db8::/32", "10.0.0.0/8")])
    assert [record.address for record in snapshot.at_address("192.0.2.10")] == [
        "192.0.2.10", "192.0.2.8/29", "192.0.2.0/24"]
    assert [record.address for record in snapshot.at_address("2001:db8:1::1")] == ["2001:db8::/32"]
    assert snapshot.at_address("198.51.100.1") == ()


networks = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)).map(lambda p: ipaddress.ip_network(p, strict=False)),
    st.tuples(st.integers(0, 2**128 - 1), st.integers(16, 128)).map(
        lambda p: ipaddress.IPv6Network(p, strict=False)),
)


@given(st.lists(networks, max_size=6, unique=True), st.data())
def test_lookup_finds_exactly_what_contains_the_address(some: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
                                                        data: st.DataObject) -> None:
    records = []
    for index, network in enumerate(some):
        text = str(network.network_address) if network.num_addresses == 1 else str(network)
        records.append(_record(text, f"SVC-N{index}"))
    inside = [network[data.draw(st.integers(0, network.num_addresses - 1))] for network in some]
    address = data.draw(st.sampled_from(inside) if inside and data.draw(st.booleans()) else st.ip_addresses())
    expected = {f"SVC-N{index}" for index, network in enumerate(some) if address in network}
    assert {record.service for record in _snapshot(*records).at_address(str(address))} == expected


REGISTRY = f"""
[[service]]
handle = "SVC-7F3K"
name = "Staff remote access"
operator = "Example Logistics"
from = 2026-01-01
until = 2027-01-01
endpoints = ["192.0.2.10:443/tcp sstp vpn.example.net", "192.0.2.10 ipsec"]
keys = ["wireguard:{base64.b64encode(SERVERS[0]).decode()}"]
"""


@pytest.fixture
def registry_path(tmp_path: Path) -> Path:
    path = tmp_path / "registry.toml"
    path.write_text(REGISTRY)
    return path


def test_registry_file_knows_titles_and_operators(registry_path: Path) -> None:
    snapshot = load(registry_path)
    assert snapshot.serial is None
    assert snapshot.title_of("SVC-7F3K") == "Staff remote access"
    assert snapshot.operator_of("SVC-7F3K") == "Example Logistics"
    assert snapshot.title_of("SVC-NONE") == snapshot.operator_of("SVC-NONE") == ""


def test_published_snapshot_knows_records_only(registry_path: Path, tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.write_bytes(write_form(Header(serial=4), load(registry_path).records))
    snapshot = load(published)
    assert (snapshot.serial, snapshot.title_of("SVC-7F3K")) == (4, "")
    assert [replace(each, title="", operator="") for each in load(registry_path).records] == list(snapshot.records)


@pytest.mark.parametrize(("text", "count"), [("VPN.example.net", 1), ("vpn.example.net.", 1),
                                             ("staff remote access", 3),
                                             ("Example Logistics", 3), ("example", 0), ("", 0)])
def test_names_titles_and_operators_are_found_whole(registry_path: Path, text: str, count: int) -> None:
    assert len(load(registry_path).by_name(text)) == count


def test_service_and_key_are_found(registry_path: Path) -> None:
    snapshot = load(registry_path)
    assert len(snapshot.by_service("SVC-7F3K")) == 3
    assert snapshot.by_service("SVC-NONE") == ()
    assert [record.service for record in snapshot.by_mac1_key(mac1_key(SERVERS[0]))] == ["SVC-7F3K"]
    assert snapshot.by_mac1_key("00" * 32) == ()


def test_registry_read_twice_is_the_same_snapshot(registry_path: Path) -> None:
    assert load(registry_path) == load(registry_path)
    assert load(registry_path).ref == load(registry_path).ref


def test_comments_and_order_do_not_change_the_digest(registry_path: Path) -> None:
    before = load(registry_path).digest
    registry_path.write_text("# a comment\n" + REGISTRY.replace(
        '"192.0.2.10:443/tcp sstp vpn.example.net", "192.0.2.10 ipsec"',
        '"192.0.2.10 ipsec", "192.0.2.10:443/tcp sstp vpn.example.net"'))
    assert load(registry_path).digest == before
