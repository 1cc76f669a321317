"""The rules in force when a verdict was given, small enough to be named by a digest.

A verdict can only be computed again by someone who knows the rules it was made with. They are the judge's own version
and the kind of the network; `policy` in every record is the digest of the two.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from licet.model.canonical import canonical_json, sha256_digest

# Raised with every change of `judge` or `coverage` that can change a verdict.
RULES = "judge@1"

OWNED = "owned"
PUBLIC = "public"
KINDS = (OWNED, PUBLIC)


@dataclass(frozen=True, slots=True)
class Policy:
    """network_kind: OWNED, PUBLIC, or None where no configuration says; rules: version of the judge."""

    network_kind: str | None = None
    rules: str = RULES

    @property
    def digest(self) -> str:
        """`sha256:…` of the canonical JSON of the rules."""
        return _digest(self.rules, self.network_kind)


@functools.lru_cache(maxsize=16)
def _digest(rules: str, network_kind: str | None) -> str:
    """The same for every tunnel of a run."""
    return sha256_digest(canonical_json({"schema": "licet.judging/1", "rules": rules, "network_kind": network_kind}))
