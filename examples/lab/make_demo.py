"""Make the demo: a minute of a small office, with the registry that judges it.

    sudo python3 examples/lab/make_demo.py [OUTDIR]

OUTDIR (default: src/licet/app/demo) gets `office.pcap`, taken at the office's router, and `registry.toml`. All tunnels
are real programs. Private keys are made for the run and end with it; the registry has the public keys of that run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

# Run as a file, Python looks beside it; the package `lab` is one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import needs, openvpn, ordinary, strongswan, wireguard
from lab.network import Network, Tunnel
from lab.process import LabError

_OUTDIR = Path(__file__).resolve().parents[2] / "src" / "licet" / "app" / "demo"
# A WireGuard initiation over IPv6 is 210 bytes with its headers, and must be whole for its key to be matched.
_SNAPLEN = 256
_SECONDS = 48

_T = TypeVar("_T")

_SERVERS = {
    "staff": ("198.51.100.10", "2001:db8:b::10"),
    "scanners": ("198.51.100.20", "2001:db8:b::20"),
    "branch": ("198.51.100.30", "2001:db8:b::30"),
    "early": ("198.51.100.44", "2001:db8:b::44"),
    "accounts": ("198.51.100.61", "2001:db8:b::61"),
    "roaming": ("203.0.113.24", "2001:db8:b::24"),
    "crypt": ("203.0.113.66", "2001:db8:b::66"),
    "moved": ("203.0.113.80", "2001:db8:b::80"),
    "tcp": ("203.0.113.90", "2001:db8:b::90"),
    "web": ("203.0.113.200", "2001:db8:b::200"),
}

_REGISTRY = """\
# The register of the office in office.pcap. Operators and services are invented; keys are those of the capture.

[[service]]
handle = "SVC-7F3K"
name = "Staff remote access"
operator = "Example Logistics"
purpose = "remote access"
from = 2026-01-01
until = 2028-01-01
endpoints = ["198.51.100.10:51820/udp wireguard"]
keys = ["wireguard:{staff}"]

# No address of its own: the key is what is registered, wherever the server runs.
[[service]]
handle = "SVC-Q2MD"
name = "Lift maintenance"
operator = "Example Lifts"
purpose = "remote access"
from = 2026-01-01
until = 2028-01-01
endpoints = []
keys = ["wireguard:{roaming}"]

[[service]]
handle = "SVC-9XKB"
name = "Warehouse scanners"
operator = "Example Logistics"
purpose = "site link"
from = 2026-01-01
until = 2028-01-01
endpoints = ["198.51.100.20:1194/udp openvpn"]
keys = []

[[service]]
handle = "SVC-4TRN"
name = "Branch office link"
operator = "Example Logistics"
purpose = "site link"
from = 2026-01-01
until = 2028-01-01
endpoints = ["198.51.100.30:500/udp ipsec", "198.51.100.30:4500/udp ipsec"]
keys = []

[[service]]
handle = "SVC-C8WE"
name = "Payroll"
operator = "Example Accountants"
purpose = "remote access"
from = 2026-01-01
until = 2028-01-01
endpoints = ["[2001:db8:b::61]:51820/udp wireguard"]
keys = []

# Registered for OpenVPN on 1194; in the capture something else answers there, on another port.
[[service]]
handle = "SVC-H5JP"
name = "Print works"
operator = "Example Print"
purpose = "remote access"
from = 2026-01-01
until = 2028-01-01
endpoints = ["203.0.113.80:1194/udp openvpn"]
keys = []
"""


class _Office:
    """The office's day: servers that run, tunnels that come up one after the other, and what people do meanwhile."""

    def __init__(self, network: Network, stack: ExitStack) -> None:
        self.network = network
        self._stack = stack
        self._start = time.monotonic()

    def at(self, second: float) -> None:
        """Wait until `second` of the capture; if it has passed, go on."""
        time.sleep(max(0.0, self._start + second - time.monotonic()))

    def enter(self, block: AbstractContextManager[_T]) -> _T:
        """Enter a block that is left at the end, before all that were entered earlier."""
        return self._stack.enter_context(block)

    def wireguard(self, name: str, inner: int) -> wireguard.Server:
        """A WireGuard server that runs to the end."""
        return self.enter(wireguard.server(self.network, self.network.server(name), inner=inner))

    def openvpn(self, name: str, inner: int, variant: openvpn.Variant) -> openvpn.Server:
        """An OpenVPN server that runs to the end."""
        return self.enter(openvpn.server(self.network, self.network.server(name), variant, inner))

    def connect(self, tunnel: AbstractContextManager[Tunnel], size: int, interval_s: float) -> None:
        """Bring a tunnel up and leave it up, with traffic in it."""
        self.enter(self.network.chatter(self.enter(tunnel), size, interval_s))


def make_demo(outdir: Path) -> None:
    """Write `office.pcap` and `registry.toml` into `outdir`. Raises LabError if a program does not come up."""
    outdir.mkdir(parents=True, exist_ok=True)
    with Network(clients=5, servers=_SERVERS) as network, ExitStack() as before:
        office = _Office(network, before)
        staff, roaming = office.wireguard("staff", 1), office.wireguard("roaming", 2)
        early = office.wireguard("early", 3)
        registry = _REGISTRY.format(staff=staff.key.public, roaming=roaming.key.public)
        (outdir / "registry.toml").write_text(registry)
        # Up before the capture begins, and done before WireGuard makes its next handshake, after two minutes.
        office.connect(wireguard.tunnel(network, early, network.clients[3]), 700, 0.9)
        time.sleep(1)
        with network.capture(outdir / "office.pcap", "ip or ip6", _SNAPLEN), ExitStack() as during:
            _play(_Office(network, during), staff, roaming)


def _play(office: _Office, staff: wireguard.Server, roaming: wireguard.Server) -> None:
    """What happens while the capture runs."""
    network = office.network
    c11, c12, c13, c14, c15 = network.clients
    scanners = office.openvpn("scanners", 1, openvpn.Variant(guard="tls-auth"))
    hidden = office.openvpn("crypt", 2, openvpn.Variant(guard="tls-crypt", port=443))
    over_tcp = office.openvpn("tcp", 3, openvpn.Variant(transport="tcp", port=443))
    accounts, moved = office.wireguard("accounts", 4), office.wireguard("moved", 5)
    branch = office.enter(strongswan.gateway(network, network.server("branch"), strongswan.Variant()))
    work = office.enter(_ordinary(network))
    steps: list[tuple[float, Callable[[], None]]] = [
        (1, lambda: work(0)),
        (2, lambda: office.connect(wireguard.tunnel(network, staff, c11, host=2), 900, 0.7)),
        (4, lambda: office.connect(openvpn.tunnel(network, scanners, c12), 300, 0.8)),
        (6, lambda: office.connect(strongswan.tunnel(network, branch, c14, host=2), 600, 0.9)),
        (9, lambda: office.connect(wireguard.tunnel(network, staff, c12, host=3), 500, 1.1)),
        (11, lambda: office.connect(openvpn.tunnel(network, hidden, c14), 800, 0.8)),
        (14, lambda: work(1)),
        (19, lambda: office.connect(wireguard.tunnel(network, roaming, c15), 400, 0.8)),
        (21, lambda: office.connect(openvpn.tunnel(network, scanners, c13), 200, 1.3)),
        (24, lambda: office.connect(wireguard.tunnel(network, moved, c13), 1000, 0.6)),
        (27, lambda: office.connect(wireguard.tunnel(network, accounts, c12, family=6), 350, 0.7)),
        (29, lambda: work(2)),
        (34, lambda: office.connect(openvpn.tunnel(network, over_tcp, c15), 450, 0.8)),
        (36, lambda: office.connect(wireguard.tunnel(network, staff, c13, host=4), 1200, 0.7)),
        (40, lambda: work(3)),
    ]
    for second, step in steps:
        office.at(second)
        step()
    office.at(_SECONDS)


@contextmanager
def _ordinary(network: Network) -> Iterator[Callable[[int], None]]:
    """A web server that also answers DNS, SSH, time and iperf3; yields what client number n does with it."""
    web = network.server("web")
    with ExitStack() as stack:
        stack.enter_context(ordinary.https_server(network, web, page_bytes=20_000))
        stack.enter_context(ordinary.dns_server(network, web))
        stack.enter_context(ordinary.time_server(network, web))
        stack.enter_context(ordinary.iperf_server(network, web))
        key = stack.enter_context(ordinary.ssh_server(network, web))

        def work(number: int) -> None:
            client = network.clients[number]
            ordinary.look_up(network, client, web, family=6 if number % 2 else 4)
            ordinary.fetch(network, client, web)
            if number == 1:
                ordinary.log_in(network, client, web, key, seconds=0.5)
            elif number == 2:
                ordinary.measure(network, client, web)
            elif number == 3:
                ordinary.ask_time(network, client, web)

        yield work


def main() -> int:
    """Read the command line and make the demo. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the demo capture and its registry.")
    parser.add_argument("outdir", nargs="?", type=Path, default=_OUTDIR)
    outdir: Path = parser.parse_args().outdir
    programs = [wireguard.PROGRAMS, openvpn.PROGRAMS, strongswan.PROGRAMS, ordinary.PROGRAMS]
    lacking = needs.missing(*programs)
    if lacking:
        print("\n".join(lacking), file=sys.stderr)
        return 5
    try:
        make_demo(outdir)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{outdir}: office.pcap, registry.toml", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
