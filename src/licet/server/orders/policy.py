"""The policy that this registry checks orders by: `policy.toml` in its data folder. The server reads it and never
writes it, but for the one of a demonstration; each enforcer has its own copy, pinned, and believes that one. Where the
policy keys publish one (docs/keys.md), it must be that one."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.model.canonical import sha256_digest
from licet.model.policy import NetworkPolicy
from licet.order.policy_file import POLICY_BYTES_MAX, network_of, read_policy
from licet.server.snapshot_signing import signed_state
from licet.snapshot.store import read_bytes

POLICY_NAME = "policy.toml"


def networks() -> tuple[NetworkPolicy, ...]:
    """All networks of the policy. Raises Refused where there is none, or not the signed one, and BadFile for one that
    cannot be read."""
    path = settings.DEPLOYMENT.data / POLICY_NAME
    if not path.exists():
        raise Refused("no_policy", _("This registry has no policy.toml: nobody can sign orders here."))
    raw = read_bytes(str(path), POLICY_BYTES_MAX)
    state = signed_state()
    if state is not None and state.policy not in (None, sha256_digest(raw)):
        raise Refused("policy_not_signed", _("The policy.toml of this registry is not the one that its policy keys "
                                             "signed: nobody can sign orders here until it is."))
    return _read(str(path), raw)


@lru_cache(maxsize=2)
def _read(path: str, raw: bytes) -> tuple[NetworkPolicy, ...]:
    """A policy with a long list of what is never blocked takes a moment to read, and is asked for by every page."""
    return read_policy(path, raw)


def network_named(name: str) -> NetworkPolicy:
    """The network of that name. Raises Refused where there is no policy or no such network, and BadFile for one that
    cannot be read."""
    found = network_of(networks(), name)
    if found is None:
        raise Refused("other_network", _("This registry's policy names no network “%(name)s”.") % {"name": name[:120]})
    return found
