"""PPTP with pptpd and pptp: the control connection on 1723/tcp, and the GRE packets of its call.

The kernel here may have no PPP, so pppd cannot run. A stand-in takes its place at both ends: the client hands pptp the
same LCP Configure-Request again and again, and the server sends one and returns what it gets. The control connection,
the call and the GRE headers are the real programs' own; the PPP inside is no negotiation, and no ping passes.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab.network import Network, Node
from lab.process import wait_until

PROGRAMS = {"pptpd": "pptpd", "pptp": "pptp-linux", "stty": "coreutils"}

# pptpd listens to GRE only after its pppd has spoken: the stand-in speaks first.
_SERVER_PPP = "#!/bin/sh\nstty raw -echo\ncat {folder}/frame\nexec cat\n"

_CONFIG = "localip 10.6.0.1\nremoteip 10.6.0.10-20\n"

# RFC 1661: Configure-Request with a maximum receive unit, a magic number and both header compressions.
_LCP_CONFIGURE_REQUEST = bytes.fromhex("ff03 c021 01010012 0104058c 0506aabbccdd 0702 0802")


@contextmanager
def server(network: Network, node: Node) -> Iterator[None]:
    """Run pptpd on `node` while the block lasts. Raises LabError if it does not start."""
    folder = network.work_folder("pptpd")
    (folder / "pptpd.conf").write_text(_CONFIG)
    (folder / "options").touch()
    ppp = folder / "ppp"
    ppp.write_text(_SERVER_PPP.format(folder=folder))
    (folder / "frame").write_bytes(_hdlc(_LCP_CONFIGURE_REQUEST))
    ppp.chmod(0o755)
    files = ["--conf", str(folder / "pptpd.conf"), "--option", str(folder / "options"), "--ppp", str(ppp)]
    argv = ["pptpd", "--fg", "--listen", node.v4, "--pidfile", str(folder / "pid"), *files]
    with network.program(node, *argv) as process:
        wait_until(lambda: ":1723" in network.run(node, "ss", "-Hnlt"), "pptpd to listen", process=process)
        yield


def call(network: Network, server: Node, client: Node, frames: int = 4) -> None:
    """Place one call, send `frames` PPP frames half a second apart, and hang up."""
    frame = _hdlc(_LCP_CONFIGURE_REQUEST)
    # pptp reads and writes PPP at its standard input, which must therefore be open both ways.
    ours, theirs = socket.socketpair()
    argv = ["pptp", server.v4, "--nolaunchpppd", "--nohostroute", "--loglevel", "0"]
    with ours, theirs, network.program(client, *argv, stdin=theirs.fileno()) as process:
        # It asks for its call a second after the greeting.
        time.sleep(1.5)
        for _ in range(frames):
            ours.sendall(frame)
            time.sleep(0.5)
        # Its input ends: it clears the call and leaves.
        ours.close()
        theirs.close()
        process.wait(timeout_s=10)


def _hdlc(frame: bytes) -> bytes:
    """Put a PPP frame into asynchronous HDLC (RFC 1662): checksum, escapes, flags."""
    checked = frame + _checksum(frame).to_bytes(2, "little")
    escaped = bytearray()
    for octet in checked:
        if octet < 0x20 or octet in (0x7D, 0x7E):
            escaped += bytes([0x7D, octet ^ 0x20])
        else:
            escaped.append(octet)
    return b"\x7e" + bytes(escaped) + b"\x7e"


def _checksum(frame: bytes) -> int:
    """The 16-bit frame check sequence (RFC 1662, appendix C.2), bit by bit."""
    register = 0xFFFF
    for octet in frame:
        register ^= octet
        for _ in range(8):
            register = (register >> 1) ^ 0x8408 if register & 1 else register >> 1
    return register ^ 0xFFFF
