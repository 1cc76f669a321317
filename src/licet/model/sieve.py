"""A sieve: what a packet must look like to be worth a recogniser's time. Data, a few lines a protocol.

The flow table walks every packet past every line; it knows no protocol. A flow becomes a candidate for the recogniser
that owns the lines when

  * an `opening` and an `answer` of that recogniser matched in opposite directions, or
  * a line matched `enough` times in one direction.

On TCP a line is tested against the first bytes of a direction's stream, however they were cut into segments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

OPENING = "opening"  # what a client sends first
ANSWER = "answer"  # what a server replies with
DATA = "data"  # what flows later
ALONE = "alone"  # says what it is by itself

TRANSPORTS = ("udp", "tcp", "esp", "ah", "gre")  # what a line can be about; the kernel numbers them in this order

LENGTH_MAX = 65_535
ENOUGH_NEVER = 0  # the line alone never makes a candidate


@dataclass(frozen=True, slots=True)
class Test:
    """Bytes at `offset`, under `mask`, are `value` (or, if not `equal`, are not). mask and value have one length."""

    __test__ = False  # for pytest, to which any “Test…” looks like one

    offset: int
    value: bytes
    mask: bytes = b""
    equal: bool = True

    def __post_init__(self) -> None:
        mask = self.mask or b"\xff" * len(self.value)
        if len(mask) != len(self.value) or any(v & ~m for v, m in zip(self.value, mask, strict=True)):
            raise ValueError(f"the mask {mask.hex()} does not fit the value {self.value.hex()}")
        object.__setattr__(self, "mask", mask)


@dataclass(frozen=True, slots=True)
class LengthField:
    """A big-endian field of `width` bytes at `offset` holds the payload's length, less `less` bytes."""

    offset: int
    width: int
    less: int = 0


@dataclass(frozen=True, slots=True)
class Counter:
    """Four bytes at `offset` count up from one message of a direction to the next, by RISE_MAX at the most.

    little: least significant byte first; of a wider counter, its low four bytes.
    """

    offset: int
    little: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sieve.

    name: what the recogniser knows its messages by; transport: udp, tcp, esp, ah, gre;
    shortest, longest: payload bytes by the packet's headers (not the captured ones), both included; not used on TCP;
    enough: matches in one direction that make a candidate, or ENOUGH_NEVER;
    after_start: kept only once another line of the sieve has matched in this flow, so that look-alikes cost nothing;
    keep_bytes: how much of each message is kept; quota: how many messages a direction, so that data cannot crowd out a
    later handshake. An `opening` that nobody answered makes room for a newer one;
    port: a port that one end must have, None for any (this narrows; it never decides);
    same: (offset, width) of bytes that stay equal over all messages of a direction; a message that differs starts anew.
    `data` of this kind is kept, and counted, from its second message on, for chance looks like it once, not twice;
    there the width is at most 4, and a counter, if one is named, must have risen from the first to the second;
    counter: see `same`; length_field: a field that must agree with the payload's length;
    only_listed: looked for only in flows with an end that the table was handed as listed (registered endpoints, as a
    rule): what is not listed leaves nothing behind.
    """

    name: str
    transport: str
    role: str
    tests: tuple[Test, ...]
    keep_bytes: int
    quota: int
    enough: int = ENOUGH_NEVER
    after_start: bool = False
    shortest: int = 0
    longest: int = LENGTH_MAX
    port: int | None = None
    same: tuple[int, int] | None = None
    counter: Counter | None = None
    length_field: LengthField | None = None
    only_listed: bool = False


RISE_MAX = 4_096  # a counter that jumps further has lost its thread, or is none

Sieve = tuple[Line, ...]


def only_listed(sieve: Sieve) -> Sieve:
    """The same sieve for a network on which nothing else may be looked at (charter, line 10)."""
    return tuple(replace(line, only_listed=True) for line in sieve)
