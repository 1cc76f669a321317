"""A registry that publishes, as tests need it: keys that are the same each time, numbers, and a web server in front."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from licet.model.canonical import sha256_digest
from licet.model.registration import Record
from licet.snapshot.delta import write_delta
from licet.snapshot.form import Header, write_form
from licet.tuf.ceremony import first_root, first_targets, group
from licet.tuf.current import PENDING
from licet.tuf.index import Numbered
from licet.tuf.layout import ROOT, TARGETS, file_of, metadata_file
from licet.tuf.publisher import Offer, Published, Step, publish
from licet.tuf.roles import fingerprint
from licet.tuf.signer import SigningKey
from licet.tuf.store import PublishedFolder

YEAR = timedelta(days=365)
NAME = "Example Registry"


def key(name: str) -> SigningKey:
    """A key of somebody; the same for the same name."""
    return SigningKey(hashlib.sha256(name.encode()).digest())


def now() -> datetime:
    """The client looks at the machine's clock, so what is to hold must hold today."""
    return datetime.now(UTC).replace(microsecond=0)


def records(count: int, until_s: int = 1_900_000_000) -> list[Record]:
    """Services on documentation addresses, and more."""
    return [Record(f"198.51.{100 + number // 250}.{number % 250 + 1}", "udp", 51820, "wireguard", None, None,
                   f"SVC-{number:05}", "ok", 0, until_s * 10**9) for number in range(count)]


@dataclass
class Registry:
    """A registry with offline keys of its own. root, policy: two of three; online: on the server."""

    folder: Path
    root: list[SigningKey] = field(default_factory=lambda: [key(f"root {n}") for n in range(3)])
    policy: list[SigningKey] = field(default_factory=lambda: [key(f"policy {n}") for n in range(3)])
    online: list[SigningKey] = field(default_factory=lambda: [key("online")])
    forms: dict[int, bytes] = field(default_factory=dict)

    @property
    def store(self) -> PublishedFolder:
        return PublishedFolder(self.folder)

    def begin(self, at: datetime | None = None, policy: bytes | None = None) -> bytes:
        """The first root and the policy keys' first list, signed and in the folder. Returns the root's file."""
        made = at or now()
        groups = (group([one.raw for one in keys], threshold, name) for keys, threshold, name in (
            (self.root, 2, "root"), (self.policy, 2, "policy"), (self.online[:1], 1, "online")))
        root = first_root(*groups, made + YEAR)
        targets = first_targets(group([self.online[0].raw], 1, "online"), made + YEAR, policy)
        for one in self.root[:2]:
            one.add_signature(root)
        for one in self.policy[:2]:
            one.add_signature(targets)
        files = {metadata_file(ROOT, 1): root.to_bytes(), f"{PENDING}/1.{TARGETS}.json": targets.to_bytes()}
        if policy is not None:
            files[file_of("policy/policy.toml", hashlib.sha256(policy).hexdigest())] = policy
        self.store.write(files)
        return files[metadata_file(ROOT, 1)]

    def number(self, serial: int, found: list[Record], at: datetime | None = None) -> Published:
        """Publish a number."""
        raw = write_form(Header(serial, NAME, 1_772_366_400 * 10**9), found)
        before = self.forms.get(serial - 1)
        self.forms[serial] = raw
        delta = None if before is None else write_delta(before.splitlines(keepends=True), raw.splitlines(keepends=True))
        step = Step(Numbered(serial, sha256_digest(raw)), delta)
        return self.publish(Offer(NAME, (step,), lambda: raw), at)

    def publish(self, offer: Offer | None = None, at: datetime | None = None) -> Published:
        """What the clock of the service does each minute."""
        empty = Offer(NAME, (), lambda: b"")
        with self.store.hold():
            return publish(self.store, self.online, offer or empty, at or now())


def registry(folder: Path, count: int = 40) -> tuple[Registry, str]:
    """A registry that has published number 1, and the fingerprint of its root."""
    made = Registry(folder)
    root = made.begin()
    made.number(1, records(count))
    return made, fingerprint(root)


@dataclass
class WebServer:
    """A plain web server of a folder. asked: paths; answer: gets each path, and may answer in the server's place."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    bytes_sent: int = 0
    answer: Callable[[SimpleHTTPRequestHandler], bool] | None = None


@contextlib.contextmanager
def serving(folder: Path, ranges: bool = True, tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """The folder on a port of the loopback interface. ranges: it knows how to begin in the middle of a file."""
    told = WebServer()

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            told.asked.append(self.path)
            with contextlib.suppress(ConnectionError):
                if told.answer is not None and told.answer(self):
                    return
                path = Path(self.translate_path(self.path))
                raw = path.read_bytes() if path.is_file() else None
                start = _start(self.headers.get("Range", "")) if ranges else 0
                if raw is None:
                    send(self, 404, b"")
                elif start:
                    send(self, 206, raw[start:], {"Content-Range": f"bytes {start}-{len(raw) - 1}/{len(raw)}"})
                else:
                    send(self, 200, raw)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    told.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: SimpleHTTPRequestHandler, status: int, raw: bytes, headers: dict[str, str] | None = None) -> None:
    """An answer of a web server."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(raw)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(raw)


def _start(range_header: str) -> int:
    return int(range_header.removeprefix("bytes=").partition("-")[0]) if range_header.startswith("bytes=") else 0
