"""Reading files of a published set from the one web server that was named (HTTP, RFC 9112): bounded, and resumed.

No proxy of the environment, no redirect to another host. A file has a most number of bytes before it is asked for, and
a time by which it must have come: a server that sends for ever, or a byte a minute, is left.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import ssl
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

from licet.errors import BadInput
from licet.tuf.layout import TARGETS_BYTES_MAX

SILENCE_S = 20.0  # without a byte
WHOLE_S = 60.0  # for any file, and a second more for each:
BYTES_A_SECOND_MIN = 16 * 1024
BLOCK_BYTES = 256 * 1024
REDIRECTS_MAX = 3
_BOTH_WAYS = 2  # SHUT_RDWR

_URL = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(/[!-~]*)?", re.IGNORECASE)
_Place = tuple[str, str, int]


class Fetcher(FetcherInterface):
    """What the library fetches with. bytes_moved: bytes of content that came; seen: by file name, the last small file
    that came, so that a refusal can say what was in it."""

    def __init__(self, url: str) -> None:
        """Raises BadInput where the text is no URL."""
        found = _URL.fullmatch(url.strip())
        if found is None or int(found[3] or 1) > 65_535:
            raise BadInput(f"“{url.strip()[:80]}” is no URL; write one such as https://registry.example.net/tuf")
        self.url = url.strip().rstrip("/")
        self.bytes_moved = 0
        self.seen: dict[str, bytes] = {}
        self._place = _place(found)
        self._connection: http.client.HTTPConnection | None = None
        self._socket: Any = None
        self._is_late = False

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """A small file, whole. max_length: what a list says of it, which is not believed where it is more than any list
        may have. Raises what the library expects."""
        raw = b"".join(block for _, block in self.blocks(url, min(max_length, TARGETS_BYTES_MAX)))
        self.seen[url.rpartition("/")[2]] = raw
        return raw

    def _fetch(self, url: str) -> Iterator[bytes]:
        """What the library asks a fetcher for; it asks by `download_bytes` alone, since targets are fetched by
        `blocks`."""
        return (block for _, block in self.blocks(url, TARGETS_BYTES_MAX))

    def blocks(self, url: str, bytes_max: int, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """A file from a position on, block by block, each with its position. Where the server does not know how to
        begin in the middle, the first position is 0. Raises DownloadError and its children."""
        limit_s = WHOLE_S + bytes_max / BYTES_A_SECOND_MIN
        self._is_late = False
        timer = threading.Timer(limit_s, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield from self._blocks(url, bytes_max, start)
            return
        except TimeoutError:
            raise SlowRetrievalError(f"nothing came for {SILENCE_S:.0f} s") from None
        except DownloadHTTPError:
            raise
        except (OSError, http.client.HTTPException, DownloadError) as error:
            self.close()  # what is still coming is of no use
            if self._is_late:
                raise SlowRetrievalError(f"it did not come within {limit_s:.0f} s") from None
            if isinstance(error, DownloadError):
                raise
            said = "".join(one for one in str(error)[:120] if one.isprintable())
            raise DownloadError(said or type(error).__name__) from None
        finally:
            timer.cancel()

    def _cut(self) -> None:
        """End an exchange that takes too long, wherever it is: whoever waits for a byte is told that none comes."""
        self._is_late = True
        if self._connection is not None and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(_BOTH_WAYS)

    def _blocks(self, url: str, bytes_max: int, start: int) -> Iterator[tuple[int, bytes]]:
        response = self._response(url, start)
        at = 0
        if response.status == 206:
            at = start
            if not response.getheader("Content-Range", "").startswith(f"bytes {start}-"):
                raise DownloadError("the server sent another part of the file than it was asked for")
        while block := response.read(BLOCK_BYTES):
            self.bytes_moved += len(block)
            if at + len(block) > bytes_max:
                raise DownloadLengthMismatchError(f"more than {bytes_max:,} bytes came")
            yield at, block
            at += len(block)
        if response.length or self._is_late:
            raise DownloadError(f"the server ended after {at:,} bytes, before the end")

    def _response(self, url: str, start: int) -> http.client.HTTPResponse:
        for _ in range(REDIRECTS_MAX + 1):
            response = self._ask(self._target(url), start)
            if response.status in (200, 206):
                return response
            location = response.getheader("Location", "")
            self.close()
            if response.status not in (301, 302, 303, 307, 308):
                raise DownloadHTTPError(f"the server answered with HTTP status {response.status}", response.status)
            url = urljoin(url, location)
        raise DownloadError(f"more than {REDIRECTS_MAX} redirects")

    def _target(self, url: str) -> str:
        """The path of a URL on the one host. Raises DownloadError for another host."""
        found = _URL.fullmatch(url)
        if found is None or _place(found) != self._place:
            raise DownloadError("it redirects to another place, which is not followed; name that one instead")
        return found[4] or "/"

    def _ask(self, target: str, start: int) -> http.client.HTTPResponse:
        """One request; once more where a connection that was kept open turns out to be closed."""
        was_open = self._connection is not None
        try:
            return self._once(target, start)
        except (http.client.RemoteDisconnected, http.client.CannotSendRequest, ConnectionError):
            self.close()
            if not was_open:
                raise
        return self._once(target, start)

    def _once(self, target: str, start: int) -> http.client.HTTPResponse:
        if self._connection is None:
            scheme, host, port = self._place
            if scheme == "https":
                context = ssl.create_default_context()
                self._connection = http.client.HTTPSConnection(host, port, timeout=SILENCE_S, context=context)
            else:
                self._connection = http.client.HTTPConnection(host, port, timeout=SILENCE_S)
        headers = {"Accept-Encoding": "identity", "User-Agent": "licet"}
        if start:
            headers["Range"] = f"bytes={start}-"
        self._connection.request("GET", target, headers=headers)
        self._socket = self._connection.sock  # the connection forgets it where the server will close
        return self._connection.getresponse()


def _place(found: re.Match[str]) -> _Place:
    scheme = found[1].lower()
    return scheme, found[2].strip("[]").lower(), int(found[3] or (443 if scheme == "https" else 80))
