# Sieve lines as licet.flow.matching prepares them, into the flat arrays that are walked for each packet.


cdef int load_line(SieveLine *out, line) except -1:
    """One line. Raises ValueError where it asks for more than the arrays hold."""
    cdef int i, j
    if line.owner >= OWNERS_MAX or len(line.tests) > TESTS_MAX or line.quota > QUOTA_MAX:
        raise ValueError(f"sieve line {line.name}: too many owners, tests or messages")
    out.owner = line.owner
    out.opening, out.answer, out.after_start = line.opening, line.answer, line.after_start
    out.on_trial, out.is_data, out.only_listed = line.on_trial, line.is_data, line.only_listed
    if line.same is not None and line.same[1] - line.same[0] > (4 if line.on_trial else 8):
        raise ValueError(f"sieve line {line.name}: more than 8 bytes that must stay the same, or 4 of data on trial")
    if line.same is not None and line.same[1] > line.keep_bytes:
        raise ValueError(f"sieve line {line.name}: bytes that must stay the same are not among those kept")
    out.quota, out.enough, out.keep_bytes = line.quota, line.enough, line.keep_bytes
    out.shortest, out.longest, out.needs_bytes = line.shortest, line.longest, line.needs_bytes
    out.port = -1 if line.port is None else line.port
    if line.same is not None:
        out.same_offset, out.same_size = line.same[0], line.same[1] - line.same[0]
    if line.counter is not None:
        out.counts, out.counter_offset, out.counter_little = True, line.counter.offset, line.counter.little
    if line.length_field is not None:
        out.field_offset, out.field_size = line.length_field.offset, line.length_field.width
        out.field_less = line.length_field.less
    for i, test in enumerate(line.line.tests):
        if len(test.value) > TEST_BYTES_MAX:
            raise ValueError(f"sieve line {line.name}: a test of more than {TEST_BYTES_MAX} bytes")
        out.tests[i].offset, out.tests[i].size, out.tests[i].equal = test.offset, len(test.value), test.equal
        for j in range(len(test.value)):
            out.tests[i].mask[j], out.tests[i].value[j] = test.mask[j], test.value[j]
    out.tests_count = len(line.line.tests)
    return 0


cdef int load_sieves(Sieves *s, ready) except -1:
    """All lines, and for each transport the rows that tell by two bytes which lines are worth a look."""
    cdef int transport, byte
    if len(ready.lines) > LINES_MAX:
        raise ValueError(f"{len(ready.lines)} sieve lines are more than {LINES_MAX}")
    s.count = len(ready.lines)
    s.has_only_listed = any(line.only_listed for line in ready.lines)
    for line in ready.lines:
        load_line(&s.lines[line.index], line)
    for transport in range(TRANSPORTS):
        if transport == TCP:
            continue
        rows = ready.rows(TRANSPORT_NAMES[transport])
        if rows is None:
            continue
        offset, second = _second_rows(ready.of(TRANSPORT_NAMES[transport]), rows)
        s.second_offset[transport] = offset
        for byte in range(ROWS):
            s.first[transport][byte] = _set_of(rows[byte])
            s.second[transport][byte] = _set_of(second[byte])
    s.after_start = _set_of([line for line in ready.lines if line.after_start])
    s.with_port = _set_of([line for line in ready.lines if line.port is not None])
    for port in sorted({line.port for line in ready.lines if line.port is not None}):
        s.ports[s.ports_count] = port
        s.ports_count += 1
    for line in ready.of("tcp"):
        if s.stream_lines_count == 16:
            raise ValueError("more than 16 sieve lines for TCP")
        s.stream_lines[s.stream_lines_count] = line.index
        if not line.only_listed:
            s.stream_lines_free |= <uint32_t>1 << s.stream_lines_count
        s.stream_lines_count += 1
        s.stream_needs_max = max(s.stream_needs_max, <uint32_t>line.needs_bytes)
    return 0


def _set_of(lines):
    """Lines as a set of bits."""
    return sum(1 << line.index for line in lines)


def _byte_tests(line):
    """{offset: (mask, value)} of the bytes that a line asks for, behind the first, which has a row of its own."""
    return {test.offset + i: (test.mask[i], test.value[i]) for test in line.line.tests if test.equal
            for i in range(len(test.value)) if test.mask[i] and test.offset + i}


def _second_rows(lines, rows):
    """The offset whose byte rules out most of what the first byte's rows leave, and a row for each byte there; last, the
    lines that do not look there."""
    tests = [(line, _byte_tests(line), sum(line in row for row in rows)) for line in lines]
    ruled_out = {1: 0}
    for _, of_line, rows_count in tests:
        for offset, (mask, value) in of_line.items():
            others = sum(byte & mask != value for byte in range(256))
            ruled_out[offset] = ruled_out.get(offset, 0) + rows_count * others
    at = max(sorted(ruled_out), key=ruled_out.get)
    admitted = [[line for line, of_line, _ in tests if at not in of_line or byte & of_line[at][0] == of_line[at][1]]
                for byte in range(256)]
    return at, [*admitted, [line for line, of_line, _ in tests if at not in of_line]]
