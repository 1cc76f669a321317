"""Own captures of real programs: what licet says of each is what `tests/captures/README.md` says is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.app.scan import scan
from licet.model.tunnel import Tunnel

CAPTURES = Path(__file__).parent.parent / "captures"
V4, V6 = "198.51.100.10", "[2001:db8:b::10]"


def _udp(port: int, server: str = V4) -> str:
    return f"{server}:{port}/udp"


# file: {server's end: (family, variant, grade, initiator, rules)}
EXPECTED: dict[str, dict[str, tuple[str, str | None, str, str | None, list[str]]]] = {
    "wireguard-v4": {_udp(51820): ("wireguard", None, "certain", "client", ["wireguard/handshake@1"])},
    "wireguard-v6": {_udp(51820, V6): ("wireguard", None, "certain", "client", ["wireguard/handshake@1"])},
    "wireguard-443": {_udp(443): ("wireguard", None, "certain", "client", ["wireguard/handshake@1"])},
    "wireguard-rekey": {_udp(51820): ("wireguard", None, "certain", "client", ["wireguard/handshake@1"])},
    "wireguard-server-opens": {_udp(51820): ("wireguard", None, "likely", None, ["wireguard/handshake@1"])},
    "wireguard-midflow": {_udp(51820): ("wireguard", None, "likely", None, ["wireguard/data@1"])},
    "wireguard-cookie": {_udp(51820): ("wireguard", None, "certain", "client", ["wireguard/handshake@1"])},
    "wireguard-silent": {_udp(51820): ("wireguard", None, "likely", "client", ["wireguard/attempt@1"])},
    "openvpn-udp": {_udp(1194): ("openvpn", "plain", "certain", "client", ["openvpn/hard-reset@1"])},
    "openvpn-udp6": {_udp(1194, V6): ("openvpn", "plain", "certain", "client", ["openvpn/hard-reset@1"])},
    "openvpn-tls-crypt": {_udp(1194): ("openvpn", "tls-crypt", "certain", "client", ["openvpn/tls-crypt@1"])},
    "openvpn-tls-crypt-v2": {_udp(1194): ("openvpn", "tls-crypt-v2", "certain", "client", ["openvpn/tls-crypt-v2@1"])},
    "openvpn-tcp": {f"{V4}:443/tcp": ("openvpn", "plain", "certain", "client", ["openvpn/hard-reset@1"])},
    "openvpn-tcp-tls-crypt": {f"{V4}:443/tcp": ("openvpn", "tls-crypt", "certain", "client", ["openvpn/tls-crypt@1"])},
    "openvpn-midflow": {_udp(1194): ("openvpn", None, "likely", None, ["openvpn/data@1"])},
    "openvpn-midflow-renegotiation": {_udp(1194): ("openvpn", None, "likely", None, ["openvpn/data@1"])},
    "pptp": {
        f"{V4}:1723/tcp": ("pptp", None, "certain", "client", ["pptp/control@1"]),
        f"{V4}/gre": ("pptp", None, "certain", "client", ["pptp/gre-call@1"]),
    },
}
for _digest in ("md5", "sha1", "ripemd160", "sha256", "sha512"):
    EXPECTED[f"openvpn-tls-auth-{_digest}"] = {
        _udp(1194): ("openvpn", "tls-auth", "certain", "client", ["openvpn/hard-reset@1"])
    }
for _name, _server in (
    ("ikev2-psk", V4), ("ikev2-cert", V4), ("ikev2-invalid-ke", V4), ("ikev2-v6", V6), ("ikev1-main", V4),
    ("ikev1-aggressive", V4),
):
    EXPECTED[_name] = {
        _udp(500, _server): ("ipsec-ike", _name[:5], "certain", "client", ["ike/exchange@1"]),
        _udp(4500, _server): (
            "ipsec-ike", _name[:5], "certain", "client", ["ike/exchange@1", "esp-udp/ike-link@1"],
        ),
    }
for _negative in (
    "openvpn-static-key", "https", "https-1194", "dns", "ssh", "ntp", "iperf3-51820", "dtls", "turn", "quic", "sip-rtp",
):
    EXPECTED[_negative] = {}


def _facts(tunnel: Tunnel) -> tuple[str, str | None, str, str | None, list[str]]:
    rules = [evidence.rule for evidence in tunnel.evidence]
    return tunnel.family, tunnel.variant, tunnel.grade, tunnel.initiator, rules


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_capture_of_a_real_program_shows_what_it_holds(name: str) -> None:
    result = scan([str(CAPTURES / f"{name}.pcap")])
    assert {str(judged.tunnel.server): _facts(judged.tunnel) for judged in result.tunnels} == EXPECTED[name]
    assert result.captures[0].problem is None


def test_every_capture_has_its_line_here() -> None:
    assert {path.stem for path in CAPTURES.glob("*.pcap")} == set(EXPECTED)
