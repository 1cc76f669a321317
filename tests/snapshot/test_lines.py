"""The quick reader of lines and the careful one agree on everything: what is read, what is refused, and why."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import BadFile, Malformed
from licet.model.registration import Record
from licet.snapshot import lines
from licet.snapshot.form import Header, read_form, write_form
from licet.snapshot.lines import read_lines, read_one, record_of, slices, whole_lines
from licet.snapshot.record_line import LINE_BYTES_MAX, read_record, record_line, sort_key
from snapshot.registries import UNTIL_NS, record_lists

LINE = record_line(
    Record("192.0.2.10", "udp", 51820, "wireguard", None, "vpn.example.net", "SVC-7F3K", "ok", 0, UNTIL_NS))
KEY_LINE = record_line(Record(None, None, None, "wireguard", "ab" * 32, None, "SVC-7F3K", "ok", 0, UNTIL_NS))

# One value for another: most are wrong, some are right and rare.
_VALUES = (
    b"null", b'""', b"0", b"1", b"65535", b"65536", b"00", b"-1", b"1.5", b'"ok"', b'"udp"', b'"esp"', b'"sctp"',
    b'"192.0.2.10"', b'"0.0.0.0"', b'"224.0.0.1"', b'"::"', b'"ff02::1"', b'"2001:db8::1:0:0:1"', b'"::ffff:192.0.2.1"',
    b'"192.0.2.0/24"', b'"192.0.2.1/24"', b'"2001:db8::/32"', b'"2001:0db8::/32"', b'"fe80::1%1"',
    b'"1970-01-01T00:00:00Z"', b'"1969-12-31T23:59:59Z"', b'"2026-02-30T00:00:00Z"', b'"2026-01-01T24:00:00Z"',
    b'"2026-01-01T23:59:60Z"', b'"9999-12-31T23:59:59Z"', b'"2026-01-01"', b'"wireguard"', b'"openvpn"', b'"SVC-1"',
    b'"SVC-22"', b'"a.example"', b'"example"', b'"-a.example"', b'"a..example"', b'"' + b"a" * 64 + b'.example"',
    b'"' + b"a." * 126 + b'a"', b'"' + b"a." * 127 + b'a"', b'"' + b"ab" * 32 + b'"',
    b'"' + b"AB" * 32 + b'"', b'"\xc3\xa9.example"', b'"stale"', b'"serverHold"',
)
_VALUE = re.compile(rb':(null|[0-9]+|"[^"]*")')


def _with(line: bytes, number: int, value: bytes) -> bytes:
    """A line whose value of this number, from zero, is another."""
    places = [match.span(1) for match in _VALUE.finditer(line) if line[match.start() - 1] == ord('"')]
    start, end = places[number]
    return line[:start] + value + line[end:]


@st.composite
def _changed(draw: st.DrawFn) -> bytes:
    """A line in which some values are others, and now and then a byte."""
    line = draw(st.sampled_from((LINE, KEY_LINE)))
    chosen = draw(st.dictionaries(st.integers(0, 9), st.sampled_from(_VALUES), min_size=1, max_size=3))
    for number in sorted(chosen, reverse=True):  # so that places in front stay what they are
        line = _with(line, number, chosen[number])
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(line) - 2))
        line = line[:at] + draw(st.binary(max_size=2)).replace(b"\n", b"") + line[at + 1:]
    return line


def _in_bulk(line: bytes) -> Record:
    ((_, fields, size),) = read_lines("feed", [line])
    assert size == len(line)
    return record_of(fields)


def _outcome(read: Callable[[bytes], Record], line: bytes) -> Record | str:
    """The record, or the sentence that refuses it."""
    try:
        return read(line)
    except BadFile as error:
        return error.problem
    except Malformed as error:
        return str(error)


@given(_changed())
def test_both_readers_say_the_same_of_any_line(line: bytes) -> None:
    _check_readers(line)


@pytest.mark.parametrize("line", [LINE, KEY_LINE], ids=["address", "key"])
@pytest.mark.parametrize("number", range(10))
def test_both_readers_say_the_same_of_any_value_in_any_place(line: bytes, number: int) -> None:
    for value in _VALUES:
        _check_readers(_with(line, number, value))


def _check_readers(line: bytes) -> None:
    careful = _outcome(lambda line: read_record(line[:-1]), line)
    assert _outcome(_in_bulk, line) == careful
    assert _outcome(read_one, line) == careful


@given(record_lists)
def test_every_line_that_is_written_is_read_back(records: list[Record]) -> None:
    for record in records:
        line = record_line(record)
        assert read_record(line[:-1]) == read_one(line) == record


@given(record_lists, st.lists(st.integers(1, 400), max_size=30))
def test_it_does_not_matter_how_a_file_was_cut_into_blocks(records: list[Record], sizes: list[int]) -> None:
    raw = write_form(Header(), records).partition(b"\n")[2]
    blocks, at = [], 0
    for size in sizes:
        blocks.append(raw[at : at + size])
        at += size
    blocks.append(raw[at:])
    read = [record_of(fields) for _, fields, _ in read_lines("feed", whole_lines(blocks))]
    assert read == sorted(records, key=sort_key)


def test_record_made_by_a_program_is_escaped_as_json_is() -> None:
    odd = Record("192.0.2.10", None, None, "wireguard", None, 'é"\\\n', "SVC-7F3K", "ok", 0, UNTIL_NS)
    assert '"name":"é\\"\\\\\\n"'.encode() in record_line(odd)


def test_line_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    endless = (b"x" * lines.CHUNK_BYTES for _ in range(1_000_000))
    with pytest.raises(BadFile, match=f"at most {LINE_BYTES_MAX}"):
        list(read_lines("feed", whole_lines(endless)))


def test_more_records_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "RECORDS_MAX", 1)
    second = LINE.replace(b"192.0.2.10", b"192.0.2.11")
    with pytest.raises(BadFile, match="more than 1 records"):
        list(read_lines("feed", [LINE + second]))


def test_slices_of_a_large_file_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CHUNK_BYTES", 300)
    records = [Record(f"192.0.2.{number}", None, None, "ipsec", None, None, "SVC-7F3K", "ok", 0, UNTIL_NS)
               for number in range(200)]
    raw = write_form(Header(), records)
    assert read_form("feed", raw)[1] == tuple(records)
    assert b"".join(slices(raw, 7)) == raw[7:]
