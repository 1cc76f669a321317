"""One HTTP/1.1 GET over one socket that is already connected, bounded in bytes and in time (RFC 9112).

The standard library parses; what it reads goes through `_Bounded`, which counts every byte (status lines, headers,
chunk sizes and body alike) and waits no longer than the deadline of the whole, so that a server which drips, or never
ends its headers, its chunks or its body, ends here. Compression is not asked for, and not undone. Nothing is followed.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

from licet.proof.base import HttpAnswer, NotReached, printable
from licet.proof.deadline import Deadline

READ_TIMEOUT_S = 5.0
HEAD_BYTES_MAX = 16_384


class _TooLong(OSError):
    """The answer has more bytes than any right one."""


class _Bounded(io.RawIOBase):
    """What a socket sends, up to a number of bytes and a deadline. Raises _TooLong or TimeoutError past them."""

    def __init__(self, connection: socket.socket, bytes_max: int, deadline: Deadline) -> None:
        super().__init__()
        self._connection, self._left, self._deadline = connection, bytes_max, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        if self._left <= 0:
            raise _TooLong("the answer does not end")
        self._connection.settimeout(self._deadline.require_left_s(READ_TIMEOUT_S))
        count = self._connection.recv_into(view[: self._left])
        self._left -= count
        return count


class _Answering:
    """The part of a socket that `HTTPResponse` asks for: a file to read from."""

    def __init__(self, raw: _Bounded) -> None:
        self._raw = raw

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw)


def get(connection: socket.socket, host: str, path: str, body_bytes_max: int, deadline: Deadline) -> HttpAnswer:
    """Ask for `path` and read the answer. host: the Host field, as it is to be written. Raises NotReached."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: licet-proof\r\nAccept: text/plain, */*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    raw = _Bounded(connection, HEAD_BYTES_MAX + body_bytes_max, deadline)
    response = http.client.HTTPResponse(_Answering(raw), method="GET")  # type: ignore[arg-type]
    try:
        connection.settimeout(deadline.require_left_s(READ_TIMEOUT_S))
        connection.sendall(request.encode("ascii"))
        response.begin()
        body = response.read(body_bytes_max + 1)
        return _answer(response, body, body_bytes_max)
    except (TimeoutError, http.client.IncompleteRead) as error:
        is_cut = isinstance(error, http.client.IncompleteRead)
        seen = "The answer ended before it was whole." if is_cut else "The answer did not come to its end in time."
        raise NotReached("answer_malformed" if is_cut else "no_answer", seen) from None
    except _TooLong:
        raise NotReached("answer_too_long", "The answer did not end; reading was given up.") from None
    except (http.client.HTTPException, ValueError) as error:
        what = printable(str(error))[:80]
        raise NotReached("answer_malformed", f"What came is no HTTP answer ({type(error).__name__}: {what}).") from None
    except OSError as error:
        raise NotReached("no_answer", f"The connection broke: {error.strerror or error}.") from None
    finally:
        response.close()


def _answer(response: http.client.HTTPResponse, body: bytes, body_bytes_max: int) -> HttpAnswer:
    if len(body) > body_bytes_max:
        raise _TooLong("the body is longer than any right one")
    return HttpAnswer(response.status, response.getheader("Location"), body)
