"""Where the service listens: an address of this machine, and a port that nobody else has.

The server's workers share their port (SO_REUSEPORT), so the system would let a second registry be started beside the
first, and each would get some of the visitors.
"""

from __future__ import annotations

import ipaddress
import socket

from licet.errors import BadInput, Unavailable

LOCALHOST = "localhost"


def listen_address(host: str) -> str:
    """The IP address that `--host` means. Raises BadInput."""
    if host == LOCALHOST:
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        text = f"--host is an address of this machine, such as 127.0.0.1 or ::1; “{host[:60]}” is none"
        raise BadInput(text) from None


def require_free(host: str, port: int) -> None:
    """Raise Unavailable where the service could not listen, or where something else does already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise Unavailable(f"cannot listen on {host}, port {port}: {error.strerror or error}; if a registry is running "
                          "there, stop it first, or choose another --port") from None
