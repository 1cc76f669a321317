"""Blocks of a TPACKET_V3 ring made by hand (linux/if_packet.h), as the system would fill them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from licet.flow.records import Record

OURS, THE_SYSTEMS = 1, 0
STATUS_AT, FRAMES_AT, FIRST_AT = 8, 12, 16
DESCRIPTOR_BYTES, HEADER_BYTES, LINK_ADDRESS_BYTES = 48, 48, 20
TAGGED = 1 << 4  # TP_STATUS_VLAN_VALID
MAC_AT = 82  # where the system puts an Ethernet frame behind its header: at 66, or a little later


def block(
    packets: Sequence[Record], size: int = 1 << 16, *, status: int = OURS, tagged: frozenset[int] = frozenset(),
    cut: frozenset[int] = frozenset(),
) -> bytes:
    """Packets as one block of `size` bytes. tagged, cut: ordinals of frames with a VLAN tag, or that are not whole."""
    at, body = DESCRIPTOR_BYTES, b""
    for number, packet in enumerate(packets, 1):
        step = -(-(MAC_AT + len(packet.frame)) // 16) * 16
        seconds, rest = divmod(packet.time_ns, 1_000_000_000)
        header = struct.pack(
            "=IIIIIIHHIIH", step if number < len(packets) else 0, seconds, rest, len(packet.frame),
            len(packet.frame) + (packet.ordinal in cut), TAGGED if packet.ordinal in tagged else 1, MAC_AT, MAC_AT + 14,
            0, 0, 0,
        )
        body += header.ljust(MAC_AT, b"\0") + packet.frame.ljust(step - MAC_AT, b"\0")
    descriptor = struct.pack("=IIIIIIQ", 1, 0, status, len(packets), at, at + len(body), 1)
    whole = descriptor.ljust(at, b"\0") + body
    assert len(whole) <= size, "these packets need a larger block"
    return whole.ljust(size, b"\0")
