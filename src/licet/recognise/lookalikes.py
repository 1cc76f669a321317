"""Protocols that are no VPN but begin with bytes that look like one: told apart by structure, before `likely` is said.

Each function takes the kept bytes and the payload's length by its headers, and answers True only where the structure
holds. STUN RFC 8489 §5, TURN channel data RFC 8656 §12.4, DNS RFC 1035 §4.1, QUIC RFC 9000 §17.2,
DTLS RFC 6347 §4.1, GTP-U 3GPP TS 29.281 §5.1. RTP and uTP have no mark that strong: exact lengths, zero bytes, echoes
and counters keep them out instead, and the tests hold that.
"""

from __future__ import annotations

STUN_COOKIE = b"\x21\x12\xa4\x42"


def is_stun(data: bytes, length: int) -> bool:
    """Two zero bits, the magic cookie, and a length that is the datagram's."""
    return length >= 20 and len(data) >= 8 and data[0] < 0x40 and data[4:8] == STUN_COOKIE


def is_turn_channel_data(data: bytes, length: int) -> bool:
    """Channel 0x4000–0x4FFF, then the length of what follows, padded to four or not."""
    if len(data) < 4 or data[0] >> 4 != 4:
        return False
    body = data[2] << 8 | data[3]
    return length - 4 in (body, (body + 3) // 4 * 4)


def is_dns(data: bytes, length: int) -> bool:
    """A query or answer with one question and counts that fit its size."""
    if len(data) < 12 or length < 17 or data[4] or data[5] != 1 or data[2] >> 3 & 15 > 5:
        return False
    return (1 + sum(data[i] << 8 | data[i + 1] for i in (6, 8, 10))) * 5 <= length


def is_quic_long(data: bytes, length: int) -> bool:
    """A long header with a version that is in use and connection ids of a legal length."""
    if len(data) < 6 or data[0] < 0xC0:
        return False
    version = int.from_bytes(data[1:5], "big")
    return version in (0, 1, 0x6B3343CF) or version >> 8 in (0xFF0000, 0x513034, 0x513035)


def is_dtls(data: bytes, length: int) -> bool:
    """A record header: type 20–25, version 1.0, 1.2 or the one before them, and a length that fits."""
    if len(data) < 13 or not 20 <= data[0] <= 25:
        return False
    return data[1:3] in (b"\xfe\xff", b"\xfe\xfd", b"\x01\x00") and (data[11] << 8 | data[12]) + 13 <= length


def is_gtp_u(data: bytes, length: int) -> bool:
    """Version 1, protocol type GTP, spare bit zero, and a length that is the datagram's."""
    return len(data) >= 8 and data[0] & 0xF8 == 0x30 and (data[2] << 8 | data[3]) + 8 == length


def is_other_protocol(data: bytes, length: int) -> bool:
    """True if the bytes parse as one of the above, each of which has marks that random bytes do not have."""
    return (
        is_stun(data, length) or is_dns(data, length) or is_quic_long(data, length)
        or is_dtls(data, length) or is_gtp_u(data, length)
    )
