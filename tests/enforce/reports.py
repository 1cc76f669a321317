"""Reports of enforcers for tests: what one says, and how it is sent, signed with the key of an enforcer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from enforce.orders import Person, person
from licet.model.canonical import moment_ns
from licet.model.enforcer_report import (
    NAMESPACE,
    EnforcerReport,
    ReportedHits,
    ReportedLeftOut,
    ReportedRule,
    report_file,
    signed_bytes,
)

ENFORCER_1, ENFORCER_2 = map(person, ("enforcer-1", "enforcer-2"))
DAY_NS = 86_400 * 10**9
REGISTRY = "sha256:" + "4" * 64
POLICY = "sha256:" + "8" * 64


def policy_lines(*enforcers: Person) -> str:
    """What a policy says of enforcers, inside the table of a network."""
    return "".join(f'[[network.enforcer]]\ncode = "{one.code}"\nkey = "{one.public}"\n' for one in enforcers)


def report(at: datetime, *ends: str, **changes: object) -> EnforcerReport:
    """What an enforcer of the office says at a time: it has the rules of these endpoints in force, for a week."""
    at_ns = moment_ns(at)
    made = EnforcerReport(
        network="Example Logistics, Hamburg", computed_ns=at_ns, every_s=60, mode="enforce", output="nftables",
        kind="owned", is_off=False, is_canary=False, policy=POLICY, log_size=42, log_until_ns=at_ns + DAY_NS,
        registries=((12, REGISTRY),), registry_until_ns=at_ns + DAY_NS, is_in_force=True,
        rules=tuple(sorted(ReportedRule(end, at_ns + 7 * DAY_NS) for end in ends)), doubts=(), left_out=(),
        left_out_more=0, hits_since_ns=at_ns - at_ns % DAY_NS, hits=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def sent(made: EnforcerReport, by: Person = ENFORCER_1, namespace: str = NAMESPACE) -> bytes:
    """The file as an enforcer sends it."""
    return report_file(made, by.key_id, by.sign(signed_bytes(made), namespace))


__all__ = ["ENFORCER_1", "ENFORCER_2", "ReportedHits", "ReportedLeftOut", "ReportedRule", "policy_lines", "report",
           "sent"]
