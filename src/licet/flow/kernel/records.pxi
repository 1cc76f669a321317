# The record walk of pcap and pcapng, over a buffer that is filled in large blocks: the same packets and the same
# complaints as licet/flow/records.py.

cdef enum:
    READ_BYTES = 1 << 20
    PACKET_BYTES_MAX = 1 << 20
    BLOCK_BYTES_MAX = 1 << 26
    INTERFACES_MAX = 4096
    BATCH = 64

    # What the walk waits for.
    AT_MAGIC = 0
    AT_PCAP_HEADER = 1
    AT_PCAP_RECORD = 2
    AT_BLOCK = 3
    AT_SKIP = 4        # inside a block that is stepped over
    AT_BLOCK_END = 5   # at its second length
    AT_DAMAGE = 6

    # licet/flow/damage.py
    DAMAGE_EMPTY = 1
    DAMAGE_NO_CAPTURE = 2
    DAMAGE_FILE_HEADER_CUT = 3
    DAMAGE_PACKET_HEADER_CUT = 4
    DAMAGE_PACKET_CUT = 5
    DAMAGE_PACKET_TOO_LONG = 6
    DAMAGE_BLOCK_CUT = 7
    DAMAGE_NO_BYTE_ORDER = 8
    DAMAGE_BLOCK_LENGTH = 9
    DAMAGE_BLOCK_TOO_LONG = 10
    DAMAGE_TWO_LENGTHS = 11
    DAMAGE_PACKET_BLOCK_SHORT = 12
    DAMAGE_PACKET_OVER_BLOCK = 13
    DAMAGE_NO_INTERFACE = 14
    DAMAGE_INTERFACE_SHORT = 15
    DAMAGE_INTERFACES_TOO_MANY = 16


cdef struct Interface:
    uint32_t link_type
    uint32_t snap_bytes
    uint64_t ticks_per_s
    int power_of_two
    int64_t offset_s


cdef struct Walk:
    int state
    bint big               # the file's, or the section's, byte order
    uint32_t header_bytes  # of a pcap record
    uint32_t tick_ns
    uint32_t link_type
    uint64_t ordinal
    int64_t after          # the packet before this block, -1 for the file header
    uint64_t skip_bytes
    uint32_t block_total
    uint32_t interfaces_count
    Interface *interfaces
    int64_t since_ns
    int64_t until_ns
    int damage
    int64_t damage_packet
    uint64_t damage_number


cdef inline uint32_t le32(const uint8_t *p) noexcept nogil:
    return p[0] | (<uint32_t>p[1] << 8) | (<uint32_t>p[2] << 16) | (<uint32_t>p[3] << 24)


cdef inline uint32_t word(Walk *w, const uint8_t *p) noexcept nogil:
    return be32(p) if w.big else le32(p)


cdef inline uint32_t half(Walk *w, const uint8_t *p) noexcept nogil:
    return be16(p) if w.big else (p[0] | (<uint32_t>p[1] << 8))


cdef void stop(Walk *w, int damage, int64_t packet, uint64_t number) noexcept nogil:
    w.state = AT_DAMAGE
    w.damage = damage
    w.damage_packet = packet
    w.damage_number = number


cdef void begin_pcap(Walk *w, uint32_t magic) noexcept nogil:
    """The six magics of pcap, as they read in big-endian order."""
    w.state = AT_PCAP_HEADER
    w.header_bytes = 16
    w.tick_ns = 1000
    if magic == 0xA1B2C3D4U or magic == 0xA1B23C4DU or magic == 0xA1B2CD34U:
        w.big = True
    elif magic == 0xD4C3B2A1U or magic == 0x4D3CB2A1 or magic == 0x34CDB2A1:
        w.big = False
    else:
        stop(w, DAMAGE_NO_CAPTURE, 0, 0)
        return
    if magic == 0xA1B23C4DU or magic == 0x4D3CB2A1:
        w.tick_ns = 1
    elif magic == 0xA1B2CD34U or magic == 0x34CDB2A1:
        w.header_bytes = 24


cdef inline bint is_wanted(Walk *w, int64_t time_ns) noexcept nogil:
    return time_ns >= w.since_ns and time_ns < w.until_ns


cdef void read_interface(Walk *w, const uint8_t *body, uint32_t size) noexcept nogil:
    cdef Interface *found
    cdef uint32_t at = 8
    cdef uint32_t code, value_bytes, exponent, i
    if size < 8:
        stop(w, DAMAGE_INTERFACE_SHORT, w.after, 0)
        return
    if w.interfaces_count >= INTERFACES_MAX:
        stop(w, DAMAGE_INTERFACES_TOO_MANY, 0, INTERFACES_MAX)
        return
    found = &w.interfaces[w.interfaces_count]
    w.interfaces_count += 1
    found.link_type = half(w, body)
    found.snap_bytes = word(w, body + 4)
    found.ticks_per_s = 1000000
    found.power_of_two = -1
    found.offset_s = 0
    while at + 4 <= size:
        code = half(w, body + at)
        value_bytes = half(w, body + at + 2)
        if code == 0:
            return
        if code == 9 and value_bytes == 1 and at + 5 <= size:
            exponent = body[at + 4] & 0x7F
            if body[at + 4] & 0x80:
                found.power_of_two = <int>exponent
            elif exponent <= 18:
                found.power_of_two = -1
                found.ticks_per_s = 1
                for i in range(exponent):
                    found.ticks_per_s *= 10
        elif code == 14 and value_bytes == 8 and at + 12 <= size:
            if w.big:
                found.offset_s = <int64_t>((<uint64_t>be32(body + at + 4) << 32) | be32(body + at + 8))
            else:
                found.offset_s = <int64_t>(word(w, body + at + 4) | (<uint64_t>word(w, body + at + 8) << 32))
        at += 4 + (value_bytes + 3) // 4 * 4


cdef int read_packet_block(Walk *w, uint32_t kind, const uint8_t *body, uint32_t size, Packet *p) noexcept nogil:
    """Fill in a packet from an enhanced, simple or obsolete block; 0 if that broke the format."""
    cdef uint32_t number, captured
    cdef uint64_t ticks
    cdef Interface *interface
    w.ordinal += 1
    number = 0
    if kind != 3:
        if size < 20:
            stop(w, DAMAGE_PACKET_BLOCK_SHORT, <int64_t>w.ordinal, 0)
            return 0
        number = half(w, body) if kind == 2 else word(w, body)
    elif size < 4:
        stop(w, DAMAGE_PACKET_BLOCK_SHORT, <int64_t>w.ordinal, 0)
        return 0
    if number >= w.interfaces_count:
        stop(w, DAMAGE_NO_INTERFACE, <int64_t>w.ordinal, number)
        return 0
    interface = &w.interfaces[number]
    if kind == 3:
        captured = word(w, body)
        if captured > (interface.snap_bytes if interface.snap_bytes else PACKET_BYTES_MAX):
            captured = interface.snap_bytes if interface.snap_bytes else PACKET_BYTES_MAX
        if captured > size - 4:
            captured = size - 4
        p.frame = body + 4
        p.time_ns = 0
    else:
        ticks = (<uint64_t>word(w, body + 4) << 32) | word(w, body + 8)
        captured = word(w, body + 12)
        if captured > size - 20:
            stop(w, DAMAGE_PACKET_OVER_BLOCK, <int64_t>w.ordinal, captured)
            return 0
        p.frame = body + 20
        p.time_ns = licet_ticks_to_ns(ticks, interface.ticks_per_s, interface.power_of_two, interface.offset_s)
    p.captured = captured
    p.link_type = interface.link_type
    p.ordinal = w.ordinal
    return 1


cdef uint32_t walk_section(Walk *w, const uint8_t *at, uint32_t have) noexcept nogil:
    """A section header: byte order, length, and a clean list of interfaces. Returns the bytes consumed, 0 to wait."""
    cdef uint32_t total
    if have < 12:
        return 0
    if be32(at + 8) == 0x1A2B3C4D:
        w.big = True
    elif be32(at + 8) == 0x4D3C2B1A:
        w.big = False
    else:
        stop(w, DAMAGE_NO_BYTE_ORDER, w.after, 0)
        return 0
    total = word(w, at + 4)
    if total < 28 or total % 4 or total > BLOCK_BYTES_MAX:
        stop(w, DAMAGE_BLOCK_LENGTH, w.after, total)
        return 0
    w.interfaces_count = 0
    w.block_total = total
    w.skip_bytes = total - 16
    w.state = AT_SKIP
    return 12


cdef uint32_t walk_block(Walk *w, const uint8_t *at, uint32_t have, Packet *p, int *packets) noexcept nogil:
    """One pcapng block. Returns the bytes consumed, 0 to wait for more or where reading stopped."""
    cdef uint32_t kind, total
    if have < 4:
        return 0
    w.after = <int64_t>w.ordinal
    kind = word(w, at)
    if kind == 0x0A0D0D0A:
        return walk_section(w, at, have)
    if have < 8:
        return 0
    total = word(w, at + 4)
    if total < 12 or total % 4 or total > BLOCK_BYTES_MAX:
        stop(w, DAMAGE_BLOCK_LENGTH, w.after, total)
        return 0
    if kind != 1 and kind != 2 and kind != 3 and kind != 6:
        w.block_total = total
        w.skip_bytes = total - 12
        w.state = AT_SKIP
        return 8
    if total > PACKET_BYTES_MAX:
        stop(w, DAMAGE_BLOCK_TOO_LONG, w.after, total)
        return 0
    if have < total:
        return 0
    if word(w, at + total - 4) != total:
        stop(w, DAMAGE_TWO_LENGTHS, w.after, 0)
        return 0
    if kind == 1:
        read_interface(w, at + 8, total - 12)
    else:
        packets[0] = read_packet_block(w, kind, at + 8, total - 12, p)
    return 0 if w.state == AT_DAMAGE else total


cdef int walk_records(Walk *w, const uint8_t *at, uint32_t have, Packet *batch, int *outside,
                      uint32_t *walked) noexcept nogil:
    """pcap records into a batch; what the walk knows stays in registers.

    Returns how many packets there are, BATCH unless the buffer or the reading ends here; outside: those that the times
    wanted leave out; walked: bytes consumed.
    """
    cdef uint32_t header_bytes = w.header_bytes
    cdef uint32_t tick_ns = w.tick_ns
    cdef uint32_t link_type = w.link_type
    cdef uint32_t begin = 0
    cdef uint32_t captured, seconds, ticks
    cdef uint64_t ordinal = w.ordinal
    cdef int64_t since_ns = w.since_ns
    cdef int64_t until_ns = w.until_ns
    cdef bint big = w.big
    cdef Packet *p = batch
    cdef Packet *full = batch + BATCH
    cdef const uint8_t *record
    while p < full and have - begin >= header_bytes:
        record = at + begin
        seconds, ticks, captured = le32(record), le32(record + 4), le32(record + 8)
        if big:
            seconds, ticks, captured = be32(record), be32(record + 4), be32(record + 8)
        if captured > PACKET_BYTES_MAX:
            stop(w, DAMAGE_PACKET_TOO_LONG, <int64_t>ordinal + 1, captured)
            break
        if have - begin - header_bytes < captured:
            break
        ordinal += 1
        begin += header_bytes + captured
        p.time_ns = <int64_t>seconds * 1000000000 + <int64_t>ticks * tick_ns
        p.frame = record + header_bytes
        p.captured = captured
        p.link_type = link_type
        p.ordinal = ordinal
        licet_prefetch(p.frame)
        licet_prefetch(p.frame + 64)
        if p.time_ns >= since_ns and p.time_ns < until_ns:
            p += 1
        else:
            outside[0] += 1
    w.ordinal = ordinal
    walked[0] = begin
    return <int>(p - batch)


cdef uint32_t walk_step(Walk *w, const uint8_t *at, uint32_t have, Packet *p, int *packets) noexcept nogil:
    """Take one step, of all but the records of pcap; returns the bytes consumed, 0 if more are needed (or reading
    stopped)."""
    cdef uint32_t step
    packets[0] = 0
    if w.state == AT_BLOCK:
        return walk_block(w, at, have, p, packets)
    if w.state == AT_SKIP:
        step = have if have < w.skip_bytes else <uint32_t>w.skip_bytes
        w.skip_bytes -= step
        if w.skip_bytes == 0:
            w.state = AT_BLOCK_END
            if step == 0:
                return walk_step(w, at, have, p, packets)
        return step
    if w.state == AT_BLOCK_END:
        if have < 4:
            return 0
        if word(w, at) != w.block_total:
            stop(w, DAMAGE_TWO_LENGTHS, w.after, 0)
            return 0
        w.state = AT_BLOCK
        return 4
    if w.state == AT_PCAP_HEADER:
        if have < 20:
            return 0
        w.link_type = word(w, at + 16) & 0xFFFF
        w.state = AT_PCAP_RECORD
        return 20
    if w.state == AT_MAGIC:
        if have < 4:
            return 0
        if be32(at) == 0x0A0D0D0A:
            w.after = -1
            step = walk_section(w, at, have)
            return step
        begin_pcap(w, be32(at))
        return 0 if w.state == AT_DAMAGE else 4
    return 0


cdef void walk_end(Walk *w, uint32_t left) noexcept nogil:
    """The file has ended with `left` bytes that no step took: say what they were part of."""
    if w.state == AT_DAMAGE:
        return
    if w.state == AT_MAGIC:
        if left == 0:
            stop(w, DAMAGE_EMPTY, 0, 0)
        elif left < 4:
            stop(w, DAMAGE_NO_CAPTURE, 0, 0)
        else:
            stop(w, DAMAGE_BLOCK_CUT, -1, 0)
    elif w.state == AT_PCAP_HEADER:
        stop(w, DAMAGE_FILE_HEADER_CUT, 0, 0)
    elif w.state == AT_PCAP_RECORD:
        if left >= w.header_bytes:
            stop(w, DAMAGE_PACKET_CUT, <int64_t>w.ordinal + 1, 0)
        elif left:
            stop(w, DAMAGE_PACKET_HEADER_CUT, <int64_t>w.ordinal + 1, 0)
    elif w.state == AT_BLOCK:
        if left:
            stop(w, DAMAGE_BLOCK_CUT, <int64_t>w.ordinal, 0)
    else:
        stop(w, DAMAGE_BLOCK_CUT, w.after, 0)
