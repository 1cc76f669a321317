# Endpoints that lines with `only_listed` are looked for at: a sorted array, searched once a flow, when it is opened.
# The same answers as licet/flow/listed.py.

# Addresses as two halves of a big-endian number; reach: the last address of this row and all before it.
cdef struct ListedRow:
    uint64_t first_high, first_low
    uint64_t last_high, last_low
    uint64_t reach_high, reach_low
    int32_t transport        # -1: any
    int32_t port             # -1: any


cdef inline bint at_most(uint64_t high, uint64_t low, uint64_t other_high, uint64_t other_low) noexcept nogil:
    return high < other_high or (high == other_high and low <= other_low)


cdef bint has_row(const ListedRow *rows, uint32_t count, const uint64_t *end, bint is6, int32_t transport,
                  int32_t port) noexcept nogil:
    """Whether a row holds this end: its address as the flow keeps it, in the order of the network."""
    cdef const uint8_t *address = <const uint8_t *>end
    cdef uint64_t high = 0
    cdef uint64_t low
    cdef uint32_t begin = 0
    cdef uint32_t behind = count
    cdef uint32_t middle
    if is6:
        high = (<uint64_t>be32(address) << 32) | be32(address + 4)
        low = (<uint64_t>be32(address + 8) << 32) | be32(address + 12)
    else:
        low = (<uint64_t>0xFFFF << 32) | be32(address)
    while begin < behind:
        middle = begin + (behind - begin) // 2
        if at_most(rows[middle].first_high, rows[middle].first_low, high, low):
            begin = middle + 1
        else:
            behind = middle
    while begin > 0 and at_most(high, low, rows[begin - 1].reach_high, rows[begin - 1].reach_low):
        begin -= 1
        if (at_most(high, low, rows[begin].last_high, rows[begin].last_low)
                and (rows[begin].transport < 0 or rows[begin].transport == transport)
                and (rows[begin].port < 0 or rows[begin].port == port)):
            return True
    return False
