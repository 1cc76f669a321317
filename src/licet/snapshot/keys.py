"""Whose server a WireGuard initiation is addressed to: its mac1 against every registered key (whitepaper §5.4.4).

mac1 is a keyed hash of the first 116 bytes under a key made from the server's public key. No index finds the key of a
hash, so each key costs one: about 1 µs, 0.3 s a flow for 300,000 keys. Three things keep that bearable: keys of the
services at the flow's addresses are tried first (`Snapshot.match_key`), then those that matched lately, and a capture
may cost no more than KEYS_TRIED_MAX. Nothing else is remembered, and nothing of a flow at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2s
from struct import iter_unpack

from licet.snapshot.column import KEY_BYTES

MAC1_COVERED_BYTES = 116
MAC1_BYTES = 16
KEYS_TRIED_MAX = 100_000_000  # about 100 s of one core
RECENT_KEYS_MAX = 64


@dataclass(slots=True)
class KeyTrials:
    """What trying keys may still cost, for all flows of one capture together.

    left: how many keys may be tried; cut_short: how many initiations were not held against all keys of a registry,
    because too few were left: such a flow is not recognised by its key, unless that came first; recent: the registered
    keys that matched last, the latest first.
    """

    left: int = KEYS_TRIED_MAX
    cut_short: int = 0
    recent: list[bytes] = field(default_factory=list)

    def find(self, first_116_bytes: bytes, mac1: bytes, keys: memoryview) -> bytes | None:
        """The first of many keys, 32 bytes each, under which the hash of the bytes is this mac1."""
        count = len(keys) // KEY_BYTES
        tried = min(count, self.left)
        found = _first_match(first_116_bytes, mac1, keys[: tried * KEY_BYTES])
        self.cut_short += found is None and tried < count
        # Counted as if all had been tried: what is left must not depend on where in the registry a key stands.
        self.left -= tried
        if found is not None:
            self.remember(found)
        return found

    def remember(self, key: bytes) -> None:
        """Put a key before all others the next time."""
        if key in self.recent:
            self.recent.remove(key)
        self.recent.insert(0, key)
        del self.recent[RECENT_KEYS_MAX:]


def is_addressed_to(key: bytes, first_116_bytes: bytes, mac1: bytes) -> bool:
    """True if mac1 is that of an initiation to the server with this mac1 key."""
    return blake2s(first_116_bytes, key=key, digest_size=MAC1_BYTES).digest() == mac1


def _first_match(first_116_bytes: bytes, mac1: bytes, keys: memoryview) -> bytes | None:
    # The hot loop: `is_addressed_to` written out, over tuples that C makes. bench/lookup.py measures it.
    for (key,) in iter_unpack(f"{KEY_BYTES}s", keys):
        if blake2s(first_116_bytes, key=key, digest_size=MAC1_BYTES).digest() == mac1:
            return bytes(key)
    return None
