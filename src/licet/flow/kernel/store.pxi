# Where kept bytes live: slots (one a matched flow), runs (one a line and direction), messages in pieces, and streams.
# Everything is reserved once; pages cost nothing until they are used. What is full refuses, and that is counted.

cdef enum:

    PIECE_BYTES = 160
    STREAM_BYTES_MAX = 4096
    PIECES_MAX = 32
    TIMELINE_BINS = 64


cdef struct Bins:
    int64_t start_ns
    uint64_t width_s
    uint64_t count[TIMELINE_BINS]


cdef void bins_add(Bins *bins, int64_t time_ns, uint64_t count) noexcept nogil:
    """Add to the bin of a time; see licet/flow/timeline.py."""
    cdef int i
    cdef uint64_t at
    if time_ns < bins.start_ns:
        bins.count[0] += count
        return
    at = <uint64_t>(time_ns - bins.start_ns) // 1000000000
    at = at // bins.width_s
    while at >= TIMELINE_BINS and bins.width_s < (<uint64_t>1 << 40):
        for i in range(TIMELINE_BINS // 2):
            bins.count[i] = bins.count[2 * i] + bins.count[2 * i + 1]
        for i in range(TIMELINE_BINS // 2, TIMELINE_BINS):
            bins.count[i] = 0
        bins.width_s *= 2
        at //= 2
    bins.count[at if at < TIMELINE_BINS else TIMELINE_BINS - 1] += count


cdef struct Message:
    int64_t time_ns
    uint64_t packet
    uint32_t length
    uint32_t kept
    uint32_t first_piece
    uint32_t next_free


cdef struct Piece:
    uint32_t next
    uint8_t data[PIECE_BYTES]


cdef struct Run:
    uint64_t first_packet
    uint64_t same            # what must stay the same, of the messages that are held
    uint32_t next
    uint32_t count
    uint8_t line
    uint8_t forward
    uint8_t held
    uint32_t messages[QUOTA_MAX]


cdef struct Slot:
    uint32_t flow
    uint32_t first_run
    uint32_t last_run
    uint32_t previous        # in the order in which keeping began, while no candidate
    uint32_t next
    uint32_t started         # a bit an owner
    uint32_t candidates      # a bit an owner
    uint64_t opened          # two bits an owner: forward, backward
    uint64_t answered
    uint32_t bins            # of a candidate with a timeline, else NONE
    uint32_t changes         # how often something was kept, so that what was seen once need not be judged again
    uint8_t refused
    uint8_t is_ended         # live: the window's figures of this tunnel were taken
    uint32_t recent[2]       # the run that was found last, backward and forward: data of a direction falls into one


cdef struct StreamPiece:
    uint64_t packet
    int64_t time_ns
    uint32_t start
    uint32_t end


cdef struct Stream:
    uint32_t pieces_count
    uint32_t next_free
    uint32_t open_lines      # a bit a stream line that is not decided
    uint32_t matched_lines
    StreamPiece pieces[PIECES_MAX]
    uint8_t data[STREAM_BYTES_MAX]


cdef struct Store:
    Slot *slots
    Bins *bins               # of candidates; NULL where their timelines are not wanted
    Run *runs
    Message *messages
    Piece *pieces
    Stream *streams
    uint32_t slots_total, runs_total, messages_total, streams_total
    uint32_t slots_used, runs_used, messages_used, pieces_used, streams_used  # ever touched
    uint32_t free_slot, free_run, free_message, free_piece, free_stream
    uint32_t pieces_left
    uint32_t streams_left


cdef inline uint32_t pieces_for(uint32_t size) noexcept nogil:
    return 1 if size <= PIECE_BYTES else (size + PIECE_BYTES - 1) // PIECE_BYTES


cdef uint32_t take_slot(Store *s) noexcept nogil:
    cdef uint32_t index = s.free_slot
    if index != NONE:
        s.free_slot = s.slots[index].next
    else:
        index = s.slots_used
        s.slots_used += 1
    memset(&s.slots[index], 0, sizeof(Slot))
    s.slots[index].first_run = NONE
    s.slots[index].last_run = NONE
    s.slots[index].previous = NONE
    s.slots[index].next = NONE
    s.slots[index].bins = NONE
    s.slots[index].recent[0] = s.slots[index].recent[1] = NONE
    return index


cdef uint32_t take_run(Store *s) noexcept nogil:
    cdef uint32_t index = s.free_run
    if index != NONE:
        s.free_run = s.runs[index].next
    elif s.runs_used < s.runs_total:
        index = s.runs_used
        s.runs_used += 1
    return index


cdef uint32_t store_message(
    Store *s, const uint8_t *data, uint32_t size, int64_t time_ns, uint64_t packet, uint32_t length
) noexcept nogil:
    """Copy a message; the caller has seen that there is room."""
    cdef uint32_t index = s.free_message
    cdef uint32_t piece, step, previous = NONE
    cdef uint32_t wanted = pieces_for(size)
    cdef uint32_t i, done = 0
    if index != NONE:
        s.free_message = s.messages[index].next_free
    else:
        index = s.messages_used
        s.messages_used += 1
    s.messages[index].time_ns = time_ns
    s.messages[index].packet = packet
    s.messages[index].length = length
    s.messages[index].kept = size
    for i in range(wanted):
        piece = s.free_piece
        if piece != NONE:
            s.free_piece = s.pieces[piece].next
        else:
            piece = s.pieces_used
            s.pieces_used += 1
        step = size - done
        if step > PIECE_BYTES:
            step = PIECE_BYTES
        memcpy(s.pieces[piece].data, data + done, step)
        done += step
        s.pieces[piece].next = NONE
        if previous == NONE:
            s.messages[index].first_piece = piece
        else:
            s.pieces[previous].next = piece
        previous = piece
    s.pieces_left -= wanted
    return index


cdef void free_message(Store *s, uint32_t index) noexcept nogil:
    cdef uint32_t piece = s.messages[index].first_piece
    cdef uint32_t following
    while piece != NONE:
        following = s.pieces[piece].next
        s.pieces[piece].next = s.free_piece
        s.free_piece = piece
        s.pieces_left += 1
        piece = following
    s.messages[index].next_free = s.free_message
    s.free_message = index


cdef void free_slot(Store *s, uint32_t index) noexcept nogil:
    """Give back a slot with its runs and messages."""
    cdef uint32_t run = s.slots[index].first_run
    cdef uint32_t following, i
    while run != NONE:
        following = s.runs[run].next
        for i in range(s.runs[run].held):
            free_message(s, s.runs[run].messages[i])
        s.runs[run].next = s.free_run
        s.free_run = run
        run = following
    s.slots[index].next = s.free_slot
    s.free_slot = index


cdef uint32_t find_run(Store *s, uint32_t slot, uint32_t line, bint forward) noexcept nogil:
    cdef uint32_t run = s.slots[slot].recent[forward]
    if run != NONE and s.runs[run].line == line:
        return run
    run = s.slots[slot].first_run
    while run != NONE:
        if s.runs[run].line == line and s.runs[run].forward == forward:
            s.slots[slot].recent[forward] = run
            return run
        run = s.runs[run].next
    return NONE


cdef uint32_t open_run(Store *s, uint32_t slot, uint32_t line, bint forward, uint64_t packet) noexcept nogil:
    """A new run at the end of the slot's list; NONE if there is no room."""
    cdef uint32_t run = take_run(s)
    if run == NONE:
        return NONE
    s.runs[run].line = <uint8_t>line
    s.runs[run].forward = forward
    s.runs[run].count = 0
    s.runs[run].held = 0
    s.runs[run].first_packet = packet
    s.runs[run].next = NONE
    if s.slots[slot].last_run == NONE:
        s.slots[slot].first_run = run
    else:
        s.runs[s.slots[slot].last_run].next = run
    s.slots[slot].last_run = run
    s.slots[slot].recent[forward] = run
    return run


cdef uint32_t take_stream(Store *s) noexcept nogil:
    cdef uint32_t index
    if s.streams_left == 0:
        return NONE
    s.streams_left -= 1
    index = s.free_stream
    if index != NONE:
        s.free_stream = s.streams[index].next_free
    else:
        index = s.streams_used
        s.streams_used += 1
    s.streams[index].pieces_count = 0
    return index


cdef void free_stream(Store *s, uint32_t index) noexcept nogil:
    s.streams[index].next_free = s.free_stream
    s.free_stream = index
    s.streams_left += 1


cdef uint32_t stream_have(const Stream *stream) noexcept nogil:
    """How many bytes from the start have come without a gap."""
    cdef uint32_t i, have = 0
    for i in range(stream.pieces_count):
        if stream.pieces[i].start > have:
            break
        have = stream.pieces[i].end
    return have


cdef bint stream_note(Stream *stream, uint32_t index, uint32_t start, uint32_t end, uint64_t packet,
                      int64_t time_ns) noexcept nogil:
    cdef uint32_t i
    if stream.pieces_count < PIECES_MAX:
        i = stream.pieces_count
        while i > index:
            stream.pieces[i] = stream.pieces[i - 1]
            i -= 1
        stream.pieces[index].start = start
        stream.pieces[index].end = end
        stream.pieces[index].packet = packet
        stream.pieces[index].time_ns = time_ns
        stream.pieces_count += 1
        return True
    if index and stream.pieces[index - 1].end == start:
        stream.pieces[index - 1].end = end
        return True
    return False


cdef void stream_store(Stream *stream, uint32_t offset, const uint8_t *data, uint32_t size, uint64_t packet,
                       int64_t time_ns) noexcept nogil:
    """Keep those of the bytes that are new; see StreamHead._store in licet/flow/streams.py."""
    cdef uint32_t at = offset
    cdef uint32_t end = offset + size
    cdef uint32_t index = 0
    cdef uint32_t stop, following_end
    cdef bint is_last
    while at < end:
        while index < stream.pieces_count and stream.pieces[index].end <= at:
            index += 1
        is_last = index >= stream.pieces_count
        stop = end
        following_end = end
        if not is_last:
            if stream.pieces[index].start < end:
                stop = stream.pieces[index].start
            following_end = stream.pieces[index].end
        if at < stop:
            if not stream_note(stream, index, at, stop, packet, time_ns):
                return
            memcpy(stream.data + at, data + (at - offset), stop - at)
        if is_last:
            at = stop
        else:
            if following_end > end:
                following_end = end
            at = stop if stop > following_end else following_end
