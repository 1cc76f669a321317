"""IPv4 (RFC 791) and IPv6 (RFC 8200) headers, with the extension headers in front of a transport.

AH (RFC 4302) is not walked through: here it is a transport of its own. Fragments after the first carry no transport
header and are skipped; the first one is read, with the length that its transport header gives.
"""

from __future__ import annotations

from typing import NamedTuple

from licet.wire.skip import Skip

EXTENSIONS_MAX = 8  # extension headers in one packet; RFC 8200 §4.1 names seven kinds, each once.

# Hop-by-hop, routing, destination options, mobility, HIP, shim6: all begin with next header and length in 8 bytes.
_EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})
_FRAGMENT = 44
_NO_NEXT_HEADER = 59


class IPPacket(NamedTuple):
    """protocol: of the payload; source, destination: 4 or 16 bytes; offset: of the payload in the frame; length: of
    the payload by the IP header, in bytes; ip_bytes: whole packet by its header; more_fragments: True for the first of
    several fragments, whose payload goes on elsewhere."""

    protocol: int
    source: bytes
    destination: bytes
    offset: int
    length: int
    ip_bytes: int
    more_fragments: bool


def read_ip(frame: bytes, offset: int) -> IPPacket | Skip:
    """Read the IP header at `offset`. A header that claims less than itself is damage."""
    if offset >= len(frame):
        return Skip.IP_DAMAGED
    version = frame[offset] >> 4
    if version == 4:
        return _read_ipv4(frame, offset)
    if version == 6:
        return _read_ipv6(frame, offset)
    return Skip.IP_DAMAGED


def _read_ipv4(frame: bytes, offset: int) -> IPPacket | Skip:
    header_bytes = (frame[offset] & 15) * 4
    captured = len(frame) - offset
    if header_bytes < 20 or captured < header_bytes:
        return Skip.IP_DAMAGED
    total = frame[offset + 2] << 8 | frame[offset + 3]
    if total == 0:
        total = captured  # Segmentation offload: the card was to fill this in, and the capture came first.
    if total < header_bytes:
        return Skip.IP_DAMAGED
    fragment = frame[offset + 6] << 8 | frame[offset + 7]
    if fragment & 0x1FFF:
        return Skip.LATER_FRAGMENT
    return IPPacket(
        frame[offset + 9], frame[offset + 12 : offset + 16], frame[offset + 16 : offset + 20],
        offset + header_bytes, total - header_bytes, total, bool(fragment & 0x2000),
    )


def _read_ipv6(frame: bytes, offset: int) -> IPPacket | Skip:
    captured = len(frame) - offset
    if captured < 40:
        return Skip.IP_DAMAGED
    length = frame[offset + 4] << 8 | frame[offset + 5]
    protocol = frame[offset + 6]
    if length == 0 and protocol != _NO_NEXT_HEADER:
        length = captured - 40  # A jumbogram (RFC 2675) or segmentation offload.
    position, end = offset + 40, offset + 40 + length
    more_fragments = False
    for _ in range(EXTENSIONS_MAX):
        if protocol in _EXTENSIONS:
            if position + 8 > min(end, len(frame)):
                return Skip.IP_DAMAGED
            protocol, position = frame[position], position + 8 + frame[position + 1] * 8
        elif protocol == _FRAGMENT:
            if position + 8 > min(end, len(frame)):
                return Skip.IP_DAMAGED
            fragment = frame[position + 2] << 8 | frame[position + 3]
            if fragment & 0xFFF8:
                return Skip.LATER_FRAGMENT
            more_fragments = more_fragments or bool(fragment & 1)
            protocol, position = frame[position], position + 8
        else:
            break
    else:
        if protocol in _EXTENSIONS or protocol == _FRAGMENT:
            return Skip.IP_DAMAGED
    if position > end:
        return Skip.IP_DAMAGED
    return IPPacket(
        protocol, frame[offset + 8 : offset + 24], frame[offset + 24 : offset + 40],
        position, end - position, 40 + length, more_fragments,
    )
