"""What an enforcer remembers by itself from one computation to the next, so that no server can tell it otherwise.

Losing it costs time and never adds a rule: notice is counted anew from when an order is seen again, and what was
registered lately is asked of the present registry alone. The file is canonical JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from licet.errors import Malformed
from licet.model.canonical import canonical_json

SCHEMA = "licet.enforcer-memory/1"
BYTES_MAX = 16 * 1024 * 1024
ITEMS_MAX = 50_000
KEPT_NS = 60 * 86_400 * 1_000_000_000  # an order lives 30 days at most

_MAPS = ("first_seen", "activated", "hit")


@dataclass(frozen=True, slots=True)
class Memory:
    """last_ns: the latest time that was ever known; first_seen: digest of a case or an order to when it was first seen
    with notice served; activated: `ORD-… ENDPOINT` to when its rule first came in force; hit: the same to when it last
    met a packet; public_under: digest of the pinned keys under which this network was once said to be public;
    checkpoint: the newest one of the log that held, as it came."""

    last_ns: int = 0
    first_seen: Mapping[str, int] = field(default_factory=dict)
    activated: Mapping[str, int] = field(default_factory=dict)
    hit: Mapping[str, int] = field(default_factory=dict)
    public_under: str = ""
    checkpoint: str = ""

    def to_bytes(self) -> bytes:
        """The file; `read_memory` reads it back."""
        return canonical_json({
            "schema": SCHEMA, "last_ns": str(self.last_ns), "public_under": self.public_under,
            "checkpoint": self.checkpoint,
            **{name: {key: str(value) for key, value in getattr(self, name).items()} for name in _MAPS},
        }) + b"\n"


def read_memory(raw: bytes) -> Memory:
    """Read the file. Raises Malformed: whoever reads it then begins with an empty memory, and says so."""
    try:
        members = json.loads(raw) if len(raw) <= BYTES_MAX else {}
        if members.get("schema") != SCHEMA or max(len(members[name]) for name in _MAPS) > ITEMS_MAX:
            raise ValueError
        maps = {name: {str(key): int(value) for key, value in members[name].items()} for name in _MAPS}
        return Memory(int(members["last_ns"]), public_under=str(members["public_under"]),
                      checkpoint=str(members["checkpoint"]), **maps)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed("the memory of this enforcer is damaged") from None


def kept(times: Mapping[str, int], at_ns: int) -> dict[str, int]:
    """Without what is older than any order can be."""
    return {key: time_ns for key, time_ns in times.items() if time_ns > at_ns - KEPT_NS}
