"""What the registries given say about an endpoint, for drafts and dry runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from licet.judge import PERMITS, Registry
from licet.judge.coverage import counts, covers
from licet.judge.policy import Policy
from licet.model.endpoint import Endpoint


def registered_by(registries: Sequence[Registry], kind: str, at_ns: int) -> Callable[[Endpoint, str], str]:
    """A function from an endpoint and a protocol to the handle of a registration that counts, or "". On hold counts
    here too: what is on hold is shielded."""
    policy = Policy(network_kind=kind)
    permitting = [one for one in registries if one.role == PERMITS]

    def registered(end: Endpoint, protocol: str) -> str:
        for registry in permitting:
            for record in registry.snapshot.at_address(end.address):
                stands = counts(record, registry, policy, at_ns) or record.is_held(at_ns)
                if stands and covers(record, end, protocol):
                    return record.service
        return ""

    return registered


def names_at(registries: Sequence[Registry], addresses: Iterable[str]) -> dict[str, list[str]]:
    """The DNS names under which the registries know addresses."""
    return {address: [record.name for registry in registries for record in registry.snapshot.at_address(address)
                      if record.name] for address in addresses}
