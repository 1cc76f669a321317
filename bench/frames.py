"""Packets of a plan as the records of a pcap file: link, network and transport headers, payload heads, noise.

Classic pcap, little-endian, microseconds, Ethernet. TCP and UDP checksums are zero, as a capture before checksum
offload has them; IPv4's is right. Short frames are padded with noise, so that only a reader that goes by the IP length
is right.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.conversation import TCP, UDP, Bytes, Field, Ints, Message, Steady, big_endian
from bench.plan import TCP_HANDSHAKE, Bools, Flows, Packets

CHUNK_PACKETS = 100_000
NOISE_BYTES = 1 << 24
ETHERNET_BYTES_MIN = 60
SNAPLEN_MIN = 96  # 78 bytes are the longest headers here: tag, IPv6, TCP
RECORD_BYTES = 16
VLAN = 42

_CLIENT_MAC, _SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("0200000000aa")
_FIN, _SYN, _PUSH, _ACK = 0x01, 0x02, 0x08, 0x10

Rows = Ints  # rows of Packets


def file_header(snaplen: int) -> bytes:
    """The 24 bytes before the first record."""
    return np.array([0xA1B2C3D4, 2 | 4 << 16, 0, 0, snaplen, 1], "<u4").tobytes()


class Composer:
    """Composes a plan chunk by chunk, in the order of time."""

    def __init__(self, flows: Flows, packets: Packets, snaplen: int, rng: np.random.Generator) -> None:
        if snaplen < SNAPLEN_MIN:
            raise ValueError(f"a snap length below {SNAPLEN_MIN} would cut headers")
        self._flows, self._packets, self._snaplen = flows, packets, snaplen
        self._noise = rng.integers(0, 256, NOISE_BYTES, dtype=np.uint8)
        self._transports = np.array([kind.transport for kind in flows.kinds], np.uint8)

    def chunks(self) -> Iterator[Bytes]:
        """The records, many at a time."""
        order = self._packets.order
        for begin in range(0, len(order), CHUNK_PACKETS):
            yield self._chunk(order[begin : begin + CHUNK_PACKETS], begin)

    def _chunk(self, rows: Rows, begin: int) -> Bytes:
        flow = self._packets.flow[rows]
        transport = self._transports[self._flows.kind[flow]]
        transport_bytes = np.select([transport == TCP, transport == UDP], [20, 8], 0)
        headers = 14 + 4 * self._flows.is_tagged[flow] + np.where(self._flows.is_v6[flow], 40, 20) + transport_bytes
        original = np.maximum(headers + self._packets.length[rows], ETHERNET_BYTES_MIN)
        captured = np.minimum(original, self._snaplen)
        ends = np.cumsum(captured + RECORD_BYTES)
        frames = ends - captured
        out = np.resize(self._noise[begin % (NOISE_BYTES // 2) :], int(ends[-1]))
        self._record_headers(out, frames, rows, captured, original)
        for layout in np.unique(transport):
            for is_v6 in (False, True):
                for is_tagged in (False, True):
                    here = transport == layout
                    here &= (self._flows.is_v6[flow] == is_v6) & (self._flows.is_tagged[flow] == is_tagged)
                    block = self._headers(rows[here], int(layout), is_v6, is_tagged)
                    _paste(out, frames[here], block)
        self._payloads(out, frames + headers, captured - headers, rows)
        return out

    def _record_headers(self, out: Bytes, frames: Ints, rows: Rows, captured: Ints, original: Ints) -> None:
        time_us = self._packets.time_us[rows]
        fields = np.stack([time_us // 1_000_000, time_us % 1_000_000, captured, original], axis=1).astype("<u4")
        _paste(out, frames - RECORD_BYTES, fields.view(np.uint8))

    def _headers(self, rows: Rows, transport: int, is_v6: bool, is_tagged: bool) -> Bytes:
        """Headers of packets that all have the same layout, (packets, header bytes)."""
        network = self._ipv6(rows, transport) if is_v6 else self._ipv4(rows, transport)
        up = self._packets.to_server[rows][:, None]
        macs = np.where(up, _constant(_SERVER_MAC + _CLIENT_MAC), _constant(_CLIENT_MAC + _SERVER_MAC))
        tag = bytes.fromhex("8100") + VLAN.to_bytes(2, "big") if is_tagged else b""
        link = np.tile(_constant(tag + (b"\x86\xdd" if is_v6 else b"\x08\x00")), (len(rows), 1))
        return np.concatenate([macs, link, network, *self._transport(rows, transport)], axis=1)

    def _ends(self, rows: Rows, width: int) -> Bytes:
        """Source and destination address, the first `width` bytes of each."""
        flow, up = self._packets.flow[rows], self._packets.to_server[rows]
        pair = self._flows.address[flow, :, :width]
        return np.where(up[:, None, None], pair, pair[:, ::-1]).reshape(len(rows), 2 * width)

    def _ipv4(self, rows: Rows, transport: int) -> Bytes:
        header = np.zeros((len(rows), 20), np.uint8)
        header[:, 0], header[:, 6], header[:, 8], header[:, 9] = 0x45, 0x40, 64, transport
        header[:, 2:4] = big_endian(20 + self._datagram_bytes(rows, transport), 2)
        header[:, 4:6] = big_endian(rows & 0xFFFF, 2)
        header[:, 12:20] = self._ends(rows, 4)
        words = header.view(">u2").sum(axis=1, dtype=np.int64)
        words = (words & 0xFFFF) + (words >> 16)
        words = (words & 0xFFFF) + (words >> 16)
        header[:, 10:12] = big_endian(~words & 0xFFFF, 2)
        return header

    def _ipv6(self, rows: Rows, transport: int) -> Bytes:
        header = np.zeros((len(rows), 40), np.uint8)
        header[:, 0], header[:, 6], header[:, 7] = 0x60, transport, 64
        header[:, 4:6] = big_endian(self._datagram_bytes(rows, transport), 2)
        header[:, 8:40] = self._ends(rows, 16)
        return header

    def _datagram_bytes(self, rows: Rows, transport: int) -> Ints:
        return self._packets.length[rows].astype(np.int64) + {TCP: 20, UDP: 8}.get(transport, 0)

    def _transport(self, rows: Rows, transport: int) -> list[Bytes]:
        if transport not in (TCP, UDP):
            return []
        flow, up = self._packets.flow[rows], self._packets.to_server[rows]
        ports = np.where(up[:, None], self._flows.ports[flow], self._flows.ports[flow][:, ::-1])
        first = ports.astype(">u2").view(np.uint8).reshape(len(rows), 4)
        if transport == UDP:
            return [first, big_endian(self._datagram_bytes(rows, UDP), 2), np.zeros((len(rows), 2), np.uint8)]
        return [first, *self._tcp(rows)]

    def _tcp(self, rows: Rows) -> list[Bytes]:
        """Sequence and acknowledgement numbers that fit together, and the flags of a whole connection."""
        packets, flow = self._packets, self._packets.flow[rows]
        number, up = packets.number[rows], packets.to_server[rows]
        isn = self._flows.isn[flow].astype(np.int64)
        own, other = np.where(up, isn[:, 0], isn[:, 1]), np.where(up, isn[:, 1], isn[:, 0])
        sequence = own + (number > 1) + packets.sent[rows]
        acknowledged = np.where(number == 0, 0, other + 1 + packets.heard[rows])
        is_last = number == self._flows.packets[flow] - 1
        flags = np.where(packets.length[rows] > 0, _ACK | _PUSH, _ACK) | np.where(is_last, _FIN, 0)
        flags = np.select([number == 0, number == 1], [_SYN, _SYN | _ACK], flags)
        rest = np.zeros((len(rows), 8), np.uint8)
        rest[:, 0], rest[:, 1], rest[:, 2] = 0x50, flags, 0xFA
        return [big_endian(sequence & 0xFFFFFFFF, 4), big_endian(acknowledged & 0xFFFFFFFF, 4), rest]

    def _payloads(self, out: Bytes, starts: Ints, room: Ints, rows: Rows) -> None:
        """Paste what the openings and the steady traffic begin with; room: captured bytes of each payload."""
        flow = self._packets.flow[rows]
        kinds = self._flows.kind[flow]
        for index in np.unique(kinds):
            here = np.flatnonzero((kinds == index) & (room > 0) & (self._packets.length[rows] > 0))
            talk, base = self._flows.talks[index], self._flows.rows(int(index)).start
            handshake = TCP_HANDSHAKE if self._flows.kinds[index].transport == TCP else 0
            message = self._packets.number[rows[here]] - handshake
            for number, one in enumerate(talk.opening):
                at = here[message == number]
                _paste(out, starts[at], _opening_heads(one, flow[at] - base), room[at])
            is_steady = message >= len(talk.opening)
            at = here[is_steady]
            up, length = self._packets.to_server[rows[at]], self._packets.length[rows[at]]
            heads = _steady_heads(talk.steady, flow[at] - base, up, message[is_steady], length)
            _paste(out, starts[at], heads, np.minimum(room[at], length))


def _opening_heads(message: Message, flow: NDArray[np.int32]) -> Bytes:
    return message.heads[flow, : message.length]


def _steady_heads(
    steady: Steady, flow: NDArray[np.int32], up: Bools, number: NDArray[np.int32], length: NDArray[np.uint16]
) -> Bytes:
    heads = np.where(up[:, None], steady.heads[0][flow], steady.heads[1][flow])
    if steady.counter is not None:
        _write(heads, steady.counter, number.astype(np.int64))
    if steady.length_field is not None:
        _write(heads, steady.length_field, length.astype(np.int64))
    if steady.veil:
        scattered = (number.astype(np.int64) * 2_654_435_761 + flow * 40_503) >> 7
        heads[:, 0] ^= (scattered & steady.veil).astype(np.uint8)
    return heads


def _write(heads: Bytes, field: Field, values: Ints) -> None:
    digits = big_endian(values + field.plus, field.width)
    heads[:, field.offset : field.offset + field.width] = digits[:, ::-1] if field.little else digits


def _paste(out: Bytes, starts: Ints, block: Bytes, room: Ints | None = None) -> None:
    """Write row i of the block at starts[i], at most room[i] bytes of it."""
    columns = np.arange(block.shape[1])
    where = starts[:, None] + columns
    if room is None or (len(room) and room.min() >= block.shape[1]):
        out[where] = block
    else:
        fits = columns < room[:, None]
        out[where[fits]] = block[fits]


def _constant(data: bytes) -> Bytes:
    return np.frombuffer(data, np.uint8)
