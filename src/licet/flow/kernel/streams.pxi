# The first bytes of each direction of a TCP flow, in order, and the lines that match them: licet/flow/streams.py in C.


cdef void count_stream(Table *t, uint32_t index, uint32_t number, bint forward, uint64_t packet) noexcept nogil:
    """Note that a stream matched a line."""
    cdef Flow *flow = &t.flows[index]
    cdef const SieveLine *line = &t.sieves.lines[number]
    cdef uint32_t at
    if not port_fits(line, flow.source_port, flow.destination_port):
        return
    if flow.slot == NONE:
        begin_keeping(t, index)
    at = find_run(&t.store, flow.slot, number, forward)
    if at == NONE:
        at = open_run(&t.store, flow.slot, number, forward, packet)
        if at == NONE:
            t.evicted_messages += 1
            return
    t.store.runs[at].count += 1
    t.store.slots[flow.slot].changes += 1
    note(t, &t.store.slots[flow.slot], line, forward, t.store.runs[at].count)
    promote(t, index, line.is_data)


cdef uint32_t stream_limit(Table *t, const Stream *stream) noexcept nogil:
    """How many bytes are wanted: what the lines that matched keep, or what the undecided ones need."""
    cdef uint32_t i, limit = 0
    cdef const SieveLine *line
    for i in range(t.sieves.stream_lines_count):
        line = &t.sieves.lines[t.sieves.stream_lines[i]]
        if stream.matched_lines & (1 << i) and line.keep_bytes > limit:
            limit = line.keep_bytes
        if stream.open_lines & (1 << i) and line.needs_bytes > limit:
            limit = line.needs_bytes
    return limit


cdef void close_stream(Table *t, Flow *flow, int way, uint32_t have) noexcept nogil:
    """Keep no more: the prefix if a line matched, nothing if none did."""
    cdef uint32_t keep = 0
    cdef uint32_t i, count = 0
    cdef Stream *stream
    flow.heads[way] |= CLOSED
    if flow.stream[way] == NONE:
        return
    stream = &t.store.streams[flow.stream[way]]
    if stream.matched_lines:
        keep = stream_limit(t, stream)
        if have < keep:
            keep = have
    stream.open_lines = 0
    if keep == 0:
        free_stream(&t.store, flow.stream[way])
        flow.stream[way] = NONE
        return
    for i in range(stream.pieces_count):
        if stream.pieces[i].start < keep:
            stream.pieces[count] = stream.pieces[i]
            if stream.pieces[count].end > keep:
                stream.pieces[count].end = keep
            count += 1
    stream.pieces_count = count


cdef uint32_t test_stream(Table *t, uint32_t *open_lines, const uint8_t *data, uint32_t have) noexcept nogil:
    """Try the open lines for which enough bytes have come; returns those that matched now, a bit each."""
    cdef uint32_t i, found = 0
    cdef const SieveLine *line
    for i in range(t.sieves.stream_lines_count):
        if not open_lines[0] & (1 << i):
            continue
        line = &t.sieves.lines[t.sieves.stream_lines[i]]
        if have < line.needs_bytes:
            continue
        open_lines[0] &= ~(<uint32_t>1 << i)
        if line_matches(line, data, have, line.shortest):
            found |= 1 << i
    return found


cdef inline uint32_t stream_lines_of(Table *t, Flow *flow) noexcept nogil:
    """The lines that a TCP flow may be held against, a bit each."""
    if flow.is_listed:
        return (<uint32_t>1 << t.sieves.stream_lines_count) - 1
    return t.sieves.stream_lines_free


cdef Stream *begin_stream(Table *t, Flow *flow, int way) noexcept nogil:
    """Room for a direction's bytes, with every line open; NULL if there is none."""
    cdef Stream *stream
    flow.stream[way] = take_stream(&t.store)
    if flow.stream[way] == NONE:
        return NULL
    stream = &t.store.streams[flow.stream[way]]
    stream.open_lines = stream_lines_of(t, flow)
    stream.matched_lines = 0
    return stream


cdef uint32_t add_to_stream(Table *t, Flow *flow, int way, uint32_t sequence, Packet *p) noexcept nogil:
    """A segment's payload; returns the lines that matched now. See StreamHead.add in licet/flow/streams.py."""
    cdef const uint8_t *data = p.frame + p.at
    cdef int64_t size = <int64_t>p.end - <int64_t>p.at
    cdef int64_t length = p.length
    cdef int64_t offset = <uint32_t>(sequence - flow.start[way])
    cdef bint is_cut
    cdef uint32_t before = 0, have = 0, found = 0
    cdef uint32_t open_lines
    cdef Stream *stream
    if size < 0:
        size = 0
    if offset >= (<int64_t>1 << 31):
        offset -= <int64_t>1 << 32
    if offset < 0:
        length += offset
        if -offset < size:
            data += -offset
            size += offset
        else:
            size = 0
        offset = 0
    is_cut = size < length
    if offset + size > STREAM_BYTES_MAX:
        size = STREAM_BYTES_MAX - offset if offset < STREAM_BYTES_MAX else 0
    if flow.stream[way] == NONE and offset == 0 and not is_cut and size >= t.sieves.stream_needs_max \
            and t.store.streams_left:
        # The usual case: everything is decided by one segment, and nothing need be copied for a no.
        open_lines = stream_lines_of(t, flow)
        found = test_stream(t, &open_lines, data, <uint32_t>size)
        if not found:
            flow.heads[way] |= CLOSED
            return 0
        stream = begin_stream(t, flow, way)
        stream.open_lines = 0
        stream.matched_lines = found
        stream_store(stream, 0, data, <uint32_t>size, p.ordinal, p.time_ns)
        if size >= stream_limit(t, stream):
            close_stream(t, flow, way, <uint32_t>size)
        return found
    if flow.stream[way] != NONE:
        before = stream_have(&t.store.streams[flow.stream[way]])
    have = before
    if size > 0 and offset + size > before:
        if flow.stream[way] == NONE:
            if begin_stream(t, flow, way) == NULL:
                flow.heads[way] |= CLOSED
                t.evicted_streams += 1
                return 0
        stream = &t.store.streams[flow.stream[way]]
        stream_store(stream, <uint32_t>offset, data, <uint32_t>size, p.ordinal, p.time_ns)
        have = stream_have(stream)
    if have > before:
        stream = &t.store.streams[flow.stream[way]]
        found = test_stream(t, &stream.open_lines, stream.data, have)
        stream.matched_lines |= found
        if have >= stream_limit(t, stream):
            close_stream(t, flow, way, have)
    if is_cut and not flow.heads[way] & CLOSED and <int64_t>have <= offset + size:
        close_stream(t, flow, way, have)
    return found


cdef void add_segment(Table *t, uint32_t index, bint forward, Packet *p) noexcept nogil:
    cdef Flow *flow = &t.flows[index]
    cdef int way = 0 if forward else 1
    cdef bint syn = (p.tcp_flags & 2) != 0
    cdef uint32_t sequence = p.sequence
    cdef uint32_t found, i
    cdef int side
    if flow.has_heads and syn and not was_promoted(t, flow) and flow.heads[way] & STARTED \
            and flow.start[way] != <uint32_t>(sequence + 1):
        drop_heads(t, flow)
        flow.has_heads = 0
    if not flow.has_heads:
        flow.has_heads = 1
        flow.syn_forward = -1
        for side in range(2):
            flow.heads[side] = 0 if stream_lines_of(t, flow) else CLOSED
            flow.stream[side] = NONE
    if syn and not p.tcp_flags & 16:
        flow.syn_forward = forward
    if not flow.heads[way] & STARTED:
        flow.heads[way] |= STARTED | (FROM_SYN if syn else 0)
        flow.start[way] = sequence + syn
    if p.length == 0 or flow.heads[way] & CLOSED:
        return
    if syn:
        sequence += 1
    found = add_to_stream(t, flow, way, sequence, p)
    for i in range(t.sieves.stream_lines_count):
        if found & (1 << i):
            count_stream(t, index, t.sieves.stream_lines[i], forward, p.ordinal)
