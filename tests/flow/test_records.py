"""Records of pcap and pcapng files: every layout, and every way to be damaged."""

from __future__ import annotations

import contextlib
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed, Truncated
from licet.flow import records as module
from licet.flow.records import PACKET_BYTES_MAX, Record, read_records
from support.packets import START_NS, block, enhanced, interface, option, pcap, section

FRAMES = [(START_NS, b"first"), (START_NS + 1_500_000_123, b"second packet")]


def _read(data: bytes) -> list[Record]:
    return list(read_records(io.BytesIO(data)))


def _until_damage(data: bytes) -> tuple[list[Record], Malformed]:
    found: list[Record] = []
    with pytest.raises(Malformed) as caught:
        found.extend(read_records(io.BytesIO(data)))
    return found, caught.value


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcap_in_both_byte_orders_and_both_precisions(order: str) -> None:
    exact = _read(pcap(FRAMES, order=order))
    assert [(record.ordinal, record.time_ns, record.frame) for record in exact] == [
        (1, FRAMES[0][0], b"first"), (2, FRAMES[1][0], b"second packet"),
    ]
    coarse = _read(pcap(FRAMES, order=order, nanoseconds=False))
    assert coarse[1].time_ns == FRAMES[1][0] // 1_000 * 1_000


def test_a_frame_cut_by_the_snap_length_is_what_was_kept() -> None:
    assert [record.frame for record in _read(pcap(FRAMES, snaplen=6))] == [b"first", b"second"]


def test_the_longer_record_header_of_old_linux_patches() -> None:
    data = bytearray(pcap(FRAMES[:1], nanoseconds=False))
    data[:4] = bytes.fromhex("34cdb2a1")
    data[40:40] = bytes(8)
    assert [record.frame for record in _read(bytes(data))] == [b"first"]


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_two_interfaces_of_two_link_types_and_resolutions(order: str) -> None:
    nanoseconds = interface(101, options=option(9, b"\x09", order) + option(0, b"", order), order=order)
    data = section(order) + interface(1, order=order) + nanoseconds
    data += enhanced(b"a", START_NS // 1_000, order=order) + enhanced(b"b", START_NS + 5, number=1, order=order)
    assert [(r.link_type, r.time_ns, r.frame) for r in _read(data)] == [(1, START_NS, b"a"), (101, START_NS + 5, b"b")]


def test_pcapng_resolution_in_powers_of_two_and_an_offset() -> None:
    options = option(9, bytes([0x80 | 10])) + option(14, struct.pack("<q", 1_000))
    (record,) = _read(section() + interface(options=options) + enhanced(b"x", 512))
    assert record.time_ns == 1_000 * 10**9 + 500_000_000


def test_a_new_section_forgets_the_interfaces_of_the_last() -> None:
    records, error = _until_damage(section() + interface() + enhanced(b"x", 1) + section() + enhanced(b"y", 2))
    assert [record.frame for record in records] == [b"x"]
    assert "packet 2 names interface 0" in str(error)


def test_sections_may_differ_in_byte_order() -> None:
    data = section("<") + interface(order="<") + enhanced(b"x", 1, order="<")
    data += section(">") + interface(order=">") + enhanced(b"y", 2, order=">")
    assert [record.frame for record in _read(data)] == [b"x", b"y"]


def test_odd_blocks_are_stepped_over() -> None:
    names, secrets, custom = block(4, bytes(24)), block(10, bytes(400_000)), block(0x40000BAD, bytes(8))
    data = section() + names + interface() + secrets + enhanced(b"x", 1) + custom
    assert [record.frame for record in _read(data)] == [b"x"]


def test_simple_and_obsolete_packet_blocks() -> None:
    simple = block(3, struct.pack("<I", 9) + b"123456")  # nine bytes on the wire, six kept
    obsolete = block(2, struct.pack("<HHIIII", 0, 0, 0, 7, 3, 3) + b"old")
    records = _read(section() + interface(snaplen=6) + simple + obsolete)
    assert [(record.time_ns, record.frame) for record in records] == [(0, b"123456"), (7_000, b"old")]


@pytest.mark.parametrize("whole", [pcap(FRAMES), section() + interface() + enhanced(b"abc", 1) + enhanced(b"defg", 2)])
def test_a_file_cut_anywhere_gives_what_was_whole_and_says_so(whole: bytes) -> None:
    everything = _read(whole)
    for end in range(1, len(whole)):
        found: list[Record] = []
        with contextlib.suppress(Malformed):
            found.extend(read_records(io.BytesIO(whole[:end])))
        assert found == everything[: len(found)]


def test_an_empty_file_and_one_that_is_no_capture() -> None:
    with pytest.raises(Truncated, match="empty"):
        _read(b"")
    with pytest.raises(Malformed, match="no capture"):
        _read(b"GIF89a and so on")


def test_a_record_that_claims_too_much_ends_the_reading_without_taking_memory() -> None:
    data = bytearray(pcap(FRAMES))
    struct.pack_into("<I", data, 24 + 16 + 5 + 8, PACKET_BYTES_MAX + 1)
    records, error = _until_damage(bytes(data))
    assert len(records) == 1
    assert "packet 2 claims 1,048,577 bytes" in str(error)


@pytest.mark.parametrize(
    "broken",
    [
        block(6, bytes(8)),  # too short for its header
        block(6, struct.pack("<IIIII", 0, 0, 0, 99, 99) + b"abc"),  # more than it holds
        block(6, struct.pack("<IIIII", 7, 0, 0, 3, 3) + b"abc"),  # no such interface
        struct.pack("<II", 6, 11),  # shorter than a block can be
        struct.pack("<II", 6, 0x7FFFFFFC),
        block(1, b"\x01"),
        enhanced(b"abc", 1)[:-4] + b"\0\0\0\0",  # two lengths that differ
    ],
)
def test_a_damaged_block_ends_the_reading(broken: bytes) -> None:
    records, _ = _until_damage(section() + interface() + enhanced(b"whole", 1) + broken)
    assert [record.frame for record in records] == [b"whole"]


def test_interfaces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INTERFACES_MAX", 10)
    _, error = _until_damage(section() + interface() * 11)
    assert "more than 10 interfaces" in str(error)


class _Dribble:
    """A source that gives one byte at a time, as a slow pipe may."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._data.read(1)


def test_how_the_bytes_arrive_makes_no_difference() -> None:
    data = pcap(FRAMES)
    assert list(read_records(_Dribble(data))) == _read(data)


@given(st.binary(max_size=400), st.sampled_from([b"", pcap([]), section() + interface()]))
def test_any_bytes_give_records_or_malformed(data: bytes, head: bytes) -> None:
    try:
        for record in read_records(io.BytesIO(head + data)):
            assert record.time_ns >= 0
    except Malformed:
        pass
