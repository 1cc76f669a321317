"""Blocks of a TPACKET_V3 ring made by hand, as the system lays them out (linux/if_packet.h)."""

from __future__ import annotations

import struct

HEADER_BYTES = 48  # struct tpacket3_hdr, aligned
LINK_ADDRESS_BYTES = 20  # struct sockaddr_ll
FIRST_FRAME_AT = 48  # behind struct tpacket_block_desc
OURS, VLAN_VALID = 1, 16


def ring_block(frames: list[tuple[int, bytes]], size: int, *, status: int = OURS, frame_status: int = 0) -> bytes:
    """A block of `size` bytes with (time in ns, frame) pairs, as many as there is room for."""
    body, count, last = bytearray(), 0, None
    mac = HEADER_BYTES + 32  # where the system puts an Ethernet frame: behind sockaddr_ll, aligned
    for time_ns, frame in frames:
        step = -(-(mac + len(frame)) // 8) * 8
        if FIRST_FRAME_AT + len(body) + step > size:
            break
        seconds, rest = divmod(time_ns, 1_000_000_000)
        seconds &= 0xFFFFFFFF
        header = struct.pack("=IIIIIIHH", step, seconds, rest, len(frame), len(frame), frame_status, mac, mac)
        last = len(body)
        body += (header.ljust(mac, b"\0") + frame).ljust(step, b"\0")
        count += 1
    if last is not None:
        body[last : last + 4] = bytes(4)
    head = struct.pack("=IIIIIIQ", 1, 0, status, count, FIRST_FRAME_AT, FIRST_FRAME_AT + len(body), 1)
    return (head.ljust(FIRST_FRAME_AT, b"\0") + body).ljust(size, b"\0")
