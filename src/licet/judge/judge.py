"""The judge: a tunnel, the registries, the rules and a time give one verdict (design §3, "Verdicts").

The rows are tried in this order, and the first that fits is the verdict:

    registered     a registration that counts covers the endpoint and protocol, or its key matches
    undetermined   no registry decides here, no server end is known, carriage in transit, or evidence short of certain
    conflict       the registry has the address for something else, or the registration is on hold
    unregistered   the registry does not know it; lapsed, revoked and withdrawn count as not known

Allow beats everything; doubt never becomes “unregistered”. A mesh has no server end and stays undetermined: what an
owner of a network attests for a mesh as a whole cannot be read off one link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from licet.judge import words
from licet.judge.coverage import counts, covers, speaks
from licet.judge.policy import Policy
from licet.judge.registry import PERMITS, Registry
from licet.model.evidence import CERTAIN
from licet.model.registration import Record
from licet.model.tunnel import Tunnel
from licet.model.verdict import CONFLICT, REGISTERED, UNDETERMINED, UNREGISTERED, SnapshotRef, Verdict

# Their handshake hides in TLS: a registration can confirm them, and nothing on the wire can accuse them (design §3).
CONFIRM_ONLY = frozenset({"sstp", "anyconnect", "globalprotect", "fortinet", "softether"})


@dataclass(frozen=True, slots=True)
class _Finding:
    """A record that speaks of this tunnel's endpoint or key. is_for_it: it covers endpoint and protocol; counts, held:
    its standing at the time of judging."""

    record: Record
    ref: SnapshotRef
    is_for_it: bool
    counts: bool
    held: bool

    def preference(self) -> tuple[bool, bool, int, bool, str, str, str]:
        """Which of several says most: what is for it, an address before a key, the longer prefix, a port, then any
        fixed order, so that the order of registries does not matter."""
        record = self.record
        length = int((record.address or "/0").partition("/")[2] or 128)
        return (not self.is_for_it, record.address is None, -length, record.port is None, record.service,
                self.ref.digest, words.record_place(record) + record.protocol)


@dataclass(frozen=True, slots=True)
class _Ruling:
    verdict: str
    reason: str
    finding: _Finding | None = None


def judge(tunnel: Tunnel, registries: Sequence[Registry], policy: Policy, at_ns: int) -> Verdict:
    """Judge one tunnel. Pure.

    registries: in any order, those that permit and those that inform; at_ns: the time at which registrations are read,
    nanoseconds since the epoch. A tunnel without a server end is undetermined unless its key matched.
    """
    if not registries:  # Most scans of a first day: the same sentence for every tunnel.
        return Verdict(UNDETERMINED, words.no_registry(False), None, (), at_ns, None, policy.digest)
    permitting = [registry for registry in registries if registry.role == PERMITS]
    findings = _findings(tunnel, permitting, policy, at_ns)
    ruling = (
        _registered(tunnel, findings)
        or _undetermined(tunnel, bool(permitting), bool(registries))
        or _conflict(tunnel, findings)
        or _unregistered(tunnel, findings, at_ns)
    )
    decided = ruling.finding
    informing = [registry for registry in registries if registry.role != PERMITS]
    return Verdict(
        verdict=ruling.verdict,
        reason=ruling.reason,
        registration=None if decided is None or ruling.verdict == UNREGISTERED else decided.record.service,
        informs=_informs(tunnel, informing, policy, at_ns, ruling.verdict == REGISTERED),
        judged_at_ns=at_ns,
        snapshot=_consulted(permitting) if decided is None else decided.ref,
        policy=policy.digest,
    )


def _consulted(permitting: Sequence[Registry]) -> SnapshotRef | None:
    """The snapshot to cite where no record decided: with several, the one with the lowest digest, in any order."""
    refs = sorted((registry.snapshot.ref for registry in permitting), key=lambda ref: (ref.digest, ref.serial or 0))
    return refs[0] if refs else None


def _findings(tunnel: Tunnel, registries: Sequence[Registry], policy: Policy, at_ns: int) -> list[_Finding]:
    """All records at the tunnel's address or with its key, the ones that say most first."""
    findings = [
        _Finding(
            record=record,
            ref=registry.snapshot.ref,
            is_for_it=record.mac1_key is not None or covers(record, tunnel.server, tunnel.family),
            counts=counts(record, registry, policy, at_ns),
            held=record.is_held(at_ns),
        )
        for registry in registries
        for record in (*_at_server(tunnel, registry), *_with_key(tunnel, registry))
    ]
    return sorted(findings, key=_Finding.preference)


def _at_server(tunnel: Tunnel, registry: Registry) -> tuple[Record, ...]:
    return () if tunnel.server is None else registry.snapshot.at_address(tunnel.server.address)


def _with_key(tunnel: Tunnel, registry: Registry) -> list[Record]:
    """Key records of the service whose key the recogniser matched."""
    if tunnel.matched_key is None:
        return []
    records = registry.snapshot.by_service(tunnel.matched_key)
    return [record for record in records if record.mac1_key is not None and speaks(record, tunnel.family)]


def _registered(tunnel: Tunnel, findings: Sequence[_Finding]) -> _Ruling | None:
    for finding in findings:
        if finding.is_for_it and finding.counts:
            by_key = finding.record.mac1_key is not None
            reason = words.registered_by_key if by_key else words.registered
            return _Ruling(REGISTERED, reason(finding.record, tunnel), finding)
    return None


def _undetermined(tunnel: Tunnel, has_permitting: bool, has_any: bool) -> _Ruling | None:
    if not has_permitting:
        return _Ruling(UNDETERMINED, words.no_registry(has_any))
    if tunnel.server is None or tunnel.tunnel_class == "mesh":
        return _Ruling(UNDETERMINED, words.no_server(tunnel))
    if tunnel.tunnel_class != "vpn":
        return _Ruling(UNDETERMINED, words.in_transit(tunnel))
    if tunnel.grade != CERTAIN:
        return _Ruling(UNDETERMINED, words.not_certain(tunnel))
    if tunnel.family in CONFIRM_ONLY:
        return _Ruling(UNDETERMINED, words.confirm_only(tunnel))
    return None


def _conflict(tunnel: Tunnel, findings: Sequence[_Finding]) -> _Ruling | None:
    """On hold for exactly this comes first in `findings`, then what the address is registered for instead."""
    for finding in findings:
        if finding.is_for_it and finding.held:
            return _Ruling(CONFLICT, words.on_hold(finding.record, tunnel), finding)
        if not finding.is_for_it and (finding.counts or finding.held):
            return _Ruling(CONFLICT, words.something_else(finding.record, tunnel), finding)
    return None


def _unregistered(tunnel: Tunnel, findings: Sequence[_Finding], at_ns: int) -> _Ruling:
    """The last row. A record that once covered the endpoint, or will, is named as a fact."""
    former = next((finding for finding in findings if finding.is_for_it), None)
    record = None if former is None else former.record
    return _Ruling(UNREGISTERED, words.not_known(tunnel, record, at_ns), former)


def _informs(tunnel: Tunnel, registries: Sequence[Registry], policy: Policy, at_ns: int,
             is_registered: bool) -> tuple[str, ...]:
    sentences = set()
    for registry in registries:
        findings = _findings(tunnel, [registry], policy, at_ns)
        covering = next((finding for finding in findings if finding.is_for_it and finding.counts), None)
        if covering is not None:
            sentences.add(words.informs(registry.name, covering.record, is_registered))
    return tuple(sorted(sentences))
