"""Ordinary traffic that is no tunnel: HTTPS, DNS, SSH, time, and iperf3 over UDP. All of it by the real programs.

A recogniser must say nothing about any of it, also where it runs on a port that people know from a VPN.
Each server is a context manager; what a client does is a function that returns when it is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.certificates import make_authority, make_identity
from lab.network import Network, Node
from lab.process import run, wait_until

PROGRAMS = {
    "nginx": "nginx-light",
    "curl": "curl",
    "unbound": "unbound",
    "dig": "bind9-dnsutils",
    "/usr/sbin/sshd": "openssh-server",
    "ssh": "openssh-client",
    "chronyd": "chrony",
    "iperf3": "iperf3",
    "openssl": "openssl",
}

NAMES = ("www.example.net", "intranet.example.com", "mail.example.org")

_NGINX = """\
daemon off; pid {folder}/pid; error_log stderr; user root; worker_processes 1;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen {address}:{port} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    root {folder}/pages;
  }}
}}
"""

_UNBOUND = """\
server:
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: ""
  directory: {folder}
  interface: {v4}
  interface: {v6}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  module-config: iterator
{zones}
"""

_SSHD = """\
ListenAddress {address}
HostKey {folder}/host
AuthorizedKeysFile {folder}/client.pub
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
"""

_CHRONY = "port 123\nallow all\nlocal stratum 8\ncmdport 0\npidfile {folder}/pid\n"


@contextmanager
def https_server(network: Network, node: Node, port: int = 443, page_bytes: int = 2000) -> Iterator[None]:
    """nginx with one page of `page_bytes`."""
    folder = network.work_folder("nginx")
    own = make_identity(folder, make_authority(folder), NAMES[0])
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_text("<p>An ordinary page.</p>\n".ljust(page_bytes))
    settings = {"address": node.v4, "port": port, "certificate": own.certificate, "key": own.key}
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, **settings))
    with network.program(node, "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")) as process:
        wait_until(lambda: listens(network, node, f":{port}"), f"nginx to listen on {port}", process=process)
        yield


def fetch(network: Network, client: Node, server: Node, port: int = 443) -> None:
    """Fetch the page, by name, as a browser would."""
    place = ["--resolve", f"{NAMES[0]}:{port}:{server.v4}"]
    network.run(client, "curl", "--silent", "--insecure", "--fail", *place, f"https://{NAMES[0]}:{port}/")


@contextmanager
def dns_server(network: Network, node: Node) -> Iterator[None]:
    """unbound, which knows three names and no more."""
    folder = network.work_folder("unbound")
    lines = [f'  local-data: "{name}. A {node.v4}"\n  local-data: "{name}. AAAA {node.v6}"' for name in NAMES]
    config = folder / "unbound.conf"
    config.write_text(_UNBOUND.format(folder=folder, v4=node.v4, v6=node.v6, zones="\n".join(lines)))
    with network.program(node, "unbound", "-d", "-c", str(config)) as process:
        wait_until(lambda: listens(network, node, ":53"), "unbound to listen on 53", process=process)
        yield


def look_up(network: Network, client: Node, server: Node, family: int = 4) -> None:
    """Ask for the addresses of three names."""
    address = server.v6 if family == 6 else server.v4
    for name in NAMES:
        network.run(client, "dig", f"@{address}", "+tries=1", "+time=3", name, "A", name, "AAAA")


@contextmanager
def ssh_server(network: Network, node: Node) -> Iterator[Path]:
    """sshd with a key made for the run; yields the client's private key."""
    folder = network.work_folder("sshd")
    for name in ("host", "client"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)])
    config = folder / "sshd.conf"
    config.write_text(_SSHD.format(folder=folder, address=node.v4))
    # sshd insists on an empty /run/sshd, which only the service manager makes.
    private_run = f"mount -t tmpfs none /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f {config}"
    with network.program(node, "unshare", "--mount", "sh", "-c", private_run) as process:
        process.wait_for("Server listening")
        yield folder / "client"


def log_in(network: Network, client: Node, server: Node, key: Path, seconds: float = 0.2) -> None:
    """Log in with the key, stay for a while and leave."""
    options = ["-F", "none", "-i", str(key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    network.run(client, "ssh", *options, f"root@{server.v4}", f"uname; sleep {seconds:g}", timeout_s=seconds + 10)


@contextmanager
def time_server(network: Network, node: Node) -> Iterator[None]:
    """chronyd as a server. It may not touch this machine's clock (-x)."""
    folder = network.work_folder("chrony")
    config = folder / "chrony.conf"
    config.write_text(_CHRONY.format(folder=folder))
    with network.program(node, "chronyd", "-d", "-x", "-u", "root", "-f", str(config)) as process:
        wait_until(lambda: listens(network, node, ":123"), "chronyd to listen on 123", process=process)
        yield


def ask_time(network: Network, client: Node, server: Node) -> None:
    """Measure this clock against the server's four times, and leave it as it is (-Q)."""
    folder = network.work_folder("chrony")
    # Settings may be words instead of a file; the process number must not go to the machine's own /run/chrony.
    settings = [f"server {server.v4} iburst", "cmdport 0", f"pidfile {folder}/pid"]
    network.run(client, "chronyd", "-Q", "-t", "8", "-u", "root", *settings)


@contextmanager
def iperf_server(network: Network, node: Node, port: int = 51820) -> Iterator[None]:
    """iperf3, by default on the port that WireGuard made known."""
    with network.program(node, "iperf3", "-s", "-p", str(port), "--forceflush") as process:
        process.wait_for("Server listening")
        yield


def measure(network: Network, client: Node, server: Node, port: int = 51820, seconds: int = 2) -> None:
    """Send 48 kbit/s of UDP for some seconds."""
    words = ["-u", "-c", server.v4, "-p", str(port), "-b", "48k", "-l", "200", "-t", str(seconds)]
    network.run(client, "iperf3", *words, timeout_s=seconds + 15)


def listens(network: Network, node: Node, ending: str) -> bool:
    """True if something on `node` is bound to a local address that ends so (":443")."""
    lines = network.run(node, "ss", "-H", "-n", "-l", "-t", "-u").splitlines()
    return any(line.split()[4].endswith(ending) for line in lines)
