"""What `policy.toml` says of a network: its kind, who may sign orders about it, and the numbers that hold there.

Written offline by the owner of the network and pinned in each enforcer (lifecycle §6, 26; §9). The numbers of a policy
may be stricter than the constants here, never laxer: `stricter` holds that.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields

OWNED, PUBLIC = "owned", "public"
KINDS = (OWNED, PUBLIC)

NAME_LENGTH_MAX = 120  # of a network, and of the code by which somebody is named; orders and reports repeat both

Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of lifecycle §5. notice_hours, notice_hours_without_contact: at least so long before an effect;
    life_days: at most from effect to end; endpoints: in one order; rules: in force; activations: an hour."""

    notice_hours: int
    notice_hours_without_contact: int
    life_days: int
    endpoints: int
    rules: int
    activations: int

    def stricter(self, other: Limits) -> Limits:
        """Of each number the stricter of two: the longer notice, and else the smaller number."""
        longer = ("notice_hours", "notice_hours_without_contact")
        chosen = {one.name: (max if one.name in longer else min)(getattr(self, one.name), getattr(other, one.name))
                  for one in fields(self)}
        return Limits(**chosen)


LIMITS = {
    OWNED: Limits(notice_hours=24, notice_hours_without_contact=24, life_days=30, endpoints=50, rules=500,
                  activations=50),
    PUBLIC: Limits(notice_hours=72, notice_hours_without_contact=144, life_days=14, endpoints=1, rules=100,
                   activations=5),
}


@dataclass(frozen=True, slots=True)
class Signer:
    """code: what others are shown instead of a name; key: one line of OpenSSH, `ssh-ed25519 AAAA…`, without a comment;
    key_id: `sha256:` and 64 hex digits, of the key's bytes (what `ssh-keygen -l` prints in base64); act: of
    appointment, a URL, for adjudicators only."""

    code: str
    key: str
    key_id: str
    act: str = ""


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """One network of a policy. name: as `network_scope` of an order says it; organisation: that owns the network;
    tunnel_policy_url, tunnel_policy_digest: the policy that its users accepted, where it is published; serves: the
    people who are served ("staff and guests of …"); signers: who may write or approve orders; reviewers: who decide
    appeals, and are neither; adjudicators: who sign quoted decisions; never_block: prefixes, the operator's file;
    enforcers: machines that report what they enforce, each with a key that signs reports and nothing else."""

    name: str
    kind: str
    prefixes: tuple[Prefix, ...]
    organisation: str
    tunnel_policy_url: str
    tunnel_policy_digest: str
    serves: str
    signers: tuple[Signer, ...]
    reviewers: tuple[Signer, ...]
    adjudicators: tuple[Signer, ...]
    limits: Limits
    never_block: tuple[Prefix, ...] = ()
    never_block_given: bool = False
    enforcers: tuple[Signer, ...] = ()
