"""The small captures that tests read: how each is made, the server's end, and what it holds.

The client is 192.0.2.11 (2001:db8:a::11), the server 198.51.100.10 (2001:db8:b::10). Frames are kept whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab import openvpn, ordinary, pptp, quic, realtime, strongswan, wireguard
from lab.network import Network, Tunnel

Maker = Callable[[Network, Path], None]

# The noise of machines that have just come up (multicast, neighbour discovery) is not what these captures are for.
_KEEP = "(ip or ip6) and not icmp6 and not ip6 multicast and not ip multicast"
_PINGS = 6
_REKEY_AFTER_S = 120


@dataclass(frozen=True)
class Capture:
    """One capture: how it is made, by which programs, the server's end, and what it holds."""

    make: Maker
    programs: Mapping[str, str]
    endpoint: str
    holds: str
    clients: int = 1


def _wireguard(port: int = 51820, family: int = 4) -> Maker:
    def make(network: Network, path: Path) -> None:
        with (
            network.capture(path, _KEEP),
            wireguard.server(network, network.server(), port) as at,
            wireguard.tunnel(network, at, network.clients[0], family) as tunnel,
        ):
            network.ping(tunnel, _PINGS)

    return make


def _wireguard_midflow(network: Network, path: Path) -> None:
    with (
        wireguard.server(network, network.server()) as at,
        wireguard.tunnel(network, at, network.clients[0]) as tunnel,
        network.capture(path, _KEEP),
    ):
        network.ping(tunnel, _PINGS)


def _wireguard_rekey(network: Network, path: Path) -> None:
    with (
        network.capture(path, _KEEP),
        wireguard.server(network, network.server()) as at,
        wireguard.tunnel(network, at, network.clients[0]) as tunnel,
    ):
        network.ping(tunnel, (_REKEY_AFTER_S + 12) // 6, interval_s=6)


def _wireguard_server_opens(network: Network, path: Path) -> None:
    with (
        network.capture(path, _KEEP),
        wireguard.server(network, network.server()) as at,
        wireguard.tunnel(network, at, network.clients[0]) as tunnel,
    ):
        network.ping(tunnel, _PINGS)
        wireguard.forget_sessions(network, at)
        back = Tunnel(at.node, f"10.9.{at.inner}.2")
        network.wait_for_ping(back)
        network.ping(back, _PINGS)


def _wireguard_silent(network: Network, path: Path) -> None:
    with (
        network.capture(path, _KEEP, count=4),
        wireguard.server(network, network.server()) as at,
        wireguard.tunnel(network, at, network.clients[0], is_known=False) as tunnel,
        network.chatter(tunnel),
    ):
        # It tries again every five seconds and a bit.
        time.sleep(18)


def _wireguard_cookie(network: Network, path: Path) -> None:
    client, other = network.clients
    with (
        network.capture(path, f"{_KEEP} and host {client.v4}"),
        wireguard.server(network, network.server()) as at,
        wireguard.tunnel(network, at, client, is_awaited=False) as tunnel,
    ):
        with wireguard.busy(network, at, other):
            network.knock(tunnel)
        network.wait_for_ping(tunnel)
        network.ping(tunnel, _PINGS)


def _openvpn(variant: openvpn.Variant) -> Maker:
    def make(network: Network, path: Path) -> None:
        with (
            network.capture(path, _KEEP),
            openvpn.server(network, network.server(), variant) as at,
            openvpn.tunnel(network, at, network.clients[0]) as tunnel,
        ):
            network.ping(tunnel, _PINGS)

    return make


def _openvpn_midflow(variant: openvpn.Variant, seconds: float = 0) -> Maker:
    def make(network: Network, path: Path) -> None:
        with (
            openvpn.server(network, network.server(), variant) as at,
            openvpn.tunnel(network, at, network.clients[0]) as tunnel,
            network.capture(path, _KEEP),
        ):
            network.ping(tunnel, _PINGS, interval_s=max(0.05, seconds / _PINGS))

    return make


def _ipsec(variant: strongswan.Variant) -> Maker:
    def make(network: Network, path: Path) -> None:
        with (
            network.capture(path, _KEEP),
            strongswan.gateway(network, network.server(), variant) as at,
            strongswan.tunnel(network, at, network.clients[0]) as tunnel,
        ):
            network.ping(tunnel, _PINGS)

    return make


def _pptp(network: Network, path: Path) -> None:
    with network.capture(path, _KEEP), pptp.server(network, network.server()):
        pptp.call(network, network.server(), network.clients[0])


def _https(port: int) -> Maker:
    def make(network: Network, path: Path) -> None:
        with network.capture(path, _KEEP), ordinary.https_server(network, network.server(), port):
            ordinary.fetch(network, network.clients[0], network.server(), port)

    return make


def _dns(network: Network, path: Path) -> None:
    with network.capture(path, _KEEP), ordinary.dns_server(network, network.server()):
        for family in (4, 6):
            ordinary.look_up(network, network.clients[0], network.server(), family)


def _ssh(network: Network, path: Path) -> None:
    with network.capture(path, _KEEP), ordinary.ssh_server(network, network.server()) as key:
        ordinary.log_in(network, network.clients[0], network.server(), key)


def _ntp(network: Network, path: Path) -> None:
    with network.capture(path, _KEEP), ordinary.time_server(network, network.server()):
        ordinary.ask_time(network, network.clients[0], network.server())


def _iperf(network: Network, path: Path) -> None:
    with network.capture(path, _KEEP), ordinary.iperf_server(network, network.server()):
        ordinary.measure(network, network.clients[0], network.server(), seconds=1)


def _realtime(act: Callable[..., None], count: int | None = None) -> Maker:
    def make(network: Network, path: Path) -> None:
        with network.capture(path, _KEEP, count=count):
            act(network, network.clients[0], network.server())

    return make


def _openvpn_captures() -> dict[str, Capture]:
    """OpenVPN's, whose variants differ in one word each."""
    found: dict[str, Capture] = {}

    def add(name: str, endpoint: str, holds: str, variant: openvpn.Variant) -> None:
        found[name] = Capture(_openvpn(variant), openvpn.PROGRAMS, endpoint, holds)

    udp, tcp = "198.51.100.10:1194/udp", "198.51.100.10:443/tcp"
    add("openvpn-udp", udp, "no guard", openvpn.Variant())
    for digest in ("MD5", "SHA1", "RIPEMD160", "SHA256", "SHA512"):
        variant = openvpn.Variant(guard="tls-auth", digest=digest)
        add(f"openvpn-tls-auth-{digest.lower()}", udp, f"tls-auth with {digest}", variant)
    for guard in ("tls-crypt", "tls-crypt-v2"):
        add(f"openvpn-{guard}", udp, guard, openvpn.Variant(guard=guard))
    add("openvpn-udp6", "[2001:db8:b::10]:1194/udp", "no guard, over IPv6", openvpn.Variant(family=6))
    add("openvpn-tcp", tcp, "no guard, over TCP", openvpn.Variant("tcp", 443))
    add("openvpn-tcp-tls-crypt", tcp, "tls-crypt, over TCP", openvpn.Variant("tcp", 443, "tls-crypt"))
    add("openvpn-static-key", udp, "static key: no handshake, must stay unknown", openvpn.Variant(guard="secret"))
    midflow = _openvpn_midflow(openvpn.Variant())
    found["openvpn-midflow"] = Capture(midflow, openvpn.PROGRAMS, udp, "data only, the capture began later")
    renegotiating = _openvpn_midflow(openvpn.Variant(renegotiate_s=6), 12)
    holds = "data first, then new keys (SOFT_RESET, key 1), the capture began later"
    found["openvpn-midflow-renegotiation"] = Capture(renegotiating, openvpn.PROGRAMS, udp, holds)
    return found


def _ipsec_captures() -> dict[str, Capture]:
    """strongSwan's."""
    v4, v6 = "198.51.100.10:500/udp, :4500/udp", "[2001:db8:b::10]:500/udp, :4500/udp"
    small_group = "aes256-sha256-modp2048"
    aggressive = strongswan.Variant(1, is_aggressive=True, proposals=small_group)
    retry = strongswan.Variant(gateway_proposals=small_group)
    rows = {
        "ikev2-psk": (v4, "IKEv2, shared secret, ESP in UDP", strongswan.Variant()),
        "ikev2-cert": (v4, "IKEv2, certificates: IKE_AUTH in IKE fragments", strongswan.Variant(auth="cert")),
        "ikev2-v6": (v6, "IKEv2 over IPv6", strongswan.Variant(family=6)),
        "ikev2-invalid-ke": (v4, "IKEv2, the first offer refused with INVALID_KE_PAYLOAD", retry),
        "ikev1-main": (v4, "IKEv1, main mode, then quick mode", strongswan.Variant(1)),
        "ikev1-aggressive": (v4, "IKEv1, aggressive mode, then quick mode", aggressive),
    }
    programs = strongswan.PROGRAMS
    return {name: Capture(_ipsec(variant), programs, end, holds) for name, (end, holds, variant) in rows.items()}


def _wireguard_captures() -> dict[str, Capture]:
    v4, v6 = "198.51.100.10:51820/udp", "[2001:db8:b::10]:51820/udp"
    rows: dict[str, tuple[Maker, str, str]] = {
        "wireguard-v4": (_wireguard(), v4, "handshake and data"),
        "wireguard-v6": (_wireguard(family=6), v6, "handshake and data, over IPv6"),
        "wireguard-443": (
            _wireguard(443),
            "198.51.100.10:443/udp",
            "handshake and data, on a port of another protocol",
        ),
        "wireguard-rekey": (_wireguard_rekey, v4, "two handshakes, two minutes apart (slow: 132 s)"),
        "wireguard-server-opens": (_wireguard_server_opens, v4, "the second handshake is opened by the server"),
        "wireguard-midflow": (_wireguard_midflow, v4, "data only, the capture began later"),
        "wireguard-cookie": (_wireguard_cookie, v4, "initiation, cookie reply, initiation with mac2, response, data"),
        "wireguard-silent": (_wireguard_silent, v4, "four initiations that nobody answers: an attempt, no tunnel"),
    }
    programs = wireguard.PROGRAMS
    # In the cookie's capture a second client makes the load, out of sight.
    return {name: Capture(make, programs, end, holds, clients=2) for name, (make, end, holds) in rows.items()}


def _ordinary_captures() -> dict[str, Capture]:
    """What is no VPN, and PPTP."""
    host = "198.51.100.10"
    plain, quick = ordinary.PROGRAMS, realtime.PROGRAMS
    holds = "control connection, one call, GRE both ways (PPP payload by a stand-in)"
    return {
        "pptp": Capture(_pptp, pptp.PROGRAMS, f"{host}:1723/tcp, {host}/gre", holds),
        "https": Capture(_https(443), plain, f"{host}:443/tcp", "negative: nginx, TLS 1.3"),
        "https-1194": Capture(_https(1194), plain, f"{host}:1194/tcp", "negative: nginx on OpenVPN's port"),
        "dns": Capture(_dns, plain, f"{host}:53/udp", "negative: unbound and dig, IPv4 and IPv6"),
        "ssh": Capture(_ssh, plain, f"{host}:22/tcp", "negative: one log-in"),
        "ntp": Capture(_ntp, plain, f"{host}:123/udp", "negative: chrony"),
        "iperf3-51820": Capture(_iperf, plain, f"{host}:51820/udp", "negative: UDP on WireGuard's port"),
        "dtls": Capture(_realtime(realtime.speak_dtls), quick, f"{host}:4433/udp", "negative: openssl, DTLS 1.2"),
        "turn": Capture(_realtime(realtime.relay), quick, f"{host}:3478/udp", "negative: STUN, TURN with ChannelData"),
        "quic": Capture(_realtime(quic.fetch), quic.PROGRAMS, f"{host}:443/udp", "negative: aioquic"),
        "sip-rtp": Capture(
            _realtime(realtime.place_call, 80), quick, f"{host}:5060/udp", "negative: a call with RTP"
        ),
    }


CAPTURES = {**_wireguard_captures(), **_openvpn_captures(), **_ipsec_captures(), **_ordinary_captures()}
