"""The flow table: what makes a flow, what is counted, and every bound."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from licet.app.catalogue import RECOGNISERS
from licet.flow.records import Record
from licet.flow.table import Candidate, FlowTable, Limits
from licet.model.sieve import ALONE, ANSWER, DATA, OPENING, LengthField, Line, Sieve, Test
from licet.wire.skip import Skip
from support.packets import CLIENT, CLIENT6, SERVER, SERVER6, START_NS, ethernet, ip, ipv4, tcp, udp

ACK, SYN = 16, 2
PING: Sieve = (
    Line("ping", "udp", OPENING, (Test(0, b"PING"),), keep_bytes=8, quota=2),
    Line("pong", "udp", ANSWER, (Test(0, b"PONG"),), keep_bytes=8, quota=2),
    Line("noise", "udp", DATA, (Test(0, b"NOIS"),), keep_bytes=8, quota=2, after_start=True),
)
HELLO: Sieve = (Line("hello", "tcp", ALONE, (Test(0, b"HELLO"),), keep_bytes=12, quota=1, enough=1),)


def _udp(ordinal: int, payload: bytes, *, back: bool = False, port: int = 40_000, time_ns: int = START_NS) -> Record:
    ends, ports = ((SERVER, CLIENT), (7, port)) if back else ((CLIENT, SERVER), (port, 7))
    return Record(ordinal, time_ns, 1, ethernet(ip(*ends, 17, udp(*ports, payload))))


def _tcp(ordinal: int, sequence: int, payload: bytes, flags: int = ACK) -> Record:
    return Record(ordinal, START_NS, 1, ethernet(ip(CLIENT, SERVER, 6, tcp(40_000, 7, sequence, flags, payload))))


def _table(sieve: Sieve, records: list[Record], **limits: int) -> tuple[FlowTable, list[Candidate]]:
    table = FlowTable([sieve], Limits(**limits))
    for record in records:
        table.add(record)
    return table, list(table.candidates())


def test_both_directions_are_one_flow_and_forward_is_the_first_packet_s_way() -> None:
    _, (candidate,) = _table(PING, [_udp(1, b"PONG----", back=True), _udp(2, b"PING----")])
    ((_, flow),) = candidate.owners
    assert flow.packets == (1, 1)
    assert [port for _, port in candidate.ends] == [7, 40_000]
    assert [(message.line, message.forward) for message in flow.kept.messages()] == [("pong", True), ("ping", False)]


def test_an_opening_without_an_answer_is_no_candidate() -> None:
    table, candidates = _table(PING, [_udp(1, b"PING----")] * 5)
    assert (candidates, table.counts.flows, table.counts.packets) == ([], 1, 5)


def test_an_answer_from_the_opening_s_own_end_is_no_answer() -> None:
    assert _table(PING, [_udp(1, b"PING----"), _udp(2, b"PONG----")])[1] == []


def test_messages_that_wait_for_a_start_are_kept_only_after_it() -> None:
    records = [_udp(1, b"NOIS---1"), _udp(2, b"PING----"), _udp(3, b"NOIS---2"), _udp(4, b"PONG----", back=True)]
    _, (candidate,) = _table(PING, records)
    assert [message.packet for message in candidate.owners[0][1].kept.messages()] == [2, 3, 4]


def test_unanswered_openings_make_room_for_newer_ones_and_answered_ones_stay() -> None:
    records = [_udp(n, b"PING" + bytes([n] * 4)) for n in range(1, 6)]
    records += [_udp(6, b"PONG----", back=True), _udp(7, b"PING7777"), _udp(8, b"PING8888")]
    _, (candidate,) = _table(PING, records)
    assert [message.packet for message in candidate.owners[0][1].kept.messages()] == [4, 5, 6]


def test_a_run_of_equal_bytes_starts_anew_when_they_change() -> None:
    sieve = (Line("run", "udp", DATA, (), keep_bytes=4, quota=3, enough=3, same=(0, 2)),)
    broken = [_udp(n, b"AA" if n % 3 else b"BB") for n in range(1, 9)]
    assert _table(sieve, broken)[1] == []
    _, (candidate,) = _table(sieve, [*broken, _udp(9, b"CC"), _udp(10, b"CC"), _udp(11, b"CC"), _udp(12, b"DD")])
    flow = candidate.owners[0][1]
    assert [message.packet for message in flow.kept.messages()] == [9, 10, 11]
    assert flow.kept.matches("run", True) == 3


def test_ports_and_length_fields_narrow_a_line() -> None:
    sieve = (Line("framed", "udp", ALONE, (), 4, 1, enough=1, port=7, length_field=LengthField(0, 2, less=2)),)
    assert len(_table(sieve, [_udp(1, b"\0\x03abc")])[1]) == 1
    assert _table(sieve, [_udp(1, b"\0\x04abc")])[1] == []
    elsewhere = Record(1, START_NS, 1, ethernet(ip(CLIENT, SERVER, 17, udp(8, 9, b"\0\x03abc"))))
    assert _table(sieve, [elsewhere])[1] == []


def test_a_test_may_ask_for_difference() -> None:
    sieve = (Line("not-zero", "udp", ALONE, (Test(0, b"\0\0", equal=False),), 2, 1, enough=1),)
    assert _table(sieve, [_udp(1, b"\0\0rest")])[1] == []
    assert len(_table(sieve, [_udp(1, b"\0\x01rest")])[1]) == 1


def test_every_line_sees_a_packet_before_any_keeps_it() -> None:
    sieves = [(Line("one", "udp", ALONE, (Test(0, b"X"),), 1, 1, enough=1),)] * 3
    table = FlowTable(sieves)
    table.add(_udp(1, b"X"))
    (candidate,) = table.candidates()
    assert [owner for owner, _ in candidate.owners] == [0, 1, 2]


def test_a_tcp_stream_is_put_in_order_and_kept_from_its_start() -> None:
    records = [
        _tcp(1, 99, b"", SYN), _tcp(2, 109, b"rld, and more"), _tcp(3, 103, b"LO, wo"), _tcp(4, 100, b"HEL"),
    ]
    _, (candidate,) = _table(HELLO, records)
    (stream,) = candidate.owners[0][1].kept.streams()
    assert stream.data == b"HELLO, world"
    assert stream.from_syn
    assert [(offset, packet) for offset, packet, _ in stream.marks] == [(0, 4), (3, 3), (9, 2)]
    assert stream.mark_at(8)[0] == 3


def test_sequence_numbers_wrap() -> None:
    records = [_tcp(1, 2**32 - 3, b"", SYN), _tcp(2, 2**32 - 2, b"HEL"), _tcp(3, 1, b"LO there")]
    _, (candidate,) = _table(HELLO, records)
    assert candidate.owners[0][1].kept.streams()[0].data == b"HELLO there"


def test_a_stream_joined_late_starts_at_its_first_segment() -> None:
    _, (candidate,) = _table(HELLO, [_tcp(1, 5_000, b"HELLO again")])
    assert not candidate.owners[0][1].kept.streams()[0].from_syn


def test_another_connection_on_the_same_ports_is_looked_at_afresh() -> None:
    records = [_tcp(1, 99, b"", SYN), _tcp(2, 100, b"GOODBYE"), _tcp(3, 7_777, b"", SYN), _tcp(4, 7_778, b"HELLO!")]
    _, (candidate,) = _table(HELLO, records)
    assert candidate.owners[0][1].kept.streams()[0].data == b"HELLO!"


def test_a_repeated_syn_changes_nothing() -> None:
    records = [_tcp(1, 99, b"", SYN), _tcp(2, 100, b"HEL"), _tcp(3, 99, b"", SYN), _tcp(4, 103, b"LO!")]
    assert len(_table(HELLO, records)[1]) == 1


def test_nothing_is_joined_over_bytes_that_the_snap_length_cut_off() -> None:
    whole = ethernet(ip(CLIENT, SERVER, 6, tcp(40_000, 7, 100, ACK, b"HELLO, all of you")))
    records = [Record(1, START_NS, 1, whole[:-9]), _tcp(2, 117, b"not adjacent")]
    _, (candidate,) = _table(HELLO, records)
    assert candidate.owners[0][1].kept.streams()[0].data == b"HELLO, a"


def test_flows_are_bounded_and_what_falls_out_is_counted() -> None:
    table, _ = _table(PING, [_udp(n, b"x", port=1_000 + n) for n in range(1, 101)], flows=10)
    assert table.counts.flows == 100
    assert table.counts.evicted == {"flows": 90}


def test_a_flood_of_openings_is_bounded_and_a_real_exchange_in_its_midst_is_found() -> None:
    records = [_udp(n, b"PING----", port=1_000 + n) for n in range(1, 501)]
    records += [_udp(501, b"PING----", port=9), _udp(502, b"PONG----", port=9, back=True)]
    records += [_udp(502 + n, b"PING----", port=2_000 + n) for n in range(1, 501)]
    table, candidates = _table(PING, records, matched=20)
    assert [candidate.ends[0][1] for candidate in candidates] == [9]
    assert table.counts.evicted == {"kept messages": 980}


def test_candidates_are_bounded_and_each_flow_too_many_is_counted_once() -> None:
    sieve = (Line("one", "udp", ALONE, (Test(0, b"X"),), 1, 1, enough=1),)
    table, candidates = _table(sieve, [_udp(n, b"X", port=n % 50 + 1) for n in range(1, 201)], candidates=10)
    assert len(candidates) == 10
    assert table.counts.evicted == {"candidates": 40}


def test_what_looks_like_data_cannot_crowd_out_a_handshake() -> None:
    sieve = (*PING, Line("stream", "udp", DATA, (Test(0, b"D"),), keep_bytes=8, quota=2, enough=2, same=(0, 4)))
    records = [_udp(n, b"DATA----", port=1_000 + n // 4) for n in range(1, 401)]
    records += [_udp(500, b"PING----", port=9), _udp(501, b"PONG----", port=9, back=True)]
    table, candidates = _table(sieve, records, messages=20, candidates=8)
    assert 9 in [candidate.ends[0][1] for candidate in candidates]
    assert len(candidates) == 5
    assert table.counts.evicted["messages"] > 0


def test_streams_that_hold_bytes_are_bounded_over_all_flows() -> None:
    records = []
    for port in range(100):
        ends = (CLIENT, SERVER, 6)
        records.append(Record(1, START_NS, 1, ethernet(ip(*ends, tcp(port + 1, 7, 0, SYN)))))
        records.append(Record(1, START_NS, 1, ethernet(ip(*ends, tcp(port + 1, 7, 500, ACK, bytes(1_000))))))
    table, _ = _table(HELLO, records, streams=10)
    assert table.counts.evicted == {"streams": 90}


def test_room_for_streams_is_given_back_when_they_turn_out_to_be_something_else() -> None:
    records = []
    for port in range(1, 101):
        for sequence, piece in ((100, b"HEL"), (103, b"P!")):
            records.append(Record(1, START_NS, 1, ethernet(ip(CLIENT, SERVER, 6, tcp(port, 7, sequence, ACK, piece)))))
    table, candidates = _table(HELLO, records, streams=1)
    assert (candidates, table.counts.evicted) == ([], {})


def test_kept_messages_are_bounded_and_those_given_up_make_room() -> None:
    records = [_udp(n, b"PING----", port=1_000 + n) for n in range(1, 51)]
    table, _ = _table(PING, records, messages=10)
    assert table.counts.evicted == {"messages": 40}
    table, _ = _table(PING, records, messages=10, matched=5)
    assert table.counts.evicted == {"kept messages": 45}


def test_ip_in_ip_is_looked_into_and_counted() -> None:
    inner = ip(CLIENT6, SERVER6, 17, udp(40_000, 7, b"PING----"))
    back = ip(SERVER6, CLIENT6, 17, udp(7, 40_000, b"PONG----"))
    outer = [ethernet(ipv4(CLIENT, SERVER, 41, packet)) for packet in (inner, back)]
    records = [Record(n, START_NS, 1, frame) for n, frame in enumerate(outer, 1)]
    table, candidates = _table(PING, records)
    assert (len(candidates), table.counts.nested) == (1, 2)


def test_ip_in_ip_without_end_is_named() -> None:
    packet = ipv4(CLIENT, SERVER, 17, udp(1, 2, b""))
    for _ in range(9):
        packet = ipv4(CLIENT, SERVER, 4, packet)
    table, _ = _table(PING, [Record(1, START_NS, 1, ethernet(packet))])
    assert table.counts.skipped == {Skip.TOO_DEEP: 1}


def test_everything_that_is_not_used_is_counted_by_its_reason() -> None:
    frames = [
        (1, ethernet(bytes(28), ethertype=0x0806)),
        (105, b"802.11"),
        (1, ethernet(ip(CLIENT, SERVER, 1, b"ping"))),
        (1, ethernet(ipv4(CLIENT, SERVER, 17, bytes(8), fragment=1))),
        (1, ethernet(ipv4(CLIENT, SERVER, 17, b"cut"))),
    ]
    table, _ = _table(PING, [Record(n, START_NS, link, frame) for n, (link, frame) in enumerate(frames, 1)])
    assert table.counts.packets == 5
    assert table.counts.link_types == {105: 1}
    assert table.counts.skipped == {
        Skip.NOT_IP: 1, Skip.OTHER_PROTOCOL: 1, Skip.LATER_FRAGMENT: 1, Skip.TRANSPORT_DAMAGED: 1,
    }


@given(st.lists(st.tuples(st.sampled_from([0, 1, 101, 113, 276]), st.binary(max_size=120)), max_size=20))
def test_any_frames_are_counted_and_nothing_is_raised(frames: list[tuple[int, bytes]]) -> None:
    table = FlowTable([recogniser.sieve for recogniser in RECOGNISERS])
    for ordinal, (link_type, frame) in enumerate(frames, 1):
        table.add(Record(ordinal, ordinal, link_type, frame))
    assert table.counts.packets == len(frames)
    list(table.candidates())


def test_the_order_of_flows_in_a_capture_makes_no_difference_to_each() -> None:
    flows = [[_udp(0, b"PING---%d" % n, port=n), _udp(0, b"PONG---%d" % n, port=n, back=True)] for n in range(1, 9)]
    chance = random.Random(7)
    queue = [packet for flow in flows for packet in flow]
    chance.shuffle(queue)
    _, candidates = _table(PING, [packet._replace(ordinal=n) for n, packet in enumerate(queue, 1)])
    assert len(candidates) == 8
    assert [candidate.first_packet for candidate in candidates] == sorted(c.first_packet for c in candidates)
