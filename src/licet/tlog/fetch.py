"""Reading a log from a web server, and asking a witness: HTTP requests to the one host that was named (RFC 9112).

No proxy of the environment, no redirect to another host, everything bounded: bytes, time, redirects.
"""

from __future__ import annotations

import http.client
import re
import ssl
import zlib
from dataclasses import dataclass
from urllib.parse import urljoin

from licet.errors import BadInput, Malformed, Unavailable

TIMEOUT_S = 15.0
REDIRECTS_MAX = 3
ANSWER_BYTES_MAX = 64 * 1024

_URL = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(/[!-~]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """status: of HTTP; kind: the content type in lower case, or ""; body: bounded."""

    status: int
    kind: str
    body: bytes


class Site:
    """One host, and the path below which it is asked. The connection stays open between requests."""

    def __init__(self, url: str) -> None:
        found = _URL.fullmatch(url.strip())
        if found is None or int(found[3] or 1) > 65_535:
            raise BadInput(f"“{url.strip()[:80]}” is no URL; write one such as https://registry.example.net/log")
        self.url = url.strip().rstrip("/")
        self._scheme, self._host = found[1].lower(), found[2].strip("[]").lower()
        self._port = int(found[3] or (443 if self._scheme == "https" else 80))
        self._prefix = (found[4] or "").rstrip("/")
        self._connection: http.client.HTTPConnection | None = None

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """A file of the log; None where there is none (404, 410). Raises Unavailable, Malformed."""
        answer = self.ask("GET", f"{self._prefix}/{path}", None, bytes_max)
        if answer.status in (404, 410):
            return None
        if answer.status != 200:
            raise Unavailable(f"{self.url}/{path}: the server answered with HTTP status {answer.status}; try later")
        return answer.body

    def post(self, path: str, body: bytes) -> Answer:
        """Send a body; redirects are not followed. Raises Unavailable, Malformed."""
        return self._exchange("POST", f"{self._prefix}/{path}", body, ANSWER_BYTES_MAX)[0]

    def ask(self, method: str, target: str, body: bytes | None, bytes_max: int) -> Answer:
        """A request, with redirects that stay on this host. Raises Unavailable, Malformed."""
        for _ in range(REDIRECTS_MAX + 1):
            answer, location = self._exchange(method, target, body, bytes_max)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            target = self._same_host(target, location)
        raise Malformed(f"{self.url}: more than {REDIRECTS_MAX} redirects")

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _same_host(self, target: str, location: str) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        found = _URL.fullmatch(urljoin(f"{self._scheme}://{host}:{self._port}{target}", location))
        if found is not None:
            port = int(found[3] or (443 if found[1].lower() == "https" else 80))
            if (found[1].lower(), found[2].strip("[]").lower(), port) == (self._scheme, self._host, self._port):
                return found[4] or "/"
        raise Malformed(f"{self.url}: it redirects to another place, which is not followed; name that one instead")

    def _exchange(self, method: str, target: str, body: bytes | None, bytes_max: int) -> tuple[Answer, str]:
        """One request; once more where a connection that was kept open turns out to be closed."""
        was_open = self._connection is not None
        try:
            return self._once(method, target, body, bytes_max)
        except (http.client.RemoteDisconnected, ConnectionError, http.client.CannotSendRequest) as error:
            self.close()
            if not was_open:
                raise self._unavailable(error) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unavailable(error) from None
        try:
            return self._once(method, target, body, bytes_max)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unavailable(error) from None

    def _once(self, method: str, target: str, body: bytes | None, bytes_max: int) -> tuple[Answer, str]:
        if self._connection is None:
            self._connection = self._connect()
        headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "licet"}
        self._connection.request(method, target, body, headers)
        response = self._connection.getresponse()
        raw = response.read(bytes_max + 1)
        if len(raw) > bytes_max:
            self.close()
            raise Malformed(f"{self.url}: an answer has more than {bytes_max:,} bytes, the most that are read")
        if response.getheader("Content-Encoding", "").lower() == "gzip":
            raw = self._unpacked(raw, bytes_max)
        kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(response.status, kind, raw), response.getheader("Location", "")

    def _unpacked(self, raw: bytes, bytes_max: int) -> bytes:
        try:
            unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, bytes_max + 1)
        except zlib.error:
            raise Malformed(f"{self.url}: an answer is said to be gzip and is not") from None
        if len(unpacked) > bytes_max:
            raise Malformed(f"{self.url}: an answer unpacks to more than {bytes_max:,} bytes, the most that are read")
        return unpacked

    def _connect(self) -> http.client.HTTPConnection:
        if self._scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)

    def _unavailable(self, error: Exception) -> Unavailable:
        said = "".join(one for one in str(error)[:120] if one.isprintable())
        return Unavailable(f"{self.url}: it does not answer: {said or type(error).__name__}; try again")
