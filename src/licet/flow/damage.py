"""Why reading a capture stopped, in one sentence: said the same way by the kernel and by its plain twin."""

from __future__ import annotations

import enum

from licet.errors import Malformed, Truncated

FILE_HEADER_BLOCK = -1  # “after packet” of a block that comes before every packet


class Damage(enum.IntEnum):
    """What is wrong. Numbers are shared with the compiled kernel."""

    EMPTY = 1
    NO_CAPTURE = 2
    FILE_HEADER_CUT = 3
    PACKET_HEADER_CUT = 4
    PACKET_CUT = 5
    PACKET_TOO_LONG = 6
    BLOCK_CUT = 7
    NO_BYTE_ORDER = 8
    BLOCK_LENGTH = 9
    BLOCK_TOO_LONG = 10
    TWO_LENGTHS = 11
    PACKET_BLOCK_SHORT = 12
    PACKET_OVER_BLOCK = 13
    NO_INTERFACE = 14
    INTERFACE_SHORT = 15
    INTERFACES_TOO_MANY = 16


_SENTENCES = {
    Damage.EMPTY: "the file is empty",
    Damage.NO_CAPTURE: "this is no capture: it begins neither as pcap nor as pcapng",
    Damage.FILE_HEADER_CUT: "the file ends inside its header",
    Damage.PACKET_HEADER_CUT: "the file ends inside the header of packet {packet}",
    Damage.PACKET_CUT: "the file ends inside packet {packet}",
    Damage.PACKET_TOO_LONG: "packet {packet} claims {number:,} bytes, more than any link carries",
    Damage.BLOCK_CUT: "the file ends inside {block}",
    Damage.NO_BYTE_ORDER: "{block} has no byte-order mark",
    Damage.BLOCK_LENGTH: "{block} claims {number:,} bytes",
    Damage.BLOCK_TOO_LONG: "{block} claims {number:,} bytes, more than any link carries",
    Damage.TWO_LENGTHS: "{block} has two lengths that differ",
    Damage.PACKET_BLOCK_SHORT: "packet {packet} is in a block too short for its header",
    Damage.PACKET_OVER_BLOCK: "packet {packet} claims {number:,} bytes, more than its block holds",
    Damage.NO_INTERFACE: "packet {packet} names interface {number}, which the file does not describe",
    Damage.INTERFACE_SHORT: "{block}, an interface description, is too short",
    Damage.INTERFACES_TOO_MANY: "the file describes more than {number:,} interfaces",
}
_CUT = frozenset({
    Damage.EMPTY, Damage.FILE_HEADER_CUT, Damage.PACKET_HEADER_CUT, Damage.PACKET_CUT, Damage.BLOCK_CUT,
})


def damage(kind: Damage, packet: int = 0, number: int = 0) -> Malformed:
    """The error for a kind of damage. packet: the packet it is in or, for a block, the last packet before it;
    number: what was claimed. Truncated where the file merely ends too soon."""
    block = "the file header" if packet == FILE_HEADER_BLOCK else f"the block after packet {packet}"
    sentence = _SENTENCES[kind].format(packet=packet, number=number, block=block)
    return Truncated(sentence) if kind in _CUT else Malformed(sentence)
