"""`licet.toml`: what this network is, and whose registries are read here (design §4; lifecycle §6, 26).

    [network]
    name = "Example Logistics, Hamburg"
    kind = "owned"
    prefixes = ["192.0.2.0/24", "2001:db8::/48"]
    interfaces = ["eth0"]

    [[registry]]
    path = "registry.toml"          # relative to this file
    role = "permits"

    [trust]
    root_key = "ed25519:BASE64"

    [server]                        # for `licet serve`; see `server_table`
    url = "https://registry.example.net"

    [log]                           # its log, and the witnesses of it; see `log_table`
    quorum = 1

    [enforce]                       # for `licet enforce`; see `enforce_table`
    mode = "observe"

Every table and field may be left out. Nothing is read unless the file is named on the command line. Reading opens this
one file only; whether the registries in it load is for `licet config check`, or for the scan, to find out.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
from dataclasses import dataclass, field

from licet.app.enforce_table import EnforceTable, read_enforce_table
from licet.app.log_table import LogTable, read_log_table
from licet.app.server_table import ServerTable, read_server_table
from licet.errors import BadFile, Malformed
from licet.judge.policy import KINDS, OWNED, PUBLIC
from licet.judge.registry import INFORMS, PERMITS, ROLES
from licet.snapshot.entry import parse_prefix
from licet.snapshot.store import read_bytes
from licet.snapshot.toml_table import Table, parse_toml

CONFIG_BYTES_MAX = 1024 * 1024
PREFIXES_MAX = 4_096
REGISTRIES_MAX = 64
INTERFACES_MAX = 256
ROOT_KEY_BYTES = 32

# Lifecycle §6, 26: what one owner can own. More than this is somebody's access network, whoever says otherwise.
OWNED_IPV4_ADDRESSES_MAX = 2**20
OWNED_IPV6_ADDRESSES_MAX = 2**96  # one /32
SHARED_ADDRESS_SPACE = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598: carriers put their subscribers here

# Linux: at most 15 bytes, no slash and no white space.
_INTERFACE = re.compile(r"[^\s/]{1,15}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """path: of registry.toml or a snapshot, from the current folder; role: PERMITS or INFORMS."""

    path: str
    role: str


@dataclass(frozen=True, slots=True)
class Config:
    """path: of the file; network_name: "" if not said; network_kind: OWNED, PUBLIC or None; prefixes: the operator's
    own; root_key: the pinned Ed25519 key as written, or None (only its form is checked so far); server, log:
    for `licet serve`; enforce: for `licet enforce`."""

    path: str
    network_name: str = ""
    network_kind: str | None = None
    prefixes: tuple[Network, ...] = ()
    interfaces: tuple[str, ...] = ()
    registries: tuple[RegistrySource, ...] = ()
    root_key: str | None = None
    server: ServerTable = field(default_factory=ServerTable)
    log: LogTable = field(default_factory=LogTable)
    enforce: EnforceTable = field(default_factory=EnforceTable)


def load_config(path: str | os.PathLike[str]) -> Config:
    """Read licet.toml. Raises BadFile, with its line, for the first mistake."""
    config, faults = examine_config(os.fspath(path))
    if faults:
        raise faults[0]
    return config


def examine_config(path: str) -> tuple[Config, list[BadFile]]:
    """Read licet.toml and return all its mistakes by line; the Config is for use only where there are none.

    Raises BadFile where the file cannot be read or is not TOML.
    """
    toml = parse_toml(path, read_bytes(path, CONFIG_BYTES_MAX))
    root = Table(toml, (), toml.data, [])
    root.refuse_unknown(("enforce", "log", "network", "registry", "server", "trust"))
    network, trust = root.table("network"), root.table("trust")
    network.refuse_unknown(("name", "kind", "prefixes", "interfaces"))
    kind = network.word("kind", KINDS, None)
    config = Config(
        path=path,
        network_name=network.text("name"),
        network_kind=kind,
        prefixes=_read_prefixes(network, kind),
        interfaces=_read_interfaces(network),
        registries=tuple(_read_source(table, path, kind) for table in root.tables("registry", REGISTRIES_MAX)),
        root_key=_read_root_key(trust),
        server=read_server_table(root.table("server"), path),
        log=read_log_table(root.table("log")),
        enforce=read_enforce_table(root.table("enforce"), path),
    )
    return config, sorted(root.faults, key=lambda fault: fault.line or 0)


def _read_prefixes(table: Table, kind: str | None) -> tuple[Network, ...]:
    prefixes: list[Network] = []
    for index, text in enumerate(table.texts("prefixes", PREFIXES_MAX)):
        try:
            prefixes.append(_read_prefix(text, kind))
        except Malformed as error:
            table.fault(str(error), "prefixes", index)
    if kind == OWNED:
        _refuse_access_network(table, prefixes)
    return tuple(prefixes)


def _read_prefix(text: str, kind: str | None) -> Network:
    if text.strip().endswith("/0"):
        raise Malformed(f"“{text}” is a default route: it would make every server in the world one of yours")
    prefix = ipaddress.ip_network(parse_prefix(text.strip()))
    if kind == OWNED and prefix.version == 4 and prefix.overlaps(SHARED_ADDRESS_SPACE):
        raise Malformed(f"“{text}” is address space in which carriers put subscribers (RFC 6598): the network of an "
                        "owner has none of it")
    return prefix


def _refuse_access_network(table: Table, prefixes: list[Network]) -> None:
    """Note when an owned network covers more global addresses than one owner has."""
    for version, most, words in ((4, OWNED_IPV4_ADDRESSES_MAX, "2^20 global IPv4 addresses"),
                                 (6, OWNED_IPV6_ADDRESSES_MAX, "one global IPv6 /32")):
        if _global_addresses(prefixes, version) > most:
            table.fault(f"prefixes cover more than {words}: a network of that size is not an owner's but a public one",
                        "prefixes")


def _global_addresses(prefixes: list[Network], version: int) -> int:
    """How many addresses are covered, each counted once, without those that are private."""
    found: list[Network] = [prefix for prefix in prefixes if prefix.version == version and not prefix.is_private]
    count = 0
    for prefix in ipaddress.collapse_addresses(found):  # type: ignore[type-var]  # one version, which mypy cannot know
        count += prefix.num_addresses
    return count


def _read_interfaces(table: Table) -> tuple[str, ...]:
    names = table.texts("interfaces", INTERFACES_MAX)
    for index, name in enumerate(names):
        if not _INTERFACE.fullmatch(name) or not name.isprintable():
            table.fault(f"“{name[:40]}” is not the name of an interface, such as eth0", "interfaces", index)
    return tuple(names)


def _read_source(table: Table, path: str, kind: str | None) -> RegistrySource:
    table.refuse_unknown(("path", "role"))
    role = table.word("role", ROLES, PERMITS)
    if kind == PUBLIC and role == INFORMS:
        table.fault("role is informs, but on a public network every registry permits", "role")
    named = table.text("path", required=True)
    return RegistrySource(os.path.join(os.path.dirname(path), named), role or PERMITS)


def _read_root_key(table: Table) -> str | None:
    table.refuse_unknown(("root_key",))
    key = table.text("root_key")
    if not key:
        return None
    kind, _, encoded = key.partition(":")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if kind != "ed25519" or len(raw) != ROOT_KEY_BYTES:
        table.fault("root_key is not “ed25519:” and 32 bytes in base64", "root_key")
    return key
