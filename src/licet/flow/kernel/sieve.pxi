# Sieve lines as flat arrays, and the walk past them. A line is data from licet/model/sieve.py; what it means is known
# only to the recogniser that it came from.

cdef enum:
    TESTS_MAX = 6
    TEST_BYTES_MAX = 16
    LINES_MAX = 64
    OWNERS_MAX = 32
    QUOTA_MAX = 8
    ROWS = 257


cdef struct ByteTest:
    uint16_t offset
    uint8_t size
    uint8_t equal
    uint8_t mask[TEST_BYTES_MAX]
    uint8_t value[TEST_BYTES_MAX]


cdef struct SieveLine:
    uint8_t owner
    uint8_t opening
    uint8_t answer
    uint8_t after_start
    uint8_t is_data
    uint8_t counts           # has a counter, at counter_offset
    uint8_t counter_little
    uint16_t counter_offset
    uint8_t on_trial         # kept from its second message on
    uint8_t quota
    uint8_t tests_count
    uint8_t only_listed
    uint8_t same_size        # 0: no bytes that must stay the same
    uint8_t field_size       # 0: no length field
    uint16_t same_offset
    uint16_t field_offset
    uint32_t field_less
    uint32_t shortest
    uint32_t longest
    uint32_t enough
    uint32_t keep_bytes
    uint32_t needs_bytes
    int32_t port             # -1: any
    ByteTest tests[TESTS_MAX]


cdef struct Sieves:
    uint32_t count
    SieveLine lines[LINES_MAX]
    # Sets of lines, a bit each: those that a payload's first byte admits, and those that another byte does, at the offset
    # where most lines look. The last row of each is for a payload that does not reach so far.
    uint64_t first[TRANSPORTS][ROWS]
    uint64_t second[TRANSPORTS][ROWS]
    uint32_t second_offset[TRANSPORTS]
    uint64_t after_start     # the lines that count only after another of their recogniser
    uint64_t with_port       # the lines that ask for a port
    uint16_t ports[LINES_MAX]
    uint32_t ports_count
    uint32_t stream_lines[LINES_MAX]
    uint32_t stream_lines_count
    uint32_t stream_needs_max
    uint32_t stream_lines_free  # a bit a stream line that may be looked for everywhere
    bint has_only_listed


cdef bint test_holds(const ByteTest *test, const uint8_t *payload) noexcept nogil:
    cdef uint32_t i
    cdef const uint8_t *bytes_ = payload + test.offset
    for i in range(test.size):
        if (bytes_[i] & test.mask[i]) != test.value[i]:
            return not test.equal
    return test.equal


cdef bint line_matches(const SieveLine *line, const uint8_t *payload, int64_t available, uint32_t length) noexcept nogil:
    """Whether a payload, of which `available` bytes are there and which has `length` by its headers, fits the line."""
    cdef uint32_t i
    cdef uint64_t claimed
    if length < line.shortest or length > line.longest or available < <int64_t>line.needs_bytes:
        return False
    for i in range(line.tests_count):
        if not test_holds(&line.tests[i], payload):
            return False
    if line.field_size:
        claimed = 0
        for i in range(line.field_size):
            claimed = (claimed << 8) | payload[line.field_offset + i]
        return length >= line.field_less and claimed == length - line.field_less
    return True


cdef inline uint64_t admitted(const Sieves *s, const Packet *p) noexcept nogil:
    """The lines worth trying by two bytes of the payload."""
    cdef const uint8_t *payload = p.frame + p.at
    cdef uint32_t available = p.end - p.at if p.end > p.at else 0
    cdef uint32_t offset = s.second_offset[p.transport]
    return (s.first[p.transport][payload[0] if available else ROWS - 1]
            & s.second[p.transport][payload[offset] if available > offset else ROWS - 1])


cdef inline bint has_port(const Sieves *s, uint16_t one, uint16_t other) noexcept nogil:
    """Whether some line asks for one of these ports."""
    cdef uint32_t i
    for i in range(s.ports_count):
        if s.ports[i] == one or s.ports[i] == other:
            return True
    return False


cdef inline bint port_fits(const SieveLine *line, uint16_t one, uint16_t other) noexcept nogil:
    return line.port < 0 or line.port == one or line.port == other
