"""The compiled flow table and its plain twin: the same flows, kept bytes, counts and complaints, whatever comes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licet.errors import BadFile
from licet.flow.engine import has_kernel, read_capture
from licet.flow.kernel import Kernel
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.table import Limits
from licet.model.sieve import ALONE, Line, Test
from support.engines import NO_KERNEL, SIEVES, Bytes, of_packets, outcome, spelled
from support.packets import START_NS, enhanced, ethernet, interface, ip, option, pcap, section, tcp, udp
from support.vectors import all_vectors, records

pytestmark = pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)

CAPTURES = sorted((Path(__file__).parent.parent / "captures").glob("*.pcap"))
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
# So small that every bound is reached by a few hundred packets.
TIGHT = Limits(flows=12, matched=4, candidates=5, messages=24, streams=3)
ROOM = Limits(flows=1_024, matched=1_024, candidates=1_024, messages=4_096, streams=512)
MUTATIONS = 15


def _same(data: bytes, limits: Limits | None = None) -> None:
    assert outcome(data, twin=False, limits=limits) == outcome(data, twin=True, limits=limits)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_every_own_capture_gives_the_same(path: Path) -> None:
    _same(path.read_bytes())
    _same(path.read_bytes(), TIGHT)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_mutated_captures_give_the_same(path: Path) -> None:
    data, chance = path.read_bytes(), random.Random(path.stem)
    for _ in range(MUTATIONS):
        _same(mutated(data, chance))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed anywhere, and now and then a cut, a gap or a stretch twice."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        out[chance.randrange(len(out))] = chance.choice((0, 255, chance.randrange(256)))
    start, size = chance.randrange(len(out)), chance.randrange(1, 200)
    kind = chance.random()
    if kind < 0.15:
        del out[start:]
    elif kind < 0.25:
        del out[start : start + size]
    elif kind < 0.35:
        out[start:start] = out[start : start + size]
    return bytes(out)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not beside the project (../shared/corpus)")
@pytest.mark.xdist_group("corpus")
def test_every_capture_of_the_corpus_gives_the_same() -> None:
    differ = [path.name for folder in ("pos", "neg", "malformed") for path in sorted((CORPUS / folder).iterdir())
              if outcome(path.read_bytes(), twin=False) != outcome(path.read_bytes(), twin=True)]
    assert differ == []


def _packets() -> list[Record]:
    """The packets of all vectors, each with client ports of its own, so that they are many flows."""
    packets: list[Record] = []
    for number, vector in enumerate(all_vectors()):
        packets += records(vector, client=f"192.0.2.{number % 200 + 1}", cut_bytes=40)
    return packets


PACKETS = _packets()


@given(st.lists(st.tuples(st.integers(0, len(PACKETS) - 1), st.integers(0, 2**40)), max_size=250))
@settings(max_examples=150, deadline=None)
def test_any_order_of_packets_gives_the_same_under_every_bound(chosen: list[tuple[int, int]]) -> None:
    packets = [PACKETS[index]._replace(ordinal=number, time_ns=START_NS + later)
               for number, (index, later) in enumerate(chosen, 1)]
    assert of_packets(packets, TIGHT, twin=False) == of_packets(packets, TIGHT, twin=True)


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_long_runs_of_damaged_packets_give_the_same(chance: random.Random) -> None:
    packets = []
    for ordinal in range(1, 200):
        packet = chance.choice(PACKETS)
        frame = bytearray(packet.frame)
        for _ in range(chance.randrange(3)):
            frame[chance.randrange(len(frame))] = chance.randrange(256)
        link_type = chance.choice((1, 1, 1, 1, 0, 101, 113, 276, 105))
        packets.append(Record(ordinal, START_NS + ordinal * 10**6, link_type, bytes(frame)))
    assert of_packets(packets, TIGHT, twin=False) == of_packets(packets, TIGHT, twin=True)


INITIATION = b"\x01\0\0\0" + bytes(range(1, 145))  # twice from one side, and the flow is a candidate
RECORD = b"\0\x0e\x38" + bytes(range(1, 14))  # likewise, once, as the first bytes of a stream
PLAIN = {
    "ipv4 udp": ethernet(ip("192.0.2.1", "198.51.100.2", 17, udp(40_000, 51_820, INITIATION))),
    "ipv4 tcp": ethernet(ip("192.0.2.1", "198.51.100.2", 6, tcp(40_000, 1_194, 7, 0x18, RECORD))),
    "ipv6 udp": ethernet(ip("2001:db8::1", "2001:db8::2", 17, udp(40_000, 51_820, INITIATION))),
    "ipv6 tcp": ethernet(ip("2001:db8::1", "2001:db8::2", 6, tcp(40_000, 1_194, 7, 0x18, RECORD))),
}
USUAL = PLAIN | {f"{name} tagged": frame[:12] + b"\x81\0\0\x07" + frame[12:] for name, frame in PLAIN.items()}


@pytest.mark.parametrize("name", USUAL)
def test_every_value_of_every_header_byte_and_every_cut_of_a_usual_packet_gives_the_same(name: str) -> None:
    frame = USUAL[name]
    cuts = [frame[:size] for size in range(len(frame) + 1)]
    for changed in (*(_each_value(frame, at) for at in range(12, 14 + 4 + 40 + 20)), cuts):
        packets = [Record(number, START_NS + number, 1, one) for number, one in enumerate(changed * 2, 1)]
        assert of_packets(packets, ROOM, twin=False) == of_packets(packets, ROOM, twin=True)


def _each_value(frame: bytes, at: int) -> list[bytes]:
    return [frame[:at] + bytes([value]) + frame[at + 1 :] for value in range(256)]


@given(st.binary(max_size=600), st.sampled_from([b"", pcap([]), section() + interface()]))
@settings(deadline=None)
def test_any_bytes_for_a_file_give_the_same(data: bytes, head: bytes) -> None:
    _same(head + data)


@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(-(2**63), 2**63 - 1))
@settings(deadline=None)
def test_any_clock_of_a_pcapng_file_gives_the_same(ticks: int, resolution: int, offset: int) -> None:
    options = option(9, bytes([resolution])) + option(14, offset.to_bytes(8, "little", signed=True))
    _same(section() + interface(options=options) + enhanced(PACKETS[0].frame, ticks))


def test_time_bounds_leave_out_the_same_packets() -> None:
    data = CAPTURES[0].read_bytes()
    whole = outcome(data, twin=True)
    middle = (whole[1].start_ns + 2_000_000_000) if whole[1] else 0
    for bounds in ({"since_ns": middle}, {"until_ns": middle}, {"since_ns": middle, "until_ns": middle + 10**9},
                   {"since_ns": 2**70}, {"until_ns": -5}):
        assert outcome(data, twin=False, **bounds) == outcome(data, twin=True, **bounds)


def test_where_the_blocks_of_a_file_are_cut_makes_no_difference() -> None:
    data = b"".join(path.read_bytes()[24 if number else 0 :] for number, path in enumerate(CAPTURES[:6]))

    class Dribble(Bytes):
        def readinto(self, space: memoryview, /) -> int:
            return super().readinto(space[: 1 + self.tell() % 37])

    whole = outcome(data, twin=False)
    reading = read_capture(Dribble(data), SIEVES, Limits())
    assert (reading.counts, reading.timeline, reading.problem, list(map(spelled, reading.candidates))) == whole


def test_a_disk_that_fails_is_a_problem_of_the_capture_and_not_a_crash() -> None:
    class Failing(Bytes):
        def readinto(self, space: memoryview, /) -> int:
            if self.tell() > 100:
                raise BadFile("office.pcap", "reading failed: Input/output error")
            return super().readinto(space[:200])

    reading = read_capture(Failing(CAPTURES[0].read_bytes()), SIEVES)
    assert reading.problem == "office.pcap: reading failed: Input/output error"


def test_memory_is_reserved_at_the_start_and_what_is_settled_takes_no_more() -> None:
    kernel = Kernel(ReadySieves(SIEVES), Limits())
    reserved = kernel.reserved_bytes
    for packet in PACKETS[:500]:
        kernel.add(*packet)
    assert kernel.reserved_bytes == reserved
    kernel.settle()
    with pytest.raises(ValueError, match="settled"):
        kernel.add(*PACKETS[0])
    with pytest.raises(ValueError, match="no settled candidate"):
        kernel.candidate(10**6, {})


def test_sieve_lines_that_the_arrays_cannot_hold_are_refused() -> None:
    long = Line("long", "udp", ALONE, (Test(0, bytes(40)),), 40, 1, enough=1)
    with pytest.raises(ValueError, match="more than 16 bytes"):
        Kernel(ReadySieves([(long,)]), Limits())
