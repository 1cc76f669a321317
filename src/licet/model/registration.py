"""A registration as the data plane sees it: one record of a snapshot (design §4, "Snapshot")."""

from __future__ import annotations

from dataclasses import dataclass

# Statuses that count as registered (lifecycle §6, 1). A service on hold, or whose proof is stale, is still shielded.
COUNTING = frozenset({
    "ok", "noticed", "provisional", "stale", "expiring", "redemption", "pendingDelete", "held",
})
ON_HOLD = "serverHold"
STATUSES = COUNTING | {ON_HOLD, "attested", "lapsed", "revoked", "gone"}


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a snapshot.

    address: RFC 5952 text of an address or a prefix, None for a service registered by key alone; transport, port: None
    where the registration leaves them open; protocol: one of PROTOCOL_WORDS; mac1_key: 64 hex digits, BLAKE2s-256 of
    "mac1----" and the server's WireGuard public key (enough to match, not enough to connect), or None; name: the
    endpoint's DNS name; service: its handle; status: one of STATUSES; valid_from_ns (included) and valid_until_ns
    (excluded): nanoseconds since the epoch; title, operator: for people.
    """

    address: str | None
    transport: str | None
    port: int | None
    protocol: str
    mac1_key: str | None
    name: str | None
    service: str
    status: str
    valid_from_ns: int
    valid_until_ns: int
    title: str = ""
    operator: str = ""

    def counts(self, at_ns: int) -> bool:
        """True while the record is in its time and its status counts as registered."""
        return self.status in COUNTING and self.valid_from_ns <= at_ns < self.valid_until_ns

    def is_held(self, at_ns: int) -> bool:
        """True while the service is suspended (still shielded, but not printed as registered)."""
        return self.status == ON_HOLD and self.valid_from_ns <= at_ns < self.valid_until_ns
