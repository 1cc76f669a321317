"""From a frame to its IP header, for every link type that is read."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.wire import link
from licet.wire.link import network_offset
from licet.wire.skip import Skip
from support.packets import CLIENT, CLIENT6, SERVER, SERVER6, ethernet, ip

PACKET = ip(CLIENT, SERVER, 17, bytes(8))
PACKET6 = ip(CLIENT6, SERVER6, 17, bytes(8))
MACS = bytes(12)


def _types(*ethertypes: int) -> bytes:
    return b"".join(struct.pack(">H", ethertype) for ethertype in ethertypes)


@pytest.mark.parametrize(
    ("link_type", "header"),
    [
        (link.ETHERNET, MACS + _types(0x0800)),
        (link.ETHERNET, MACS + _types(0x8100, 42, 0x0800)),
        (link.ETHERNET, MACS + _types(0x88A8, 7, 0x8100, 42, 0x0800)),
        (link.ETHERNET, MACS + _types(0x9100, 7, 0x8100, 42, 0x0800)),
        (link.ETHERNET, MACS + _types(0x8847) + bytes.fromhex("000640400006513f")),
        (link.ETHERNET, MACS + _types(0x8864) + bytes.fromhex("1100000100160021")),
        (link.ETHERNET, MACS + _types(0x8100, 42, 0x8864) + bytes.fromhex("1100000100160021")),
        (link.LINUX_SLL, bytes(14) + _types(0x0800)),
        (link.LINUX_SLL, bytes(14) + _types(0x8100, 42, 0x0800)),
        (link.LINUX_SLL2, _types(0x0800) + bytes(18)),
        (link.RAW, b""),
        (link.IPV4, b""),
        (link.NULL, b"\x02\0\0\0"),
        (link.NULL, b"\0\0\0\x02"),
        (link.LOOP, b"\0\0\0\x02"),
    ],
)
def test_the_ip_header_is_found_behind(link_type: int, header: bytes) -> None:
    assert network_offset(link_type, header + PACKET) == len(header)


def test_ipv6_is_found_too() -> None:
    assert network_offset(link.ETHERNET, ethernet(PACKET6)) == 14
    assert network_offset(link.NULL, b"\x1e\0\0\0" + PACKET6) == 4
    assert network_offset(link.ETHERNET, MACS + _types(0x8864) + bytes.fromhex("1100000100160057") + PACKET6) == 22


@pytest.mark.parametrize(
    ("link_type", "frame", "reason"),
    [
        (105, PACKET, Skip.LINK_TYPE),  # 802.11
        (link.ETHERNET, MACS + _types(0x0806) + bytes(28), Skip.NOT_IP),  # ARP
        (link.ETHERNET, MACS + _types(0x0026) + bytes(38), Skip.NOT_IP),  # 802.3 with a length
        (link.ETHERNET, MACS, Skip.LINK_DAMAGED),
        (link.ETHERNET, MACS + _types(0x8100), Skip.LINK_DAMAGED),
        (link.ETHERNET, MACS + _types(0x8847) + bytes.fromhex("0006404000065140"), Skip.LINK_DAMAGED),  # no bottom
        (link.ETHERNET, MACS + _types(0x8847) + bytes.fromhex("0006513f") + b"\0\0\0\0", Skip.NOT_IP),  # pseudowire
        (link.ETHERNET, MACS + _types(0x8864) + bytes.fromhex("110000010016c021") + bytes(4), Skip.NOT_IP),  # LCP
        (link.ETHERNET, MACS + _types(*[0x8100, 1] * 20, 0x0800) + PACKET, Skip.LINK_DAMAGED),
        (link.NULL, b"\x07\0\0\0" + PACKET, Skip.NOT_IP),
        (link.RAW, b"", Skip.LINK_DAMAGED),
    ],
)
def test_what_holds_no_ip_says_why(link_type: int, frame: bytes, reason: Skip) -> None:
    assert network_offset(link_type, frame) is reason


@given(st.sampled_from([0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 999]), st.binary(max_size=80))
def test_any_bytes_give_an_offset_inside_the_frame_or_a_reason(link_type: int, frame: bytes) -> None:
    offset = network_offset(link_type, frame)
    assert isinstance(offset, Skip) or 0 <= offset <= len(frame)
