# From a frame to addresses, ports and payload: the same steps as licet/wire/ (link, ip, transport), with the same
# answers. Every read is behind a comparison with `n`, the frame's captured length.

cdef enum:
    SKIP_LINK_TYPE = 1
    SKIP_LINK_DAMAGED = 2
    SKIP_NOT_IP = 3
    SKIP_IP_DAMAGED = 4
    SKIP_LATER_FRAGMENT = 5
    SKIP_TOO_DEEP = 6
    SKIP_OTHER_PROTOCOL = 7
    SKIP_TRANSPORT_DAMAGED = 8
    SKIP_OUTSIDE_TIME = 9
    SKIPS = 10

    TAGS_MAX = 8
    EXTENSIONS_MAX = 8
    NESTED_MAX = 4

    UDP = 0
    TCP = 1
    ESP = 2
    AH = 3
    GRE = 4
    TRANSPORTS = 5


cdef struct Packet:
    const uint8_t *frame
    uint32_t captured  # bytes of the frame
    uint32_t link_type
    int64_t time_ns
    uint64_t ordinal
    int skip           # why it is not used, 0 if it is
    int nested         # IP headers inside the first
    uint32_t ip_bytes  # 0 where no IP header was read
    uint8_t transport
    uint8_t is6
    uint8_t tcp_flags
    uint16_t source_port
    uint16_t destination_port
    uint32_t sequence
    uint32_t at        # offset of the payload
    uint32_t end       # offset behind what was captured of it
    uint32_t length    # of the payload by its headers
    uint64_t ends[4]   # source low, source high, destination low, destination high; IPv4 in the lowest 4 bytes
    uint64_t hash


cdef inline uint32_t be16(const uint8_t *p) noexcept nogil:
    return (<uint32_t>p[0] << 8) | p[1]


cdef inline uint32_t be32(const uint8_t *p) noexcept nogil:
    return (<uint32_t>p[0] << 24) | (<uint32_t>p[1] << 16) | (<uint32_t>p[2] << 8) | p[3]


cdef int after_labels(const uint8_t *f, uint32_t n, uint32_t offset) noexcept nogil:
    cdef int i
    cdef int bottom
    for i in range(TAGS_MAX):
        if n < offset + 5:
            return -SKIP_LINK_DAMAGED
        bottom = f[offset + 2] & 1
        offset += 4
        if bottom:
            return <int>offset if (f[offset] >> 4) in (4, 6) else -SKIP_NOT_IP
    return -SKIP_LINK_DAMAGED


cdef int after_pppoe(const uint8_t *f, uint32_t n, uint32_t offset) noexcept nogil:
    cdef uint32_t protocol
    if n < offset + 8:
        return -SKIP_LINK_DAMAGED
    protocol = be16(f + offset + 6)
    if f[offset] != 0x11 or (protocol != 0x0021 and protocol != 0x0057):
        return -SKIP_NOT_IP
    return <int>offset + 8


cdef int after_ethertype(const uint8_t *f, uint32_t n, uint32_t offset, uint32_t ethertype) noexcept nogil:
    cdef int i
    for i in range(TAGS_MAX):
        if ethertype == 0x0800 or ethertype == 0x86DD:
            return <int>offset
        if ethertype == 0x8100 or ethertype == 0x88A8 or ethertype == 0x9100 or ethertype == 0x9200:
            if n < offset + 4:
                return -SKIP_LINK_DAMAGED
            ethertype = be16(f + offset + 2)
            offset += 4
        elif ethertype == 0x8847 or ethertype == 0x8848:
            return after_labels(f, n, offset)
        elif ethertype == 0x8864:
            return after_pppoe(f, n, offset)
        else:
            return -SKIP_NOT_IP
    return -SKIP_LINK_DAMAGED


cdef inline bint is_bsd_family(uint32_t family) noexcept nogil:
    return family == 2 or family == 24 or family == 28 or family == 30


cdef inline int network_offset(uint32_t link_type, const uint8_t *f, uint32_t n) noexcept nogil:
    """Offset of the IP header, or a negative SKIP."""
    cdef uint32_t family
    if link_type == 1:
        if n < 14:
            return -SKIP_LINK_DAMAGED
        if f[12] == 8 and f[13] == 0:
            return 14
        return after_ethertype(f, n, 14, be16(f + 12))
    if link_type in (101, 12, 14, 228, 229):
        return 0 if n else -SKIP_LINK_DAMAGED
    if link_type == 113:
        return after_ethertype(f, n, 16, be16(f + 14)) if n >= 16 else -SKIP_LINK_DAMAGED
    if link_type == 276:
        return after_ethertype(f, n, 20, be16(f)) if n >= 20 else -SKIP_LINK_DAMAGED
    if link_type == 0 or link_type == 108:
        if n < 4:
            return -SKIP_LINK_DAMAGED
        family = be32(f)
        if is_bsd_family(family):
            return 4
        family = f[0] | (<uint32_t>f[1] << 8) | (<uint32_t>f[2] << 16) | (<uint32_t>f[3] << 24)
        if link_type == 0 and is_bsd_family(family):
            return 4
        return -SKIP_NOT_IP
    return -SKIP_LINK_TYPE


cdef struct Network:
    uint8_t protocol
    uint8_t is6
    uint8_t more_fragments
    uint32_t addresses  # offset of the source address
    uint32_t offset     # of the payload
    uint32_t length     # of the payload by the header
    uint32_t ip_bytes


cdef int read_ipv4(const uint8_t *f, uint32_t n, uint32_t offset, Network *out) noexcept nogil:
    cdef uint32_t header_bytes = (f[offset] & 15) * 4
    cdef uint32_t captured = n - offset
    cdef uint32_t total, fragment
    if header_bytes < 20 or captured < header_bytes:
        return SKIP_IP_DAMAGED
    total = be16(f + offset + 2)
    if total == 0:
        total = captured
    if total < header_bytes:
        return SKIP_IP_DAMAGED
    fragment = be16(f + offset + 6)
    if fragment & 0x1FFF:
        return SKIP_LATER_FRAGMENT
    out.protocol = f[offset + 9]
    out.is6 = 0
    out.more_fragments = (fragment & 0x2000) != 0
    out.addresses = offset + 12
    out.offset = offset + header_bytes
    out.length = total - header_bytes
    out.ip_bytes = total
    return 0


cdef inline bint is_extension(uint32_t protocol) noexcept nogil:
    return (protocol == 0 or protocol == 43 or protocol == 60 or protocol == 135 or protocol == 139
            or protocol == 140)


cdef int read_ipv6(const uint8_t *f, uint32_t n, uint32_t offset, Network *out) noexcept nogil:
    cdef uint32_t captured = n - offset
    cdef uint32_t length, protocol, position, end, limit, fragment
    cdef int i
    cdef bint more = False
    if captured < 40:
        return SKIP_IP_DAMAGED
    length = be16(f + offset + 4)
    protocol = f[offset + 6]
    if length == 0 and protocol != 59:
        length = captured - 40
    position = offset + 40
    end = position + length
    limit = end if end < n else n
    for i in range(EXTENSIONS_MAX):
        if is_extension(protocol):
            if position + 8 > limit:
                return SKIP_IP_DAMAGED
            protocol = f[position]
            position += 8 + <uint32_t>f[position + 1] * 8
        elif protocol == 44:
            if position + 8 > limit:
                return SKIP_IP_DAMAGED
            fragment = be16(f + position + 2)
            if fragment & 0xFFF8:
                return SKIP_LATER_FRAGMENT
            more = more or (fragment & 1) != 0
            protocol = f[position]
            position += 8
        else:
            break
    if is_extension(protocol) or protocol == 44 or position > end:
        return SKIP_IP_DAMAGED
    out.protocol = <uint8_t>protocol
    out.is6 = 1
    out.more_fragments = more
    out.addresses = offset + 8
    out.offset = position
    out.length = end - position
    out.ip_bytes = 40 + length
    return 0


cdef int read_ip(const uint8_t *f, uint32_t n, uint32_t offset, Network *out) noexcept nogil:
    cdef int version
    if offset >= n:
        return SKIP_IP_DAMAGED
    version = f[offset] >> 4
    if version == 4:
        return read_ipv4(f, n, offset, out)
    if version == 6:
        return read_ipv6(f, n, offset, out)
    return SKIP_IP_DAMAGED


cdef int read_nested(Packet *p, uint32_t offset, Network *out) noexcept nogil:
    """The innermost IP header of IP-in-IP and 6in4; 0 or a SKIP."""
    cdef int i, skip
    cdef uint32_t n = p.captured
    cdef uint32_t inner
    skip = read_ip(p.frame, n, offset, out)
    for i in range(NESTED_MAX):
        if skip or (out.protocol != 4 and out.protocol != 41):
            return skip
        p.nested += 1
        if out.offset + out.length < n:
            n = out.offset + out.length
        inner = out.offset
        skip = read_ip(p.frame, n, inner, out)
    if skip == 0 and (out.protocol == 4 or out.protocol == 41):
        return SKIP_TOO_DEEP
    return skip


cdef int read_udp(Packet *p, Network *ip) noexcept nogil:
    cdef const uint8_t *f = p.frame
    cdef uint32_t at = ip.offset
    cdef uint32_t length
    if ip.length < 8 or p.captured < at + 8:
        return SKIP_TRANSPORT_DAMAGED
    length = be16(f + at + 4)
    if length == 0:
        length = ip.length
    if length < 8 or (length > ip.length and not ip.more_fragments):
        return SKIP_TRANSPORT_DAMAGED
    p.transport = UDP
    p.source_port = <uint16_t>be16(f + at)
    p.destination_port = <uint16_t>be16(f + at + 2)
    p.at = at + 8
    p.length = length - 8
    return 0


cdef int read_tcp(Packet *p, Network *ip) noexcept nogil:
    cdef const uint8_t *f = p.frame
    cdef uint32_t at = ip.offset
    cdef uint32_t header_bytes
    if ip.length < 20 or p.captured < at + 20:
        return SKIP_TRANSPORT_DAMAGED
    header_bytes = (f[at + 12] >> 4) * 4
    if header_bytes < 20 or header_bytes > ip.length:
        return SKIP_TRANSPORT_DAMAGED
    p.transport = TCP
    p.source_port = <uint16_t>be16(f + at)
    p.destination_port = <uint16_t>be16(f + at + 2)
    p.sequence = be32(f + at + 4)
    p.tcp_flags = f[at + 13]
    p.at = at + header_bytes
    p.length = ip.length - header_bytes
    return 0


cdef inline bint read_usual(Packet *p) noexcept nogil:
    """What nearly every packet is: Ethernet with at most one tag, IPv4 without options and fragments or IPv6 without
    extensions, UDP or TCP, headers captured. The answers of the steps above in a third of the instructions; False, and
    nothing that counts is filled in, for whatever asks for more care."""
    cdef const uint8_t *f = p.frame
    cdef uint32_t n = p.captured
    cdef uint32_t ip = 14
    cdef uint32_t at, kind, total, inside, length
    cdef uint8_t protocol
    if p.link_type != 1 or n < 54:
        return False
    kind = be16(f + 12)
    if kind == 0x8100:
        ip = 18
        kind = be16(f + 16)
    if kind == 0x0800:
        at = ip + 20
        total = be16(f + ip + 2)
        if f[ip] != 0x45 or total < 20 or be16(f + ip + 6) & 0x3FFF or n < at + 20:
            return False
        protocol = f[ip + 9]
        inside = total - 20
        p.is6 = 0
        p.ends[0] = licet_load32(f + ip + 12)
        p.ends[1] = 0
        p.ends[2] = licet_load32(f + ip + 16)
        p.ends[3] = 0
    elif kind == 0x86DD:
        at = ip + 40
        if n < at + 20 or f[ip] >> 4 != 6:
            return False
        inside = be16(f + ip + 4)
        total = 40 + inside
        protocol = f[ip + 6]
        p.is6 = 1
        p.ends[0] = licet_load64(f + ip + 8)
        p.ends[1] = licet_load64(f + ip + 16)
        p.ends[2] = licet_load64(f + ip + 24)
        p.ends[3] = licet_load64(f + ip + 32)
    else:
        return False
    p.source_port = <uint16_t>be16(f + at)
    p.destination_port = <uint16_t>be16(f + at + 2)
    if protocol == 6:
        length = (f[at + 12] >> 4) * 4
        if length < 20 or length > inside:
            return False
        p.transport = TCP
        p.sequence = be32(f + at + 4)
        p.tcp_flags = f[at + 13]
        p.at = at + length
        p.length = inside - length
    elif protocol == 17:
        length = be16(f + at + 4)
        if length < 8 or length > inside:
            return False
        p.transport = UDP
        p.at = at + 8
        p.length = length - 8
    else:
        return False
    p.ip_bytes = total
    p.skip = 0
    return True


cdef void read_unusual(Packet *p) noexcept nogil:
    """Any packet: fill in everything behind the frame, or `skip`."""
    cdef Network ip
    cdef int offset
    p.ip_bytes = 0
    offset = network_offset(p.link_type, p.frame, p.captured)
    if offset < 0:
        p.skip = -offset
        return
    p.skip = read_nested(p, <uint32_t>offset, &ip)
    if p.skip:
        return
    p.ip_bytes = ip.ip_bytes
    p.is6 = ip.is6
    p.source_port = 0
    p.destination_port = 0
    if ip.protocol == 17:
        p.skip = read_udp(p, &ip)
    elif ip.protocol == 6:
        p.skip = read_tcp(p, &ip)
    elif ip.protocol == 50 or ip.protocol == 51 or ip.protocol == 47:
        p.transport = ESP if ip.protocol == 50 else AH if ip.protocol == 51 else GRE
        p.at = ip.offset
        p.length = ip.length
    else:
        p.skip = SKIP_OTHER_PROTOCOL
    if p.skip:
        return
    if ip.is6:
        p.ends[0] = licet_load64(p.frame + ip.addresses)
        p.ends[1] = licet_load64(p.frame + ip.addresses + 8)
        p.ends[2] = licet_load64(p.frame + ip.addresses + 16)
        p.ends[3] = licet_load64(p.frame + ip.addresses + 24)
    else:
        p.ends[0] = licet_load32(p.frame + ip.addresses)
        p.ends[1] = 0
        p.ends[2] = licet_load32(p.frame + ip.addresses + 4)
        p.ends[3] = 0


cdef inline void read_packet(Packet *p, uint64_t seed) noexcept nogil:
    """Fill in everything behind the frame, or `skip`."""
    cdef uint64_t source, destination
    p.nested = 0
    if not read_usual(p):
        read_unusual(p)
        if p.skip:
            return
    p.end = p.at + p.length
    if p.end > p.captured:
        p.end = p.captured
    # The sum makes both directions hash alike; the seed keeps a hostile capture from aiming at one bucket.
    source = licet_mix(p.ends[0] ^ seed, p.ends[1] + <uint64_t>p.source_port + 0x9E3779B97F4A7C15ULL)
    destination = licet_mix(p.ends[2] ^ seed, p.ends[3] + <uint64_t>p.destination_port + 0x9E3779B97F4A7C15ULL)
    p.hash = licet_mix(source + destination + p.transport + 1, seed | 1)
