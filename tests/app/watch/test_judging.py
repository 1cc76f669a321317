"""What may be looked at on a network, and windows judged by registries that change."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from app.watch.makers import Link, spoken, window
from licet.app.config import load_config
from licet.app.report.observations import observations
from licet.app.snapshot_status import STATUS_NAME, Status, status_bytes
from licet.app.watch.judging import COUNT_MIN, Judging, registered_endpoints
from licet.app.watch.window import Other
from licet.errors import BadInput
from licet.flow.engine import has_kernel
from licet.judge import Registry
from licet.model.endpoint import Endpoint
from licet.snapshot import load
from licet.snapshot.store import SYNCED_NAME
from support.engines import NO_KERNEL
from support.packets import CLIENT, SERVER

REGISTRY = """
[[service]]
handle = "SVC-7F3K"
name = "Staff remote access"
operator = "Example Logistics"
from = 2020-01-01
until = 2040-01-01
endpoints = ["198.51.100.10:51820/udp wireguard", "203.0.113.0/28 ipsec", "[2001:db8:b::10] openvpn"]
keys = ["wireguard:UNhY4JhezH9gQYqvDMWrWH9CwlcKiECVqejMrND2VFw="]
"""


def judging(folder: Path, kind: str | None, registry: str = REGISTRY) -> Judging:
    """By a registry file in the folder, on a network of a kind; None: without any configuration."""
    path = folder / "registry.toml"
    path.write_text(registry)
    config = None
    if kind is not None:
        (folder / "licet.toml").write_text(f'[network]\nkind = "{kind}"\n' if kind else "[network]\n")
        config = load_config(str(folder / "licet.toml"))
    return Judging((str(path),), config)


@pytest.mark.parametrize("kind", [None, "", "public"])
def test_unless_somebody_says_owned_only_registered_endpoints_are_looked_at(kind: str | None, tmp_path: Path) -> None:
    look = judging(tmp_path, kind).look()
    assert not look.is_owned
    assert all(line.only_listed for sieve in look.sieves for line in sieve)
    assert len(look.listed) == 3


def test_on_an_owned_network_every_sieve_is_open(tmp_path: Path) -> None:
    look = judging(tmp_path, "owned").look()
    assert look.is_owned
    assert not any(line.only_listed for sieve in look.sieves for line in sieve)


def test_registered_endpoints_are_those_of_the_registry_and_a_key_is_none(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text(REGISTRY)
    listed = registered_endpoints([Registry(load(tmp_path / "registry.toml"))])
    packed = {text: ipaddress.ip_address(text).packed for text in (
        "198.51.100.10", "203.0.113.0", "203.0.113.15", "203.0.113.16", "2001:db8:b::10", "2001:db8:b::11")}
    assert listed.has(packed["198.51.100.10"], "udp", 51_820)
    assert not listed.has(packed["198.51.100.10"], "udp", 1194)
    assert not listed.has(packed["198.51.100.10"], "tcp", 51_820)
    assert listed.has(packed["203.0.113.0"], "udp", 500)
    assert listed.has(packed["203.0.113.15"], "esp", 0)
    assert not listed.has(packed["203.0.113.16"], "esp", 0)
    assert listed.has(packed["2001:db8:b::10"], "tcp", 443)
    assert not listed.has(packed["2001:db8:b::11"], "tcp", 443)


# A window with two other services and transports on both sides of the bound.
OTHERS = (Other(Endpoint(SERVER, "udp", 53), 3, 40, 80, 6_000), Other(Endpoint(SERVER, "tcp", 443), 40, 40, 80, 6_000))
TRANSPORTS = {"udp": (COUNT_MIN, 50, 4_000), "tcp": (COUNT_MIN - 1, 500, 40_000), "gre": (1, 1, 60)}


def test_counts_under_ten_and_what_else_was_served_are_not_shown_on_a_network_that_is_not_owned(tmp_path: Path) -> None:
    seen = window(others=OTHERS, transports=TRANSPORTS)
    shown = judging(tmp_path, "public").judged(seen).window
    assert shown.others == ()
    assert shown.transports == {"udp": (COUNT_MIN, 50, 4_000)}
    rows = list(observations(judging(tmp_path, "public").judged(seen), "sensor-1"))
    assert [row["kind"] for row in rows] == ["window", "transport"]
    owned = judging(tmp_path, "owned").judged(seen).window
    assert (owned.others, owned.transports) == (OTHERS, TRANSPORTS)


@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
def test_on_a_public_network_only_what_is_registered_is_in_the_rows(tmp_path: Path) -> None:
    by = judging(tmp_path, "public")
    link = Link(by.scanner, may_name=by.look().listed)
    link.hear(spoken("wireguard", "handshake"))
    for number in range(20):
        ends = {"client": f"192.0.2.{number + 20}", "server": f"198.51.100.{number + 20}"}
        link.hear(spoken("wireguard", "handshake", **ends) + spoken("openvpn", "tcp-plain", **ends))
    served, others, transports = link.end(0)
    judged = by.judged(window(served=tuple(served), others=tuple(others), transports=transports))
    rows = list(observations(judged, "sensor-1"))
    addresses = {row["endpoint"]["address"] for row in rows if "endpoint" in row}  # type: ignore[index, call-overload]
    assert addresses == {SERVER, None}
    (tunnel,) = judged.tunnels
    assert (tunnel.verdict.verdict, tunnel.verdict.registration) == ("registered", "SVC-7F3K")
    assert {name: counts[0] for name, counts in judged.window.transports.items()} == {"udp": 20, "tcp": 20}
    assert CLIENT not in str(rows)


@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
def test_a_registry_that_changed_changes_the_verdict(tmp_path: Path) -> None:
    by = judging(tmp_path, "owned", REGISTRY.replace("198.51.100.10", "198.51.100.99"))
    link = Link(by.scanner)
    link.hear(spoken("wireguard", "handshake"))
    seen = window(served=tuple(link.tracker.so_far()))
    assert by.judged(seen).tunnels[0].verdict.verdict == "unregistered"
    (tmp_path / "registry.toml").write_text(REGISTRY)
    assert by.reload()
    link.tracker.recognise_anew(by.scanner)
    seen = window(served=tuple(link.end(0)[0]))
    assert by.judged(seen).tunnels[0].verdict.verdict == "registered"


@pytest.mark.parametrize("broken", ["handle = ", None, "[[service]]\nhandle = 5\n"])
def test_a_registry_that_cannot_be_read_again_leaves_the_old_one_in_force(broken: str | None, tmp_path: Path) -> None:
    by = judging(tmp_path, "public")
    before = by.look().listed, by.scanner
    path = tmp_path / "registry.toml"
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)
    assert not by.reload()
    assert by.scanner is before[1]
    assert len(by.look().listed) == 3
    assert by.problem is not None
    assert by.problem.startswith("the registries could not be read again, those from before stay: ")
    assert "registry.toml" in by.problem
    path.write_text(REGISTRY)
    assert by.reload()
    assert by.problem is None


def test_a_registry_that_cannot_be_read_at_first_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"absent\.toml"):
        Judging((str(tmp_path / "absent.toml"),), None)


def test_a_registry_that_turns_stale_while_it_is_watched_by_is_said(tmp_path: Path) -> None:
    """It goes on being judged by: staleness takes nothing from whoever is registered."""
    form = b'{"published":null,"records":0,"registry":null,"schema":"licet.snapshot/1","serial":3}\n'
    (tmp_path / SYNCED_NAME).write_bytes(form)
    status = Status("https://registry.example.net/tuf", 3, "sha256:0", 1_000 * 10**9, 2_000 * 10**9, 1, (), None)
    (tmp_path / STATUS_NAME).write_bytes(status_bytes(status))
    judging = Judging([str(tmp_path)], None)
    assert judging.stale(1_999 * 10**9) == []
    [said] = judging.stale(2_000 * 10**9)
    assert "is stale since 1970-01-01T00:33:20Z" in said
