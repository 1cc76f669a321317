"""Try the registry service of an installed licet, from an empty folder: python tools/try_service.py

Run by the Python into which `licet[server]` was installed. An empty folder becomes a registry that answers; a
demonstration shows its pages in English and German with every style sheet they name, and lets its officer sign in; both
end when they are asked to, and `licet serve --check` says what is left to do. Nothing of the source tree is used.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path

WAIT_S = 120.0
LICET = str(Path(sys.executable).with_name("licet"))
PAGES = ("/", "/lookup/", "/directory/", "/blocked/", "/snapshots/", "/log/", "/report/", "/orders/", "/requests/",
         "/requests/new/", "/status/", "/privacy/", "/account/signup/", "/account/login/", "/snapshot", "/readyz")
OFFICER = "demo.officer@example.net"


class Browser:
    """One that keeps its cookies. url: where the service is."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, form: dict[str, str] | None = None) -> str:
        """The text of a page, asked for or sent to. Raises HTTPError for anything but success."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.url + path, data, {"Referer": self.url + path})
        with self._opener.open(request, timeout=WAIT_S) as answer:
            return str(answer.read().decode("utf-8", "replace"))


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[Browser, str, float]]:
    """A service that answers, what it said, and after how many seconds it answered. Raises SystemExit."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, said, begun = f"http://127.0.0.1:{port}", folder / "said", time.monotonic()
    with said.open("wb") as out:
        process = subprocess.Popen([LICET, "serve", "--port", str(port), *words], cwd=folder, stdout=out, stderr=out)
    try:
        browser = Browser(url)
        while True:
            with suppress(OSError):
                browser.get("/")
                break
            if process.poll() is not None or time.monotonic() - begun > WAIT_S:
                raise SystemExit(f"licet serve does not answer:\n{said.read_text()}")
            time.sleep(0.05)
        took = time.monotonic() - begun
        yield browser, said.read_text(), took
        process.send_signal(signal.SIGTERM)
        if process.wait(WAIT_S) != 0:
            raise SystemExit(f"licet serve ended with {process.returncode}:\n{said.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def require(holds: bool, sentence: str) -> None:
    """Raise SystemExit with the sentence where it does not hold."""
    if not holds:
        raise SystemExit(sentence)


def try_demonstration(folder: Path) -> int:
    """How many pages and files a demonstration showed."""
    with serving(folder, "--demo") as (browser, said, _took):
        files: set[str] = set()
        for path in PAGES:
            files |= set(re.findall(r'(?:href|src)="(/static/[^"]+)"', browser.get(path)))
        require(bool(files), "no page names a style sheet")
        for path in files:
            browser.get(path)
        require("Ist er registriert?" in browser.get("/de/"), "the German translations are missing")
        require('lang="de"' in browser.get("/de/requests/new/"), "the German pages are missing")
        password = re.search(r"password (\S+)", said)
        require(password is not None, f"no sign-in is printed:\n{said}")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/account/login/"))
        assert password is not None
        assert token is not None
        browser.get("/account/login/", {"login": OFFICER, "password": password[1], "csrfmiddlewaretoken": token[1]})
        require("SVC-" in browser.get("/desk/?show=decided"), "the officer of the demonstration cannot sign in")
        return len(PAGES) + len(files) + 3


def try_empty(folder: Path) -> float:
    """After how many seconds an empty folder was a registry that answers."""
    with serving(folder) as (browser, said, took):
        link = re.search(r"become its first officer, within a day: http://[^/]+(\S+)", said)
        require(link is not None, f"no link for the first officer is printed:\n{said}")
        assert link is not None
        for path in (*PAGES, link[1]):
            browser.get(path)
        checked = subprocess.run([LICET, "serve", "--check"], cwd=folder, capture_output=True, text=True,
                                 timeout=WAIT_S)
        require(checked.returncode == 3 and "nobody can decide" in checked.stdout and "Traceback" not in checked.stderr,
                f"licet serve --check says:\n{checked.stdout}{checked.stderr}")
    return took


def main() -> None:
    """Try both, and say what was seen."""
    for name in [name for name in os.environ if name.startswith(("LICET_", "DJANGO_"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder:
        empty, demonstration = Path(folder, "empty"), Path(folder, "demonstration")
        empty.mkdir()
        demonstration.mkdir()
        took = try_empty(empty)
        shown = try_demonstration(demonstration)
    print(f"a registry answers after {took:.1f} s; a demonstration shows {shown} pages and files")


if __name__ == "__main__":
    main()
