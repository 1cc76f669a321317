# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled flow table: blocks of a capture in, candidate flows out. It knows no protocol of any VPN.

Everything it decides, licet/flow/table.py and its neighbours decide in the same way; tests hold the two together on
every capture there is. It works without the interpreter's lock, allocates nothing per packet, and its memory is
reserved at the start: see `Kernel.reserved_bytes`.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, INT64_MIN, int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove, memset

import os
from functools import partial
from operator import itemgetter

from licet.model.flow import Flow as FlowView
from licet.model.flow import Message as MessageView
from licet.model.flow import Stream as StreamView
from licet.model.sieve import TRANSPORTS as TRANSPORT_NAMES
from licet.model.tunnel import Timeline

cdef extern from "platform.h" nogil:
    const uint32_t NONE "LICET_NONE"
    void licet_prefetch(const void *p)
    void *licet_allocate(size_t size)
    void licet_use_large_pages(void *p, size_t size)
    void licet_release(void *p, size_t size)
    uint64_t licet_mix(uint64_t a, uint64_t b)
    int64_t licet_ticks_to_ns(uint64_t ticks, uint64_t ticks_per_s, int power_of_two, int64_t offset_s)
    uint64_t licet_load64(const uint8_t *p)
    uint32_t licet_load32(const uint8_t *p)
    int licet_is_ours(const uint8_t *status)
    void licet_give_back(uint8_t *status)
    uint32_t licet_lowest_bit(uint64_t v)

cdef extern from "Python.h":
    object PyMemoryView_FromMemory(char *memory, Py_ssize_t size, int flags)
    int PyBUF_WRITE

include "parse.pxi"
include "sieve.pxi"
include "load.pxi"
include "store.pxi"
include "listed.pxi"
include "table.pxi"
include "kept.pxi"
include "streams.pxi"
include "records.pxi"
include "ring.pxi"

# Blocks are always read to the same aligned place, which the system's copy likes best; what is left of a record is moved
# to just before it. The room there holds the largest record with its header.
cdef enum:
    BLOCK_AT = PACKET_BYTES_MAX + 4096
    BUFFER_BYTES = BLOCK_AT + READ_BYTES


cdef class Kernel:
    """One capture's flow table with its record walk, or that of live traffic with its walk of the ring.

    sieves: licet.flow.matching.ReadySieves; limits: licet.flow.table.Limits; since_ns (included), until_ns
    (excluded): packets outside are counted and left out, None for no bound; timelines: whether candidates get one;
    listed: licet.flow.listed.Listed, for lines that are only_listed; live: windows will be asked for, and nothing
    settled.
    """

    cdef Sieves *_sieves
    cdef Table _table
    cdef Walk _walk
    cdef Ring _ring
    cdef uint8_t *_buffer
    cdef uint32_t _begin, _end
    cdef size_t _sizes[11]
    cdef object _keys  # (line's name, forward) of each line, backward and forward in turn
    cdef bytes _listed  # what the table's rows point into
    cdef bint _settled
    cdef uint64_t _moment  # raised whenever the table changes: what was kept before is not read after
    cdef readonly size_t reserved_bytes

    def __cinit__(self, sieves, limits, since_ns=None, until_ns=None, bint timelines=True, listed=None,
                  bint live=False):
        memset(&self._table, 0, sizeof(Table))
        memset(&self._walk, 0, sizeof(Walk))
        memset(&self._ring, 0, sizeof(Ring))
        self._sieves = <Sieves *>PyMem_Malloc(sizeof(Sieves))
        if self._sieves == NULL:
            raise MemoryError
        memset(self._sieves, 0, sizeof(Sieves))
        load_sieves(self._sieves, sieves)
        self._keys = [(line.name, forward) for line in sieves.lines for forward in (False, True)]
        self._reserve(limits, timelines and not live, live)
        self._listed = b"" if listed is None else listed.rows()
        self._table.listed = <const ListedRow *><const uint8_t *>self._listed
        self._table.listed_count = len(self._listed) // sizeof(ListedRow)
        self._walk.since_ns = INT64_MIN if since_ns is None else max(min(since_ns, INT64_MAX), INT64_MIN)
        self._walk.until_ns = INT64_MAX if until_ns is None else max(min(until_ns, INT64_MAX), INT64_MIN)
        self._begin = self._end = BLOCK_AT

    def __dealloc__(self):
        PyMem_Free(self._sieves)
        licet_release(self._buffer, self._sizes[0])
        licet_release(self._walk.interfaces, self._sizes[1])
        licet_release(self._table.flows, self._sizes[2])
        licet_release(self._table.buckets, self._sizes[3])
        licet_release(self._table.store.slots, self._sizes[4])
        licet_release(self._table.store.messages, self._sizes[5])
        licet_release(self._table.store.streams, self._sizes[6])
        licet_release(self._table.store.runs, self._sizes[7])
        licet_release(self._table.store.bins, self._sizes[8])
        licet_release(self._table.promoted, self._sizes[9])
        licet_release(self._table.marks, self._sizes[10])
        licet_release(self._table.store.pieces, <size_t>self._table.messages_max * sizeof(Piece))

    cdef void *_map(self, int place, size_t size) except NULL:
        cdef void *memory = licet_allocate(size)
        if memory == NULL:
            raise MemoryError(f"{size:,} bytes for the flow table could not be reserved")
        if place >= 0:
            self._sizes[place] = size
        self.reserved_bytes += size
        return memory

    cdef int _reserve(self, limits, bint timelines, bint live) except -1:
        cdef Table *t = &self._table
        cdef uint32_t flows = limits.flows + limits.candidates
        cdef uint32_t slots = limits.matched + limits.candidates + 1
        cdef uint32_t buckets = 1
        t.sieves = self._sieves
        t.flows_max = limits.flows
        t.matched_max = limits.matched
        t.candidates_max = limits.candidates
        t.messages_max = limits.messages
        # Four buckets a flow: a second flow in a bucket is a miss of the cache that nothing fetched beforehand.
        while buckets < 4 * t.flows_max:
            buckets *= 2
        t.bucket_mask = buckets - 1
        t.store.runs_total = limits.messages + 4 * limits.streams
        self._buffer = <uint8_t *>self._map(0, BUFFER_BYTES)
        self._walk.interfaces = <Interface *>self._map(1, INTERFACES_MAX * sizeof(Interface))
        t.flows = <Flow *>self._map(2, <size_t>(flows + 1) * sizeof(Flow))
        t.buckets = <uint32_t *>self._map(3, <size_t>buckets * sizeof(uint32_t))
        t.store.slots = <Slot *>self._map(4, <size_t>slots * sizeof(Slot))
        if timelines:
            t.store.bins = <Bins *>self._map(8, <size_t>(limits.candidates + 1) * sizeof(Bins))
        if live:
            t.promoted = <uint32_t *>self._map(9, <size_t>(limits.candidates + 1) * sizeof(uint32_t))
            t.marks = <Mark *>self._map(10, <size_t>(flows + 1) * sizeof(Mark))
        t.store.messages = <Message *>self._map(5, <size_t>(limits.messages + 1) * sizeof(Message))
        t.store.streams = <Stream *>self._map(6, <size_t>(limits.streams + 1) * sizeof(Stream))
        t.store.runs = <Run *>self._map(7, <size_t>(t.store.runs_total + 1) * sizeof(Run))
        t.store.pieces = <Piece *>self._map(-1, <size_t>limits.messages * sizeof(Piece))
        licet_use_large_pages(t.flows, self._sizes[2])
        licet_use_large_pages(t.buckets, self._sizes[3])
        licet_use_large_pages(self._buffer, self._sizes[0])
        t.store.pieces_left = limits.messages
        t.store.streams_left = limits.streams
        t.store.free_slot = t.store.free_run = t.store.free_message = t.store.free_piece = t.store.free_stream = NONE
        t.free_flow = t.first_flow = t.last_flow = t.first_matched = t.last_matched = NONE
        t.seed = int.from_bytes(os.urandom(8), "little")
        return 0

    def space(self):
        """Where the next block is to be read into: a writable view of READ_BYTES, good until `filled`."""
        return PyMemoryView_FromMemory(<char *>(self._buffer + BLOCK_AT), READ_BYTES, PyBUF_WRITE)

    def filled(self, uint32_t size):
        """`size` bytes were read into the space: use them. False once nothing more can be read."""
        cdef uint32_t left
        if size > READ_BYTES or self._end != BLOCK_AT or self._settled:
            raise ValueError("there is no space for this")
        self._end += size
        self._moment += 1
        with nogil:
            self._run()
            left = self._end - self._begin
            if self._walk.state != AT_DAMAGE and left <= BLOCK_AT:
                memmove(self._buffer + BLOCK_AT - left, self._buffer + self._begin, left)
                self._begin = BLOCK_AT - left
                self._end = BLOCK_AT
        return self._walk.state != AT_DAMAGE

    cdef void _run(self) noexcept nogil:
        """Walk all whole records, in batches whose cache misses overlap."""
        cdef Packet batch[BATCH]
        cdef int count, packets, outside
        cdef uint32_t step
        cdef Walk *w = &self._walk
        cdef Table *t = &self._table
        cdef bint more = True
        while more:
            count = outside = 0
            if w.state == AT_PCAP_RECORD:
                count = walk_records(w, self._buffer + self._begin, self._end - self._begin, batch, &outside, &step)
                self._begin += step
                more = count == BATCH
            while more and count < BATCH and w.state != AT_PCAP_RECORD:
                step = walk_step(w, self._buffer + self._begin, self._end - self._begin, &batch[count], &packets)
                if step == 0:
                    more = False
                    break
                self._begin += step
                if packets:
                    licet_prefetch(batch[count].frame)
                    licet_prefetch(batch[count].frame + 64)
                    if is_wanted(w, batch[count].time_ns):
                        count += 1
                    else:
                        outside += 1
            t.packets += outside
            t.skipped[SKIP_OUTSIDE_TIME] += outside
            add_batch(t, batch, count)

    def end(self):
        """The file has ended: (damage, packet, number), damage 0 if it ended where a record did."""
        walk_end(&self._walk, self._end - self._begin)
        return self._walk.damage, self._walk.damage_packet, self._walk.damage_number

    def add(self, uint64_t ordinal, int64_t time_ns, uint32_t link_type, bytes frame):
        """One packet from elsewhere than a capture file."""
        cdef Packet packet
        cdef const uint8_t *data = frame
        if self._settled:
            raise ValueError("the flows are settled")
        packet.frame = data
        packet.captured = len(frame)
        packet.time_ns, packet.ordinal, packet.link_type = time_ns, ordinal, link_type
        self._moment += 1
        read_packet(&packet, self._table.seed)
        add_packet(&self._table, &packet)

    @property
    def packets(self):
        return self._table.packets

    def counts(self):
        """(packets, bytes, flows, nested, {skip: count}, {link type: count}, {bound: count})"""
        cdef Table *t = &self._table
        cdef int i
        skipped = {i: t.skipped[i] for i in range(SKIPS) if t.skipped[i]}
        link_types = {t.link_type[i]: t.link_type_count[i] for i in range(t.link_types_named)}
        evicted = {"flows": t.evicted_flows, "kept messages": t.evicted_kept, "messages": t.evicted_messages,
                   "candidates": t.evicted_candidates, "streams": t.evicted_streams}
        return (t.packets, t.bytes_, t.flows_opened, t.nested, skipped, link_types,
                {name: count for name, count in evicted.items() if count})

    def timeline(self):
        return _timeline(&self._table.bins) if self._table.has_start else None

    def settle(self):
        """Nothing more will come: keep the candidates, in the order in which they began, and give back the room of all
        other flows before anything is made of them. Returns how many there are."""
        cdef Table *t = &self._table
        cdef uint32_t i, index
        cdef Flow *kept
        if self._settled:
            return t.flows_used
        self._moment += 1
        if t.marks != NULL:
            raise ValueError("live traffic is never settled")
        order = sorted([(t.flows[i].first_packet, i) for i in range(t.flows_used) if was_promoted(t, &t.flows[i])])
        kept = <Flow *>self._map(-1, <size_t>(len(order) + 1) * sizeof(Flow))
        for i, (_, found) in enumerate(order):
            index = found
            kept[i] = t.flows[index]
        licet_release(t.flows, self._sizes[2])
        licet_release(t.buckets, self._sizes[3])
        t.flows, t.buckets = kept, NULL
        t.flows_used = len(order)
        self._sizes[2], self._sizes[3] = <size_t>(len(order) + 1) * sizeof(Flow), 0
        self._settled = True
        return t.flows_used

    def candidate(self, uint32_t number, dict pairs):
        """(((owner, licet.model.flow.Flow), …), ends, first packet) of a candidate, once settled.

        number: of the flow, from 0; pairs: numbers of the address pairs met so far.
        """
        if not self._settled or number >= self._table.flows_used:
            raise ValueError(f"there is no settled candidate {number}")
        cdef Flow *flow = &self._table.flows[number]
        size = 16 if flow.is6 else 4
        sender = (<char *>&flow.ends[0])[:size]
        receiver = (<char *>&flow.ends[2])[:size]
        pair_key = (sender, receiver) if sender <= receiver else (receiver, sender)
        return self._view(flow, number, pairs.setdefault(pair_key, len(pairs)), sender, receiver)

    cdef object _view(self, Flow *flow, uint32_t number, pair, sender, receiver):
        """A candidate as `candidate` gives it."""
        cdef Table *t = &self._table
        cdef Slot *slot = &t.store.slots[flow.slot]
        cdef int owner
        cdef uint64_t packets[2]
        cdef KernelKept kept
        for owner in range(2):
            packets[owner] = flow.packets[owner] + (0 if t.marks == NULL else t.marks[number].before[owner])
        syn_forward = None if not flow.has_heads or flow.syn_forward < 0 else flow.syn_forward == 1
        common = (TRANSPORT_NAMES[flow.transport], number, pair, sender <= receiver, (packets[0], packets[1]),
                  (flow.bytes_[0], flow.bytes_[1]), flow.first_ns, flow.last_ns, syn_forward)
        timeline = _timeline(&t.store.bins[slot.bins]) if slot.bins != NONE else None
        owners = []
        for owner in range(OWNERS_MAX):
            if slot.candidates & (<uint32_t>1 << owner):
                kept = KernelKept.__new__(KernelKept)
                kept._kernel, kept._moment, kept._flow, kept._owner = self, self._moment, flow, owner
                owners.append((owner, _make_flow((*common, kept, timeline))))
        return (tuple(owners), ((sender, flow.source_port), (receiver, flow.destination_port)), flow.first_packet)

    # Live traffic: windows of the candidates, while packets go on coming.

    def add_block(self, const uint8_t[::1] ring, size_t offset, uint32_t size, uint32_t link_type):
        """Take one block of a TPACKET_V3 ring, if it is ours, and give it back. False where it is still the system's.

        ring: the whole mapping; offset, size: of the block in it; link_type: of all its frames. The first
        ones, from before since_ns, are left out.
        """
        if offset + size > <size_t>ring.shape[0] or size < RING_BLOCK_BYTES_MIN or self._settled:
            raise ValueError("this is no block of the ring")
        cdef uint8_t *block = <uint8_t *>&ring[offset]
        if not licet_is_ours(block + RING_STATUS_AT):
            return False
        self._moment += 1
        with nogil:
            walk_ring_block(&self._ring, &self._table, block, size, link_type, self._walk.since_ns)
            licet_give_back(block + RING_STATUS_AT)
        return True

    def ring_counts(self):
        """(frames that carried a VLAN tag, frames that were cut, blocks that were damaged) so far."""
        return self._ring.tagged, self._ring.cut, self._ring.damaged

    def live_count(self):
        """How many candidates there are; their places count from 0."""
        return 0 if self._settled else self._table.candidates

    def live_state(self, uint32_t place):
        """((first packet, flow), changes, first_ns, last_ns, packets, packets and bytes since the last window's end)."""
        cdef Flow *flow = self._live_flow(place)
        cdef uint32_t index = self._table.promoted[place]
        cdef Mark *mark = &self._table.marks[index]
        cdef uint64_t packets = packets_of(flow, mark)
        return ((flow.first_packet, index), self._table.store.slots[flow.slot].changes, flow.first_ns, flow.last_ns,
                packets, packets - mark.packets, flow.bytes_[0] + flow.bytes_[1] - mark.bytes_)

    def live_candidate(self, uint32_t place):
        """As `candidate`, while the flow goes on. The number of its pair means nothing outside this table."""
        cdef Flow *flow = self._live_flow(place)
        size = 16 if flow.is6 else 4
        return self._view(flow, self._table.promoted[place], pair_number(&self._table, flow),
                          (<char *>&flow.ends[0])[:size], (<char *>&flow.ends[2])[:size])

    def live_ends(self, uint32_t place):
        """((address, port) of the first packet's sender, of its receiver) of a candidate."""
        cdef Flow *flow = self._live_flow(place)
        size = 16 if flow.is6 else 4
        return ((<char *>&flow.ends[0])[:size], flow.source_port), ((<char *>&flow.ends[2])[:size], flow.destination_port)

    def live_end(self, uint32_t place):
        """End the window of a candidate that is a tunnel: the sweep will leave it out."""
        cdef Flow *flow = self._live_flow(place)
        end_window(flow, &self._table.marks[self._table.promoted[place]])
        self._table.store.slots[flow.slot].is_ended = 1

    def live_drop(self, uint32_t place):
        """Forget a candidate; the last one takes its place."""
        self._live_flow(place)
        self._moment += 1
        drop_candidate(&self._table, place)

    cdef Flow *_live_flow(self, uint32_t place) except NULL:
        if self._settled or self._table.marks == NULL or place >= self._table.candidates:
            raise ValueError(f"there is no live candidate {place}")
        return &self._table.flows[self._table.promoted[place]]

    def live_sweep(self, uint32_t first, uint32_t count, int64_t idle_ns, addresses):
        """End a window for `count` flows from the `first`: what came of them since the last one, by whom it was served.

        Packets count where they were read. By their time they may belong to the window before: the system hands a
        block over a moment after the first frame in it.
        idle_ns: flows that were silent since then, and are no candidates, give back what was kept of their streams:
        whoever sends a byte and no more must not hold that room for as long as the table remembers the flow.
        addresses: licet.flow.listed.Listed. Returns the flow to go on with, None behind the last; a list of (address,
        transport, port, number of the pair, packets, bytes) of those that an address served; and for each transport its
        flows, packets and bytes, with the last flows those of flows that were evicted.
        """
        cdef Table *t = &self._table
        cdef bytes kept = addresses.rows()
        cdef const ListedRow *rows = <const ListedRow *><const uint8_t *>kept
        cdef uint32_t rows_count = len(kept) // sizeof(ListedRow)
        cdef uint32_t index
        cdef uint32_t behind = min(<uint64_t>first + count, <uint64_t>t.flows_used)
        cdef int end
        cdef Flow *flow
        cdef Mark *mark
        cdef uint64_t packets, size
        cdef uint64_t sums[3 * TRANSPORTS]
        memset(sums, 0, sizeof(sums))
        if self._settled or t.marks == NULL:
            raise ValueError("this is no table of live traffic")
        self._moment += 1
        served = []
        for index in range(first, behind):
            flow = &t.flows[index]
            if flow.transport == GONE:
                continue
            if flow.last_ns < idle_ns and flow.transport == TCP and not was_promoted(t, flow):
                drop_heads(t, flow)
            if flow.slot != NONE and t.store.slots[flow.slot].is_ended:
                t.store.slots[flow.slot].is_ended = 0
                continue
            mark = &t.marks[index]
            size = flow.bytes_[0] + flow.bytes_[1] - mark.bytes_
            packets = count_uncounted(flow, mark, sums)
            if packets == 0:
                continue
            end_window(flow, mark)
            end = served_end(flow, rows, rows_count)
            if end >= 0:
                address = (<char *>&flow.ends[2 * end])[:16 if flow.is6 else 4]
                served.append((address, TRANSPORT_NAMES[flow.transport],
                               flow.destination_port if end else flow.source_port, pair_number(t, flow), packets, size))
        if behind >= t.flows_used:
            for index in range(3 * TRANSPORTS):
                sums[index] += t.gone[index]
            memset(t.gone, 0, sizeof(t.gone))
        return (None if behind >= t.flows_used else behind), served, {
            TRANSPORT_NAMES[index]: (sums[3 * index], sums[3 * index + 1], sums[3 * index + 2])
            for index in range(TRANSPORTS) if sums[3 * index]}


include "views.pxi"
