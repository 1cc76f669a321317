"""Where an address or a prefix stands among all others, as one number: the first sorting key of a snapshot.

    version << 136 | network << 8 | prefix length          0 where there is no address

Places sort as docs/formats.md says: nothing first, IPv4 before IPv6, by number, the wider prefix first. A registry of a
million lines is read with one call of `quick_place` a line, which is why nothing here makes an object of `ipaddress` as
long as a text is in the common forms: that alone would take half of the time.
"""

from __future__ import annotations

import ipaddress
import re

# A prefix only adds permission, but one this wide is a slip of the hand.
PREFIX_LENGTH_MIN = {4: 8, 6: 16}

BITS = {4: 32, 6: 128}
NO_PLACE = 0

_VERSION_SHIFT = 136
_V4, _V6 = 4 << _VERSION_SHIFT, 6 << _VERSION_SHIFT
_NUMBER_MASK = (1 << 128) - 1

_OCTETS = {str(number): number for number in range(256)}
_LENGTHS = {
    version: {str(length): length for length in range(PREFIX_LENGTH_MIN[version], BITS[version])} for version in (4, 6)
}
_GROUP = "(?:0|[1-9a-f][0-9a-f]{0,3})"
_GROUPS = f"{_GROUP}(?::{_GROUP}){{0,7}}"
_V6_TEXT = re.compile(f"(?:{_GROUPS})?(?:::(?:{_GROUPS})?)?")


def place_at(version: int, number: int, length: int) -> int:
    """The place of a prefix; length: 32 or 128 for an address."""
    return version << _VERSION_SHIFT | number << 8 | length


def split_place(place: int) -> tuple[int, int, int]:
    """Version, network as a number and prefix length of a place."""
    return place >> _VERSION_SHIFT, place >> 8 & _NUMBER_MASK, place & 0xFF


def place_of(text: str) -> int:
    """The place of an address or a prefix. Raises ValueError where the text is neither."""
    place = quick_place(text)
    if place is not None:
        return place
    if "/" in text:
        network = ipaddress.ip_network(text)
        return place_at(network.version, int(network.network_address), network.prefixlen)
    address = ipaddress.ip_address(text)
    return place_at(address.version, int(address), address.max_prefixlen)


def quick_place(text: str) -> int | None:
    """The place of an address of one server, or of a prefix, that is spelt as a snapshot spells it.

    None says nothing about a text but that it has to be read with care: it may be wrong, or right and seldom seen.
    """
    host, slash, length_text = text.partition("/")
    version = 6 if ":" in host else 4
    number = _v6_number(host) if version == 6 else _v4_number(host)
    if number is None:
        return None
    if not slash:
        # Not the address of one server: multicast (224.0.0.0/4, ff00::/8). Zero was refused already.
        if number >> 28 == 0xE if version == 4 else number >> 120 == 0xFF:
            return None
        return _V4 | number << 8 | 32 if version == 4 else _V6 | number << 8 | 128
    length = _LENGTHS[version].get(length_text)
    if length is None or number & ((1 << BITS[version] - length) - 1):
        return None
    return place_at(version, number, length)


def _v4_number(text: str) -> int | None:
    """None for what is no dotted quad, and for 0.0.0.0."""
    parts = text.split(".")
    if len(parts) != 4:
        return None
    try:
        a, b, c, d = [_OCTETS[part] for part in parts]
    except KeyError:
        return None
    return (a << 24 | b << 16 | c << 8 | d) or None


def _v6_number(text: str) -> int | None:
    """None for what is not RFC 5952 at first sight: also for ::, IPv4-mapped addresses, and two runs of zeros."""
    if _V6_TEXT.fullmatch(text) is None or ":0:0" in text or text.startswith("0:0:"):
        return None
    head, gap, tail = text.partition("::")
    groups = head.split(":") if head else []
    if gap:
        tails = tail.split(":") if tail else []
        zeros = 8 - len(groups) - len(tails)
        if zeros < 2 or (groups and groups[-1] == "0") or (tails and tails[0] == "0"):
            return None
        groups += ["0"] * zeros + tails
    if len(groups) != 8:
        return None
    number = int("".join([group.zfill(4) for group in groups]), 16)
    return None if number >> 32 in (0, 0xFFFF) else number
