"""Reading a log from a web server: bounded, from one host, and in a sentence whatever it answers."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from licet.errors import BadInput, Malformed, Unavailable
from licet.tlog.fetch import Site

Answer = tuple[int, dict[str, str], bytes]


@contextlib.contextmanager
def server(answer: Callable[[str], Answer], closes: bool = False) -> Iterator[str]:
    """A web server on the loopback interface that answers each path so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = closes

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/log"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def answers(table: dict[str, Answer]) -> Callable[[str], Answer]:
    return lambda path: table.get(path, (404, {}, b"nothing here"))


@pytest.mark.parametrize("closes", [False, True])
def test_files_are_read_one_after_another(closes: bool) -> None:
    """Also from a server that says it keeps the connection, and closes it."""
    table = {"/log/a": (200, {}, b"first"), "/log/b": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"second"))}
    with server(answers(table), closes) as url:
        site = Site(url + "/")
        assert [site.read(name, 100) for name in ("a", "b", "c", "a")] == [b"first", b"second", None, b"first"]
        site.close()


def test_redirects_stay_on_the_host() -> None:
    elsewhere = {"Location": "http://127.0.0.2/log/a"}
    table = {
        "/log/a": (200, {}, b"here"), "/log/to": (302, {"Location": "/log/a"}, b""),
        "/log/rel": (301, {"Location": "a"}, b""),
        "/log/round": (302, {"Location": "/log/round"}, b""), "/log/away": (302, elsewhere, b""),
        "/log/port": (302, {"Location": "http://127.0.0.1:1/log/a"}, b""), "/log/none": (302, {}, b""),
        "/log/scheme": (302, {"Location": "https://127.0.0.1/log/a"}, b""),
        "/log/name": (302, {"Location": "//localhost/a"}, b""),
        "/log/file": (302, {"Location": "file:///etc/passwd"}, b""),
    }  # fmt: skip
    with server(answers(table)) as url:
        site = Site(url)
        assert site.read("to", 100) == site.read("rel", 100) == b"here"
        for name in ("away", "port", "scheme", "name", "file"):
            with pytest.raises(Malformed, match="another place"):
                site.read(name, 100)
        for name in ("round", "none"):
            with pytest.raises(Malformed, match="redirects"):
                site.read(name, 100)


def test_what_has_no_end_is_bounded() -> None:
    table = {
        "/log/long": (200, {}, b"x" * 5_000),
        "/log/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(10**7))),
        "/log/no": (200, {"Content-Encoding": "gzip"}, b"no gzip"), "/log/busy": (503, {}, b""),
        "/log/who": (401, {}, b""),
    }  # fmt: skip
    with server(answers(table)) as url:
        site = Site(url)
        with pytest.raises(Malformed, match="more than 100 bytes"):
            site.read("long", 100)
        with pytest.raises(Malformed, match="unpacks to more"):
            site.read("bomb", 20_000)
        with pytest.raises(Malformed, match="is not"):
            site.read("no", 100)
        for name in ("busy", "who"):
            with pytest.raises(Unavailable, match="HTTP status"):
                site.read(name, 100)
    with pytest.raises(Unavailable, match="does not answer"):
        Site(url).read("long", 100)


@pytest.mark.parametrize("url", ["", "registry.example.net/log", "ftp://example.net", "http://",
                                 "http://a b/", "http://a@b/",
                                 "http://example.net:99999/", "file:///etc/passwd"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="is no URL"):
        Site(url)
