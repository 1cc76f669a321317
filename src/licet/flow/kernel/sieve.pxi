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


cdef struct Row:
    uint16_t first
    uint16_t count


# One step of a row: the line, the byte that decides most often, and how many further lines of the row ask for the same
# byte, so that one look answers for all of them.
cdef struct Step:
    uint16_t probe_offset    # 0xFFFF: none
    uint8_t probe_mask
    uint8_t probe_value
    uint8_t line
    uint8_t alike
    int32_t port             # -1: any


cdef struct Sieves:
    uint32_t count
    SieveLine lines[LINES_MAX]
    Row rows[TRANSPORTS][ROWS]
    Step walk[TRANSPORTS * ROWS * LINES_MAX]  # row after row
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


cdef inline bint probe_fits(const Step *step, const uint8_t *payload, int64_t available) noexcept nogil:
    """A quick no, before everything is looked at."""
    return step.probe_offset == 0xFFFF or (
        <int64_t>step.probe_offset < available
        and (payload[step.probe_offset] & step.probe_mask) == step.probe_value
    )


cdef inline bint port_fits(const SieveLine *line, uint16_t one, uint16_t other) noexcept nogil:
    return line.port < 0 or line.port == one or line.port == other
