"""A small witness (C2SP tlog-witness): it keeps the newest checkpoint of one log in memory and cosigns what follows."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licet.errors import LicetError
from licet.tlog.checkpoint import open_checkpoint, read_checkpoint
from licet.tlog.cosignature import cosigned_message
from licet.tlog.merkle import EMPTY_ROOT, is_consistent
from licet.tlog.note import COSIGNATURE, NoteSignature, VerifierKey


class SmallWitness:
    """name: of the witness; log: the key of the log that it knows; size, root: what it saw last."""

    def __init__(self, name: str, log: VerifierKey) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.key = VerifierKey(name, COSIGNATURE, self.private.public_key().public_bytes_raw())
        self.log, self.size, self.root = log, 0, EMPTY_ROOT
        self.asked = 0
        self.url = ""

    def add_checkpoint(self, body: bytes) -> tuple[int, str, bytes]:
        """(status, content type, answer) for a request."""
        self.asked += 1
        head, _, note = body.partition(b"\n\n")
        old_line, *path_lines = head.decode().split("\n")
        old = int(old_line.removeprefix("old "))
        path = [base64.b64decode(line, validate=True) for line in path_lines]
        if read_checkpoint(note).origin != self.log.name:
            return 404, "text/plain", b""
        try:
            found = open_checkpoint(note, self.log)
        except LicetError:
            return 403, "text/plain", b""
        if old > found.size or len(path) > 63:
            return 400, "text/plain", b""
        if old != self.size or (old == found.size and found.root != self.root):
            return 409, "text/x.tlog.size", f"{self.size}\n".encode()
        if not is_consistent(old, self.root, found.size, found.root, path):
            return 422, "text/plain", b""
        self.size, self.root = found.size, found.root
        time_s = 1_700_000_000 + self.asked
        signed = time_s.to_bytes(8, "big") + self.private.sign(cosigned_message(found.note.text, time_s))
        return 200, "text/plain", str(NoteSignature(self.key.name, self.key.key_id, signed)).encode()


@contextlib.contextmanager
def serving(witness: SmallWitness) -> Iterator[SmallWitness]:
    """The witness on a port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_known = self.path == "/w/add-checkpoint"
            status, kind, answer = witness.add_checkpoint(body) if is_known else (404, "", b"")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    witness.url = f"http://127.0.0.1:{server.server_port}/w"
    try:
        yield witness
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
