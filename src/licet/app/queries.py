"""Ready queries with which an owner can look in their own logs for who uses one server endpoint.

licet names no client, and runs none of these: whoever may ask already has the logs, and the right to read them. Each
is one line for a shell. An endpoint is an address and numbers, so nothing in it needs quoting beyond what is here.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from licet.app.report.words import shell_word
from licet.model.endpoint import Endpoint

# IP protocol numbers of the transports that have no ports.
_NUMBERS = {"esp": 50, "ah": 51, "gre": 47, "l2tpip": 115}


@dataclass(frozen=True, slots=True)
class Query:
    """title: which log it reads; command: one line for a shell."""

    title: str
    command: str


def queries(endpoint: Endpoint, capture: str) -> tuple[Query, ...]:
    """tcpdump and nfdump for every endpoint; Zeek and Suricata where there are ports.

    Zeek writes ESP, AH and GRE to conn.log under no protocol of their own, so no line is offered for them.
    """
    found = [
        Query("tcpdump, on the capture", f"tcpdump -n -r {shell_word(capture)} {shell_word(_pcap_filter(endpoint))}"),
        Query("tcpdump, on an interface", f"tcpdump -n -i any {shell_word(_pcap_filter(endpoint))}"),
        Query("nfdump, on NetFlow or IPFIX", _nfdump(endpoint)),
    ]
    if endpoint.port is not None:
        found += [Query("Zeek, on conn.log", _zeek(endpoint)), Query("Suricata, on eve.json", _suricata(endpoint))]
    return tuple(found)


def queries_text(endpoint: Endpoint, capture: str) -> str:
    """All queries with a comment above each: the whole is a valid shell script that asks nobody but its reader."""
    lines = [
        f"# Who in your own network uses {endpoint}? Your own records can say; licet does not.",
        "# These run only if you run them. Put your own file names in.",
    ]
    for query in queries(endpoint, capture):
        lines += ["", f"# {query.title}", query.command]
    return "\n".join(lines) + "\n"


def _pcap_filter(endpoint: Endpoint) -> str:
    if endpoint.port is None:
        family = "ip6" if ":" in endpoint.address else "ip"
        return f"host {endpoint.address} and {family} proto {_NUMBERS[endpoint.transport]}"
    return f"host {endpoint.address} and {endpoint.transport} port {endpoint.port}"


def _nfdump(endpoint: Endpoint) -> str:
    number = _NUMBERS.get(endpoint.transport)
    terms = f"dst ip {endpoint.address} and proto {endpoint.transport if number is None else number}"
    if endpoint.port is not None:
        terms += f" and dst port {endpoint.port}"
    return f"nfdump -R /var/cache/nfdump -A srcip,dstip,dstport,proto {shell_word(terms)}"


def _zeek(endpoint: Endpoint) -> str:
    test = f'$3 == "{endpoint.address}" && $4 == {endpoint.port} && $5 == "{endpoint.transport}"'
    return f"zeek-cut -d ts id.orig_h id.resp_h id.resp_p proto < conn.log | awk -F '\\t' {shell_word(test)}"


def _suricata(endpoint: Endpoint) -> str:
    """Suricata writes IPv6 addresses in full, other programs that write EVE do not: both forms are asked for."""
    address = ipaddress.ip_address(endpoint.address)
    forms = dict.fromkeys([str(address), address.exploded])
    addresses = " or ".join(f'.dest_ip == "{form}"' for form in forms)
    test = f'({addresses}) and .dest_port == {endpoint.port} and .proto == "{endpoint.transport.upper()}"'
    program = f'select(.event_type == "flow" and {test}) | {{timestamp, src_ip, dest_ip, dest_port}}'
    return f"jq -c {shell_word(program)} eve.json"
