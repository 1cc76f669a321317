"""UDP and TCP headers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from licet.wire.ip import IPPacket, read_ip
from licet.wire.skip import Skip
from licet.wire.transport import Datagram, Segment, read_tcp, read_udp
from support.packets import CLIENT, SERVER, ipv4, tcp, udp


def _udp(frame: bytes) -> Datagram | Skip:
    packet = read_ip(frame, 0)
    assert isinstance(packet, IPPacket)
    return read_udp(frame, packet)


def _tcp(frame: bytes) -> Segment | Skip:
    packet = read_ip(frame, 0)
    assert isinstance(packet, IPPacket)
    return read_tcp(frame, packet)


def test_udp_gives_ports_and_the_length_of_its_own_header() -> None:
    assert _udp(ipv4(CLIENT, SERVER, 17, udp(1234, 53, b"abc") + bytes(9))) == Datagram(1234, 53, 28, 3)


def test_udp_may_claim_more_than_ip_only_in_a_first_fragment() -> None:
    claims_more = udp(1234, 500, bytes(64), length=1_900)
    assert _udp(ipv4(CLIENT, SERVER, 17, claims_more)) is Skip.TRANSPORT_DAMAGED
    assert _udp(ipv4(CLIENT, SERVER, 17, claims_more, fragment=0x2000)) == Datagram(1234, 500, 28, 1_892)


def test_udp_shorter_than_its_header_is_damage() -> None:
    assert _udp(ipv4(CLIENT, SERVER, 17, udp(1, 2, b"", length=7))) is Skip.TRANSPORT_DAMAGED
    assert _udp(ipv4(CLIENT, SERVER, 17, b"1234567")) is Skip.TRANSPORT_DAMAGED


def test_tcp_options_are_stepped_over() -> None:
    segment = tcp(1234, 443, 77, 0x18)[:12] + bytes([8 << 4]) + tcp(1234, 443, 77, 0x18)[13:] + bytes(12) + b"hello"
    assert _tcp(ipv4(CLIENT, SERVER, 6, segment)) == Segment(1234, 443, 77, 0x18, 52, 5)


def test_a_tcp_header_longer_than_the_packet_is_damage() -> None:
    segment = tcp(1234, 443, 77, 0x18)
    assert _tcp(ipv4(CLIENT, SERVER, 6, segment[:12] + b"\xf0" + segment[13:])) is Skip.TRANSPORT_DAMAGED
    assert _tcp(ipv4(CLIENT, SERVER, 6, segment[:12] + b"\x40" + segment[13:])) is Skip.TRANSPORT_DAMAGED


@given(st.binary(max_size=60), st.integers(0, 60), st.integers(0, 100), st.booleans())
def test_any_bytes_are_read_or_refused(frame: bytes, offset: int, length: int, more: bool) -> None:
    packet = IPPacket(17, bytes(4), bytes(4), offset, length, length, more)
    for read in (read_udp(frame, packet), read_tcp(frame, packet)):
        assert isinstance(read, Skip) or read.length >= 0
