"""The one way out for checks of control: pinned to an address, allowed or refused, bounded in time and size.

Every address is judged by `address_rules` and then handed to the socket as a number, never as a name: what was judged
is what is contacted, so a name that answers differently the second time (DNS rebinding) changes nothing. Proxies of the
environment are not used. Nothing is sent but what a method asks for, to an endpoint whose registrant asked for it.
"""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from licet.proof.address_rules import Prefix, why_refused
from licet.proof.base import HttpAnswer, NotReached, shown
from licet.proof.deadline import Deadline
from licet.proof.http_fetch import get
from licet.proof.names import look_up_addresses, look_up_texts

CONNECT_TIMEOUT_S = 5.0
EXCHANGE_TIMEOUT_S = 10.0
DATAGRAM_BYTES_MAX = 2_048

# What may stand in a request line and in a Host field: nothing that could end the line or begin another (RFC 9112 §3).
_PATH = re.compile(r"/[!-~]{0,2000}")
_HOST = re.compile(r"[a-z0-9.:\[\]-]{1,260}")

_NO_WAY = frozenset({
    errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM,
    errno.EINVAL,
})


class NetworkGuard:
    """The Guard of `proof.base` on real sockets.

    allowed_prefixes: what an owned network lists, else nothing; resolvers: addresses of name servers, else the
    system's; clock_ns and chance: nanoseconds since the epoch, and so many bytes that nobody can guess; timeout_s: for
    one whole exchange, from connecting to the last byte.
    """

    def __init__(
        self,
        *,
        clock_ns: Callable[[], int],
        chance: Callable[[int], bytes],
        allowed_prefixes: Sequence[Prefix] = (),
        resolvers: Sequence[str] = (),
        timeout_s: float = EXCHANGE_TIMEOUT_S,
    ) -> None:
        self._clock_ns, self._chance = clock_ns, chance
        self._allowed_prefixes, self._resolvers = tuple(allowed_prefixes), tuple(resolvers)
        self._timeout_s = timeout_s

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self._clock_ns()

    def random(self, count: int) -> bytes:
        """So many bytes that nobody can guess."""
        return self._chance(count)

    def require_allowed(self, address: str) -> None:
        """Raises NotReached (`address_refused`) for an address that is not to be contacted."""
        why = why_refused(address, self._allowed_prefixes)
        if why is not None:
            raise NotReached("address_refused", f"{shown(address)} is {why}; it was not contacted.")

    def addresses(self, name: str) -> tuple[str, ...]:
        """A and AAAA of a name, in RFC 5952 form; empty if it has none. They are not judged yet. Raises NotReached."""
        return look_up_addresses(name, self._resolvers)

    def texts(self, name: str) -> tuple[bytes, ...]:
        """TXT of a name, the strings of each record joined; empty if it has none. Raises NotReached."""
        return look_up_texts(name, self._resolvers)

    def get(self, address: str, port: int, host: str, path: str, body_bytes_max: int) -> HttpAnswer:
        """GET `path` over HTTP/1.1 from exactly this address and port. Raises NotReached."""
        if not _PATH.fullmatch(path) or not _HOST.fullmatch(host):
            raise NotReached("redirect_refused", f"{shown(host + path)} is no place to ask.")
        deadline = Deadline(self._timeout_s)
        connection = self._socket(address, socket.SOCK_STREAM)
        try:
            connection.settimeout(deadline.require_left_s(CONNECT_TIMEOUT_S))
            _reached(lambda: connection.connect((address, port)), address, port)
            return get(connection, host, path, body_bytes_max, deadline)
        finally:
            connection.close()

    @contextmanager
    def udp(self, address: str, port: int) -> Iterator[UdpSocket]:
        """Datagrams to and from exactly this address and port, until the time for one exchange is over."""
        connection = self._socket(address, socket.SOCK_DGRAM)
        try:
            # Connected: the kernel drops what comes from any other address or port.
            _reached(lambda: connection.connect((address, port)), address, port)
            yield UdpSocket(connection, f"{address} port {port}", Deadline(self._timeout_s))
        finally:
            connection.close()

    def _socket(self, address: str, kind: socket.SocketKind) -> socket.socket:
        """A socket for an address that was judged, in its own family. The one place where any is made."""
        self.require_allowed(address)
        version = ipaddress.ip_address(address).version
        try:
            return socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, kind)
        except OSError as error:
            raise NotReached("unreachable", f"This machine has no IPv{version}: {error.strerror}.") from None


class UdpSocket:
    """Datagrams with one address and port, bounded in time (see `Datagrams`)."""

    def __init__(self, connection: socket.socket, place: str, deadline: Deadline) -> None:
        self._connection, self._place, self._deadline = connection, place, deadline

    def send(self, datagram: bytes) -> None:
        """Send one datagram. Raises NotReached."""
        try:
            self._connection.send(datagram)
        except OSError as error:
            raise _not_reached(error, self._place) from None

    def receive(self, wait_s: float) -> bytes | None:
        """The next datagram, None if none came in time. Raises NotReached."""
        try:
            self._connection.settimeout(self._deadline.require_left_s(wait_s))
            return self._connection.recv(DATAGRAM_BYTES_MAX)
        except TimeoutError:
            return None
        except OSError as error:
            raise _not_reached(error, self._place) from None


def _reached(connect: Callable[[], None], address: str, port: int) -> None:
    try:
        connect()
    except OSError as error:
        raise _not_reached(error, f"{address} port {port}") from None


def _not_reached(error: OSError, place: str) -> NotReached:
    if isinstance(error, TimeoutError):
        return NotReached("no_answer", f"Nothing came back from {place} in time.")
    if isinstance(error, ConnectionRefusedError):
        return NotReached("connection_refused", f"The machine answered that nothing listens on {place}.")
    if error.errno in _NO_WAY:
        return NotReached("unreachable", f"There is no way to {place} from here: {error.strerror}.")
    return NotReached("no_answer", f"The connection to {place} broke: {error.strerror or error}.")
