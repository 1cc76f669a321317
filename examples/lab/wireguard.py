"""WireGuard, with wireguard-go and wg: a server with its clients, over IPv4 or IPv6.

wireguard-go runs in user space, so the kernel needs no WireGuard. It takes its port on all addresses of its namespace:
two servers on one port need two server nodes. Keys are made for the run and end with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.network import Network, Node, Tunnel
from lab.process import run, wait_until

PROGRAMS = {"wireguard-go": "wireguard-go", "wg": "wireguard-tools"}

_SOCKETS = Path("/var/run/wireguard")


@dataclass(frozen=True)
class Key:
    """A key pair, both halves as wg prints them (base64)."""

    private: str
    public: str


@dataclass(frozen=True)
class Server:
    """A WireGuard server that is running: where it listens, its public key, its interface and its inner network."""

    node: Node
    port: int
    key: Key
    interface: str
    inner: int


def make_key() -> Key:
    """Make a fresh key pair."""
    private = run(["wg", "genkey"]).strip()
    return Key(private, run(["wg", "pubkey"], stdin=private).strip())


@contextmanager
def server(network: Network, node: Node, port: int = 51820, inner: int = 1, key: Key | None = None) -> Iterator[Server]:
    """Run a server on `node` while the block lasts.

    inner: the third number of its inner addresses, 10.9.<inner>.1; two servers of one client need two.
    """
    own_key = key or make_key()
    with _interface(network, node, own_key, f"10.9.{inner}.1/24") as interface:
        network.run(node, "wg", "set", interface, "listen-port", str(port))
        yield Server(node, port, own_key, interface, inner)


@contextmanager
def tunnel(
    network: Network, at: Server, client: Node, family: int = 4, host: int = 2, is_answered: bool = True
) -> Iterator[Tunnel]:
    """Connect `client` to the server, and wait until the tunnel carries a ping.

    family: 4 or 6, the outer protocol. host: the client's last inner number.
    is_answered: False where the server is meant to stay silent; then nothing is waited for.
    """
    key = make_key()
    with _interface(network, client, key, f"10.9.{at.inner}.{host}/24") as interface:
        address = f"[{at.node.v6}]" if family == 6 else at.node.v4
        network.run(at.node, "wg", "set", at.interface, "peer", key.public, "allowed-ips", f"10.9.{at.inner}.{host}/32")
        peer = ["peer", at.key.public, "allowed-ips", f"10.9.{at.inner}.0/24", "endpoint", f"{address}:{at.port}"]
        network.run(client, "wg", "set", interface, *peer)
        found = Tunnel(client, f"10.9.{at.inner}.1")
        if is_answered:
            network.wait_for_ping(found)
        yield found


@contextmanager
def _interface(network: Network, node: Node, key: Key, address: str) -> Iterator[str]:
    """A WireGuard interface with its key and inner address; wireguard-go runs while the block lasts."""
    # The control socket is named after the interface and shared by all namespaces: the name must be unique.
    name = network.unique("wg")
    with ExitStack() as stack:
        process = stack.enter_context(network.program(node, "wireguard-go", "-f", name))
        socket = _SOCKETS / f"{name}.sock"
        stack.callback(socket.unlink, missing_ok=True)
        wait_until(socket.exists, f"the control socket of {name}", process=process)
        private = network.folder / f"{name}.key"
        private.touch(mode=0o600)
        private.write_text(key.private)
        network.run(node, "wg", "set", name, "private-key", str(private))
        network.run(node, "ip", "address", "add", address, "dev", name)
        network.run(node, "ip", "link", "set", name, "mtu", "1420", "up")
        yield name
