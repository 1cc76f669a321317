"""A block of a TPACKET_V3 ring, plain: the frames that kernel/ring.pxi takes from it, as records (linux/if_packet.h).

The layout is the machine's own byte order. The kernel reads live traffic; this is its oracle in tests.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from licet.flow.records import Record

_BLOCK = struct.Struct("=IIIII")  # version, offset of private data; status, frames, offset of the first frame
_FRAME = struct.Struct("=IIIIIIHH")  # next, seconds, nanoseconds, captured, length, status, MAC and network offset
HEADER_BYTES = 48  # struct tpacket3_hdr, aligned
_LINK_ADDRESS_BYTES = 20


def read_block(block: bytes, link_type: int, first_ordinal: int, since_ns: int = 0) -> Iterator[Record]:
    """The frames of a block, as far as its offsets stay inside it.

    block: the whole block with its descriptor; link_type: of all frames; first_ordinal: of the first frame that is not
    left out; since_ns: leave out what came earlier.
    """
    _, _, _, frames, at = _BLOCK.unpack_from(block)
    ordinal = first_ordinal
    for _ in range(frames):
        if at + HEADER_BYTES + _LINK_ADDRESS_BYTES > len(block):
            return
        step, seconds, nanoseconds, captured, _, _, mac, _ = _FRAME.unpack_from(block, at)
        if mac < HEADER_BYTES or at + mac + captured > len(block):
            return
        time_ns = seconds * 1_000_000_000 + nanoseconds
        if time_ns >= since_ns:
            yield Record(ordinal, time_ns, link_type, block[at + mac : at + mac + captured])
            ordinal += 1
        if step == 0 or at + step > len(block):
            return
        at += step
