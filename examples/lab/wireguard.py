"""WireGuard, with wireguard-go and wg: a server with its clients, over IPv4 or IPv6.

wireguard-go runs in user space, so the kernel needs no WireGuard. It takes its port on all addresses of its namespace:
two servers on one port need two server nodes. Keys are made for the run and end with it.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.network import Network, Node, Tunnel
from lab.process import Process, run, wait_until

PROGRAMS = {"wireguard-go": "wireguard-go", "wg": "wireguard-tools"}

_SOCKETS = Path("/var/run/wireguard")

# 128 waiting handshakes are "under load" for wireguard-go; a socket's default buffer holds some 250 of them.
_FLOOD = """
import base64, hashlib, os, socket, sys
address, port, public = sys.argv[1:]
mac1_key = hashlib.blake2s(b"mac1----" + base64.b64decode(public)).digest()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(220):
    body = bytes([1, 0, 0, 0]) + os.urandom(112)
    mac1 = hashlib.blake2s(body, key=mac1_key, digest_size=16).digest()
    sender.sendto(body + mac1 + bytes(16), (address, int(port)))
"""


@dataclass(frozen=True)
class Key:
    """A key pair, both halves as wg prints them (base64)."""

    private: str
    public: str


@dataclass(frozen=True)
class Server:
    """A WireGuard server that is running: where it listens, its keys, its interface and its inner network."""

    node: Node
    port: int
    key: Key
    interface: str
    inner: int
    process: Process


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
    with _interface(network, node, own_key, f"10.9.{inner}.1/24") as (interface, process):
        network.run(node, "wg", "set", interface, "listen-port", str(port))
        yield Server(node, port, own_key, interface, inner, process)


@contextmanager
def tunnel(
    network: Network,
    at: Server,
    client: Node,
    family: int = 4,
    host: int = 2,
    is_known: bool = True,
    is_awaited: bool = True,
) -> Iterator[Tunnel]:
    """Connect `client` to the server, and wait until the tunnel carries a ping.

    family: 4 or 6, the outer protocol. host: the client's last inner number.
    is_known: False if the server shall not know the client's key; it is silent to strangers, so nothing is waited for.
    is_awaited: False to go on before anything was sent.
    """
    key = make_key()
    with _interface(network, client, key, f"10.9.{at.inner}.{host}/24") as (interface, _):
        inside = f"10.9.{at.inner}.{host}/32"
        if is_known:
            network.run(at.node, "wg", "set", at.interface, "peer", key.public, "allowed-ips", inside)
        address = f"[{at.node.v6}]" if family == 6 else at.node.v4
        peer = ["peer", at.key.public, "allowed-ips", f"10.9.{at.inner}.0/24", "endpoint", f"{address}:{at.port}"]
        network.run(client, "wg", "set", interface, *peer)
        found = Tunnel(client, f"10.9.{at.inner}.1")
        if is_known and is_awaited:
            network.wait_for_ping(found)
        yield found


def forget_sessions(network: Network, at: Server) -> None:
    """Make the server forget its sessions but not where its clients are, as after a restart.

    The next packet that it wants to send makes it open a handshake: the server is the initiator then.
    """
    for line in network.run(at.node, "wg", "show", at.interface, "dump").splitlines()[1:]:
        public, _, endpoint, inside, *_ = line.split("\t")
        network.run(at.node, "wg", "set", at.interface, "peer", public, "remove")
        again = ["peer", public, "endpoint", endpoint, "allowed-ips", inside]
        network.run(at.node, "wg", "set", at.interface, *again)


@contextmanager
def busy(network: Network, at: Server, sender: Node) -> Iterator[None]:
    """What is sent to the server in the block is answered by a server under load, with a cookie (whitepaper, 5.4.7).

    The server is halted while `sender` fills its queue, and goes on when the block is left; it holds itself to be under
    load for one second. The messages that fill the queue are ours: right in form and mac1, and nothing besides.
    """
    at.process.send(signal.SIGSTOP)
    try:
        network.run(sender, sys.executable, "-c", _FLOOD, at.node.v4, str(at.port), at.key.public)
        yield
    finally:
        at.process.send(signal.SIGCONT)


@contextmanager
def _interface(network: Network, node: Node, key: Key, address: str) -> Iterator[tuple[str, Process]]:
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
        yield name, process
