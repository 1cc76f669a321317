"""The table of live traffic: candidates while they go on, windows that add up, and room that comes back."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.flow.engine import has_kernel
from licet.flow.kernel import Kernel
from licet.flow.listed import Listed, span_of
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.table import Limits
from support.engines import NO_KERNEL, SIEVES, spelled
from support.packets import CLIENT, SERVER, SERVER6, START_NS, ethernet, ip, tcp, udp
from support.ring import block
from support.vectors import all_vectors, load_vectors, records

pytestmark = pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)

READY = ReadySieves(SIEVES)
SECOND_NS = 10**9
ACK, SYN = 16, 2
LONG_AGO = -(2**62)

Served = tuple[bytes, str, int, int, int, int]
Totals = dict[str, tuple[int, int, int]]


def live(limits: Limits | None = None) -> Kernel:
    return Kernel(READY, limits or Limits(), live=True)


def feed(kernel: Kernel, packets: Iterable[Record]) -> None:
    for packet in packets:
        kernel.add(*packet)


def vector(file: str, name: str, **ends: str) -> list[Record]:
    return list(records(next(one for one in load_vectors(file) if one.name == name), **ends))


def listed(*addresses: str) -> Listed:
    return Listed(span_of(ipaddress.ip_network(address), None, None) for address in addresses)


def sweep(
    kernel: Kernel, *addresses: str, idle_ns: int = LONG_AGO, step: int = 3
) -> tuple[list[Served], Totals]:
    """A whole sweep, a few flows at a time."""
    at: int | None = 0
    rows: list[Served] = []
    totals: Totals = {}
    while at is not None:
        at, some, transports = kernel.live_sweep(at, step, idle_ns, listed(*addresses))
        rows += some
        for name, counts in transports.items():
            old = totals.get(name, (0, 0, 0))
            totals[name] = old[0] + counts[0], old[1] + counts[1], old[2] + counts[2]
    return rows, totals


End = tuple[str, int]


def datagram(source: End, destination: End, at_s: float, payload: bytes = b"\xee" * 20) -> Record:
    frame = ethernet(ip(source[0], destination[0], 17, udp(source[1], destination[1], payload)))
    return Record(1, START_NS + int(at_s * SECOND_NS), 1, frame)


def segment(source: End, destination: End, at_s: float, flags: int, payload: bytes = b"") -> Record:
    frame = ethernet(ip(source[0], destination[0], 6, tcp(source[1], destination[1], 1, flags, payload)))
    return Record(1, START_NS + int(at_s * SECOND_NS), 1, frame)


# Candidates while they go on.


def test_a_candidate_is_seen_as_a_capture_of_the_same_packets_shows_it() -> None:
    packets = [packet._replace(ordinal=number) for number, packet in enumerate(
        (packet for number, one in enumerate(all_vectors())
         for packet in records(one, client=f"192.0.2.{number % 250 + 1}", cut_bytes=60)), 1)]
    whole, going_on = Kernel(READY, Limits(), timelines=False), live()
    feed(whole, packets)
    feed(going_on, packets)
    pairs: dict[tuple[bytes, bytes], int] = {}
    settled = [whole.candidate(number, pairs) for number in range(whole.settle())]
    found = sorted((going_on.live_candidate(place) for place in range(going_on.live_count())), key=lambda one: one[2])
    assert len(found) == len(settled) > 20

    def bare(views: Sequence[object]) -> list[object]:
        """Without the number of the flow and of its pair, which mean nothing outside a table."""
        return [
            spelled(([(owner, flow._replace(number=0, pair=0, timeline=None)) for owner, flow in owners], ends, first))
            for owners, ends, first in views  # type: ignore[misc]
        ]

    assert bare(found) == bare(settled)
    assert [ends for _, ends, _ in found] == [
        going_on.live_ends(place)
        for place in sorted(range(going_on.live_count()), key=lambda place: going_on.live_candidate(place)[2])
    ]
    assert _pairs_of(found) == _pairs_of(settled), "flows of one pair have one number, and no others have it"


def _pairs_of(views: Sequence[object]) -> list[list[int]]:
    """Which candidates share a pair, by their places."""
    groups: dict[int, list[int]] = {}
    for place, (owners, _, _) in enumerate(views):  # type: ignore[misc]
        groups.setdefault(owners[0][1].pair, []).append(place)
    return list(groups.values())


def test_a_pair_s_number_is_another_one_in_another_table() -> None:
    """It must not serve to find the same people again in what another watch wrote."""
    numbers = set()
    for _ in range(4):
        kernel = live()
        feed(kernel, vector("wireguard", "handshake"))
        numbers.add(kernel.live_candidate(0)[0][0][1].pair)
    assert len(numbers) == 4


def test_the_state_of_a_candidate_changes_when_something_of_it_was_kept() -> None:
    kernel = live()
    first, second, *rest = vector("wireguard", "handshake")
    feed(kernel, [first])
    assert kernel.live_count() == 0
    feed(kernel, [second])
    identity, changes, *_ = kernel.live_state(0)
    noise = [second._replace(frame=second.frame[:42] + b"\xee" * 92, ordinal=9)]
    feed(kernel, noise)
    assert kernel.live_state(0)[:2] == (identity, changes)
    feed(kernel, [first._replace(ordinal=10), second._replace(ordinal=11), *rest])
    assert kernel.live_state(0)[0] == identity
    assert kernel.live_state(0)[1] > changes


def test_what_was_never_live_or_is_not_there_is_refused() -> None:
    captured, going_on = Kernel(READY, Limits()), live()
    feed(captured, vector("wireguard", "handshake"))
    for kernel, place in ((captured, 0), (going_on, 0), (going_on, 2**32 - 1)):
        for ask in (kernel.live_state, kernel.live_candidate, kernel.live_ends, kernel.live_end, kernel.live_drop):
            with pytest.raises(ValueError, match="no live candidate"):
                ask(place)
    with pytest.raises(ValueError, match="no table of live traffic"):
        captured.live_sweep(0, 1, 0, Listed())
    with pytest.raises(ValueError, match="never settled"):
        going_on.settle()


# Windows.


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 60)), max_size=60),
       st.lists(st.integers(0, 60), max_size=6))
def test_windows_add_up_to_what_a_flow_has(said: list[tuple[int, bool, int]], cuts: list[int]) -> None:
    """Packets of six flows, two of them tunnels, with a window's end before any of them."""
    kernel = live()
    tunnel = [vector("wireguard", "handshake", client=f"192.0.2.{number + 1}") for number in range(2)]
    feed(kernel, [packet for one in tunnel for packet in one[:2]])
    totals = {"tunnels": [0, 0], "others": [0, 0]}

    def end() -> None:
        for place in range(kernel.live_count()):
            *_, packets, size = kernel.live_state(place)
            if packets:
                totals["tunnels"][0] += packets
                totals["tunnels"][1] += size
                kernel.live_end(place)
            assert kernel.live_state(place)[5:] == (0, 0)
        for _, packets, size in sweep(kernel)[1].values():
            totals["others"][0] += packets
            totals["others"][1] += size

    others_sent = [0, 0]
    for number, (flow, forward, size) in enumerate(said):
        if number in cuts:
            end()
        if flow < 2:
            feed(kernel, [tunnel[flow][0 if forward else 1]._replace(ordinal=10 + number)])
        else:
            ends = (CLIENT, 40_000 + flow), (SERVER, 8_000)
            packet = datagram(*(ends if forward else ends[::-1]), 1 + number, b"\xee" * size)
            others_sent[0] += 1
            others_sent[1] += len(packet.frame) - 14
            feed(kernel, [packet])
    end()
    packets, size, *_ = kernel.counts()
    assert totals["others"] == others_sent
    assert [totals["tunnels"][0] + others_sent[0], totals["tunnels"][1] + others_sent[1]] == [packets, size]
    whole = [kernel.live_candidate(place)[0][0][1] for place in range(kernel.live_count())]
    assert sum(sum(flow.packets) for flow in whole) == totals["tunnels"][0]
    assert sweep(kernel) == ([], {}), "an ended window was counted twice"


def test_a_flow_that_goes_on_for_months_is_still_counted() -> None:
    """Its own counters stop at 2^31; seventeen million packets show that they are emptied long before."""
    handshake = vector("wireguard", "handshake")
    data = handshake[1]._replace(frame=handshake[1].frame[:42] + b"\x04" + bytes(17))
    some = block([data] * 7_000, 1 << 20)
    kernel, sent = live(), 0
    feed(kernel, handshake[:2])
    windows = 0
    for round_ in range(2_500):
        kernel.add_block(bytearray(some), 0, len(some), 1)
        sent += 7_000
        if round_ % 625 == 624:
            *_, packets, _ = kernel.live_state(0)
            windows += packets
            kernel.live_end(0)
    assert sent > 2**24
    assert windows == sent + 2 == kernel.live_state(0)[4]
    assert sum(kernel.live_candidate(0)[0][0][1].packets) == sent + 2


def test_a_tunnel_whose_window_was_ended_is_left_out_of_one_sweep() -> None:
    kernel = live()
    feed(kernel, vector("wireguard", "handshake")[:2])
    kernel.live_end(0)
    assert sweep(kernel, SERVER) == ([], {})
    feed(kernel, [packet._replace(time_ns=packet.time_ns + SECOND_NS)
                  for packet in vector("wireguard", "handshake")[:2]])
    rows, totals = sweep(kernel, SERVER)
    assert [row[:3] for row in rows] == [(ipaddress.ip_address(SERVER).packed, "udp", 51_820)]
    assert totals["udp"][:2] == (1, 2)


def test_a_packet_is_in_the_window_in_which_it_was_read_whatever_its_time() -> None:
    """The system hands frames over a moment after they came. Those of a flow that then falls silent are in no later
    window."""
    kernel = live()
    feed(kernel, [datagram((CLIENT, 40_000), (SERVER, 53), 5)])
    assert sweep(kernel, SERVER)[1]["udp"][:2] == (1, 1)
    feed(kernel, [datagram((CLIENT, 40_001), (SERVER, 53), at) for at in (3, 4)])
    rows, totals = sweep(kernel, SERVER)
    assert (len(rows), totals["udp"][:2]) == (1, (1, 2))
    assert sweep(kernel, SERVER) == ([], {})


def test_what_was_evicted_is_counted_once_with_its_transport() -> None:
    kernel = live(Limits(flows=3))
    feed(kernel, [datagram((CLIENT, 40_000), (SERVER, 53), 0)] * 5)
    assert sweep(kernel)[1]["udp"][:2] == (1, 5)
    packets = [datagram((CLIENT, 40_000 + number), (SERVER, 53), number) for number in range(8)]
    packets += [segment((CLIENT, 40_100), (SERVER, 80), 9, ACK, b"x")]
    feed(kernel, packets)
    totals = sweep(kernel)[1]
    assert kernel.counts()[-1] == {"flows": 6}
    assert (totals["udp"][:2], totals["tcp"][:2]) == ((8, 8), (1, 1))
    assert totals["udp"][2] == sum(len(packet.frame) - 14 for packet in packets[:8])
    assert sweep(kernel)[1] == {}


@pytest.mark.parametrize("server", [SERVER, SERVER6])
def test_what_an_address_serves_is_what_others_open_to_it(server: str) -> None:
    client = CLIENT if server == SERVER else "2001:db8:a::11"
    other = "203.0.113.9" if server == SERVER else "2001:db8:b::99"
    kernel = live()
    feed(kernel, [
        datagram((client, 40_000), (server, 53), 0),
        datagram((server, 123), (client, 40_001), 0),  # its answer was seen first; the lower port serves
        datagram((server, 50_000), (other, 53), 0),  # here it is the client
        segment((client, 40_002), (server, 443), 0, SYN),
        segment((server, 50_001), (other, 443), 0, SYN),
        segment((server, 22), (client, 40_003), 0, ACK, b"SSH"),  # joined after its SYN
        segment((client, 40_004), (server, 8_443), 0, SYN | ACK),  # the SYN was lost, and it answers: the server opened
        datagram((client, 40_005), (other, 53), 0),
    ])
    rows, totals = sweep(kernel, server)
    packed = ipaddress.ip_address(server).packed
    assert sorted((transport, port) for _, transport, port, *_ in rows) == [
        ("tcp", 22), ("tcp", 443), ("tcp", 8_443), ("udp", 53), ("udp", 123),
    ]
    assert {row[0] for row in rows} == {packed}
    assert len({row[3] for row in rows}) == 1, "one other end has one number"
    assert (totals["udp"][0], totals["tcp"][0]) == (4, 4)


# Room.


def test_thousands_of_candidates_come_and_go_and_leave_nothing_behind() -> None:
    """Under limits that three of them fill: if a message, run, slot, stream or flow stayed, something would be
    evicted."""
    limits = Limits(flows=8, matched=3, candidates=3, messages=64, streams=6)
    kernel = live(limits)
    reserved = kernel.reserved_bytes
    seen = 0
    kinds = [("wireguard", "handshake"), ("openvpn", "tcp-plain"), ("openvpn", "tls-auth-sha256"), ("pptp", "control")]
    shapes = [vector(*kind) for kind in kinds]
    for round_ in range(1_500):
        for number in range(3):
            packets = shapes[(round_ + number) % len(shapes)]
            # Another client each time: bytes 26 to 30 hold the first sender's address, 30 to 34 the first receiver's.
            client = bytes([192, 0, 2, number + 1])
            for packet in packets:
                frame = bytearray(packet.frame)
                at = 26 if frame[26:28] == b"\xc0\x00" else 30
                frame[at : at + 4] = client
                kernel.add(packet.ordinal, packet.time_ns, 1, bytes(frame))
        assert kernel.live_count() == 3, round_
        seen += 3
        for place in ((2, 1, 0), (0, 0, 0), (1, 0, 0))[round_ % 3]:
            kept = kernel.live_candidate(place)[0][0][1].kept
            assert kept.messages() or kept.streams(), "nothing was kept of it"
            kernel.live_drop(place)
        assert kernel.live_count() == 0
    assert seen == 4_500
    assert kernel.counts()[-1] == {}, "room was lost: something had to be evicted"
    assert kernel.reserved_bytes == reserved


def test_the_last_candidate_takes_the_place_of_one_that_is_dropped() -> None:
    kernel = live()
    for number in range(4):
        feed(kernel, vector("wireguard", "handshake", client=f"192.0.2.{number + 1}"))
    ends = [kernel.live_ends(place) for place in range(4)]
    kernel.live_drop(1)
    assert [kernel.live_ends(place) for place in range(3)] == [ends[0], ends[3], ends[2]]
    feed(kernel, [packet._replace(ordinal=50) for packet in vector("wireguard", "handshake", client="192.0.2.4")])
    assert kernel.live_count() == 3, "the flow that was moved is still found"
    assert sum(kernel.live_candidate(1)[0][0][1].packets) > sum(kernel.live_candidate(0)[0][0][1].packets)


def test_connections_that_say_a_byte_and_no_more_do_not_blind_the_table() -> None:
    """Each holds a stream until it says enough. When they fell silent, a sweep gives their room back."""
    limits = Limits(streams=8)

    def crowded(idle_ns: int) -> int:
        kernel = live(limits)
        feed(kernel, [segment((CLIENT, 20_000 + number), (SERVER, 80), 0, ACK, b"\0") for number in range(8)])
        sweep(kernel, idle_ns=idle_ns)
        feed(kernel, vector("openvpn", "tcp-plain"))
        return kernel.live_count()

    assert crowded(START_NS) == 0, "they were not silent yet"
    assert crowded(START_NS + 1) == 1


def test_a_sweep_for_silent_connections_takes_nothing_from_a_candidate() -> None:
    kernel = live()
    feed(kernel, vector("openvpn", "tcp-plain"))
    assert kernel.live_candidate(0)[0][0][1].kept.streams()
    before = spelled(kernel.live_candidate(0))
    sweep(kernel, idle_ns=START_NS + 3_600 * SECOND_NS)
    assert spelled(kernel.live_candidate(0)) == before


def test_what_was_kept_of_a_candidate_is_read_before_more_comes_or_not_at_all() -> None:
    kernel = live()
    feed(kernel, vector("wireguard", "handshake"))
    kept = kernel.live_candidate(0)[0][0][1].kept
    assert [message.line for message in kept.messages("initiation", "response")] == ["initiation", "response"]
    assert kept.messages("no such line") == []
    assert kept.first_match("no such line", True) is None
    sweep(kernel, idle_ns=START_NS)
    for ask in (kept.messages, kept.streams, lambda: kept.first_match("initiation", True),
                lambda: kept.matches("initiation", True)):
        with pytest.raises(ValueError, match="gone on"):
            ask()
    assert kernel.live_candidate(0)[0][0][1].kept.matches("initiation", True) == 1
