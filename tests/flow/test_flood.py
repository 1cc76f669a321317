"""Two million packets that all look like the first message of a WireGuard handshake, each of a flow of its own, with a
real tunnel in their midst: memory keeps its bound, what is evicted is counted, and the tunnel is found."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from licet.app.scan import Scanner
from licet.app.watch.tracker import Tracker
from licet.flow.engine import KERNEL_LIMITS, has_kernel, kernel_counts, read_capture
from licet.flow.kernel import Kernel
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.table import Limits
from licet.model.evidence import CERTAIN
from support.engines import NO_KERNEL, SIEVES
from support.packets import SERVER, START_NS, ethernet, ip, pcap, udp
from support.ring import block
from support.vectors import load_vectors, records

pytestmark = pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)

PACKETS = 2_000_000
CHUNK = 5_000  # packets that are made at once
SECOND_NS = 10**9
SOURCE_AT, PORT_AT = 26, 34  # of the sender's address and port in an Ethernet frame with IPv4 and UDP

# The table of flows, what is kept of them, and what else a reading takes, all pages touched.
GROWTH_MAX = 640 << 20


def initiation() -> Record:
    payload = bytes([1, 0, 0, 0]) + bytes(range(4, 148))
    frame = ethernet(ip("203.0.113.1", "198.51.100.200", 17, udp(1, 51_820, payload)))
    return Record(1, START_NS, 1, frame)


def tunnel() -> list[Record]:
    vector = next(one for one in load_vectors("wireguard") if one.name == "handshake")
    return [packet._replace(time_ns=START_NS + number) for number, packet in enumerate(records(vector), 1)]


def flood(shape: np.ndarray, frame_at: int, first: int) -> bytes:
    """Copies of one record or block, a row each, every frame with an address and a port that no other has."""
    rows = np.repeat(shape[None, :], CHUNK, axis=0)
    numbers = np.arange(first, first + CHUNK, dtype=np.uint32)
    rows[:, frame_at + SOURCE_AT + 1] = numbers >> 16 & 0xFF
    rows[:, frame_at + SOURCE_AT + 2] = numbers >> 8 & 0xFF
    rows[:, frame_at + SOURCE_AT + 3] = numbers & 0xFF
    rows[:, frame_at + PORT_AT] = numbers >> 24 & 0xFF
    return rows.tobytes()


class FloodCapture:
    """A capture of the flood, made as it is read. The tunnel's messages lie thousands of packets apart."""

    def __init__(self) -> None:
        self._parts = self._make()
        self._left = b""

    def _make(self) -> Iterator[bytes]:
        whole = pcap([(START_NS, initiation().frame)])
        yield whole[:24]
        shape = np.frombuffer(whole[24:], np.uint8)
        real = [pcap([(packet.time_ns, packet.frame)])[24:] for packet in tunnel()]
        for first in range(0, PACKETS, CHUNK):
            yield flood(shape, 16, first)
            if first >= PACKETS // 2 and real:
                yield real.pop(0)

    def read(self, size: int, /) -> bytes:
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return b""
            self._left = part
        out, self._left = self._left[:size], self._left[size:]
        return out

    def readinto(self, space: memoryview, /) -> int:
        data = self.read(len(space))
        space[: len(data)] = data
        return len(data)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


def test_a_capture_of_first_messages_hides_no_tunnel_and_takes_no_more_than_its_bound() -> None:
    before = resident_bytes()
    reading = read_capture(FloodCapture(), SIEVES, timelines=False)
    found = [found for candidate in reading.candidates for found in Scanner().recognise(candidate, None)]
    grown = resident_bytes() - before
    sent = PACKETS + len(tunnel())
    assert reading.problem is None
    assert reading.counts.packets == sent
    assert reading.counts.flows == PACKETS + 1
    # Every flow of the flood began to be kept: all but `matched` of them had to go, and are counted.
    assert reading.counts.evicted["kept messages"] == pytest.approx(PACKETS - KERNEL_LIMITS.matched, abs=2)
    assert reading.counts.evicted["flows"] == pytest.approx(PACKETS - KERNEL_LIMITS.flows, abs=2)
    assert "candidates" not in reading.counts.evicted
    (only,) = found
    assert (only.finding.best.family, only.finding.best.grade) == ("wireguard", CERTAIN)
    assert grown < Kernel(ReadySieves(SIEVES), KERNEL_LIMITS).reserved_bytes + (64 << 20) < GROWTH_MAX


def test_a_live_flood_hides_no_tunnel_in_any_window_and_takes_no_more_than_its_bound() -> None:
    """The same through the walk of the ring, in four windows. The tunnel goes on through the flood."""
    limits = Limits(flows=1 << 18, messages=1 << 18)  # a quarter, so that each window overflows it
    kernel = Kernel(ReadySieves(SIEVES), limits, live=True)
    tracker = Tracker(kernel, Scanner(ladders=False), (), lambda: None)
    before = resident_bytes()
    shape = np.frombuffer(block([initiation()], 1 << 12), np.uint8)[48 : 48 + 82 + 190].copy()
    frame_bytes = -(-len(shape) // 16) * 16
    shape = np.concatenate([shape, np.zeros(frame_bytes - len(shape), np.uint8)])
    shape[:4] = np.frombuffer(struct.pack("=I", frame_bytes), np.uint8)
    descriptor = struct.pack("=IIIIIIQ", 1, 0, 1, CHUNK, 48, 0, 1).ljust(48, b"\0")
    real = tunnel()
    evicted = 0
    for window in range(4):
        begin_ns = START_NS + window * 10 * SECOND_NS
        shape[4:12] = np.frombuffer(struct.pack("=II", *divmod(begin_ns, SECOND_NS)), np.uint8)
        for first in range(0, PACKETS // 4, CHUNK):
            ring = bytearray(descriptor + flood(shape, 82, window * PACKETS // 4 + first))
            kernel.add_block(ring, 0, len(ring), 1)
            if first == PACKETS // 8:
                for packet in real:
                    kernel.add(packet.ordinal, begin_ns + packet.time_ns - START_NS, 1, packet.frame)
        served, others, transports = tracker.end_window(begin_ns + 10 * SECOND_NS)
        (only,) = served
        assert (only.evidence[0].rule, only.evidence[0].grade) == ("wireguard/handshake@1", CERTAIN)
        assert only.flow.packets == (len(real), 0)
        assert only.end[0] == bytes(map(int, SERVER.split(".")))
        assert others == []
        assert transports["udp"][:2] == (PACKETS // 4, PACKETS // 4), "what was evicted is counted too"
        counts = kernel_counts(kernel)
        assert kernel.ring_counts()[2] == 0
        assert counts.evicted["flows"] > evicted
        evicted = counts.evicted["flows"]
    assert kernel_counts(kernel).packets == PACKETS + 4 * len(real)
    assert evicted == PACKETS + 1 - limits.flows - 1
    assert resident_bytes() - before < kernel.reserved_bytes + (64 << 20)
