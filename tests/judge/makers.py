"""Tunnels, records and registries for tests, with documentation addresses and only the facts a test is about."""

from __future__ import annotations

from licet.judge import Registry
from licet.model.canonical import parse_time
from licet.model.endpoint import parse_endpoint
from licet.model.evidence import Evidence
from licet.model.family import FAMILIES
from licet.model.registration import Record
from licet.model.tunnel import Tunnel
from licet.snapshot import Snapshot
from licet.snapshot.entry import parse_entry
from licet.snapshot.form import Header

FROM_NS = parse_time("2026-01-01")
UNTIL_NS = parse_time("2027-01-01")
AT_NS = parse_time("2026-03-01T12:00:00Z")
MAC1_KEY = "ab" * 32


def tunnel(server: str | None = "192.0.2.10:51820/udp", family: str = "wireguard", grade: str = "certain",
           tunnel_class: str | None = None, matched_key: str | None = None) -> Tunnel:
    """One judged thing; server as `parse_endpoint` reads it."""
    endpoint = None if server is None else parse_endpoint(server)
    known = FAMILIES.get(family)
    return Tunnel(
        capture="office.pcap", server=endpoint, transport=endpoint.transport if endpoint else "udp", family=family,
        variant=None, tunnel_class=tunnel_class or (known.tunnel_class if known else "vpn"), grade=grade,
        initiator="client", clients=1, flows=1, packets=4, bytes=600, first_seen_ns=AT_NS, last_seen_ns=AT_NS,
        evidence=(Evidence(family, None, grade, f"{family}/handshake@1", "receiver-index", (1, 2)),),
        matched_key=matched_key,
    )


def record(entry: str = "192.0.2.10:51820/udp wireguard", service: str = "SVC-7F3K", status: str = "ok",
           valid_from_ns: int = FROM_NS, valid_until_ns: int = UNTIL_NS) -> Record:
    """An endpoint record; entry as in registry.toml."""
    parsed = parse_entry(entry)
    return Record(parsed.address, parsed.transport, parsed.port, parsed.protocol, None, parsed.name, service, status,
                  valid_from_ns, valid_until_ns)


def key_record(service: str = "SVC-7F3K", status: str = "ok", mac1_key: str = MAC1_KEY,
               valid_from_ns: int = FROM_NS, valid_until_ns: int = UNTIL_NS) -> Record:
    """A record that stands for a key."""
    return Record(None, None, None, "wireguard", mac1_key, None, service, status, valid_from_ns, valid_until_ns)


def registry(*records: Record, role: str = "permits", name: str | None = None) -> Registry:
    """A registry of these records."""
    return Registry(Snapshot(Header(registry=name), records), role)
