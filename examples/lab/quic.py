"""QUIC with aioquic: short headers begin with 0x40 to 0x7F, as OpenVPN's and TURN's messages may.

Give the name of a Python that has aioquic in LAB_QUIC_PYTHON, for instance that of a virtual environment made for the
purpose: python3 -m venv /tmp/quic && /tmp/quic/bin/pip install aioquic
"""

from __future__ import annotations

import os
from pathlib import Path

from lab.certificates import make_authority, make_identity
from lab.network import Network, Node

PYTHON = os.environ.get("LAB_QUIC_PYTHON", "LAB_QUIC_PYTHON")
PROGRAMS = {PYTHON: "set LAB_QUIC_PYTHON to a Python that has aioquic", "openssl": "openssl"}

_PEER = Path(__file__).with_name("quic_peer.py")


def fetch(network: Network, client: Node, server: Node, port: int = 443) -> None:
    """A QUIC handshake and some pages."""
    folder = network.work_folder("quic")
    own = make_identity(folder, make_authority(folder), "www.example.net")
    words = [server.v4, str(port), str(own.certificate), str(own.key)]
    with network.program(server, PYTHON, str(_PEER), "serve", *words) as process:
        process.wait_for("ready")
        network.run(client, PYTHON, str(_PEER), "ask", server.v4, str(port))
