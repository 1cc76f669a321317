"""The score of a dry run: what an order met while it was in force, beside what its report had said (lifecycle §5, §6).

A report counts what passed; a rule counts what it refused. What is refused is tried again and again, or given up, so
the two are compared by the hour, and only far more than was predicted is an anomaly: then something else is met than
was meant, and the order is rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licet.lifecycle.days import HOUR_NS

ANOMALY_FACTOR = 10
# A WireGuard client that is refused tries again every five seconds (whitepaper §6.1, Rekey-Timeout), others less often.
TRIES_AN_HOUR = 720
ANOMALY_PACKETS_MIN = 1_000  # fewer tell nothing

ABOVE_PREDICTION = "hits_above_prediction"
MET_REGISTERED = "registered_endpoint"
REGISTERED_FELL = "registered_fell"  # a registered tunnel beside it carries far less since the rule is there
CLOCK_UNSURE = "clock_unsure"  # of a machine that enforced it
OWNER_CHANGED = "owner_changed"  # of the address, by an officer's word


@dataclass(frozen=True, slots=True)
class Effect:
    """One endpoint of an order. flows, packets, clients: of the dry run, in `hours` hours; met_packets, met_bytes: what
    the rule refused in `ran_ns` nanoseconds."""

    endpoint: str
    hours: int
    flows: int
    packets: int
    clients: int
    met_packets: int
    met_bytes: int
    ran_ns: int

    @property
    def ran_hours(self) -> int:
        """For how many hours it was in force, a begun one counted whole."""
        return max(1, -(-self.ran_ns // HOUR_NS))

    @property
    def predicted(self) -> int:
        """How many packets the dry run makes expect in that time."""
        return self.packets * self.ran_hours // max(1, self.hours)

    @property
    def most(self) -> int:
        """More packets than this are an anomaly."""
        tries = TRIES_AN_HOUR * max(1, self.clients) * self.ran_hours
        return max(ANOMALY_PACKETS_MIN, ANOMALY_FACTOR * max(self.predicted, tries))

    @property
    def is_anomaly(self) -> bool:
        """True where the rule met far more than was predicted."""
        return self.met_packets > self.most


def effect(impact: Mapping[str, Any], met_packets: int, met_bytes: int, ran_ns: int) -> Effect:
    """impact: what a report says of one endpoint (`licet.order.impact.read_impact`)."""
    matched = impact["matched"]
    return Effect(
        impact["endpoint"], impact["hours"], flows=sum(one["flows"] for one in matched),
        packets=sum(one["packets"] for one in matched), clients=sum(one["clients"] for one in matched),
        met_packets=met_packets, met_bytes=met_bytes, ran_ns=max(0, ran_ns),
    )
