"""UDP (RFC 768) and TCP (RFC 9293) headers."""

from __future__ import annotations

from typing import NamedTuple

from licet.wire.ip import IPPacket
from licet.wire.skip import Skip

TCP, UDP, IPIP, IPV6_IN_IP, GRE, ESP, AH = 6, 17, 4, 41, 47, 50, 51

FIN, SYN, RST, ACK = 1, 2, 4, 16


class Datagram(NamedTuple):
    """offset: of the payload in the frame; length: of the payload by UDP's header, in bytes."""

    source_port: int
    destination_port: int
    offset: int
    length: int


class Segment(NamedTuple):
    """sequence: of the first payload byte's place (RFC 9293 §3.1); offset, length: of the payload in the frame."""

    source_port: int
    destination_port: int
    sequence: int
    flags: int
    offset: int
    length: int


def read_udp(frame: bytes, packet: IPPacket) -> Datagram | Skip:
    """Read a UDP header. Its length field rules; it may exceed the IP payload only in a first fragment."""
    at = packet.offset
    if packet.length < 8 or len(frame) < at + 8:
        return Skip.TRANSPORT_DAMAGED
    length = frame[at + 4] << 8 | frame[at + 5]
    if length == 0:
        length = packet.length  # A jumbogram, or segmentation offload.
    if length < 8 or (length > packet.length and not packet.more_fragments):
        return Skip.TRANSPORT_DAMAGED
    return Datagram(frame[at] << 8 | frame[at + 1], frame[at + 2] << 8 | frame[at + 3], at + 8, length - 8)


def read_tcp(frame: bytes, packet: IPPacket) -> Segment | Skip:
    """Read a TCP header; options are stepped over."""
    at = packet.offset
    if packet.length < 20 or len(frame) < at + 20:
        return Skip.TRANSPORT_DAMAGED
    header_bytes = (frame[at + 12] >> 4) * 4
    if header_bytes < 20 or header_bytes > packet.length:
        return Skip.TRANSPORT_DAMAGED
    return Segment(
        frame[at] << 8 | frame[at + 1], frame[at + 2] << 8 | frame[at + 3],
        int.from_bytes(frame[at + 4 : at + 8], "big"), frame[at + 13], at + header_bytes, packet.length - header_bytes,
    )
