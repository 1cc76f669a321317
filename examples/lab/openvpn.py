"""OpenVPN over UDP or TCP, IPv4 or IPv6, with each way it has of guarding its control channel.

`Variant.guard` is one of: "none", "tls-auth", "tls-crypt", "tls-crypt-v2", and "secret", the old static key, which has
no handshake at all. Keys and certificates are made for the run and end with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.certificates import Identity, make_authority, make_identity
from lab.network import Network, Node, Tunnel
from lab.process import run

PROGRAMS = {"openvpn": "openvpn", "openssl": "openssl"}

_READY = "Initialization Sequence Completed"


@dataclass(frozen=True)
class Variant:
    """How a server and its clients speak.

    transport: "udp" or "tcp". family: 4 or 6, the outer protocol. digest: OpenVPN's --auth, the hash of tls-auth.
    renegotiate_s: new keys after so many seconds; 0 for never.
    """

    transport: str = "udp"
    port: int = 1194
    guard: str = "none"
    digest: str = "SHA256"
    family: int = 4
    renegotiate_s: int = 0


@dataclass(frozen=True)
class Server:
    """An OpenVPN server that is running."""

    node: Node
    variant: Variant
    folder: Path
    authority: Identity
    inner: int


@contextmanager
def server(network: Network, node: Node, variant: Variant, inner: int = 1) -> Iterator[Server]:
    """Run a server on `node` while the block lasts. inner: the third number of its inner addresses, 10.8.<inner>.1.

    Raises LabError if it does not start.
    """
    folder = network.work_folder("openvpn")
    authority = make_authority(folder)
    found = Server(node, variant, folder, authority, inner)
    _make_guard_keys(found)
    argv = [*_common(network, found), *_guard(found, is_server=True), "--port", str(variant.port)]
    if variant.guard == "secret":
        argv += ["--ifconfig", f"10.8.{inner}.1", f"10.8.{inner}.2"]
    else:
        argv += ["--reneg-sec", str(variant.renegotiate_s)]
        argv += ["--server", f"10.8.{inner}.0", "255.255.255.0", "--topology", "subnet", "--dh", "none"]
        argv += _identity(make_identity(folder, authority, "vpn.example.net"), authority)
    protocol = _protocol(variant, "tcp-server")
    with network.program(node, *argv, "--proto", protocol) as process:
        # With a static key there is no sequence to complete before the peer has spoken.
        process.wait_for("UDPv" if variant.guard == "secret" else _READY)
        yield found


@contextmanager
def tunnel(network: Network, at: Server, client: Node) -> Iterator[Tunnel]:
    """Connect `client` to the server, and wait until the tunnel carries a ping. Raises LabError if it does not."""
    variant, inner = at.variant, at.inner
    address = at.node.v6 if variant.family == 6 else at.node.v4
    argv = [*_common(network, at), *_guard(at, is_server=False), "--remote", address, str(variant.port), "--nobind"]
    if variant.guard == "secret":
        argv += ["--ifconfig", f"10.8.{inner}.2", f"10.8.{inner}.1"]
    else:
        # The name says which certificate, never who holds it: clients are machines of the laboratory.
        name = network.unique("client")
        argv += ["--client", "--remote-cert-tls", "server", "--reneg-sec", "0"]
        argv += _identity(make_identity(at.folder, at.authority, name, "clientAuth"), at.authority)
    with network.program(client, *argv, "--proto", _protocol(variant, "tcp-client")) as process:
        process.wait_for(_READY)
        found = Tunnel(client, f"10.8.{inner}.1")
        network.wait_for_ping(found)
        yield found


def _common(network: Network, at: Server) -> list[str]:
    device = ["--dev", network.unique("ov"), "--dev-type", "tun"]
    return ["openvpn", "--verb", "3", *device, "--auth", at.variant.digest, "--keepalive", "10", "60"]


def _protocol(variant: Variant, tcp_role: str) -> str:
    base = "udp" if variant.transport == "udp" else tcp_role
    # OpenVPN wants the family before the role: tcp6-server.
    return base.replace("udp", "udp6").replace("tcp", "tcp6") if variant.family == 6 else base


def _identity(own: Identity, authority: Identity) -> list[str]:
    return ["--ca", str(authority.certificate), "--cert", str(own.certificate), "--key", str(own.key)]


def _make_guard_keys(at: Server) -> None:
    guard = at.variant.guard
    if guard == "tls-crypt-v2":
        server_key = str(at.folder / "server.key")
        run(["openvpn", "--genkey", "tls-crypt-v2-server", server_key])
        run(["openvpn", "--tls-crypt-v2", server_key, "--genkey", "tls-crypt-v2-client", str(at.folder / "client.key")])
    elif guard != "none":
        run(["openvpn", "--genkey", "secret", str(at.folder / "shared.key")])


def _guard(at: Server, is_server: bool) -> list[str]:
    """The options that name the guard's key, for one side."""
    shared = str(at.folder / "shared.key")
    direction = "0" if is_server else "1"
    own = str(at.folder / ("server.key" if is_server else "client.key"))
    options = {
        "none": [],
        "tls-auth": ["--tls-auth", shared, direction],
        "tls-crypt": ["--tls-crypt", shared],
        "tls-crypt-v2": ["--tls-crypt-v2", own],
        "secret": ["--secret", shared, direction, "--cipher", "AES-256-CBC"],
    }
    return options[at.variant.guard]
