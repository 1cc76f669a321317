"""The canonical form: one registry, one file, and nothing else is read as one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import BadFile
from licet.model.canonical import sha256_digest
from licet.model.family import PROTOCOL_WORDS
from licet.model.registration import STATUSES, Record
from licet.snapshot import Snapshot, load
from licet.snapshot.form import Header, read_form, write_form
from licet.snapshot.record_line import LINE_BYTES_MAX, sort_key

SECOND = 1_000_000_000
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(
    lambda a: not (a.is_multicast or a.is_unspecified or getattr(a, "ipv4_mapped", None))).map(str)
prefixes = st.sampled_from(("192.0.2.0/24", "192.0.2.0/28", "10.0.0.0/8", "2001:db8::/32", "2001:db8::/48"))
handles = st.from_regex(r"[A-Z]{2,5}-[0-9A-Z]{2,12}", fullmatch=True)
periods = st.tuples(st.integers(0, 10**10), st.integers(1, 10**9)).map(lambda p: (p[0] * SECOND, sum(p) * SECOND))
statuses = st.sampled_from(sorted(STATUSES))


@st.composite
def records(draw: st.DrawFn) -> Record:
    valid_from_ns, valid_until_ns = draw(periods)
    if draw(st.booleans()):
        key = draw(st.binary(min_size=32, max_size=32)).hex()
        return Record(None, None, None, "wireguard", key, None, draw(handles), draw(statuses), valid_from_ns,
                      valid_until_ns)
    transport = draw(st.sampled_from((None, "udp", "tcp", "esp")))
    port = draw(st.integers(1, 65535)) if transport in ("udp", "tcp") else None
    name = draw(st.sampled_from((None, "vpn.example.net")))
    return Record(draw(addresses | prefixes), transport, port, draw(st.sampled_from(PROTOCOL_WORDS)), None, name,
                  draw(handles), draw(statuses), valid_from_ns, valid_until_ns)


record_lists = st.lists(records(), max_size=8, unique_by=sort_key)
headers = st.builds(Header, serial=st.none() | st.integers(1, 2**53 - 1),
                    registry=st.sampled_from((None, "Example Registry", "Réseau")),
                    published_ns=st.none() | st.integers(0, 10**10).map(lambda s: s * SECOND))


@given(headers, record_lists)
def test_what_is_written_is_read_back(header: Header, some_records: list[Record]) -> None:
    raw = write_form(header, some_records)
    assert read_form("x", raw) == (header, tuple(sorted(some_records, key=sort_key)))
    assert write_form(*read_form("x", raw)) == raw


@given(headers, record_lists, st.randoms(use_true_random=False))
def test_order_of_writing_does_not_matter(header: Header, some_records: list[Record], random: object) -> None:
    shuffled = list(some_records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert write_form(header, shuffled) == write_form(header, some_records)


@given(headers, record_lists)
def test_every_line_is_what_an_independent_rfc8785_writer_makes(header: Header, some_records: list[Record]) -> None:
    for line in write_form(header, some_records).splitlines():
        assert rfc8785.dumps(json.loads(line)) == line


@given(record_lists, st.data())
def test_damage_is_refused_or_gives_another_digest(some_records: list[Record], data: st.DataObject) -> None:
    raw = write_form(Header(serial=1), some_records)
    at = data.draw(st.integers(0, len(raw) - 1))
    damaged = raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1:]
    try:
        header, kept = read_form("x", damaged)
    except BadFile:
        return
    assert write_form(header, kept) == damaged


@given(st.binary(max_size=300))
def test_nonsense_raises_badfile_only(raw: bytes) -> None:
    for content in (raw, b"{" + raw, write_form(Header(), []) + raw + b"\n"):
        with contextlib.suppress(BadFile):
            read_form("x", content)


ONE = Record("192.0.2.10", "udp", 51820, "wireguard", None, None, "SVC-7F3K", "ok", 0, SECOND)
TWO = replace(ONE, address="192.0.2.11")
GOOD = write_form(Header(serial=3, registry="Example"), [ONE, TWO])
HEAD, FIRST, SECOND_LINE = GOOD.splitlines()


def _with(line: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    members = json.loads(line)
    change(members)
    return rfc8785.dumps(members)


HOSTILE = [
    ([HEAD, SECOND_LINE, FIRST], 3, "records are sorted"),
    ([HEAD, FIRST, FIRST], 3, "again"),
    ([HEAD, FIRST], 1, "announces 2 records and holds 1"),
    ([HEAD, FIRST, SECOND_LINE, b""], 4, "is not JSON"),
    ([HEAD, FIRST, b"[" * 2000], 3, "is not JSON"),
    ([HEAD, FIRST, b'{"a":"' + b"x" * LINE_BYTES_MAX + b'"}'], 3, "at most"),
    ([HEAD, FIRST, b"[]"], 3, "is not a JSON object"),
    ([HEAD, FIRST, SECOND_LINE.replace(b":", b": ", 1)], 3, "canonical form"),
    ([HEAD, FIRST, SECOND_LINE.replace(b"{", b'{"address":"192.0.2.11",', 1)], 3, "canonical form"),
    ([HEAD, FIRST, SECOND_LINE.replace(b"ok", b"\\u006fk")], 3, "canonical form"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(client="192.0.2.9"))], 3, 'unknown member "client"'),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.pop("status"))], 3, 'lacks member "status"'),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(address="192.0.2.011"))], 3, "not an IP address"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(address="2001:DB8::1"))], 3, "RFC 5952"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(address="192.0.2.11/32"))], 3, "RFC 5952"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(address=7))], 3, "neither null nor text"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(address=None))], 3, "neither an address nor a key"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(mac1_key="ab" * 32))], 3, "or both"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(mac1_key="AB" * 32))], 3, "64 hex digits"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(port=True))], 3, "port is not a number"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(port=70000))], 3, "port is not a number"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(transport=None))], 3, "a port without"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(transport="sctp"))], 3, "transport is not one of"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(until="1970-01-01T00:00:00Z"))], 3, "not later than"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(until="1970-01-02"))], 3, "canonical form"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update({"from": 0}))], 3, "from is not a time"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(service="me"))], 3, "not a handle"),
    ([HEAD, FIRST, _with(SECOND_LINE, lambda m: m.update(name="VPN.example.net"))], 3, "not a DNS name"),
    ([_with(HEAD, lambda m: m.update(schema="licet.snapshot/2")), FIRST, SECOND_LINE], 1, "schema"),
    ([_with(HEAD, lambda m: m.update(serial=0)), FIRST, SECOND_LINE], 1, "serial"),
    ([_with(HEAD, lambda m: m.update(serial="3")), FIRST, SECOND_LINE], 1, "serial"),
    ([_with(HEAD, lambda m: m.update(registry="\u202e")), FIRST, SECOND_LINE], 1, "registry"),
    ([_with(HEAD, lambda m: m.update(digest="x")), FIRST, SECOND_LINE], 1, "unknown member"),
]


@pytest.mark.parametrize(("lines", "line", "words"), HOSTILE)
def test_anything_else_is_refused_with_its_line(lines: list[bytes], line: int, words: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_form("feed", b"".join(each + b"\n" for each in lines))
    assert caught.value.line == line
    assert words in caught.value.problem


def test_cut_file_is_refused() -> None:
    with pytest.raises(BadFile, match="cut short"):
        read_form("feed", GOOD[:-1])


def test_order_is_by_number_and_nothing_comes_first() -> None:
    key = Record(None, None, None, "wireguard", "ab" * 32, None, "SVC-7F3K", "ok", 0, SECOND)
    texts = ["9.0.0.1", "192.0.2.0/24", "192.0.2.0/28", "192.0.2.9", "192.0.2.10", "::1", "2001:db8::/32"]
    given_records = [replace(ONE, address=text, transport=None, port=None) for text in reversed(texts)] + [key]
    _, ordered = read_form("x", write_form(Header(), given_records))
    assert [record.address for record in ordered] == [None, *texts]


def test_two_records_with_one_sort_key_are_not_written() -> None:
    with pytest.raises(ValueError, match="two records"):
        write_form(Header(), [ONE, replace(ONE, status="stale")])


def test_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "registry.snapshot"
    path.write_bytes(GOOD)
    snapshot = load(path)
    assert snapshot.digest == sha256_digest(GOOD) == Snapshot(Header(3, "Example"), [TWO, ONE]).digest
    assert (snapshot.serial, snapshot.registry, len(snapshot.records)) == (3, "Example", 2)
