"""Somebody who visits a registry from a machine of the laboratory: reads pages, fills in their forms, keeps cookies.

One process in the network namespace of that machine asks; each request is a line of JSON, and so is each answer.
`python -m support.visitor URL` is that process.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import Cookie, CookieJar
from pathlib import Path

TESTS = Path(__file__).parents[1]
TIMEOUT_S = 60.0
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Page:
    """What came at the end of all redirects. url: where it was; main: what stands in the page's main part."""

    status: int
    url: str
    text: str

    @property
    def main(self) -> str:
        return self.text.partition("<main")[2].partition("</main>")[0] or self.text


class Visitor:
    """Asks through the process that was started for it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def get(self, path: str) -> Page:
        return self._ask(path, None, "")

    def post(self, path: str, **fields: str) -> Page:
        """Open the page of a form and send it. The field _at names the form's own address, where that is another."""
        target = fields.pop("_at", path)
        token = _TOKEN.search(self.get(path).text)
        assert token is not None, path
        return self._ask(target, urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}),
                         "application/x-www-form-urlencoded")

    def send(self, path: str, body: str) -> Page:
        """Send a file, as a program does."""
        return self._ask(path, body, "application/json")

    def _ask(self, path: str, body: str | None, kind: str) -> Page:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([path, body, kind]) + "\n")
        self._process.stdin.flush()
        return Page(*json.loads(self._process.stdout.readline()))


@contextmanager
def visiting(url: str, prefix: Sequence[str], cookie: str = "") -> Iterator[Visitor]:
    """A visitor of the registry at a URL. prefix: words that run a program on the visitor's machine; cookie: a session
    that was made before, `NAME=VALUE`."""
    process = subprocess.Popen([*prefix, sys.executable, "-m", "support.visitor", url, cookie], cwd=TESTS, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Visitor(process)
    finally:
        process.communicate(timeout=TIMEOUT_S)


def _cookie(text: str, host: str) -> Cookie:
    name, _, value = text.partition("=")
    return Cookie(0, name, value, None, False, host, True, False, "/", True, False, None, True, None, None, {})


def main(url: str, cookie: str) -> None:
    """Ask for what each line of standard input says, until it ends."""
    jar = CookieJar()
    if cookie:
        jar.set_cookie(_cookie(cookie, str(urllib.parse.urlsplit(url).hostname)))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
    for line in sys.stdin:
        path, body, kind = json.loads(line)
        asked = urllib.request.Request(urllib.parse.urljoin(url, path), data=None if body is None else body.encode(),
                                       headers={"Content-Type": kind} if kind else {})
        try:
            answer = opener.open(asked, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            found = [answer.status, answer.url, answer.read().decode()]
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
