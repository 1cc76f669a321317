"""The main job on traffic of this minute: real programs in namespaces, captured, scanned, judged, explained."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from lab import needs, openvpn, wireguard
from lab.network import Network
from licet import load, scan
from licet.app.results import ScanResult

_LACKING = needs.missing()

pytestmark = [
    pytest.mark.skipif(bool(_LACKING), reason="; ".join(_LACKING)),
    pytest.mark.xdist_group("lab"),
]

REGISTRY = """
[[service]]
handle = "SVC-7F3K"
name = "Staff remote access"
operator = "Example Logistics"
from = 2020-01-01
until = 2100-01-01
endpoints = []
keys = ["wireguard:{key}"]
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScanResult:
    """WireGuard whose key is registered, and OpenVPN that nobody registered, scanned from one capture."""
    folder = tmp_path_factory.mktemp("scan")
    capture, registry = folder / "live.pcap", folder / "registry.toml"
    with Network() as network, network.capture(capture), ExitStack() as stack:
        client, server = network.clients[0], network.server()
        first = stack.enter_context(wireguard.server(network, server))
        network.ping(stack.enter_context(wireguard.tunnel(network, first, client)))
        second = stack.enter_context(openvpn.server(network, server, openvpn.Variant(guard="tls-crypt")))
        network.ping(stack.enter_context(openvpn.tunnel(network, second, client)))
        registry.write_text(REGISTRY.format(key=first.key.public))
    return scan(Path(capture), load(registry))


def test_both_tunnels_are_found_with_their_server_ends(result: ScanResult) -> None:
    assert {(str(j.tunnel.server), j.tunnel.family, j.tunnel.grade) for j in result.tunnels} == {
        ("198.51.100.10:51820/udp", "wireguard", "certain"), ("198.51.100.10:1194/udp", "openvpn", "certain"),
    }


def test_the_registered_key_is_matched_where_no_address_is_registered(result: ScanResult) -> None:
    verdicts = {judged.tunnel.family: judged for judged in result.tunnels}
    assert verdicts["wireguard"].verdict.verdict == "registered"
    assert verdicts["wireguard"].tunnel.matched_key == "SVC-7F3K"
    assert verdicts["openvpn"].verdict.verdict == "unregistered"
