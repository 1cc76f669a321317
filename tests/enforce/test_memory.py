"""What an enforcer remembers is read back as it was, and a damaged file is said to be damaged."""

from __future__ import annotations

import random

import pytest

from licet.enforce.memory import BYTES_MAX, KEPT_NS, Memory, kept, read_memory
from licet.errors import Malformed

MEMORY = Memory(2**62, {"sha256:aa": 1}, {"ORD-7F3K9Q2M 203.0.113.66:51820/udp": 2}, {"x": 3}, "sha256:bb", "a\n1\nb\n")


def test_it_is_read_back_as_it_was() -> None:
    assert read_memory(MEMORY.to_bytes()) == MEMORY
    assert read_memory(Memory().to_bytes()) == Memory()


def test_what_is_damaged_is_said_to_be() -> None:
    raw, chance = MEMORY.to_bytes(), random.Random(1)
    for at in range(len(raw) - 1):
        with pytest.raises(Malformed):
            read_memory(raw[:at])
    for raw in (b"", b"{}", b"[]", b"null", b"\xff", b"[" * 5_000, b"x" * (BYTES_MAX + 1), b'{"schema":1}'):
        with pytest.raises(Malformed):
            read_memory(raw)
    for _ in range(300):
        changed = bytearray(MEMORY.to_bytes())
        changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            read_memory(bytes(changed))
        except Malformed:
            continue


def test_what_is_older_than_any_order_is_forgotten() -> None:
    assert kept({"old": 5, "new": 6}, KEPT_NS + 5) == {"new": 6}
