"""Whether a network is really its owner's, or a public one (lifecycle §6, 26). In doubt it is public.

What no file can show (how many people a network serves) is counted by the enforcer's own sensor.
"""

from __future__ import annotations

import ipaddress

from licet.model.policy import OWNED, PUBLIC, NetworkPolicy, Prefix

OWNED_IPV4_ADDRESSES_MAX = 2**20  # global ones
OWNED_IPV6_ADDRESSES_MAX = 2**96  # one /32
INSIDE_ADDRESSES_A_DAY_MAX = 200_000
SHARED_ADDRESS_SPACE = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598: carriers put their subscribers here


def effective_kind(network: NetworkPolicy, inside_a_day: int = 0) -> tuple[str, tuple[str, ...]]:
    """The kind that the rules follow, and why it is public although the policy says owned. inside_a_day: how many
    inside addresses a sensor counted in a day, 0 where none did."""
    if network.kind != OWNED:
        return PUBLIC, ()
    reasons = [reason for holds, reason in (
        (bool(network.organisation), "its policy does not name the organisation that owns it"),
        (bool(network.tunnel_policy_url.startswith("https://") and network.tunnel_policy_digest.startswith("sha256:")),
         "its policy does not say where the tunnel policy is published that its users accepted, with its digest"),
        (bool(network.serves), "its policy does not say which people it serves"),
        (bool(network.prefixes), "its policy names no prefixes"),
        (inside_a_day <= INSIDE_ADDRESSES_A_DAY_MAX,
         f"more than {INSIDE_ADDRESSES_A_DAY_MAX:,} inside addresses were counted in a day"),
    ) if not holds]
    reasons += _prefix_reasons(network.prefixes)
    return (PUBLIC if reasons else OWNED), tuple(reasons)


def _prefix_reasons(prefixes: tuple[Prefix, ...]) -> list[str]:
    reasons = []
    if any(one.prefixlen == 0 for one in prefixes):
        reasons.append("its prefixes hold a default route")
    if any(one.version == 4 and one.overlaps(SHARED_ADDRESS_SPACE) for one in prefixes):
        reasons.append("its prefixes hold addresses of 100.64.0.0/10, where carriers put subscribers")
    if _global_addresses(prefixes, 4) > OWNED_IPV4_ADDRESSES_MAX:
        reasons.append("its prefixes cover more than 2^20 global IPv4 addresses")
    if _global_addresses(prefixes, 6) > OWNED_IPV6_ADDRESSES_MAX:
        reasons.append("its prefixes cover more than one global IPv6 /32")
    return reasons


def _global_addresses(prefixes: tuple[Prefix, ...], version: int) -> int:
    found: list[Prefix] = [one for one in prefixes if one.version == version and not one.is_private]
    count = 0
    for one in ipaddress.collapse_addresses(found):  # type: ignore[type-var]  # one version, which mypy cannot know
        count += one.num_addresses
    return count
