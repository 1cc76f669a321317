"""A mail server for tests: it takes what is sent by SMTP (RFC 5321) on the loopback and keeps it."""

from __future__ import annotations

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock, Thread

WAIT_S = 60.0


@dataclass
class Mailbox:
    """port, host: where it listens; refuses: receivers that it does not take."""

    port: int
    host: str = "127.0.0.1"
    refuses: set[str] = field(default_factory=set)
    _kept: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, receivers: list[str], data: bytes) -> None:
        """One mail that came."""
        found = message_from_bytes(data, policy=policy.default)
        assert isinstance(found, EmailMessage)
        with self._lock:
            self._kept.append((receivers, found))

    def to(self, receiver: str, subject: str = "") -> list[EmailMessage]:
        """What came for somebody, the newest last."""
        with self._lock:
            return [mail for receivers, mail in self._kept if receiver in receivers and subject in mail["Subject"]]

    def wait_for(self, receiver: str, subject: str = "", count: int = 1) -> str:
        """The text of the newest of `count` mails. Raises AssertionError after WAIT_S."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            found = self.to(receiver, subject)
            if len(found) >= count:
                return text_of(found[-1])
            time.sleep(0.05)
        subjects = [mail["Subject"] for _receivers, mail in self._kept]
        raise AssertionError(f"no mail to {receiver} about “{subject}”; there are {subjects}")


def text_of(mail: EmailMessage) -> str:
    """The text of a mail, with the line ends of Python."""
    return str(mail.get_content()).replace("\r\n", "\n")


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        mailbox: Mailbox = self.server.mailbox  # type: ignore[attr-defined]
        receivers: list[str] = []
        self._say("220 sink")
        for line in self.rfile:
            word = line.decode("utf-8", "replace").strip()
            verb = word.upper()
            if verb.startswith(("EHLO", "HELO", "MAIL", "RSET", "NOOP")):
                receivers = [] if not verb.startswith(("EHLO", "HELO", "NOOP")) else receivers
                self._say("250 ok")
            elif verb.startswith("RCPT TO:"):
                receiver = word[8:].strip().split(">")[0].lstrip("<")
                if receiver in mailbox.refuses:
                    self._say("550 no such mailbox")
                    continue
                receivers.append(receiver)
                self._say("250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                mailbox.keep(receivers, self._data())
                self._say("250 kept")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("500 what?")

    def _data(self) -> bytes:
        lines = []
        for line in self.rfile:
            if line.rstrip(b"\r\n") == b".":
                break
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def mailbox(host: str = "127.0.0.1", port: int = 0) -> Iterator[Mailbox]:
    """A mail server that takes everything, while the block lasts."""
    with _Server((host, port), _Session) as server:
        box = Mailbox(server.server_address[1], host)
        server.mailbox = box  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
