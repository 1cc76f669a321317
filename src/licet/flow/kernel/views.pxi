# What Python sees of a candidate. Its messages and streams are made only when a recogniser asks for them: of twenty that
# were kept it needs three as a rule, and making them would cost as much as recognising does.

# Made from a tuple without a step through Python: a large capture has hundreds of thousands.
_make_flow = partial(tuple.__new__, FlowView)
_make_message = partial(tuple.__new__, MessageView)
_by_packet = itemgetter(2)


cdef class KernelKept:
    """licet.model.flow.Kept of one flow and recogniser. Once more packets came, it says that it is too late."""

    cdef Kernel _kernel
    cdef uint64_t _moment
    cdef Flow *_flow
    cdef int _owner

    cdef Store *_store(self) except NULL:
        if self._kernel is None or self._moment != self._kernel._moment:
            raise ValueError("the flow has gone on since: what was kept is read while the flow is recognised")
        return &self._kernel._table.store

    def messages(self, *lines):
        """By packet; those of `lines`, of all where none is named. One that two lines kept comes twice."""
        cdef Store *s = self._store()
        cdef Run *run
        cdef uint32_t at = s.slots[self._flow.slot].first_run
        cdef uint32_t i
        cdef int runs = 0
        cdef bint is_any = not lines
        found = []
        while at != NONE:
            run = &s.runs[at]
            at = run.next
            if self._kernel._sieves.lines[run.line].owner != self._owner or not run.held:
                continue
            key = <tuple>self._kernel._keys[2 * run.line + run.forward]
            if not is_any and key[0] not in lines:
                continue
            runs += 1
            for i in range(run.held):
                found.append(_message(s, &s.messages[run.messages[i]], key))
        if runs > 1:
            found.sort(key=_by_packet)
        return found

    def first_match(self, str line, bint forward):
        """The packet of the first match, None where there was none."""
        cdef Run *run = self._run_of(line, forward)
        return None if run == NULL else run.first_packet

    def matches(self, str line, bint forward):
        """How often the line matched in this direction: of the last run, where bytes must stay the same."""
        cdef Run *run = self._run_of(line, forward)
        return 0 if run == NULL else run.count

    cdef Run *_run_of(self, str line, bint forward) except? NULL:
        cdef Store *s = self._store()
        cdef Run *run
        cdef uint32_t at = s.slots[self._flow.slot].first_run
        while at != NONE:
            run = &s.runs[at]
            at = run.next
            if run.forward == forward and self._kernel._sieves.lines[run.line].owner == self._owner \
                    and (<tuple>self._kernel._keys[2 * run.line])[0] == line:
                return run
        return NULL

    def streams(self):
        """The directions of a TCP flow in which one of the recogniser's lines matched."""
        cdef Store *s = self._store()
        cdef Table *t = &self._kernel._table
        cdef Flow *flow = self._flow
        cdef int way
        cdef uint32_t i, have, limit
        cdef Stream *stream
        if flow.transport != TCP or not flow.has_heads:
            return ()
        found = []
        for way in range(2):
            if flow.stream[way] == NONE or not is_stream_of(t, &s.streams[flow.stream[way]], self._owner):
                continue
            stream = &s.streams[flow.stream[way]]
            have = stream_have(stream)
            limit = stream_limit(t, stream)
            if have > limit:
                have = limit
            marks = tuple([(stream.pieces[i].start, stream.pieces[i].packet, stream.pieces[i].time_ns)
                           for i in range(stream.pieces_count) if stream.pieces[i].start < have])
            found.append(StreamView(way == 0, (<char *>stream.data)[:have], flow.heads[way] & FROM_SYN != 0, marks))
        return tuple(found)


cdef bint is_stream_of(Table *t, const Stream *stream, int owner) noexcept nogil:
    """Whether a line of this recogniser matched in the stream."""
    cdef uint32_t i
    for i in range(t.sieves.stream_lines_count):
        if stream.matched_lines & (1 << i) and t.sieves.lines[t.sieves.stream_lines[i]].owner == owner:
            return True
    return False


cdef object _message(Store *s, Message *m, tuple key):
    cdef uint32_t piece = m.first_piece
    cdef uint32_t left = m.kept
    data = (<char *>s.pieces[piece].data)[:min(left, PIECE_BYTES)]
    while left > PIECE_BYTES:
        left -= PIECE_BYTES
        piece = s.pieces[piece].next
        data += (<char *>s.pieces[piece].data)[:min(left, PIECE_BYTES)]
    return _make_message((key[0], key[1], m.packet, m.time_ns, m.length, data))


cdef object _timeline(Bins *bins):
    cdef int i
    return Timeline(bins.start_ns, bins.width_s, tuple([bins.count[i] for i in range(TIMELINE_BINS)]))
