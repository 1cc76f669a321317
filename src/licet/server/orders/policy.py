"""The policy that this registry checks orders by: `policy.toml` in its data folder. The server reads it and never
writes it; each enforcer has its own copy, pinned, and believes that one."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.model.policy import NetworkPolicy
from licet.order.policy_file import POLICY_BYTES_MAX, network_of, read_policy
from licet.snapshot.store import read_bytes

POLICY_NAME = "policy.toml"


def network_named(name: str) -> NetworkPolicy:
    """The network of that name. Raises Refused where there is no policy or no such network, and BadFile for one that
    cannot be read."""
    path = settings.DEPLOYMENT.data / POLICY_NAME
    if not path.exists():
        raise Refused("no_policy", _("This registry has no policy.toml: nobody can sign orders here."))
    found = network_of(read_policy(str(path), read_bytes(str(path), POLICY_BYTES_MAX)), name)
    if found is None:
        raise Refused("other_network", _("This registry's policy names no network “%(name)s”.") % {"name": name[:120]})
    return found
