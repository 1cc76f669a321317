"""What is permitted on one owned network, for its owner's firewall: sets and rules that let pass, and refuse nothing.

Four forms of the same list: a set of nftables, a table of pf, pass rules of Suricata, and CSV. Each is scoped to the
owned prefixes, and says what it cannot express. A registration by key alone has no address, and is counted.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from licet.enforce.base import SECOND_NS, Network
from licet.model.canonical import time_text
from licet.model.registration import Record

SID_FIRST = 1_800_000  # of the range for local rules, before those of orders
PASS_RULES_MAX = 100_000

_TYPES = {4: "ipv4_addr", 6: "ipv6_addr"}


@dataclass(frozen=True, slots=True)
class Permitted:
    """records: with an address, sorted, each with its end later than now; by_key: how many have none; scope: the owned
    prefixes; at_ns: now."""

    records: tuple[Record, ...]
    by_key: int
    scope: tuple[Network, ...]
    at_ns: int

    def of(self, version: int) -> Iterator[Record]:
        """Records of a version of IP."""
        for record in self.records:
            if record.address is not None and ipaddress.ip_network(record.address).version == version:
                yield record

    def prefixes(self, version: int) -> list[str]:
        """The owned prefixes of a version of IP."""
        return [str(one) for one in self.scope if one.version == version]


def nftables_set(permitted: Permitted) -> str:
    """Sets for a table of the owner's own; the two lines of a chain that use them stand at the head."""
    lines = [*_heading(permitted), "# In a chain of yours, before what refuses:",
             "#   ip saddr @licet_owned4 ip daddr . meta l4proto . th dport @licet_permitted4 accept",
             "#   ip saddr @licet_owned4 ip daddr @licet_permitted4_all accept"]
    for version in (4, 6):
        exact = [record for record in permitted.of(version) if _is_exact(record)]
        wide = [record for record in permitted.of(version) if not _is_exact(record)]
        lines += _nft_set(f"licet_owned{version}", _TYPES[version], "interval", permitted.prefixes(version))
        lines += _nft_set(f"licet_permitted{version}", f"{_TYPES[version]} . inet_proto . inet_service", "timeout",
                          _unique(f"{one.address} . {one.transport} . {one.port}" for one in exact),
                          _ends(exact, permitted.at_ns))
        networks = [ipaddress.ip_network(str(one.address)) for one in wide]
        collapsed = [str(one) for one in ipaddress.collapse_addresses(networks)]  # type: ignore[type-var]
        lines += _nft_set(f"licet_permitted{version}_all", _TYPES[version], "interval", collapsed)
    return "\n".join(lines) + "\n"


def pf_table(permitted: Permitted) -> str:
    """A file for `table <licet_permitted> persist file "…"`: addresses and prefixes alone, for that is what a table
    holds."""
    lines = [*_heading(permitted), "# Not expressed here: transports and ports. A table of pf holds addresses."]
    lines += _unique(str(record.address) for record in permitted.records)
    return "\n".join(lines) + "\n"


def suricata_pass(permitted: Permitted) -> str:
    """Pass rules, which Suricata looks at before those that drop."""
    lines = _heading(permitted)
    rules = _unique(rule for version in (4, 6) for rule in _pass_rules(permitted, version))
    lines += [f"{rule} sid:{SID_FIRST + number}; rev:1;)" for number, rule in enumerate(rules[:PASS_RULES_MAX])]
    return "\n".join(lines) + "\n"


def csv_list(permitted: Permitted) -> str:
    """One line a record. Values were checked when they were read: none has a comma, or what a spreadsheet computes."""
    lines = ["address,transport,port,protocol,name,service,status,until"]
    for one in permitted.records:
        cells = (one.address, one.transport or "", one.port or "", one.protocol, one.name or "", one.service,
                 one.status, time_text(one.valid_until_ns, 0))
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines) + "\n"


RENDERS: dict[str, Callable[[Permitted], str]] = {
    "nftables": nftables_set, "pf": pf_table, "suricata": suricata_pass, "csv": csv_list,
}


def _heading(permitted: Permitted) -> list[str]:
    lines = [f"# licet: what is permitted on this network, {len(permitted.records)} entries at "
             f"{time_text(permitted.at_ns, 0)}. It lets pass, and refuses nothing."]
    if permitted.by_key:
        lines.append(f"# Not expressed here: {permitted.by_key} that are registered by their key alone, at any place.")
    return lines


def _is_exact(record: Record) -> bool:
    """One address with UDP or TCP and a port; all else is let pass by its address."""
    return record.transport in ("udp", "tcp") and record.port is not None and "/" not in str(record.address)


def _nft_set(name: str, kind: str, flags: str, elements: Iterable[str],
             ends: dict[str, int] | None = None) -> list[str]:
    items = [f"{one} timeout {ends[one]}s" if ends is not None else one for one in elements]
    return [f"set {name} {{", f"\ttype {kind}", f"\tflags {flags}",
            *(["\telements = {", *(f"\t\t{one}," for one in items), "\t}"] if items else []), "}"]


def _ends(records: Iterable[Record], at_ns: int) -> dict[str, int]:
    """Seconds until the last registration of an endpoint ends."""
    ends: dict[str, int] = {}
    for one in records:
        key = f"{one.address} . {one.transport} . {one.port}"
        ends[key] = max(ends.get(key, 1), (one.valid_until_ns - at_ns) // SECOND_NS)
    return ends


def _pass_rules(permitted: Permitted, version: int) -> Iterator[str]:
    """Without sid and the end of the rule."""
    owned = ",".join(permitted.prefixes(version))
    for record in permitted.of(version) if owned else ():
        transport = record.transport if record.transport in ("udp", "tcp") else "ip"
        port = str(record.port) if transport != "ip" and record.port is not None else "any"
        yield (f"pass {transport} [{owned}] any <> {record.address} {port} "
               f'(msg:"licet {record.service} {record.protocol}"; noalert;')


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
