# The walk of a TPACKET_V3 ring (Linux, linux/if_packet.h): blocks that the system fills with frames, each behind a header
# of its own. The same frames as licet/flow/ring.py reads. The system writes these bytes, but every offset is checked.

cdef enum:
    RING_BLOCK_BYTES_MIN = 48
    RING_STATUS_AT = 8         # of struct tpacket_block_desc: version 4, offset_to_priv 4, then tpacket_hdr_v1
    RING_FRAMES_AT = 12        # num_pkts
    RING_FIRST_AT = 16         # offset_to_first_pkt
    FRAME_HEADER_BYTES = 48    # struct tpacket3_hdr, aligned; struct sockaddr_ll stands behind it
    LINK_ADDRESS_BYTES = 20
    VLAN_VALID = 16            # TP_STATUS_VLAN_VALID
    EMPTY_FROM = 1 << 24       # packets of a direction; far below PACKETS_MAX, where counting stops


cdef struct Ring:
    uint64_t ordinal
    uint64_t tagged            # frames whose VLAN tag the system had taken off
    uint64_t cut
    uint64_t damaged


cdef inline uint32_t host32(const uint8_t *p) noexcept nogil:
    return licet_load32(p)


cdef inline uint32_t host16(const uint8_t *p) noexcept nogil:
    cdef uint16_t value
    memcpy(&value, p, 2)
    return value


cdef int read_ring_frame(Ring *r, const uint8_t *frame, uint32_t left, uint32_t link_type, int64_t since_ns,
                         Packet *p) noexcept nogil:
    """Fill in a packet from the header at `frame`; 1 if it is one, 0 if it came too early, -1 if it is damaged.

    Once one has not, the next ones have not either: frames are in their order, whatever becomes of the clock.
    """
    cdef uint32_t captured = host32(frame + 12)
    cdef uint32_t at = host16(frame + 24)
    if at < FRAME_HEADER_BYTES or at > left or captured > left - at:
        return -1
    p.time_ns = <int64_t>host32(frame + 4) * 1000000000 + <int64_t>host32(frame + 8)
    if p.time_ns < since_ns and r.ordinal == 0:
        return 0
    r.ordinal += 1
    r.tagged += (host32(frame + 20) & VLAN_VALID) != 0
    r.cut += captured < host32(frame + 16)
    p.frame = frame + at
    p.captured = captured
    p.link_type = link_type
    p.ordinal = r.ordinal
    return 1


cdef void walk_ring_block(Ring *r, Table *t, const uint8_t *block, uint32_t size, uint32_t link_type,
                          int64_t since_ns) noexcept nogil:
    """All frames of a block, in batches."""
    cdef Packet batch[BATCH]
    cdef int count = 0
    cdef int found
    cdef uint32_t frames = host32(block + RING_FRAMES_AT)
    cdef uint32_t at = host32(block + RING_FIRST_AT)
    cdef uint32_t i, step
    for i in range(frames):
        if at > size or size - at < FRAME_HEADER_BYTES + LINK_ADDRESS_BYTES:
            r.damaged += 1
            break
        found = read_ring_frame(r, block + at, size - at, link_type, since_ns, &batch[count])
        if found < 0:
            r.damaged += 1
            break
        count += found
        if count == BATCH:
            add_batch(t, batch, count)
            count = 0
        step = host32(block + at)  # tp_next_offset, 0 behind the last frame
        if i + 1 < frames and (step == 0 or step > size - at):
            r.damaged += 1
            break
        at += step
    if count:
        add_batch(t, batch, count)


cdef inline uint64_t packets_of(const Flow *flow, const Mark *mark) noexcept nogil:
    """All packets of a flow of live traffic."""
    return mark.before[0] + mark.before[1] + flow.packets[0] + flow.packets[1]


cdef void end_window(Flow *flow, Mark *mark) noexcept nogil:
    """Count from here on. The counters of a flow that goes on for months are emptied now and then, lest they stop."""
    cdef int way
    mark.packets = packets_of(flow, mark)
    mark.bytes_ = flow.bytes_[0] + flow.bytes_[1]
    for way in range(2):
        if flow.packets[way] >= EMPTY_FROM:
            mark.before[way] += flow.packets[way]
            flow.packets[way] = 0


cdef uint64_t count_uncounted(const Flow *flow, const Mark *mark, uint64_t *sums) noexcept nogil:
    """Add what came of a flow since the last window's end to its transport's sums; returns how many packets."""
    cdef uint64_t packets = packets_of(flow, mark) - mark.packets
    if packets:
        sums[3 * flow.transport] += 1
        sums[3 * flow.transport + 1] += packets
        sums[3 * flow.transport + 2] += flow.bytes_[0] + flow.bytes_[1] - mark.bytes_
    return packets


cdef uint64_t pair_number(Table *t, const Flow *flow) noexcept nogil:
    """A number for the pair of addresses, the same for both directions, under a seed that nobody outside knows."""
    cdef uint64_t one = licet_mix(flow.ends[0] ^ t.seed, flow.ends[1] + 0x9E3779B97F4A7C15ULL)
    cdef uint64_t other = licet_mix(flow.ends[2] ^ t.seed, flow.ends[3] + 0x9E3779B97F4A7C15ULL)
    return licet_mix(one + other, t.seed | 1)


cdef int served_end(const Flow *flow, const ListedRow *rows, uint32_t count) noexcept nogil:
    """Which end served, if it is one of these addresses: 1 the first packet's receiver, 0 its sender, -1 neither.

    The end that did not open serves. Where the opening was not seen, the sender of the first packet seen does if its
    port is the lower one: counted rather than not, for what an address serves beside a tunnel only ever protects it.
    """
    cdef int opener = 0
    cdef int end
    if flow.transport == TCP and flow.has_heads and flow.syn_forward >= 0:
        opener = 0 if flow.syn_forward == 1 else 1
        end = 1 - opener
        return end if has_row(rows, count, &flow.ends[2 * end], flow.is6, -1, -1) else -1
    if has_row(rows, count, &flow.ends[2], flow.is6, -1, -1):
        return 1
    if flow.source_port < flow.destination_port and has_row(rows, count, &flow.ends[0], flow.is6, -1, -1):
        return 0
    return -1
