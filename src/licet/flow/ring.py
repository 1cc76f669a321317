"""A block of a TPACKET_V3 ring, plain: the frames that kernel/ring.pxi takes from it, as records (linux/if_packet.h).

The layout is the machine's own byte order. The kernel reads live traffic; this is its oracle in tests.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from licet.flow.records import Record

_BLOCK = struct.Struct("=IIIII")  # version, offset of private data; status, frames, offset of the first frame
_FRAME = struct.Struct("=IIIIIIHH")  # next, seconds, nanoseconds, captured, length, status, MAC and network offset
HEADER_BYTES = 48  # struct tpacket3_hdr, aligned
_LINK_ADDRESS_BYTES = 20
VLAN_VALID = 16  # TP_STATUS_VLAN_VALID


class Block(NamedTuple):
    """What a block holds. tagged: frames whose VLAN tag the system had taken off; cut: frames that are not there whole;
    is_damaged: whether an offset led out of the block, or the frames ended before their count."""

    records: tuple[Record, ...]
    tagged: int
    cut: int
    is_damaged: bool


def read_block(block: bytes, link_type: int, first_ordinal: int, since_ns: int = 0) -> Block:
    """The frames of a block, as far as its offsets stay inside it.

    block: the whole block with its descriptor; link_type: of all frames; first_ordinal: of the first frame that is not
    left out; since_ns: leave out the first ones that came earlier.
    """
    _, _, _, frames, at = _BLOCK.unpack_from(block)
    records: list[Record] = []
    tagged = cut = 0
    for number in range(frames):
        if at + HEADER_BYTES + _LINK_ADDRESS_BYTES > len(block):
            return Block(tuple(records), tagged, cut, True)
        step, seconds, nanoseconds, captured, length, status, mac, _ = _FRAME.unpack_from(block, at)
        if mac < HEADER_BYTES or at + mac + captured > len(block):
            return Block(tuple(records), tagged, cut, True)
        time_ns = seconds * 1_000_000_000 + nanoseconds
        if time_ns >= since_ns or records or first_ordinal > 1:
            records.append(
                Record(first_ordinal + len(records), time_ns, link_type, block[at + mac : at + mac + captured])
            )
            tagged += bool(status & VLAN_VALID)
            cut += captured < length
        if number + 1 < frames and (step == 0 or step > len(block) - at):
            return Block(tuple(records), tagged, cut, True)
        at += step
    return Block(tuple(records), tagged, cut, False)
