"""Where the IP packet begins in a captured frame.

Link types are the numbers of the pcap and pcapng formats (LINKTYPE_ registry). Read here: Ethernet with 802.1Q, 802.1ad
and older QinQ tags, MPLS (RFC 3032) and PPPoE (RFC 2516); Linux cooked v1 and v2; raw IP; BSD loopback. Left out, and
counted: LLC/SNAP, everything else. After an MPLS stack only an IP version nibble is accepted: a pseudowire's payload
cannot be told from chance.
"""

from __future__ import annotations

from licet.wire.skip import Skip

NULL, ETHERNET, RAW_BSD, RAW_OPENBSD, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = (
    0, 1, 12, 14, 101, 108, 113, 228, 229, 276,
)

TAGS_MAX = 8  # 802.1Q tags or MPLS labels in one frame; more is damage, not a network.

_IP4, _IP6, _MPLS, _MPLS_MULTICAST, _PPPOE_SESSION = 0x0800, 0x86DD, 0x8847, 0x8848, 0x8864
_VLAN_TYPES = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
_PPP_IP4, _PPP_IP6 = 0x0021, 0x0057
# BSD loopback writes the sender's AF_INET6, which differs: NetBSD/OpenBSD 24, FreeBSD 28, Darwin 30; Linux never.
_BSD_FAMILIES = frozenset({2, 24, 28, 30})


def network_offset(link_type: int, frame: bytes) -> int | Skip:
    """Offset of the IP header in `frame`, or why there is none. Reads no byte beyond the frame."""
    if link_type == ETHERNET:
        if len(frame) < 14:
            return Skip.LINK_DAMAGED
        ethertype = frame[12] << 8 | frame[13]
        if ethertype in (_IP4, _IP6):
            return 14
        return _after_ethertype(frame, 14, ethertype)
    if link_type in (RAW, RAW_BSD, RAW_OPENBSD, IPV4, IPV6):
        return 0 if frame else Skip.LINK_DAMAGED
    if link_type == LINUX_SLL:
        return _after_ethertype(frame, 16, frame[14] << 8 | frame[15]) if len(frame) >= 16 else Skip.LINK_DAMAGED
    if link_type == LINUX_SLL2:
        return _after_ethertype(frame, 20, frame[0] << 8 | frame[1]) if len(frame) >= 20 else Skip.LINK_DAMAGED
    if link_type in (NULL, LOOP):
        return _bsd_loopback(link_type, frame)
    return Skip.LINK_TYPE


def _bsd_loopback(link_type: int, frame: bytes) -> int | Skip:
    """Four bytes of address family: the capturing host's byte order for NULL, the network's for LOOP."""
    if len(frame) < 4:
        return Skip.LINK_DAMAGED
    if int.from_bytes(frame[:4], "big") in _BSD_FAMILIES:
        return 4
    if link_type == NULL and int.from_bytes(frame[:4], "little") in _BSD_FAMILIES:
        return 4
    return Skip.NOT_IP


def _after_ethertype(frame: bytes, offset: int, ethertype: int) -> int | Skip:
    """Follow tags, labels and PPPoE from just behind an ethertype to the IP header."""
    for _ in range(TAGS_MAX):
        if ethertype in (_IP4, _IP6):
            return offset
        if ethertype in _VLAN_TYPES:
            if len(frame) < offset + 4:
                return Skip.LINK_DAMAGED
            ethertype = frame[offset + 2] << 8 | frame[offset + 3]
            offset += 4
        elif ethertype in (_MPLS, _MPLS_MULTICAST):
            return _after_labels(frame, offset)
        elif ethertype == _PPPOE_SESSION:
            return _after_pppoe(frame, offset)
        else:
            return Skip.NOT_IP
    return Skip.LINK_DAMAGED


def _after_labels(frame: bytes, offset: int) -> int | Skip:
    """Walk an MPLS label stack to its bottom (RFC 3032 §2.1)."""
    for _ in range(TAGS_MAX):
        if len(frame) < offset + 5:
            return Skip.LINK_DAMAGED
        bottom = frame[offset + 2] & 1
        offset += 4
        if bottom:
            return offset if frame[offset] >> 4 in (4, 6) else Skip.NOT_IP
    return Skip.LINK_DAMAGED


def _after_pppoe(frame: bytes, offset: int) -> int | Skip:
    """Six bytes of PPPoE session header, then PPP's protocol field (RFC 2516 §4, RFC 1661 §2)."""
    if len(frame) < offset + 8:
        return Skip.LINK_DAMAGED
    protocol = frame[offset + 6] << 8 | frame[offset + 7]
    if frame[offset] != 0x11 or protocol not in (_PPP_IP4, _PPP_IP6):
        return Skip.NOT_IP
    return offset + 8
