"""Tunnels over windows: they keep their grade, are counted once, and are forgotten when they have been silent."""

from __future__ import annotations

import ipaddress

import pytest

from app.watch.makers import EVERY_S, SECOND_NS, Link, spoken
from licet.app.scan import Scanner
from licet.app.watch import tracker as tracking
from licet.flow.engine import has_kernel
from licet.flow.listed import Listed, span_of
from licet.flow.table import Limits
from licet.model.endpoint import Endpoint
from licet.model.evidence import CERTAIN, LIKELY
from support.engines import NO_KERNEL
from support.packets import CLIENT, SERVER, START_NS, ethernet, ip, tcp, udp
from support.vectors import Vector, all_vectors, records

pytestmark = pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)

HOUR_S = 3_600


def listed(text: str, transport: str | None = None, port: int | None = None) -> Listed:
    return Listed([span_of(ipaddress.ip_network(text), transport, port)])


def other_packets(at_s: float = 1) -> list:
    """A DNS question to the tunnel's server and one to somebody else, and the server's own question to a third."""
    packets = []
    for source, destination, ports in (
        (CLIENT, SERVER, (40_000, 53)), ("192.0.2.12", SERVER, (40_001, 53)), (CLIENT, "203.0.113.9", (40_002, 53)),
        (SERVER, "203.0.113.9", (50_000, 53)),
    ):
        frame = ethernet(ip(source, destination, 17, udp(*ports, b"\xee" * 30)))
        packets.append(spoken("wireguard", "handshake", at_s)[0]._replace(frame=frame))
    return packets


def test_a_tunnel_keeps_its_grade_and_evidence_over_windows_and_is_counted_in_each() -> None:
    """The handshake is in the first window alone; data goes on in the third, the second is silent."""
    link = Link()
    handshake = spoken("wireguard", "handshake")
    link.hear(handshake)
    first, _, transports = link.end(0)
    silent = link.end(EVERY_S)[0]
    more = [packet._replace(time_ns=START_NS + 25 * SECOND_NS) for packet in handshake[2:]]
    link.hear(more)
    third = link.end(2 * EVERY_S)[0]
    assert [one.flow.packets for one in (*first, *third)] == [(len(handshake), 0), (len(more), 0)]
    assert silent == []
    assert first[0].evidence == third[0].evidence
    assert first[0].evidence[0].grade == CERTAIN
    assert (third[0].flow.first_ns, third[0].flow.last_ns) == (START_NS, START_NS + 25 * SECOND_NS)
    assert transports == {}, "a tunnel's packets are not among all else"


def test_looking_at_a_window_while_it_lasts_ends_nothing() -> None:
    link = Link()
    handshake = spoken("wireguard", "handshake")
    link.hear(handshake[:3])
    for _ in range(3):
        (one,) = link.tracker.so_far()
        assert one.flow.packets == (3, 0)
    link.hear(handshake[3:])
    assert link.end(0)[0][0].flow.packets == (len(handshake), 0)


def test_a_handshake_that_spans_two_windows_is_found_in_the_second() -> None:
    link = Link()
    handshake = spoken("wireguard", "handshake")
    link.hear(handshake[:1])
    assert link.end(0)[0] == []
    link.hear([packet._replace(time_ns=START_NS + 11 * SECOND_NS) for packet in handshake[1:]])
    (one,) = link.end(EVERY_S)[0]
    assert one.evidence[0].grade == CERTAIN
    assert one.flow.packets == (len(handshake) - 1, 0), "what came before was counted in the window before"


def test_a_tunnel_is_in_the_window_in_which_it_was_read_though_its_packets_are_of_the_one_before() -> None:
    """The system hands frames over a moment later; a tunnel that then falls silent must not be missed for it."""
    link = Link()
    assert link.end(0)[0] == []
    handshake = spoken("wireguard", "handshake", EVERY_S - 1)
    link.hear(handshake)
    (one,) = link.end(EVERY_S)[0]
    assert (one.evidence[0].grade, one.flow.packets) == (CERTAIN, (len(handshake), 0))


@pytest.mark.parametrize("each", all_vectors(), ids=str)
def test_every_packet_of_every_vector_is_a_tunnel_s_or_all_else_s_or_skipped(each: Vector) -> None:
    """However windows cut it: each packet once."""
    packets = list(records(each))
    for length in (1, 2, len(packets)):
        link, counted = Link(), 0
        for at in range(0, len(packets), length):
            link.hear(packets[at : at + length])
            served, _, transports = link.end(0)
            counted += sum(sum(one.flow.packets) for one in served) + sum(row[1] for row in transports.values())
        read, _, _, _, skipped, link_types, _ = link.kernel.counts()
        assert counted + sum(skipped.values()) + sum(link_types.values()) == read


def test_a_tunnel_that_speaks_while_the_silent_are_forgotten_is_not() -> None:
    link = Link()
    for number in range(300):
        link.hear(spoken("wireguard", "handshake", client=f"10.0.{number // 250}.{number % 250 + 1}"))
    assert len(link.end(0)[0]) == 300
    late = spoken("wireguard", "handshake", 1_000, client="10.0.1.1")

    def speak() -> None:
        # Among the looks at the ring it is the last one, while candidates are counted as silent.
        link.breaths += 1
        if link.breaths == last:
            link.hear(late)

    link.tracker._breathe = speak
    before, last = link.breaths, -1
    link.end(0)
    last = link.breaths + link.breaths - before
    link.end(990, 1_001)
    assert link.kernel.live_count() == 1
    (one,) = link.end(1_001)[0]
    assert one.flow.packets == (len(late), 0)


def ike(at_s: float) -> list:
    return spoken("ike", "ikev2-init", at_s)


def esp(at_s: float) -> list:
    return spoken("esp", "by-protocol-number", at_s)


def esp_found(link: Link, begin_s: float) -> tuple[str, str]:
    """Grade and rule of the ESP of a window."""
    served = link.end(begin_s)[0]
    (best,) = (one.evidence[0] for one in served if one.flow.transport == "esp")
    return best.grade, best.rule


def test_esp_is_certain_by_an_ike_of_an_earlier_window() -> None:
    link = Link()
    link.hear(ike(0))
    link.end(0)
    link.hear(esp(12))
    assert esp_found(link, 10) == (CERTAIN, "esp/ike-link@1")


def test_esp_stays_certain_while_its_ike_is_silent_for_hours() -> None:
    """IKE speaks again when it re-keys, which may be a night away; the ESP beside it goes on."""
    link = Link()
    link.hear([*ike(0), *esp(1)])
    for begin_s in range(0, 3 * HOUR_S, 60):
        link.hear(esp(begin_s + 5))
        assert esp_found(link, begin_s) == (CERTAIN, "esp/ike-link@1"), begin_s
    # When the ESP has ended too, both are forgotten.
    silent_s = 3 * HOUR_S + tracking.IDLE_NS // SECOND_NS
    link.end(silent_s)
    link.end(silent_s + EVERY_S)
    assert link.kernel.live_count() == 0
    link.hear(esp(silent_s + 30))
    assert esp_found(link, silent_s + 25)[0] == LIKELY


def test_a_link_reaches_no_further_than_a_day() -> None:
    link = Link()
    link.hear([*ike(0), *esp(1)])
    grades = []
    for begin_s in range(0, 26 * HOUR_S, 200):
        link.hear(esp(begin_s + 5))
        grades.append(esp_found(link, begin_s)[0])
    assert grades[0] == CERTAIN
    assert grades[23 * HOUR_S // 200] == CERTAIN
    assert link.kernel.live_count() == 1, "the IKE is forgotten"


def test_what_was_silent_is_forgotten_and_found_anew() -> None:
    link = Link()
    for number in range(50):
        link.hear(spoken("wireguard", "handshake", client=f"192.0.2.{number + 1}"))
    assert len(link.end(0)[0]) == 50
    idle_s = tracking.IDLE_NS // SECOND_NS
    link.end(10, idle_s - 1)
    assert link.kernel.live_count() == 50
    link.hear(spoken("wireguard", "handshake", idle_s))
    link.end(idle_s - 1, idle_s + 60)
    assert link.kernel.live_count() == 1
    assert len(link.tracker._known) == 1, "what is remembered goes with its flow"
    link.hear(spoken("wireguard", "handshake", idle_s + 61, client="192.0.2.1"))
    assert len(link.end(idle_s + 60)[0]) == 1


def test_candidates_that_are_no_tunnel_are_remembered_and_forgotten_too() -> None:
    """Otherwise, over months, they would fill the table."""
    link = Link(limits=Limits(candidates=4))
    for day in range(200):
        link.hear(spoken("wireguard", "response-to-another-index", day * HOUR_S, client=f"192.0.2.{day % 200 + 1}"))
        link.end(day * HOUR_S)
        link.end(day * HOUR_S + EVERY_S, day * HOUR_S + 1_000)
    assert link.kernel.counts()[-1] == {}
    assert (link.kernel.live_count(), link.tracker._known) == (0, {})


def test_what_else_a_server_served_is_counted_and_nothing_of_anybody_else() -> None:
    link = Link()
    link.hear([*spoken("wireguard", "handshake"), *other_packets()])
    served, others, transports = link.end(0)
    assert len(served) == 1
    (other,) = others
    assert other.endpoint == Endpoint(SERVER, "udp", 53)
    assert (other.clients, other.flows, other.packets) == (2, 2, 2)
    assert transports["udp"][:2] == (4, 4)


def test_a_second_endpoint_with_a_tunnel_is_no_other() -> None:
    link = Link()
    link.hear([*spoken("wireguard", "handshake"), *spoken("openvpn", "tcp-plain")])
    served, others, _ = link.end(0)
    assert len(served) == 2
    assert others == []


def test_others_are_counted_within_the_window() -> None:
    link = Link()
    link.hear([*spoken("wireguard", "handshake"), *other_packets()])
    link.end(0)
    link.hear([*spoken("wireguard", "handshake", 11), *other_packets(12)])
    (other,) = link.end(EVERY_S)[1]
    assert (other.flows, other.packets) == (2, 2)


def test_a_tcp_service_is_the_end_that_did_not_send_the_syn() -> None:
    link = Link()
    link.hear(spoken("wireguard", "handshake"))
    base = spoken("wireguard", "handshake", 1)[0]
    for source, destination, ports in ((CLIENT, SERVER, (40_000, 443)), (SERVER, "203.0.113.9", (50_000, 443))):
        frame = ethernet(ip(source, destination, 6, tcp(*ports, 1, 2)))
        link.hear([base._replace(frame=frame)])
    assert [other.endpoint for other in link.end(0)[1]] == [Endpoint(SERVER, "tcp", 443)]


def test_new_registries_are_asked_about_what_was_found_before(tmp_path: object) -> None:
    class Counting(Scanner):
        asked = 0

        def recognise(self, candidate, trials):  # type: ignore[no-untyped-def]
            Counting.asked += 1
            return super().recognise(candidate, trials)

    link = Link(Counting(ladders=False))
    link.hear(spoken("wireguard", "handshake"))
    for _ in range(3):
        link.tracker.so_far()
    assert Counting.asked == 1, "nothing new was kept: once is enough"
    link.tracker.recognise_anew(Counting(ladders=False))
    link.tracker.so_far()
    assert Counting.asked == 2


# Where only registered endpoints may be named.


def test_where_only_some_may_be_named_a_listed_end_that_is_the_client_names_nobody() -> None:
    """A registered server may be a client of somebody else's. That one is not registered, and is counted only."""
    link = Link(may_name=listed(CLIENT))
    link.hear(spoken("wireguard", "handshake"))
    served, others, transports = link.end(0)
    assert (served, others) == ([], [])
    assert transports["udp"][:2] == (1, len(spoken("wireguard", "handshake")))


def test_where_only_some_may_be_named_these_are() -> None:
    link = Link(may_name=listed(SERVER, "udp", 51_820))
    link.hear(spoken("wireguard", "handshake"))
    link.hear(spoken("openvpn", "tcp-plain"))
    (one,) = link.end(0)[0]
    assert one.end == (ipaddress.ip_address(SERVER).packed, 51_820)


def test_the_ring_is_looked_at_while_a_window_of_many_tunnels_is_made() -> None:
    link = Link()
    for number in range(600):
        link.hear(spoken("wireguard", "handshake", client=f"10.0.{number // 250}.{number % 250 + 1}"))
    link.end(0)
    assert link.breaths >= 4
