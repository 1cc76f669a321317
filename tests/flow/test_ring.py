"""Blocks of a ring through the kernel and through their plain twin: the same packets, whatever stands in them."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.flow.engine import has_kernel
from licet.flow.kernel import Kernel
from licet.flow.matching import ReadySieves
from licet.flow.records import Record
from licet.flow.ring import Block, read_block
from licet.flow.table import Limits
from support.engines import NO_KERNEL, SIEVES, of_packets, spelled
from support.packets import START_NS
from support.ring import FIRST_AT, FRAMES_AT, STATUS_AT, THE_SYSTEMS, block
from support.vectors import all_vectors, records

pytestmark = pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)

PAGE = mmap.PAGESIZE
ETHERNET = 1
READY = ReadySieves(SIEVES)
PACKETS = [
    packet for number, vector in enumerate(all_vectors())
    for packet in records(vector, client=f"192.0.2.{number % 200 + 1}", cut_bytes=200)
]


def numbered(packets: Sequence[Record]) -> list[Record]:
    """The packets one after another, a millisecond apart."""
    return [packet._replace(ordinal=number, time_ns=START_NS + number * 10**6)
            for number, packet in enumerate(packets, 1)]


def by_kernel(data: bytes, since_ns: int | None = None) -> tuple[Any, Any]:
    """What a kernel makes of a block that ends where memory does: the next byte cannot be read.

    Returns its counts with the candidates, and its counts of the ring.
    """
    kernel = Kernel(READY, Limits(), since_ns)
    ring = bytearray(data)
    assert kernel.add_block(ring, 0, len(data), ETHERNET)
    assert ring[STATUS_AT : STATUS_AT + 4] == bytes(4), "the block was not given back"
    ring[STATUS_AT] = 1
    assert ring == data, "a byte of the block was changed"
    numbers, pairs = kernel.counts(), {}
    found = [spelled(kernel.candidate(number, pairs)) for number in range(kernel.settle())]
    return (numbers, found), kernel.ring_counts()


def by_twin(data: bytes, since_ns: int = 0) -> tuple[Any, Any]:
    """The same by the plain walk and the kernel's way for packets from elsewhere."""
    found: Block = read_block(data, ETHERNET, 1, since_ns)
    return of_packets(found.records, Limits(), twin=False), (found.tagged, found.cut, int(found.is_damaged))


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 65, 300])
def test_all_frames_of_a_block_are_taken_however_many_batches_they_make(count: int) -> None:
    packets = numbered(PACKETS[:count])
    data = block(packets, 1 << 20)
    assert read_block(data, ETHERNET, 1).records == tuple(packets)
    assert by_kernel(data) == by_twin(data)
    assert by_kernel(data)[0] == of_packets(packets, Limits(), twin=True), "it is not what a capture would give"
    assert by_kernel(data)[1] == (0, 0, 0)


def test_a_block_of_the_system_is_left_alone() -> None:
    kernel = Kernel(READY, Limits())
    ring = bytearray(block(numbered(PACKETS[:5]), status=THE_SYSTEMS))
    before = bytes(ring)
    assert not kernel.add_block(ring, 0, len(ring), ETHERNET)
    assert (bytes(ring), kernel.packets) == (before, 0)


def test_blocks_are_walked_where_they_stand_in_the_ring() -> None:
    packets = numbered(PACKETS[:60])
    ring = bytearray(block(packets[:20]) + block(packets[20:40], status=THE_SYSTEMS) + block(packets[40:]))
    kernel = Kernel(READY, Limits())
    took = [kernel.add_block(ring, offset, 1 << 16, ETHERNET) for offset in (0, 1 << 16, 2 << 16)]
    assert took == [True, False, True]
    assert kernel.packets == 40


@pytest.mark.parametrize(("offset", "size"), [(0, 47), (1, 1 << 16), (1 << 16, 48), (2**40, 64), (0, 2**31)])
def test_a_block_that_is_not_inside_the_ring_is_refused(offset: int, size: int) -> None:
    kernel = Kernel(READY, Limits())
    with pytest.raises(ValueError, match="no block of the ring"):
        kernel.add_block(bytearray(block(numbered(PACKETS[:3]))), offset, size, ETHERNET)
    assert kernel.packets == 0


def test_vlan_tags_and_cut_frames_are_counted() -> None:
    packets = numbered(PACKETS[:70])
    data = block(packets, 1 << 20, tagged=frozenset({1, 33, 70}), cut=frozenset({2, 40}))
    assert by_kernel(data)[1] == (3, 2, 0)
    assert by_kernel(data) == by_twin(data)


def test_frames_from_before_a_time_are_left_out_and_have_no_number() -> None:
    packets = numbered(PACKETS[:50])
    data, since_ns = block(packets, 1 << 20, tagged=frozenset({1, 2, 40})), packets[20].time_ns
    (numbers, found), ring_counts = by_kernel(data, since_ns)
    assert (numbers[0], ring_counts) == (30, (1, 0, 0))
    assert ((numbers, found), ring_counts) == by_twin(data, since_ns)
    assert read_block(data, ETHERNET, 1, since_ns).records[0] == packets[20]._replace(ordinal=1)


def test_a_clock_that_is_set_back_leaves_no_frame_out() -> None:
    """Only the first ones can be from before the watch: they come in their order."""
    early, first, late = numbered(PACKETS[:50]), 20, 30
    since_ns = early[first].time_ns
    packets = [packet._replace(time_ns=packet.time_ns - 3_600 * 10**9) if packet.ordinal > late else packet
               for packet in early]
    data = block(packets, 1 << 20)
    (numbers, found), _ = by_kernel(data, since_ns)
    assert numbers[0] == 50 - first
    assert (numbers, found) == by_twin(data, since_ns)[0]
    # Nor those of a later block.
    kernel = Kernel(READY, Limits(), since_ns)
    for some in (packets[first:late], packets[late:]):
        part = bytearray(block(some, 1 << 20))
        assert kernel.add_block(part, 0, len(part), ETHERNET)
    assert kernel.packets == 50 - first
    assert len(read_block(block(packets[late:], 1 << 20), ETHERNET, late - first + 1, since_ns).records) == 50 - late


def test_frames_before_a_damaged_one_are_kept() -> None:
    packets = numbered(PACKETS[:40])
    data = bytearray(block(packets, 1 << 20))
    at = 48
    for _ in range(34):
        at += int.from_bytes(data[at : at + 4], "little")
    data[at + 12 : at + 16] = b"\xff" * 4  # the 35th claims four gigabytes
    (numbers, _), ring_counts = by_kernel(bytes(data))
    assert (numbers[0], ring_counts) == (34, (0, 0, 1))
    assert by_kernel(bytes(data)) == by_twin(bytes(data))


@pytest.mark.parametrize("step", [0, 1 << 16, 0xFFFFFFFF])
def test_frames_that_end_before_their_count_are_damage(step: int) -> None:
    data = bytearray(block(numbered(PACKETS[:4])))
    data[48:52] = step.to_bytes(4, "little")
    assert by_kernel(bytes(data))[1] == (0, 0, 1)
    assert by_kernel(bytes(data)) == by_twin(bytes(data))


WILD = st.one_of(
    st.integers(0, 2**32 - 1), st.sampled_from((0, 1, 47, 48, 49, 66, 82, 116, 4_095, 4_096, 2**31, 2**32 - 1)),
    st.integers(4_096 - 200, 4_096 + 8),
)


@given(
    st.lists(st.integers(0, len(PACKETS) - 1), max_size=12),
    st.lists(st.tuples(st.sampled_from(("frames", "first", "next", "captured", "length", "status", "mac", "any")),
                       st.integers(0, 11), WILD), max_size=6),
)
def test_whatever_stands_in_a_block_kernel_and_twin_read_the_same(
    chosen: list[int], changes: list[tuple[str, int, int]]
) -> None:
    """Every field that leads somewhere, set to anything; the block ends where memory does (see below)."""
    packets = []
    room = 4_096 - 48
    for index in chosen:
        room -= 98 + len(PACKETS[index].frame)
        if room >= 0:
            packets.append(PACKETS[index])
    data = bytearray(block(numbered(packets), 4_096))
    starts = [48]
    for _ in packets[1:]:
        starts.append(starts[-1] + int.from_bytes(data[starts[-1] : starts[-1] + 4], "little"))
    for what, which, value in changes:
        frame = starts[which % len(starts)]
        at, width = {
            "frames": (FRAMES_AT, 4), "first": (FIRST_AT, 4), "next": (frame, 4), "captured": (frame + 12, 4),
            "length": (frame + 16, 4), "status": (frame + 20, 4), "mac": (frame + 24, 2),
            "any": (STATUS_AT + 4 + value % (4_096 - 16), 4),
        }[what]
        data[at : at + width] = (value % 2 ** (8 * width)).to_bytes(width, "little")
    assert at_the_end_of_memory(bytes(data)) == by_twin(bytes(data))


def at_the_end_of_memory(data: bytes) -> tuple[Any, Any]:
    """As `by_kernel`, in a mapping behind which nothing can be read: a read too far ends the process."""
    from ctypes import CDLL, addressof, c_char, c_size_t, c_void_p

    assert len(data) % PAGE == 0
    memory = mmap.mmap(-1, len(data) + PAGE)
    place = (c_char * (len(data) + PAGE)).from_buffer(memory)
    protect = CDLL(None).mprotect
    protect.argtypes = (c_void_p, c_size_t, c_size_t)
    behind = addressof(place) + len(data)
    memory[: len(data)] = data
    assert protect(behind, PAGE, 0) == 0
    try:
        kernel = Kernel(READY, Limits())
        assert kernel.add_block(memory, 0, len(data), ETHERNET)
        numbers, pairs = kernel.counts(), {}
        found = [spelled(kernel.candidate(number, pairs)) for number in range(kernel.settle())]
        return (numbers, found), kernel.ring_counts()
    finally:
        assert protect(behind, PAGE, 3) == 0
        del place
        memory.close()
