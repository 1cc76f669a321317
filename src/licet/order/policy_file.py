"""Reading `policy.toml`: which networks there are, of which kind, and who may sign orders about them (lifecycle §9).

    [[network]]
    name = "Example Logistics, Hamburg"
    kind = "owned"
    prefixes = ["192.0.2.0/24", "2001:db8::/48"]
    organisation = "Example Logistics"
    tunnel_policy_url = "https://example.net/tunnel-policy"
    tunnel_policy_digest = "sha256:…"
    serves = "staff of Example Logistics"
    never_block = ["192.0.2.53", "2001:db8::53"]

    [[network.signer]]                 # two people at least; a person with two keys has one code
    code = "signer-1"
    key = "ssh-ed25519 AAAA…"

    [[network.reviewer]]               # decides appeals, signs no order
    [[network.adjudicator]]            # signs decisions; `act` says where their appointment is published
    [[network.enforcer]]               # a machine: its key signs reports of what it enforces, and nothing else

    [network.limits]                   # may only be stricter than lifecycle §5
    life_days = 7

Whoever reads it must know that it is the right file (its signature, or a pinned digest): that is not seen to here.
"""

from __future__ import annotations

import ipaddress
import tomllib
from dataclasses import fields, replace
from typing import Any

from licet.errors import BadFile, Malformed
from licet.model.policy import KINDS, LIMITS, NAME_LENGTH_MAX, Limits, NetworkPolicy, Prefix, Signer
from licet.order.network import effective_kind
from licet.order.sshsig import KEY_LINE_LENGTH_MAX, read_key

POLICY_BYTES_MAX = 1024 * 1024
NETWORKS_MAX, SIGNERS_MAX, PREFIXES_MAX, NEVER_BLOCK_MAX = 64, 32, 4_096, 100_000
TEXT_LENGTH_MAX = 500
_LENGTHS = {"name": NAME_LENGTH_MAX, "code": NAME_LENGTH_MAX, "key": KEY_LINE_LENGTH_MAX}

_TEXTS = ("name", "kind", "organisation", "tunnel_policy_url", "tunnel_policy_digest", "serves")
_KNOWN = {*_TEXTS, "prefixes", "never_block", "signer", "reviewer", "adjudicator", "enforcer", "limits"}


def read_policy(path: str, raw: bytes) -> tuple[NetworkPolicy, ...]:
    """The networks of a policy. path: for messages. Raises BadFile for the first mistake."""
    if len(raw) > POLICY_BYTES_MAX:
        raise BadFile(path, f"a policy has at most {POLICY_BYTES_MAX:,} bytes")
    try:
        data = tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise BadFile(path, f"is not TOML: {error}") from None
    try:
        tables = _tables(data, "network", NETWORKS_MAX)
        if set(data) != {"network"} or not tables:
            raise Malformed("write one table [[network]] for each network, and nothing besides")
        networks = tuple(_network(one) for one in tables)
    except Malformed as error:
        raise BadFile(path, str(error)) from None
    if len({one.name for one in networks}) != len(networks):
        raise BadFile(path, "two networks have the same name")
    return networks


def network_of(networks: tuple[NetworkPolicy, ...], name: str) -> NetworkPolicy | None:
    """The network of that name, or None."""
    return next((one for one in networks if one.name == name), None)


def _network(table: dict[str, Any]) -> NetworkPolicy:
    where = f"network “{str(table.get('name', ''))[:80]}”"
    odd = sorted(table.keys() - _KNOWN)
    if odd:
        raise Malformed(f"{where}: “{odd[0][:40]}” is not known; known are {', '.join(sorted(_KNOWN))}")
    texts: dict[str, Any] = {name: _text(table, name, where) for name in _TEXTS}
    if not texts["name"]:
        raise Malformed("a network needs a name: orders say it as network_scope")
    if texts["kind"] not in KINDS:
        raise Malformed(f"{where}: kind is {' or '.join(KINDS)}")
    groups: dict[str, Any] = {f"{role}s": tuple(_signer(one, role, where) for one in _tables(table, role, SIGNERS_MAX))
                              for role in ("signer", "reviewer", "adjudicator", "enforcer")}
    read = NetworkPolicy(
        **texts, **groups, prefixes=_prefixes(table, "prefixes", PREFIXES_MAX, where),
        never_block=_prefixes(table, "never_block", NEVER_BLOCK_MAX, where), never_block_given="never_block" in table,
        limits=LIMITS[texts["kind"]],
    )
    _refuse_two_hats(read, where)
    kind, _ = effective_kind(read)
    return replace(read, limits=_limits(table.get("limits", {}), LIMITS[kind], where))


def _refuse_two_hats(network: NetworkPolicy, where: str) -> None:
    """One person is a signer, a reviewer or an adjudicator, by name and by key; and no machine is one of them."""
    seen: dict[str, str] = {}
    for role, people in (("signer", network.signers), ("reviewer", network.reviewers),
                         ("adjudicator", network.adjudicators), ("enforcer", network.enforcers)):
        for one in people:
            for what in (one.code, one.key_id):
                if seen.setdefault(what, role) != role:
                    raise Malformed(f"{where}: {one.code} is both {seen[what]} and {role}; nobody decides about an "
                                    "order that they signed")


def _signer(table: dict[str, Any], role: str, where: str) -> Signer:
    known = {"code", "key", "act"} if role == "adjudicator" else {"code", "key"}
    code, key, act = (_text(table, name, where) for name in ("code", "key", "act"))
    if not code or table.keys() - known:
        raise Malformed(f"{where}: a {role} has {', '.join(sorted(known))}, and nothing else")
    if role == "adjudicator" and not act.startswith("https://"):
        raise Malformed(f"{where}: say in act where the appointment of {code} is published, with https://")
    read = read_key(key)
    return Signer(code, f"{read.kind} {key.split()[1]}", read.key_id, act)


def _limits(value: Any, most: Limits, where: str) -> Limits:
    names = {one.name for one in fields(Limits)}
    if not isinstance(value, dict) or value.keys() - names or not all(type(one) is int for one in value.values()):
        raise Malformed(f"{where}: limits are whole numbers, named {', '.join(sorted(names))}")
    wanted = replace(most, **value)
    if wanted.stricter(most) != wanted or min(getattr(wanted, name) for name in names) < 1:
        raise Malformed(f"{where}: limits can be stricter than {most}, not laxer")
    return wanted


def _prefixes(table: dict[str, Any], name: str, most: int, where: str) -> tuple[Prefix, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise Malformed(f"{where}: {name} is a list of at most {most:,} prefixes")
    found: list[Prefix] = []
    for one in value:
        try:
            found.append(ipaddress.ip_network(one if isinstance(one, str) else ""))
        except ValueError:
            raise Malformed(f"{where}: {name} has “{str(one)[:60]}”, which is no prefix such as 192.0.2.0/24") from None
    return tuple(found)


def _tables(table: dict[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    value = table.get(name, [])
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, dict) for one in value):
        raise Malformed(f"write [[{name}]] at most {most} times, each with its values below it")
    return value


def _text(table: dict[str, Any], name: str, where: str) -> str:
    value, most = table.get(name, ""), _LENGTHS.get(name, TEXT_LENGTH_MAX)
    if not isinstance(value, str) or len(value) > most:
        raise Malformed(f"{where}: {name} is a text of at most {most:,} characters")
    if not value.isprintable():
        raise Malformed(f"{where}: {name} holds characters that cannot be shown")
    return value
