"""IPsec with strongSwan: a gateway and its clients, IKEv2 or IKEv1, by shared secret or by certificate.

ESP is done by charon itself (plugin kernel-libipsec), because the kernel may have no IPsec for namespaces. That plugin
always carries ESP in UDP: IKE starts on port 500 and goes on, with ESP, on port 4500. There is one charon a machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.certificates import Identity, make_authority, make_identity
from lab.network import Network, Node, Tunnel
from lab.process import wait_until

CHARON = "/usr/lib/ipsec/charon"
PROGRAMS = {CHARON: "strongswan-charon", "swanctl": "strongswan-swanctl", "openssl": "openssl"}
PLUGIN = Path("/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so")
PLUGIN_PACKAGE = "libcharon-extra-plugins"

_GATEWAY_INSIDE = "10.7.0.1"

# Without kdf no key can be derived; openssl brings certificates, groups and most ciphers.
_LOAD = (
    "random nonce openssl aes sha1 sha2 hmac kdf gcm pem pkcs1 pkcs8 x509 pubkey constraints revocation curve25519 "
    "kernel-libipsec kernel-netlink socket-default vici"
)

_DAEMON = """\
charon {{
  load = {load}
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  plugins {{ vici {{ socket = unix://{folder}/charon.vici }} }}
  filelog {{ stderr {{ default = 1 }} }}
}}
"""

_CONNECTION = """\
connections {{
  lab {{
    version = {version}
    aggressive = {aggressive}
    proposals = {proposals}
    local_addrs = {local}
    remote_addrs = {remote}
    local {{ {local_auth} }}
    remote {{ {remote_auth} }}
    children {{ lab {{ local_ts = {local_inside} \n remote_ts = {remote_inside} }} }}
  }}
}}
secrets {{ ike-lab {{ secret = "{secret}" }} }}
"""


@dataclass(frozen=True)
class Variant:
    """How gateway and clients speak.

    version: 1 or 2 of IKE. auth: "psk" or "cert" (RSA, large enough for IKE fragments). family: 4 or 6, outside.
    proposals: what both ends accept; gateway_proposals: what the gateway accepts, if it is not the same.
    """

    version: int = 2
    auth: str = "psk"
    family: int = 4
    is_aggressive: bool = False
    proposals: str = "aes256-sha256-x25519,aes256-sha256-modp2048"
    gateway_proposals: str | None = None


@dataclass(frozen=True)
class Gateway:
    """A gateway that is running, with what its clients need to know."""

    node: Node
    variant: Variant
    secret: str
    authority: Identity | None


@dataclass(frozen=True)
class _Side:
    """One end's own view: addresses outside and inside, and its name in certificates."""

    node: Node
    local: str
    remote: str
    local_inside: str
    remote_inside: str
    name: str
    peer: str
    is_gateway: bool


@contextmanager
def gateway(network: Network, node: Node, variant: Variant) -> Iterator[Gateway]:
    """Run a gateway on `node` while the block lasts. Raises LabError if charon does not start."""
    folder = network.work_folder("gateway")
    authority = make_authority(folder, "rsa") if variant.auth == "cert" else None
    # The run's own number is secret enough: nothing but the laboratory can reach the gateway.
    found = Gateway(node, variant, f"lab-{network.run_id}", authority)
    inside = f"{_GATEWAY_INSIDE}/32"
    address = _outside(node, variant)
    side = _Side(node, address, "%any", inside, "10.7.0.0/24", "gateway.example.net", "client.example.net", True)
    with _charon(network, folder, found, side):
        yield found


@contextmanager
def tunnel(network: Network, at: Gateway, client: Node, host: int = 2) -> Iterator[Tunnel]:
    """Connect `client` to the gateway and wait until the tunnel carries a ping. host: its last inner number."""
    folder = network.work_folder("ike")
    inside = f"10.7.0.{host}/32"
    own, other = _outside(client, at.variant), _outside(at.node, at.variant)
    side = _Side(
        client, own, other, inside, f"{_GATEWAY_INSIDE}/32", "client.example.net", "gateway.example.net", False
    )
    with _charon(network, folder, at, side):
        _swanctl(network, client, folder, "--initiate", "--child", "lab", "--timeout", "10")
        found = Tunnel(client, _GATEWAY_INSIDE)
        network.wait_for_ping(found)
        yield found
        _swanctl(network, client, folder, "--terminate", "--ike", "lab", "--timeout", "5")


def _outside(node: Node, variant: Variant) -> str:
    return node.v6 if variant.family == 6 else node.v4


@contextmanager
def _charon(network: Network, folder: Path, at: Gateway, side: _Side) -> Iterator[None]:
    """charon for one side, with its connection loaded."""
    network.run(side.node, "ip", "address", "add", side.local_inside, "dev", "lo")
    daemon = folder / "strongswan.conf"
    daemon.write_text(_DAEMON.format(load=_LOAD, folder=folder))
    _write_connection(folder, at, side)
    # charon keeps its process number in /run: each needs a /run of its own.
    private_run = f"mount -t tmpfs none /run && exec {CHARON}"
    argv = ["unshare", "--mount", "sh", "-c", private_run]
    with network.program(side.node, *argv, env={"STRONGSWAN_CONF": str(daemon)}) as process:
        wait_until((folder / "charon.vici").exists, "charon's control socket", process=process)
        _swanctl(network, side.node, folder, "--load-all", "--file", str(folder / "swanctl.conf"))
        yield
    network.run(side.node, "ip", "address", "delete", side.local_inside, "dev", "lo")


def _swanctl(network: Network, node: Node, folder: Path, *words: str) -> None:
    env = {"SWANCTL_DIR": str(folder), "STRONGSWAN_CONF": str(folder / "strongswan.conf")}
    network.run(node, "swanctl", *words, "--uri", f"unix://{folder}/charon.vici", env=env)


def _write_connection(folder: Path, at: Gateway, side: _Side) -> None:
    """Write swanctl.conf, and with certificates the files that swanctl looks for beside it."""
    variant = at.variant
    local_auth, remote_auth = f"auth = psk \n id = {side.name}", f"auth = psk \n id = {side.peer}"
    if at.authority is not None:
        local_auth = f"auth = pubkey \n certs = own.crt \n id = {side.name}"
        remote_auth = f"auth = pubkey \n id = {side.peer}"
        _write_certificates(folder, at.authority, side.name)
    connection = _CONNECTION.format(
        version=variant.version,
        aggressive="yes" if variant.is_aggressive else "no",
        proposals=(variant.gateway_proposals or variant.proposals) if side.is_gateway else variant.proposals,
        local=side.local,
        remote=side.remote,
        local_auth=local_auth,
        remote_auth=remote_auth,
        local_inside=side.local_inside,
        remote_inside=side.remote_inside,
        secret=at.secret,
    )
    (folder / "swanctl.conf").write_text(connection)


def _write_certificates(folder: Path, authority: Identity, name: str) -> None:
    own = make_identity(folder, authority, name, kind="rsa")
    places = {"x509ca/ca.crt": authority.certificate, "x509/own.crt": own.certificate, "private/own.key": own.key}
    for place, source in places.items():
        target = folder / place
        target.parent.mkdir()
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
