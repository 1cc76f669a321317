"""`licet enforce permitted`: one owned network's own register, for the firewall of its owner.

A public network has no such list, and nobody else's registry is one: what is registered elsewhere is for its own
network to permit.
"""

from __future__ import annotations

import ipaddress
import os

from licet.app.config import Config
from licet.app.enforce.signed_policy import load_policy
from licet.enforce.base import Network
from licet.enforce.permitted import RENDERS, Permitted
from licet.enforce.shield import SHIELDING
from licet.errors import BadInput, Refused
from licet.judge.policy import OWNED
from licet.judge.registry import PERMITS
from licet.model.registration import Record
from licet.order.network import effective_kind
from licet.snapshot import load


def permitted_list(config: Config, registry: str | None, form: str, at_ns: int) -> str:
    """The list in a form of RENDERS. registry: one of those of licet.toml, None for all that permit. Raises Refused,
    BadInput, BadFile."""
    _require_owned(config)
    records: list[Record] = []
    for path in _own_registries(config, registry):
        records += [one for one in load(path).records if one.status in SHIELDING
                    and one.valid_from_ns <= at_ns < one.valid_until_ns]
    with_address = sorted((one for one in records if one.address is not None), key=_sort_key)
    by_key = sum(1 for one in records if one.address is None)
    return RENDERS[form](Permitted(tuple(dict.fromkeys(with_address)), by_key, config.prefixes, at_ns))


def _require_owned(config: Config) -> None:
    if config.network_kind != OWNED:
        raise Refused("not_owned", f"{config.path} does not say kind = \"owned\": lists of endpoints are for the owner "
                                   "of a network, about that network")
    if not config.prefixes:
        raise BadInput(f"{config.path} names no prefixes under [network]: the list is scoped to them")
    if config.enforce.policy:
        kind, reasons = effective_kind(load_policy(config.enforce, config.network_name).network)
        if kind != OWNED:
            raise Refused("not_owned", f"this network counts as public: {'; '.join(reasons) or 'its policy says so'}")


def _own_registries(config: Config, registry: str | None) -> list[str]:
    own = [source.path for source in config.registries if source.role == PERMITS]
    if registry is None:
        if not own:
            raise BadInput(f"{config.path} names no [[registry]] whose role is permits")
        return own
    chosen = [path for path in own if os.path.realpath(path) == os.path.realpath(registry)]
    if not chosen:
        raise Refused("not_own_registry", f"{registry} is not this network's own register: licet.toml does not name it "
                                          "with the role permits")
    return chosen


def _sort_key(record: Record) -> tuple[int, Network, str, int, str]:
    network = ipaddress.ip_network(str(record.address))
    return network.version, network, record.transport or "", record.port or 0, record.service
