"""What a registrant sets up to prove control: a web server with one file, a name server with a zone. nginx and knot.

The one-time peer of wireguard-01 is added to a server of `wireguard.py` with `add_peer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lab.network import Network, Node
from lab.ordinary import listens
from lab.process import wait_until
from lab.wireguard import Server

PROGRAMS = {"nginx": "nginx-light", "knotd": "knot", "wireguard-go": "wireguard-go", "wg": "wireguard-tools"}

_NGINX = """\
daemon off; pid {folder}/pid; error_log stderr; user root; worker_processes 1;
events {{ }}
http {{
  access_log off; default_type text/plain;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen {v4}:80; listen [{v6}]:80;
    root {folder}/pages;
    {more}
  }}
}}
"""

_KNOT = """\
server:
    rundir: "{folder}"
    listen: [ "{v4}@53", "{v6}@53" ]
database:
    storage: "{folder}/db"
zone:
  - domain: {zone}
    storage: "{folder}"
    file: "zone"
    zonefile-load: whole
    journal-content: none
"""

_ZONE_HEAD = """\
$ORIGIN {zone}.
$TTL 60
@ SOA ns hostmaster 1 3600 900 86400 60
@ NS ns
ns A {v4}
"""


@contextmanager
def web_server(network: Network, node: Node, path: str, content: str, more: str = "") -> Iterator[None]:
    """nginx on port 80 with one file; more: lines of its server block, for redirects and the like."""
    folder = network.work_folder("web")
    file = folder / "pages" / path.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text(content)
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, v4=node.v4, v6=node.v6, more=more))
    with network.program(node, "nginx", "-p", str(folder), "-c", str(config)) as process:
        wait_until(lambda: listens(network, node, ":80"), "nginx to listen on 80", process=process)
        yield


@contextmanager
def name_server(network: Network, node: Node, zone: str, records: Sequence[str]) -> Iterator[None]:
    """knot, authoritative for one zone; records: lines of a zone file, as a registrant would write them."""
    folder = network.work_folder("knot")
    (folder / "zone").write_text(_ZONE_HEAD.format(zone=zone, v4=node.v4) + "\n".join(records) + "\n")
    config = folder / "knot.conf"
    config.write_text(_KNOT.format(folder=folder, zone=zone, v4=node.v4, v6=node.v6))
    with network.program(node, "knotd", "--config", str(config)) as process:
        wait_until(lambda: listens(network, node, ":53"), "knot to listen on 53", process=process)
        yield


def run_line(network: Network, at: Server, line: str) -> None:
    """Run a line for the interface wg0, as `licet proof show` prints it, on the server and its own interface."""
    network.run(at.node, "sh", "-c", line.replace("sudo ", "").replace(" wg0 ", f" {at.interface} "))
