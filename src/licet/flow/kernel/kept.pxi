# Which messages of a flow are kept, and when they make it a candidate: licet/flow/kept.py in C.


cdef inline uint64_t same_of(const SieveLine *line, const uint8_t *payload) noexcept nogil:
    """The bytes of a message that must stay the same, as a number; 0 where the line has none."""
    cdef uint64_t value = 0
    cdef uint32_t i
    for i in range(line.same_size):
        value = (value << 8) | payload[line.same_offset + i]
    return value


cdef void keep_message(Table *t, uint32_t index, uint32_t number, bint forward, Packet *p, uint32_t size) noexcept nogil:
    cdef Store *s = &t.store
    cdef const SieveLine *line = &t.sieves.lines[number]
    cdef const uint8_t *payload = p.frame + p.at
    cdef Flow *flow = &t.flows[index]
    cdef Slot *slot
    cdef Run *run
    cdef uint32_t at, i
    cdef uint64_t same = same_of(line, payload)
    cdef bint is_answered
    if s.pieces_left < pieces_for(size) + (t.messages_max // 2 if line.is_data else 0):
        t.evicted_messages += 1
        return
    if flow.slot == NONE:
        begin_keeping(t, index)
    slot = &s.slots[flow.slot]
    at = find_run(s, flow.slot, number, forward)
    if at == NONE:
        at = open_run(s, flow.slot, number, forward, p.ordinal)
        if at == NONE:
            t.evicted_messages += 1
            return
    run = &s.runs[at]
    is_answered = (slot.answered & (<uint64_t>1 << (2 * line.owner + (1 if forward else 0)))) != 0
    if run.held and run.same != same:
        if is_answered or (line.enough and run.count >= line.enough):
            return
        for i in range(run.held):
            free_message(s, run.messages[i])
        run.held = 0
        run.count = 0
    run.count += 1
    if run.held < line.quota or (line.opening and not is_answered):
        slot.changes += 1
    run.same = same
    if run.held < line.quota:
        run.messages[run.held] = store_message(s, payload, size, p.time_ns, p.ordinal, p.length)
        run.held += 1
    elif line.opening and not is_answered:
        free_message(s, run.messages[0])
        for i in range(1, run.held):
            run.messages[i - 1] = run.messages[i]
        run.messages[run.held - 1] = store_message(s, payload, size, p.time_ns, p.ordinal, p.length)
    note(t, slot, line, forward, run.count)
    promote(t, index, line.is_data)


cdef bint passes_trial(Flow *flow, const SieveLine *line, uint32_t number, bint forward,
                       const uint8_t *payload) noexcept nogil:
    """True if the last data message of this direction was of this line too, with the same bytes."""
    cdef int way = 0 if forward else 1
    cdef uint32_t value = <uint32_t>same_of(line, payload)
    cdef uint32_t count = 0
    cdef bint passes
    cdef const uint8_t *counter
    passes = flow.heads[way] == number and flow.start[way] == value
    if line.counts:
        counter = payload + line.counter_offset
        count = be32(counter)
        if line.counter_little:
            count = counter[0] | (<uint32_t>counter[1] << 8) | (<uint32_t>counter[2] << 16) | (<uint32_t>counter[3] << 24)
        passes = passes and <uint32_t>(count - flow.stream[way] - 1) < RISE_MAX
        flow.stream[way] = count
    flow.heads[way] = <uint8_t>number
    flow.start[way] = value
    return passes


cdef void sift(Table *t, uint32_t index, bint forward, Packet *p, uint64_t lines) noexcept nogil:
    """Hold a payload against these lines, in their order."""
    cdef Sieves *sieves = t.sieves
    cdef Flow *flow = &t.flows[index]
    cdef int64_t available = <int64_t>p.end - <int64_t>p.at
    cdef const SieveLine *line
    cdef const uint8_t *payload = p.frame + p.at
    cdef uint32_t number, size
    while lines:
        number = licet_lowest_bit(lines)
        lines &= lines - 1
        line = &sieves.lines[number]
        if line.only_listed and not flow.is_listed:
            continue
        if not port_fits(line, flow.source_port, flow.destination_port):
            continue
        if not line_matches(line, payload, available, p.length):
            continue
        if line.after_start and (
            flow.slot == NONE or not t.store.slots[flow.slot].started & (<uint32_t>1 << line.owner)
        ):
            continue
        if line.on_trial and flow.slot == NONE and not passes_trial(flow, line, number, forward, payload):
            continue
        size = 0
        if available > 0:
            size = <uint32_t>available if available < line.keep_bytes else line.keep_bytes
        keep_message(t, index, number, forward, p, size)
