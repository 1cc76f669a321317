"""IPv4, IPv6 and the extension headers before a transport."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from licet.wire.ip import EXTENSIONS_MAX, IPPacket, read_ip
from licet.wire.skip import Skip
from support.packets import CLIENT, CLIENT6, SERVER, SERVER6, ipv4, ipv6


def _packet(read: IPPacket | Skip) -> IPPacket:
    assert isinstance(read, IPPacket), read
    return read


def test_ipv4_gives_addresses_and_payload() -> None:
    packet = _packet(read_ip(ipv4(CLIENT, SERVER, 17, b"12345678"), 0))
    assert (packet.protocol, packet.offset, packet.length, packet.ip_bytes) == (17, 20, 8, 28)
    assert packet.source == ipaddress.ip_address(CLIENT).packed
    assert packet.destination == ipaddress.ip_address(SERVER).packed


def test_ethernet_padding_is_not_payload() -> None:
    assert _packet(read_ip(ipv4(CLIENT, SERVER, 17, b"12345678") + bytes(18), 0)).length == 8


def test_the_length_is_the_header_s_where_the_capture_was_cut() -> None:
    assert _packet(read_ip(ipv4(CLIENT, SERVER, 17, bytes(1_400))[:60], 0)).length == 1_400


def test_a_length_of_zero_is_segmentation_offload() -> None:
    assert _packet(read_ip(ipv4(CLIENT, SERVER, 6, bytes(4_000), total=0), 0)).length == 4_000


def test_a_length_shorter_than_the_header_is_damage() -> None:
    assert read_ip(ipv4(CLIENT, SERVER, 6, bytes(40), total=19), 0) is Skip.IP_DAMAGED


def test_the_first_fragment_is_read_and_later_ones_are_not() -> None:
    assert _packet(read_ip(ipv4(CLIENT, SERVER, 17, bytes(64), fragment=0x2000), 0)).more_fragments
    assert read_ip(ipv4(CLIENT, SERVER, 17, bytes(64), fragment=0x2008), 0) is Skip.LATER_FRAGMENT
    assert read_ip(ipv4(CLIENT, SERVER, 17, bytes(64), fragment=0x0008), 0) is Skip.LATER_FRAGMENT


def test_do_not_fragment_is_no_fragment() -> None:
    assert not _packet(read_ip(ipv4(CLIENT, SERVER, 17, bytes(8), fragment=0x4000), 0)).more_fragments


def test_ipv6_extension_headers_are_stepped_over() -> None:
    hop_by_hop = bytes([60, 0]) + bytes(6)
    destination_options = bytes([17, 1]) + bytes(14)
    packet = _packet(read_ip(ipv6(CLIENT6, SERVER6, 0, b"12345678", extensions=hop_by_hop + destination_options), 0))
    assert (packet.protocol, packet.offset, packet.length) == (17, 64, 8)


def test_ipv6_fragments() -> None:
    first, later = bytes([17, 0, 0, 1]) + bytes(4), bytes([17, 0, 0, 8]) + bytes(4)
    assert _packet(read_ip(ipv6(CLIENT6, SERVER6, 44, bytes(64), extensions=first), 0)).more_fragments
    assert read_ip(ipv6(CLIENT6, SERVER6, 44, bytes(64), extensions=later), 0) is Skip.LATER_FRAGMENT


def test_an_endless_chain_of_extensions_is_damage() -> None:
    chain = (bytes([60, 0]) + bytes(6)) * (EXTENSIONS_MAX + 4)
    assert read_ip(ipv6(CLIENT6, SERVER6, 60, bytes(8), extensions=chain), 0) is Skip.IP_DAMAGED


def test_an_extension_that_claims_more_than_the_packet_is_damage() -> None:
    assert read_ip(ipv6(CLIENT6, SERVER6, 60, b"", extensions=bytes([17, 200]) + bytes(6)), 0) is Skip.IP_DAMAGED


def test_ah_is_a_transport_and_is_not_walked_through() -> None:
    assert _packet(read_ip(ipv6(CLIENT6, SERVER6, 51, bytes(24)), 0)).protocol == 51


def test_versions_that_do_not_exist_are_damage() -> None:
    for version in (0, 1, 5, 7, 15):
        assert read_ip(bytes([version << 4 | 5]) + bytes(60), 0) is Skip.IP_DAMAGED


@given(st.binary(max_size=120), st.integers(0, 130))
def test_any_bytes_are_read_or_refused(frame: bytes, offset: int) -> None:
    packet = read_ip(frame, offset)
    if isinstance(packet, IPPacket):
        assert packet.length >= 0
        assert len(packet.source) == len(packet.destination) in (4, 16)
