"""The laboratory's wires: an office, a router and servers, each in a Linux network namespace of its own.

    client ──┐                                  ┌── server
    client ──┤ office ── router ── internet     ├── server
    client ──┘ (captures are taken at `office`) └── server

Addresses are those kept for documentation (RFC 5737, RFC 3849). The office is 192.0.2.0/24 and 2001:db8:a::/64; servers
take any address of 198.51.100.0/24, 203.0.113.0/24 and 2001:db8:b::/64. Nothing leaves the namespaces: there is no
wire to the machine they run on. Needs root. Leaves nothing behind, whichever way it ends short of SIGKILL.
"""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from pathlib import Path
from subprocess import DEVNULL
from types import FrameType, TracebackType

from lab.process import WAIT_S, LabError, Process, run, wait_until

_OFFICE_ROUTER = ("192.0.2.1/24", "2001:db8:a::1/64")
_INTERNET_ROUTER = ("198.51.100.1/24", "203.0.113.1/24", "2001:db8:b::1/64")
_FIRST_CLIENT = 11


@dataclass(frozen=True)
class Node:
    """One machine of the laboratory: a namespace with one wire, `eth0`."""

    name: str
    namespace: str
    v4: str
    v6: str


@dataclass(frozen=True)
class Tunnel:
    """A tunnel that carries traffic. `inside` is the address of the server's end, to be reached from `client`."""

    client: Node
    inside: str


class Network:
    """Office clients, a router and servers; a context manager that builds them and takes them down."""

    def __init__(self, clients: int = 1, servers: Mapping[str, tuple[str, str]] | None = None) -> None:
        """Describe the network; nothing is built before `with`.

        clients: how many machines the office has, 1 to 200: 192.0.2.11, 192.0.2.12 …
        servers: name to IPv4 and IPv6 address; by default one, "server", 198.51.100.10 and 2001:db8:b::10.
        """
        # Four hexadecimal digits keep two runs apart and leave room: an interface name holds 15 letters.
        self.run_id = secrets.token_hex(2)
        self.router = Node("router", f"lab{self.run_id}-router", "192.0.2.1", "2001:db8:a::1")
        self.clients = [self._client(number) for number in range(_FIRST_CLIENT, _FIRST_CLIENT + clients)]
        places = servers or {"server": ("198.51.100.10", "2001:db8:b::10")}
        self.servers = {name: Node(name, f"lab{self.run_id}-{name}", v4, v6) for name, (v4, v6) in places.items()}
        self.folder = Path()
        self._stack = ExitStack()
        self._counter = 0

    def _client(self, number: int) -> Node:
        return Node(f"c{number}", f"lab{self.run_id}-c{number}", f"192.0.2.{number}", f"2001:db8:a::{number}")

    def __enter__(self) -> Network:
        with ExitStack() as stack:
            self._stack = stack
            stack.enter_context(_ending_on_sigterm())
            # Programs that drop root read their files here, so others may enter; the keys themselves are 0600.
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="licet-lab-")))
            self.folder.chmod(0o755)
            self._build()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def server(self, name: str = "server") -> Node:
        """The server of that name."""
        return self.servers[name]

    def unique(self, prefix: str) -> str:
        """A name for an interface or a file that no other run and no other tunnel uses; at most 15 letters."""
        self._counter += 1
        return f"{prefix}{self.run_id}{self._counter}"

    def work_folder(self, prefix: str) -> Path:
        """A new, empty folder for a program's files, removed with the network."""
        folder = self.folder / self.unique(prefix)
        folder.mkdir()
        return folder

    def run(self, node: Node, *argv: str, timeout_s: float = WAIT_S, env: Mapping[str, str] | None = None) -> str:
        """Run a short command on `node` and return what it wrote. Raises LabError if it fails."""
        return run(_inside(node, argv), timeout_s, env)

    @contextmanager
    def program(
        self, node: Node, *argv: str, env: Mapping[str, str] | None = None, stdin: int = DEVNULL
    ) -> Iterator[Process]:
        """Run a program on `node` for as long as the block lasts. Raises LabError if it cannot be started."""
        process = Process(_inside(node, argv), self.folder / self.unique("output"), env, stdin)
        try:
            yield process
        finally:
            process.stop()

    @contextmanager
    def capture(
        self, path: Path, keep: str = "ip or ip6", snaplen: int = 0, count: int | None = None
    ) -> Iterator[Process]:
        """Write what passes the office's router to `path` (classic pcap, microseconds) while the block lasts.

        keep: a filter in tcpdump's words. snaplen: bytes kept of a frame, 0 for all. count: stop after so many.
        Raises LabError if tcpdump does not start.
        """
        argv = ["tcpdump", "-i", "office", "-n", "-U", "--immediate-mode", "-Z", "root", "-s", str(snaplen)]
        if count is not None:
            argv += ["-c", str(count)]
        with self.program(self.router, *argv, "-w", str(path), keep) as process:
            process.wait_for("listening on")
            yield process
            # SIGINT is tcpdump's word for "write what you have and close the file".
            process.stop(signal.SIGINT)

    def wait_for_ping(self, tunnel: Tunnel) -> None:
        """Wait until the far end of the tunnel answers. Raises LabError after 15 s of silence."""
        wait_until(lambda: self._answers(tunnel), f"an answer from {tunnel.inside} through the tunnel")

    @contextmanager
    def chatter(self, tunnel: Tunnel, size: int = 56, interval_s: float = 1.0) -> Iterator[Process]:
        """Ping through the tunnel in the background while the block lasts: `size` bytes every `interval_s` seconds."""
        argv = ["ping", "-q", "-s", str(size), "-i", f"{interval_s:g}", tunnel.inside]
        with self.program(tunnel.client, *argv) as process:
            yield process

    def knock(self, tunnel: Tunnel) -> None:
        """Send one ping through the tunnel; that nothing answers is no error."""
        self._answers(tunnel)

    def ping(self, tunnel: Tunnel, count: int = 5, size: int = 56, interval_s: float = 0.05) -> None:
        """Send `count` pings of `size` bytes through the tunnel, one every `interval_s` seconds."""
        argv = ["ping", "-q", "-c", str(count), "-s", str(size), "-i", f"{interval_s:g}", "-W", "1", tunnel.inside]
        self.run(tunnel.client, *argv, timeout_s=count * interval_s + WAIT_S)

    def _answers(self, tunnel: Tunnel) -> bool:
        with suppress(LabError):
            self.run(tunnel.client, "ping", "-q", "-c", "1", "-W", "0.3", tunnel.inside, timeout_s=3)
            return True
        return False

    def _build(self) -> None:
        self._add_namespace(self.router)
        for bridge, addresses in (("office", _OFFICE_ROUTER), ("internet", _INTERNET_ROUTER)):
            self.run(self.router, "ip", "link", "add", bridge, "type", "bridge")
            self._configure(self.router, bridge, addresses)
        self.run(self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for node in self.clients:
            self._add_machine(node, "office", _OFFICE_ROUTER)
        for node in self.servers.values():
            self._add_machine(node, "internet", _INTERNET_ROUTER)

    def _add_namespace(self, node: Node) -> None:
        run(["ip", "netns", "add", node.namespace])
        self._stack.callback(_remove_namespace, node.namespace)
        # Duplicate address detection would keep IPv6 silent for its first two seconds.
        self.run(node, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        self.run(node, "ip", "link", "set", "lo", "up")

    def _add_machine(self, node: Node, bridge: str, routers: Sequence[str]) -> None:
        self._add_namespace(node)
        wire = ["ip", "link", "add", node.name, "type", "veth", "peer", "name", "eth0", "netns", node.namespace]
        self.run(self.router, *wire)
        self.run(self.router, "ip", "link", "set", node.name, "master", bridge, "up")
        self._switch_offload_off(self.router, node.name)
        self._switch_offload_off(node, "eth0")
        self._configure(node, "eth0", (f"{node.v4}/24", f"{node.v6}/64"))
        for address in (node.v4, node.v6):
            self.run(node, "ip", "route", "add", "default", "via", _router_for(address, routers))

    def _configure(self, node: Node, interface: str, addresses: Sequence[str]) -> None:
        for address in addresses:
            self.run(node, "ip", "address", "add", address, "dev", interface)
        self.run(node, "ip", "link", "set", interface, "up")

    def _switch_offload_off(self, node: Node, interface: str) -> None:
        # veth leaves checksums empty and joins segments; a real wire carries neither.
        off = [word for name in ("tx", "rx", "tso", "gso", "gro") for word in (name, "off")]
        self.run(node, "ethtool", "-K", interface, *off)


def _inside(node: Node, argv: Sequence[str]) -> list[str]:
    return ["ip", "netns", "exec", node.namespace, *argv]


def _router_for(address: str, routers: Sequence[str]) -> str:
    """The router's address on the prefix of `address`. Raises LabError if the laboratory has no such prefix."""
    for router in routers:
        interface = ip_interface(router)
        if ip_address(address) in interface.network:
            return str(interface.ip)
    raise LabError(f"{address}: not in the laboratory's prefixes; use one of {', '.join(routers)}")


def _remove_namespace(namespace: str) -> None:
    """Stop what still runs in a namespace that we made, and remove it. Never raises."""
    with suppress(LabError):
        for number in run(["ip", "netns", "pids", namespace]).split():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
    with suppress(LabError):
        run(["ip", "netns", "delete", namespace])


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that the blocks we are in are left in order (as with Ctrl-C)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
