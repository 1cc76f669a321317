# The flow table: chained buckets, flows in the order in which they were opened.
# The same decisions in the same order as licet/flow/table.py.

cdef enum:
    LINK_TYPES_NAMED_MAX = 16


    # What is known of a TCP direction, a bit each.
    STARTED = 1
    FROM_SYN = 2
    CLOSED = 4

    GONE = 0xFF              # the transport of a flow whose room is free
    PACKETS_MAX = 0x7FFFFFFF
    NO_LINE = 0xFF
    RISE_MAX = 4096


# Two lines of the cache: what finds the flow, then what counts.
cdef struct Flow:
    uint64_t ends[4]         # of the first packet: source low, high, destination low, high
    uint16_t source_port
    uint16_t destination_port
    uint8_t transport
    uint8_t is6
    uint8_t has_heads        # TCP: whether the fields of the two directions mean anything
    int8_t syn_forward       # -1 unknown
    uint32_t next_in_bucket
    uint32_t previous        # in the order of opening, while no candidate
    uint32_t next
    uint32_t slot
    uint32_t bucket
    uint8_t heads[2]         # TCP: STARTED, FROM_SYN, CLOSED; else the line of the last data message on trial
    uint8_t has_port         # whether a line asks for one of its ports
    uint8_t is_listed        # whether one of its ends is
    uint64_t bytes_[2]
    int64_t first_ns
    int64_t last_ns
    uint64_t first_packet
    uint32_t packets[2]      # stop at PACKETS_MAX
    uint32_t start[2]        # TCP: sequence number of the first byte; else what must stay the same
    uint32_t stream[2]       # TCP: where its bytes are kept; else the counter of the last message on trial


# What had been counted of a flow when the last window of live traffic ended; of its packets, those that were taken out
# of its own counters in each direction, lest they stop.
cdef struct Mark:
    uint64_t packets
    uint64_t bytes_
    uint64_t before[2]


cdef struct Table:
    Sieves *sieves
    Store store
    Flow *flows
    uint32_t *buckets
    uint32_t bucket_mask
    uint64_t seed
    uint32_t flows_max, matched_max, candidates_max, messages_max
    uint32_t flows_used, free_flow
    uint32_t open_flows, first_flow, last_flow
    uint32_t matched, first_matched, last_matched
    uint32_t candidates
    uint64_t packets, bytes_, flows_opened, nested
    uint64_t skipped[SKIPS]
    uint32_t link_types_named
    uint32_t link_type[LINK_TYPES_NAMED_MAX]
    uint64_t link_type_count[LINK_TYPES_NAMED_MAX]
    uint64_t evicted_flows, evicted_kept, evicted_messages, evicted_candidates, evicted_streams
    bint has_start
    Bins bins
    # The bin that the last packet fell into, so that the next one need not divide.
    int64_t bin_begins_ns, bin_ends_ns
    uint64_t *bin
    const ListedRow *listed
    uint32_t listed_count
    uint32_t *promoted       # flows that are candidates, by their place
    Mark *marks              # of live traffic, else NULL
    uint64_t gone[3 * TRANSPORTS]  # flows, packets, bytes of each transport that were evicted before a sweep counted them



cdef uint32_t find_flow(Table *t, Packet *p, bint *forward) noexcept nogil:
    cdef uint32_t index = t.buckets[p.hash & t.bucket_mask] - 1  # 0 is an empty bucket; 0 - 1 is NONE
    cdef Flow *flow
    while index != NONE:
        flow = &t.flows[index]
        if flow.transport == p.transport and flow.is6 == p.is6:
            if (flow.ends[0] == p.ends[0] and flow.ends[1] == p.ends[1] and flow.ends[2] == p.ends[2]
                    and flow.ends[3] == p.ends[3] and flow.source_port == p.source_port
                    and flow.destination_port == p.destination_port):
                forward[0] = True
                return index
            if (flow.ends[0] == p.ends[2] and flow.ends[1] == p.ends[3] and flow.ends[2] == p.ends[0]
                    and flow.ends[3] == p.ends[1] and flow.source_port == p.destination_port
                    and flow.destination_port == p.source_port):
                forward[0] = False
                return index
        index = flow.next_in_bucket
    return NONE


cdef void unlink_flow(Table *t, uint32_t index) noexcept nogil:
    """Take a flow out of the order of opening."""
    cdef Flow *flow = &t.flows[index]
    if flow.previous != NONE:
        t.flows[flow.previous].next = flow.next
    else:
        t.first_flow = flow.next
    if flow.next != NONE:
        t.flows[flow.next].previous = flow.previous
    else:
        t.last_flow = flow.previous
    t.open_flows -= 1


cdef void unlink_slot(Table *t, uint32_t index) noexcept nogil:
    """Take a slot out of the order in which keeping began."""
    cdef Slot *slot = &t.store.slots[index]
    if slot.previous != NONE:
        t.store.slots[slot.previous].next = slot.next
    else:
        t.first_matched = slot.next
    if slot.next != NONE:
        t.store.slots[slot.next].previous = slot.previous
    else:
        t.last_matched = slot.previous
    t.matched -= 1


cdef void drop_heads(Table *t, Flow *flow) noexcept nogil:
    cdef int way
    if not flow.has_heads:
        return
    for way in range(2):
        if flow.stream[way] != NONE:
            free_stream(&t.store, flow.stream[way])
            flow.stream[way] = NONE
        flow.heads[way] |= CLOSED


cdef void drop_kept(Table *t, Flow *flow) noexcept nogil:
    """Give back what a flow held."""
    if flow.slot != NONE:
        unlink_slot(t, flow.slot)
        free_slot(&t.store, flow.slot)
        flow.slot = NONE
    drop_heads(t, flow)


cdef void free_flow_room(Table *t, uint32_t index) noexcept nogil:
    """Take a flow out of its bucket and give its room back."""
    cdef Flow *flow = &t.flows[index]
    cdef uint32_t at = t.buckets[flow.bucket] - 1
    cdef uint32_t previous = NONE
    while at != index:
        previous = at
        at = t.flows[at].next_in_bucket
    if previous == NONE:
        t.buckets[flow.bucket] = flow.next_in_bucket + 1
    else:
        t.flows[previous].next_in_bucket = flow.next_in_bucket
    flow.transport = GONE
    flow.next = t.free_flow
    t.free_flow = index


cdef void evict_oldest(Table *t) noexcept nogil:
    cdef uint32_t index = t.first_flow
    if t.marks != NULL:
        count_uncounted(&t.flows[index], &t.marks[index], t.gone)
    unlink_flow(t, index)
    drop_kept(t, &t.flows[index])
    free_flow_room(t, index)
    t.evicted_flows += 1


cdef uint32_t open_flow(Table *t, Packet *p) noexcept nogil:
    cdef uint32_t index
    cdef Flow *flow
    t.flows_opened += 1
    if t.open_flows >= t.flows_max:
        evict_oldest(t)
    index = t.free_flow
    if index != NONE:
        t.free_flow = t.flows[index].next
    else:
        index = t.flows_used
        t.flows_used += 1
    flow = &t.flows[index]
    flow.ends[0] = p.ends[0]
    flow.ends[1] = p.ends[1]
    flow.ends[2] = p.ends[2]
    flow.ends[3] = p.ends[3]
    flow.source_port = p.source_port
    flow.destination_port = p.destination_port
    flow.transport = p.transport
    flow.is6 = p.is6
    flow.has_heads = 0
    flow.syn_forward = -1
    flow.heads[0] = flow.heads[1] = 0 if p.transport == TCP else NO_LINE
    flow.has_port = has_port(t.sieves, p.source_port, p.destination_port)
    flow.slot = NONE
    flow.packets[0] = flow.packets[1] = 0
    flow.bytes_[0] = flow.bytes_[1] = 0
    flow.first_ns = flow.last_ns = p.time_ns
    flow.first_packet = p.ordinal
    flow.is_listed = 0
    if t.sieves.has_only_listed and (
        has_row(t.listed, t.listed_count, &p.ends[0], p.is6, p.transport, p.source_port)
        or has_row(t.listed, t.listed_count, &p.ends[2], p.is6, p.transport, p.destination_port)
    ):
        flow.is_listed = 1
    if t.marks != NULL:
        memset(&t.marks[index], 0, sizeof(Mark))
    flow.bucket = <uint32_t>(p.hash & t.bucket_mask)
    flow.next_in_bucket = t.buckets[flow.bucket] - 1
    t.buckets[flow.bucket] = index + 1
    flow.previous = t.last_flow
    flow.next = NONE
    if t.last_flow != NONE:
        t.flows[t.last_flow].next = index
    else:
        t.first_flow = index
    t.last_flow = index
    t.open_flows += 1
    return index


cdef void begin_keeping(Table *t, uint32_t index) noexcept nogil:
    cdef Flow *flow = &t.flows[index]
    cdef Slot *slot
    cdef uint32_t number
    if t.matched >= t.matched_max:
        drop_kept(t, &t.flows[t.store.slots[t.first_matched].flow])
        t.evicted_kept += 1
    number = take_slot(&t.store)
    slot = &t.store.slots[number]
    slot.flow = index
    slot.previous = t.last_matched
    if t.last_matched != NONE:
        t.store.slots[t.last_matched].next = number
    else:
        t.first_matched = number
    t.last_matched = number
    t.matched += 1
    flow.slot = number


cdef void note(Table *t, Slot *slot, const SieveLine *line, bint forward, uint32_t count) noexcept nogil:
    """What a match makes of its flow."""
    cdef uint64_t this_way = <uint64_t>1 << (2 * line.owner + (0 if forward else 1))
    cdef uint64_t other_way = <uint64_t>1 << (2 * line.owner + (1 if forward else 0))
    cdef uint32_t owner = <uint32_t>1 << line.owner
    if line.opening:
        slot.opened |= this_way
    elif line.answer:
        slot.answered |= this_way
    if not line.after_start:
        slot.started |= owner
    if ((line.enough and count >= line.enough) or (line.opening and slot.answered & other_way)
            or (line.answer and slot.opened & other_way)):
        slot.candidates |= owner


cdef void promote(Table *t, uint32_t index, bint is_data) noexcept nogil:
    """Move a flow that became a candidate to where nothing evicts it. A candidate has left both orders: it is one."""
    cdef Flow *flow = &t.flows[index]
    cdef Slot *slot = &t.store.slots[flow.slot]
    cdef Bins *bins
    if not slot.candidates or slot.flow == NONE:
        return
    if t.candidates >= (t.candidates_max // 2 if is_data else t.candidates_max):
        if not slot.refused:
            slot.refused = 1
            t.evicted_candidates += 1
        return
    slot.refused = 0
    if t.store.bins != NULL:
        slot.bins = t.candidates
        bins = &t.store.bins[slot.bins]
        bins.start_ns = t.bins.start_ns
        bins.width_s = 1
        bins_add(bins, flow.first_ns, flow.bytes_[0] + flow.bytes_[1])
    if t.promoted != NULL:
        t.promoted[t.candidates] = index
    t.candidates += 1
    unlink_flow(t, index)
    unlink_slot(t, flow.slot)
    slot.flow = NONE  # says: promoted


cdef void drop_candidate(Table *t, uint32_t place) noexcept nogil:
    """Forget a candidate of live traffic; the last one takes its place."""
    cdef uint32_t index = t.promoted[place]
    cdef Flow *flow = &t.flows[index]
    cdef uint32_t last = t.candidates - 1
    free_slot(&t.store, flow.slot)
    flow.slot = NONE
    drop_heads(t, flow)
    free_flow_room(t, index)
    t.candidates = last
    if place != last:
        t.promoted[place] = t.promoted[last]


cdef inline bint was_promoted(Table *t, Flow *flow) noexcept nogil:
    return flow.slot != NONE and t.store.slots[flow.slot].flow == NONE


cdef void count_in_bin(Table *t, int64_t time_ns, uint64_t count) noexcept nogil:
    """Count in the capture's timeline, and remember the bin if it is not the first or last, which take in strays."""
    cdef int64_t width_ns
    cdef uint64_t at
    bins_add(&t.bins, time_ns, count)
    t.bin_ends_ns = t.bin_begins_ns = 0
    if time_ns < t.bins.start_ns or t.bins.width_s > (<uint64_t>1 << 32):
        return
    width_ns = <int64_t>t.bins.width_s * 1000000000
    at = <uint64_t>(time_ns - t.bins.start_ns) // <uint64_t>width_ns
    if at < TIMELINE_BINS and t.bins.start_ns < INT64_MAX - (<int64_t>at + 1) * width_ns:
        t.bin = &t.bins.count[at]
        t.bin_begins_ns = t.bins.start_ns + <int64_t>at * width_ns
        t.bin_ends_ns = t.bin_begins_ns + width_ns


cdef bint name_link_type(Table *t, uint32_t number) noexcept nogil:
    """Count a link type that is not read under its number; False if too many were named."""
    cdef uint32_t i
    for i in range(t.link_types_named):
        if t.link_type[i] == number:
            t.link_type_count[i] += 1
            return True
    if t.link_types_named == LINK_TYPES_NAMED_MAX:
        return False
    t.link_type[t.link_types_named] = number
    t.link_type_count[t.link_types_named] = 1
    t.link_types_named += 1
    return True


cdef void add_packet(Table *t, Packet *p) noexcept nogil:
    """Count one packet, whatever it is, and let the sieves see it."""
    cdef uint32_t index
    cdef bint forward = True
    cdef int way
    cdef Flow *flow
    cdef uint64_t lines
    t.packets += 1
    t.nested += p.nested
    if not t.has_start:
        t.has_start = True
        t.bins.start_ns = p.time_ns
        t.bins.width_s = 1
    if p.ip_bytes:
        t.bytes_ += p.ip_bytes
        if p.time_ns >= t.bin_begins_ns and p.time_ns < t.bin_ends_ns:
            t.bin[0] += p.ip_bytes
        else:
            count_in_bin(t, p.time_ns, p.ip_bytes)
    if p.skip:
        if p.skip != SKIP_LINK_TYPE or not name_link_type(t, p.link_type):
            t.skipped[p.skip] += 1
        return
    index = find_flow(t, p, &forward)
    if index == NONE:
        index = open_flow(t, p)
    flow = &t.flows[index]
    way = 0 if forward else 1
    if flow.packets[way] < PACKETS_MAX:
        flow.packets[way] += 1
    flow.bytes_[way] += p.ip_bytes
    if p.time_ns < flow.first_ns:
        flow.first_ns = p.time_ns
    if p.time_ns > flow.last_ns:
        flow.last_ns = p.time_ns
    if t.store.bins != NULL and flow.slot != NONE and t.store.slots[flow.slot].bins != NONE:
        bins_add(&t.store.bins[t.store.slots[flow.slot].bins], p.time_ns, p.ip_bytes)
    if p.transport == TCP:
        if p.length or p.tcp_flags & 2:
            add_segment(t, index, forward, p)
        return
    lines = admitted(t.sieves, p)
    if not flow.has_port:
        lines &= ~t.sieves.with_port
    # A line that counts only after another is worth trying if something was kept, or one of those others is tried too.
    if lines and (flow.slot != NONE or lines & ~t.sieves.after_start):
        sift(t, index, forward, p, lines)


cdef void add_batch(Table *t, Packet *batch, int count) noexcept nogil:
    """Packets one after another, with their misses of the cache side by side."""
    cdef int i
    cdef uint32_t index
    for i in range(count):
        read_packet(&batch[i], t.seed)
        if not batch[i].skip:
            licet_prefetch(&t.buckets[batch[i].hash & t.bucket_mask])
    for i in range(count):
        if not batch[i].skip:
            index = t.buckets[batch[i].hash & t.bucket_mask] - 1
            if index != NONE:
                licet_prefetch(&t.flows[index])
                licet_prefetch(<uint8_t *>&t.flows[index] + 64)
    for i in range(count):
        add_packet(t, &batch[i])
