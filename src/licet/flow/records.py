"""The records of a capture file: pcap and pcapng, one packet after another.

Sources: draft-ietf-opsawg-pcap (both byte orders, microseconds and nanoseconds, and the longer record header that
libpcap knows as the “modified” format) and draft-ietf-opsawg-pcapng (several sections and interfaces, if_tsresol,
if_tsoffset; enhanced, simple and obsolete packet blocks; every other block is stepped over).

Reading stops at the first record that breaks its format, with everything before it delivered: what follows could only
be guessed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from licet.flow.damage import FILE_HEADER_BLOCK, Damage, damage

READ_BYTES = 1 << 18
PACKET_BYTES_MAX = 1 << 20  # No link carries more; a record that claims it is damage.
BLOCK_BYTES_MAX = 1 << 26  # A block that is stepped over (names, secrets) may be large, but not endless.
INTERFACES_MAX = 4_096
TIME_NS_MAX = (1 << 63) - 2  # the year 2262; a damaged clock can claim more

_NS = 1_000_000_000


class Record(NamedTuple):
    """One packet as captured. ordinal: from one; time_ns: since the epoch, 0 where the file has none; frame: the bytes
    that were kept of it."""

    ordinal: int
    time_ns: int
    link_type: int
    frame: bytes


class BlockSource(Protocol):
    """Where bytes come from: at most `size` at a time, empty at the end."""

    def read(self, size: int, /) -> bytes: ...


class _Buffer:
    """Reads in large blocks and hands out exact pieces."""

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self._data = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes, or fewer if the source ends."""
        at = self._at
        if len(self._data) - at >= size:
            self._at = at + size
            return self._data[at : at + size]
        pieces = [self._data[at:]]
        have = len(pieces[0])
        while have < size:
            block = self._source.read(READ_BYTES)
            if not block:
                break
            pieces.append(block)
            have += len(block)
        self._data = b"".join(pieces)
        self._at = min(size, have)
        return self._data[: self._at]

    def skip(self, size: int) -> int:
        """Step over `size` bytes without holding them; returns how many there were."""
        stepped = 0
        while stepped < size:
            piece = len(self.take(min(size - stepped, READ_BYTES)))
            if not piece:
                break
            stepped += piece
        return stepped


def read_records(source: BlockSource) -> Iterator[Record]:
    """Every packet of a capture. Raises Truncated or Malformed where reading cannot go on, after all that was readable;
    the sentence says at which packet and why."""
    buffer = _Buffer(source)
    magic = buffer.take(4)
    if magic == b"\x0a\x0d\x0d\x0a":
        yield from _PcapngReader(buffer).records()
    elif magic in _PCAP_LAYOUTS:
        yield from _read_pcap(buffer, *_PCAP_LAYOUTS[magic])
    elif not magic:
        raise damage(Damage.EMPTY)
    else:
        raise damage(Damage.NO_CAPTURE)


# magic: (byte order, nanoseconds in one tick, bytes of a record header)
_PCAP_LAYOUTS = {
    bytes.fromhex("a1b2c3d4"): (">", 1_000, 16),
    bytes.fromhex("d4c3b2a1"): ("<", 1_000, 16),
    bytes.fromhex("a1b23c4d"): (">", 1, 16),
    bytes.fromhex("4d3cb2a1"): ("<", 1, 16),
    bytes.fromhex("a1b2cd34"): (">", 1_000, 24),
    bytes.fromhex("34cdb2a1"): ("<", 1_000, 24),
}


def _read_pcap(buffer: _Buffer, order: str, tick_ns: int, header_bytes: int) -> Iterator[Record]:
    header = buffer.take(20)
    if len(header) < 20:
        raise damage(Damage.FILE_HEADER_CUT)
    # The upper bits of the link type say whether frames end in a checksum; frames are read from the front.
    link_type = struct.unpack(order + "I", header[16:20])[0] & 0xFFFF
    fields = struct.Struct(order + "III")
    ordinal = 0
    while True:
        header = buffer.take(header_bytes)
        if not header:
            return
        ordinal += 1
        if len(header) < header_bytes:
            raise damage(Damage.PACKET_HEADER_CUT, ordinal)
        seconds, ticks, captured = fields.unpack_from(header)
        if captured > PACKET_BYTES_MAX:
            raise damage(Damage.PACKET_TOO_LONG, ordinal, captured)
        frame = buffer.take(captured)
        if len(frame) < captured:
            raise damage(Damage.PACKET_CUT, ordinal)
        yield Record(ordinal, seconds * _NS + ticks * tick_ns, link_type, frame)


class _Interface(NamedTuple):
    link_type: int
    snap_bytes: int
    ticks_per_s: int
    offset_s: int


class _PcapngReader:
    """Walks blocks; knows the byte order and the interfaces of the section it is in."""

    _SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6

    def __init__(self, buffer: _Buffer) -> None:
        self._buffer = buffer
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._ordinal = 0
        self._after = FILE_HEADER_BLOCK

    def records(self) -> Iterator[Record]:
        """All packets; the magic of the first section was read already."""
        kind: int | None = self._SECTION
        while kind is not None:
            if kind == self._SECTION:
                self._section()
            else:
                body = self._block(kind)
                record = None if body is None else self._packet(kind, body)
                if record is not None:
                    yield record
            kind = self._next_kind()

    def _next_kind(self) -> int | None:
        head = self._buffer.take(4)
        if not head:
            return None
        self._after = self._ordinal
        if len(head) < 4:
            raise damage(Damage.BLOCK_CUT, self._after)
        return self._number(head, 0)

    def _section(self) -> None:
        """A section header: byte order, and a clean list of interfaces."""
        head = self._buffer.take(8)
        if len(head) < 8:
            raise damage(Damage.BLOCK_CUT, self._after)
        if head[4:] == b"\x1a\x2b\x3c\x4d":
            self._order = ">"
        elif head[4:] == b"\x4d\x3c\x2b\x1a":
            self._order = "<"
        else:
            raise damage(Damage.NO_BYTE_ORDER, self._after)
        total = self._number(head, 0)
        if total < 28 or total % 4 or total > BLOCK_BYTES_MAX:
            raise damage(Damage.BLOCK_LENGTH, self._after, total)
        self._interfaces = []
        self._step_over(total - 16, total)

    def _block(self, kind: int) -> bytes | None:
        """The body of a block that matters, None for one that was stepped over."""
        head = self._buffer.take(4)
        if len(head) < 4:
            raise damage(Damage.BLOCK_CUT, self._after)
        total = self._number(head, 0)
        if total < 12 or total % 4 or total > BLOCK_BYTES_MAX:
            raise damage(Damage.BLOCK_LENGTH, self._after, total)
        if kind not in (self._INTERFACE, self._OLD_PACKET, self._SIMPLE, self._ENHANCED):
            self._step_over(total - 12, total)
            return None
        if total > PACKET_BYTES_MAX:
            raise damage(Damage.BLOCK_TOO_LONG, self._after, total)
        body = self._buffer.take(total - 12)
        if len(body) < total - 12:
            raise damage(Damage.BLOCK_CUT, self._after)
        self._check_end(total)
        return body

    def _step_over(self, size: int, total: int) -> None:
        if self._buffer.skip(size) < size:
            raise damage(Damage.BLOCK_CUT, self._after)
        self._check_end(total)

    def _check_end(self, total: int) -> None:
        tail = self._buffer.take(4)
        if len(tail) < 4:
            raise damage(Damage.BLOCK_CUT, self._after)
        if self._number(tail, 0) != total:
            raise damage(Damage.TWO_LENGTHS, self._after)

    def _number(self, data: bytes, offset: int) -> int:
        return int(struct.unpack_from(self._order + "I", data, offset)[0])

    def _short(self, data: bytes, offset: int) -> int:
        return int(struct.unpack_from(self._order + "H", data, offset)[0])

    def _packet(self, kind: int, body: bytes) -> Record | None:
        if kind == self._INTERFACE:
            self._interface(body)
            return None
        self._ordinal += 1
        if kind == self._SIMPLE:
            return self._simple(body)
        if len(body) < 20:
            raise damage(Damage.PACKET_BLOCK_SHORT, self._ordinal)
        number = self._short(body, 0) if kind == self._OLD_PACKET else self._number(body, 0)
        interface = self._interface_of(number)
        ticks = self._number(body, 4) << 32 | self._number(body, 8)
        captured = self._number(body, 12)
        if captured > len(body) - 20:
            raise damage(Damage.PACKET_OVER_BLOCK, self._ordinal, captured)
        time_ns = ticks * _NS // interface.ticks_per_s + interface.offset_s * _NS
        return Record(self._ordinal, min(max(time_ns, 0), TIME_NS_MAX), interface.link_type, body[20 : 20 + captured])

    def _simple(self, body: bytes) -> Record:
        """A simple packet block: interface 0, no time, length by the original one and the snap length (§4.4)."""
        if len(body) < 4:
            raise damage(Damage.PACKET_BLOCK_SHORT, self._ordinal)
        interface = self._interface_of(0)
        captured = min(self._number(body, 0), interface.snap_bytes or PACKET_BYTES_MAX, len(body) - 4)
        return Record(self._ordinal, 0, interface.link_type, body[4 : 4 + captured])

    def _interface_of(self, number: int) -> _Interface:
        if number >= len(self._interfaces):
            raise damage(Damage.NO_INTERFACE, self._ordinal, number)
        return self._interfaces[number]

    def _interface(self, body: bytes) -> None:
        if len(body) < 8:
            raise damage(Damage.INTERFACE_SHORT, self._after)
        if len(self._interfaces) >= INTERFACES_MAX:
            raise damage(Damage.INTERFACES_TOO_MANY, number=INTERFACES_MAX)
        ticks_per_s, offset_s = 1_000_000, 0
        for code, value in self._options(body[8:]):
            if code == 9 and len(value) == 1:  # if_tsresol: a negative power of ten, or of two if the top bit is set
                exponent = value[0] & 0x7F
                if value[0] & 0x80 or exponent <= 18:
                    ticks_per_s = 2**exponent if value[0] & 0x80 else 10**exponent
            elif code == 14 and len(value) == 8:  # if_tsoffset, in seconds
                offset_s = int(struct.unpack(self._order + "q", value)[0])
        self._interfaces.append(_Interface(self._short(body, 0), self._number(body, 4), ticks_per_s, offset_s))

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 4 <= len(data):
            code, size = self._short(data, at), self._short(data, at + 2)
            if code == 0:
                return
            yield code, data[at + 4 : at + 4 + size]
            at += 4 + (size + 3) // 4 * 4
