"""ocserv and openconnect: an AnyConnect server over TLS alone, as a VPN that looks like any other web server.

The account and its password are made for the run and end with it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.certificates import make_authority, make_identity
from lab.network import Network, Node, Tunnel
from lab.process import run

PROGRAMS = {"ocserv": "ocserv", "openconnect": "openconnect", "ocpasswd": "ocserv", "openssl": "openssl"}

_USER, _PASSWORD = "lab", "only-for-this-run"
_CONFIG = """
auth = "plain[passwd={folder}/passwd]"
tcp-port = {port}
run-as-user = root
run-as-group = root
socket-file = {folder}/socket
server-cert = {certificate}
server-key = {key}
isolate-workers = false
max-clients = 4
keepalive = 60
try-mtu-discovery = false
cert-user-oid = 0.9.2342.19200300.100.1.1
auth-timeout = 40
use-occtl = false
pid-file = {folder}/pid
device = {device}
ipv4-network = 10.7.{inner}.0/24
ping-leases = false
cisco-client-compat = true
"""
# openconnect's own script would change the machine's name servers.
_SCRIPT = """#!/bin/sh
[ "$reason" = connect ] || exit 0
ip address add "$INTERNAL_IP4_ADDRESS/24" dev "$TUNDEV"
ip link set "$TUNDEV" mtu 1300 up
"""


@dataclass(frozen=True)
class Server:
    """An ocserv that is running."""

    node: Node
    port: int
    inner: int
    certificate: Path


@contextmanager
def server(network: Network, node: Node, port: int = 4443, inner: int = 1) -> Iterator[Server]:
    """Run a server on `node` while the block lasts. inner: the third number of its inner addresses, 10.7.<inner>.1.

    Raises LabError if it does not start.
    """
    folder = network.work_folder("ocserv")
    folder.chmod(0o755)
    own = make_identity(folder, make_authority(folder), "vpn.example.net")
    run(["ocpasswd", "-c", str(folder / "passwd"), _USER], stdin=f"{_PASSWORD}\n{_PASSWORD}\n")
    settings = {"folder": folder, "port": port, "certificate": own.certificate, "key": own.key, "inner": inner,
                "device": network.unique("oc")}
    (folder / "ocserv.conf").write_text(_CONFIG.format(**settings))
    with network.program(node, "ocserv", "-f", "-d", "1", "-c", str(folder / "ocserv.conf")) as process:
        process.wait_for("listening (TCP)")
        yield Server(node, port, inner, own.certificate)


@contextmanager
def tunnel(network: Network, at: Server, client: Node) -> Iterator[Tunnel]:
    """Connect `client` to the server, and wait until the tunnel carries a ping. Raises LabError if it does not."""
    folder = network.work_folder("openconnect")
    script, password = folder / "script", folder / "password"
    script.write_text(_SCRIPT)
    script.chmod(0o755)
    password.write_text(_PASSWORD + "\n")
    argv = ["openconnect", "--no-dtls", "--passwd-on-stdin", "-u", _USER, "-i", network.unique("oc"), "-s", str(script),
            "--servercert", _pin(at.certificate), f"https://{at.node.v4}:{at.port}"]
    with password.open("rb") as stdin, network.program(client, *argv, stdin=stdin.fileno()):
        found = Tunnel(client, f"10.7.{at.inner}.1")
        network.wait_for_ping(found)
        yield found


def _pin(certificate: Path) -> str:
    """The server's public key as openconnect pins it: base64 of the SHA-256 of its DER form."""
    pem = run(["openssl", "x509", "-in", str(certificate), "-noout", "-pubkey"])
    der = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
    return f"pin-sha256:{base64.b64encode(hashlib.sha256(der).digest()).decode()}"
