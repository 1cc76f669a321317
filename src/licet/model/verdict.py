"""A verdict on one tunnel, with all that is needed to compute it again (design §3, "Verdicts")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

REGISTERED = "registered"
UNDETERMINED = "undetermined"
CONFLICT = "conflict"
UNREGISTERED = "unregistered"
VERDICTS = (REGISTERED, CONFLICT, UNREGISTERED, UNDETERMINED)  # the order in which people are shown them

# For people, `unregistered` is printed as what it is: a fact, not a fault.
VERDICT_TITLES = {
    REGISTERED: "registered", CONFLICT: "conflict", UNREGISTERED: "not registered", UNDETERMINED: "undetermined",
}


@dataclass(frozen=True, slots=True)
class SnapshotRef:
    """serial: None for a registry file that was never published as a numbered snapshot; digest: `sha256:…`."""

    serial: int | None
    digest: str


class Verdict(NamedTuple):
    """verdict: one of VERDICTS; reason: one sentence; registration: the handle that decided, or None; informs: what
    registries that only inform said, one sentence each; judged_at_ns: the time at which registrations were read;
    snapshot: the one that decided, None where no registry was given; policy: digest of the judging rules in force."""

    verdict: str
    reason: str
    registration: str | None
    informs: tuple[str, ...]
    judged_at_ns: int
    snapshot: SnapshotRef | None
    policy: str
