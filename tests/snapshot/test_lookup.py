"""Three look-ups give one answer: in memory, by the index, and by trying every record. So does a join."""

from __future__ import annotations

import hashlib
import ipaddress
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.model.registration import Record
from licet.snapshot import Snapshot
from licet.snapshot.form import Header
from licet.snapshot.join import halves
from licet.snapshot.record_line import sort_key
from snapshot.registries import HANDLES, NAMES, addresses, mac1_key_of, mapped, naive_at, record_lists

EDGES = ("0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "::1", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")


def _both(records: Sequence[Record]) -> tuple[Snapshot, Snapshot]:
    return Snapshot(Header(serial=1), records), mapped(records)


def _asked(records: Sequence[Record], drawn: Sequence[object]) -> list[str]:
    """The addresses drawn, the edges of all addresses, and those of every network with their neighbours."""
    asked = [*map(str, drawn), *EDGES]
    for record in records:
        if record.address is not None:
            network = ipaddress.ip_network(record.address)
            first, last = int(network[0]), int(network[-1])
            asked.extend(str(type(network[0])(number)) for number in (first - 1, first, last, last + 1)
                         if 0 <= number < 1 << network.max_prefixlen)
    return [text for text in asked if getattr(ipaddress.ip_address(text), "ipv4_mapped", None) is None]


@given(record_lists, st.lists(addresses, max_size=10))
def test_every_look_up_finds_what_trying_each_record_finds(records: list[Record], drawn: list[object]) -> None:
    snapshots = _both(records)
    asked = _asked(records, drawn)
    for snapshot in snapshots:
        networks = snapshot.join(*halves(asked))
        for address, network in zip(asked, networks, strict=True):
            expected = naive_at(records, address)
            assert list(snapshot.at_address(address)) == expected, address
            assert list(snapshot.at_network(int(network))) == expected, address


@given(record_lists)
def test_services_names_and_keys_are_found_the_same_way(records: list[Record]) -> None:
    ordered = sorted(records, key=sort_key)
    for snapshot in _both(records):
        for handle in (*HANDLES, "SVC-NONE", ""):
            assert list(snapshot.by_service(handle)) == [record for record in ordered if record.service == handle]
        for name in (*NAMES, "none.example.net"):
            assert list(snapshot.by_name(name)) == [record for record in ordered if record.name == name]
        for number in range(7):
            key = mac1_key_of(number).hex()
            assert list(snapshot.by_mac1_key(key)) == [record for record in ordered if record.mac1_key == key]
        assert list(snapshot.with_key()) == [record for record in ordered if record.mac1_key is not None]


@given(record_lists)
def test_a_snapshot_is_the_same_wherever_its_records_are(records: list[Record]) -> None:
    memory, disk = _both(records)
    assert (memory, memory.ref, hash(memory)) == (disk, disk.ref, hash(disk))
    assert len(disk.records) == len(records)
    assert list(disk.records) == list(memory.records)
    assert list(disk.records[1:5]) == list(memory.records[1:5])
    assert [disk.records[at] for at in range(-len(records), 0)] == list(memory.records)
    with pytest.raises(IndexError):
        disk.records[len(records)]


@given(record_lists, st.integers(0, 7), st.none() | addresses.map(str))
def test_initiations_are_matched_the_same_way(records: list[Record], number: int, address: str | None) -> None:
    covered = bytes(range(116))
    mac1 = hashlib.blake2s(covered, key=mac1_key_of(number), digest_size=16).digest()
    memory, disk = _both(records)
    expected = [record.service for record in memory.by_mac1_key(mac1_key_of(number).hex())]
    near = {record.service for record in naive_at(records, address)} if address is not None else set()
    first = next((handle for handle in expected if handle in near), next(iter(expected), None))
    assert memory.match_key(covered, mac1, address) == disk.match_key(covered, mac1, address) == first


def test_mapped_ipv4_addresses_are_joined_as_ipv4() -> None:
    high, low = halves(["192.0.2.10", "::ffff:192.0.2.10", "2001:db8::a"])
    assert (int(high[0]), int(low[0])) == (int(high[1]), int(low[1])) == (0, 0xFFFF_C000_020A)
    assert (int(high[2]), int(low[2])) == (0x2001_0DB8 << 32, 10)


@pytest.mark.parametrize("arrays", [
    (np.zeros(1, np.int64), np.zeros(1, np.uint64)), (np.zeros(1, np.uint64), np.zeros(2, np.uint64)),
    (np.zeros((1, 1), np.uint64), np.zeros((1, 1), np.uint64)),
])
def test_halves_that_do_not_fit_are_refused(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="two arrays of uint64"):
        mapped([]).join(*arrays)


def test_empty_registry_and_empty_question_have_empty_answers() -> None:
    for snapshot in _both([]):
        assert snapshot.join(*halves([])).tolist() == []
        assert snapshot.join(*halves(EDGES)).tolist() == [0] * len(EDGES)
        assert snapshot.at_network(0) == ()


def test_a_network_that_no_join_gives_is_refused() -> None:
    for snapshot in _both([]):
        with pytest.raises(IndexError):
            snapshot.at_network(1)


def test_numpy_is_loaded_by_a_join_alone() -> None:
    program = ("import sys, licet.snapshot as s; from licet.snapshot.form import Header;"
               "x = s.Snapshot(Header(), ()); x.at_address('192.0.2.1'); assert 'numpy' not in sys.modules;"
               "from licet.snapshot.join import halves; x.join(*halves(['192.0.2.1'])); assert 'numpy' in sys.modules")
    subprocess.run([sys.executable, "-c", program], check=True)
