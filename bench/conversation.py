"""What two ends say to each other, for many flows of one kind at once.

A conversation has an opening, message by message, and then steady traffic. Of each payload only the head is composed;
what follows is noise, as ciphertext is. All arrays have one row a flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

PAYLOAD_BYTES_MAX = 1_400

# IP protocol numbers.
GRE, TCP, UDP, ESP = 47, 6, 17, 50
TRANSPORT_NAMES = {GRE: "gre", TCP: "tcp", UDP: "udp", ESP: "esp"}


class Message(NamedTuple):
    """heads: what the payload begins with, (flows, head bytes); length: of the whole payload, bytes."""

    to_server: bool
    heads: Bytes
    length: int


class Field(NamedTuple):
    """A number in the head of steady payloads. offset, width: bytes; plus: added to the value before it is written."""

    offset: int
    width: int
    plus: int = 0
    little: bool = False


@dataclass(frozen=True)
class Steady:
    """Traffic after the opening. heads: to the server and to the client, (flows, head bytes) each; counter: gets the
    message's number; length_field: gets the payload's length; veil: bits of the first byte that differ from packet to
    packet; fixed: payload bytes where they never vary; block, overhead: otherwise lengths are a multiple of `block`,
    plus `overhead`."""

    heads: tuple[Bytes, Bytes]
    counter: Field | None = None
    length_field: Field | None = None
    veil: int = 0
    fixed: int = 0
    block: int = 1
    overhead: int = 0


@dataclass(frozen=True)
class Conversation:
    """One kind of traffic. What steady heads a flow has must fit its shortest payload."""

    opening: tuple[Message, ...]
    steady: Steady


class Draw:
    """Random bytes for `flows` flows, and when each of them starts (seconds since the epoch, UTC)."""

    def __init__(self, rng: np.random.Generator, flows: int, start_s: Ints) -> None:
        self._rng, self.flows, self.start_s = rng, flows, start_s

    def random(self, width: int) -> Bytes:
        """(flows, width) random bytes."""
        return self._rng.integers(0, 256, (self.flows, width), dtype=np.uint8)

    def same(self, data: bytes) -> Bytes:
        """The same bytes for every flow."""
        return np.tile(np.frombuffer(data, np.uint8), (self.flows, 1))

    def row(self, *pieces: bytes | Bytes) -> Bytes:
        """Pieces side by side, constant ones repeated for every flow."""
        return np.concatenate([self.same(one) if isinstance(one, bytes) else one for one in pieces], axis=1)

    def clock(self) -> Bytes:
        """Each flow's start as OpenVPN's 32-bit clock."""
        return big_endian(self.start_s, 4)


def big_endian(values: Ints, width: int) -> Bytes:
    """Numbers as rows of `width` bytes, highest first."""
    return values.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - width :]


def silent(draw: Draw) -> Steady:
    """Steady traffic that is noise from its first byte."""
    empty = draw.same(b"")
    return Steady((empty, empty))


@dataclass(frozen=True)
class Kind:
    """A kind of flow.

    share: of all flows; ports: the server's, one of them drawn for each flow, any high port where there are none;
    same_port: the client uses the server's port; packets: of a flow where that is fixed, else 0 and drawn;
    family, grade: what licet should say of it, "" for traffic that is no tunnel; needs_bytes: with less of each frame
    it can be no more than likely; with_kind: the name of the kind whose flows these accompany one by one, between the
    same ends and a moment later; talk: composes it, given the companions' conversation or None.
    """

    name: str
    share: float
    transport: int
    ports: tuple[int, ...]
    talk: Callable[[Draw, Conversation | None], Conversation]
    packets: int = 0
    same_port: bool = False
    family: str = ""
    grade: str = ""
    needs_bytes: int = 0
    with_kind: str = ""
