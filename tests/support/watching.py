"""A `licet watch` in a network namespace, and a wire of its own to watch (needs root and Linux)."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lab.process import run, wait_until


def _others_may_read() -> bool:
    """True if every folder above this file may be entered by any user: a watch becomes one."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in Path(__file__).resolve().parents)


READABLE = pytest.mark.skipif(
    not _others_may_read(), reason="licet lies in a folder that other users may not enter: put it where they may"
)

LICET = (sys.executable, "-m", "licet")
Row = dict[str, Any]

_SEND = """
import socket, struct, sys
data = open(sys.argv[2], "rb").read()
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
out.bind((sys.argv[1], 0))
tag = bytes.fromhex(sys.argv[3])
at = 24
while at < len(data):
    size = struct.unpack_from("<I", data, at + 8)[0]
    frame = data[at + 16 : at + 16 + size]
    out.send(frame[:12] + tag + frame[12:])
    at += 16 + size
"""


class Watch:
    """A watch that is running, with its rights given up. namespace: where it runs; None: here."""

    def __init__(
        self, folder: Path, *options: str, namespace: str | None = None, before: Sequence[str] = (),
        program: Sequence[str] = LICET, stdout: int | None = None,
    ) -> None:
        name = secrets.token_hex(4)
        self._out, self._errors = folder / f"{name}.out", folder / f"{name}.err"
        inside = ["ip", "netns", "exec", namespace] if namespace is not None else []
        env = {key: value for key, value in os.environ.items() if key != "SUDO_UID"}
        with self._out.open("wb") as out, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*inside, *before, *program, "watch", *options], stdout=out if stdout is None else stdout,
                stderr=errors, stdin=subprocess.DEVNULL, start_new_session=True, env=env,
            )
        wait_until(self._is_watching, "the watch to begin")

    def _is_watching(self) -> bool:
        return self.process.poll() is not None or bool(re.search("^watching ", self.errors, re.MULTILINE))

    def status(self, name: str) -> str:
        """A line of /proc/PID/status."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith(f"{name}:"):
                    return " ".join(line.split()[1:])
        return ""

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    @property
    def text(self) -> str:
        return self._out.read_text()

    def rows(self, kind: str | None = None) -> list[Row]:
        """The whole lines that it has written."""
        text = self._out.read_bytes()
        found = [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]
        return [row for row in found if kind in (None, row["kind"])]

    @property
    def problem(self) -> str | None:
        """What ailed the last interface in the last window."""
        windows = self.rows("window")
        return windows[-1]["problem"] if windows else None

    def wait_for(self, is_there: Callable[[list[Row]], object], what: str) -> None:
        """Until its rows say so. Raises LabError."""
        wait_until(lambda: bool(is_there(self.rows())), what)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop; its exit status."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.wait()

    def wait(self) -> int:
        """Its exit status, once it has ended by itself."""
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise

    def stop(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)


@contextmanager
def watching(*arguments: Any, **options: Any) -> Iterator[Watch]:
    """A watch that does not outlive the block."""
    watch = Watch(*arguments, **options)
    try:
        yield watch
    finally:
        watch.stop()


class Wire:
    """A veth pair between two namespaces, `near` and `far`, on which nothing is that was not sent."""

    def __init__(self) -> None:
        name = f"watch{secrets.token_hex(2)}"
        self.near, self.far = f"{name}-near", f"{name}-far"

    def __enter__(self) -> Wire:
        for space in (self.near, self.far):
            run(["ip", "netns", "add", space])
            # No router solicitation, no listener report.
            for scope in ("all", "default"):
                self.inside(space, "sysctl", "-qw", f"net.ipv6.conf.{scope}.disable_ipv6=1")
        self.plug()
        return self

    def plug(self) -> None:
        """Make the pair."""
        pair = ["near", "netns", self.near, "type", "veth", "peer", "name", "far", "netns", self.far]
        run(["ip", "link", "add", *pair])
        for space, link in ((self.near, "near"), (self.far, "far")):
            run(["ip", "-n", space, "link", "set", link, "up"])
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Until both ends carry frames: the system takes up to a second to say so, and drops what is sent before."""
        wait_until(lambda: all(
            "state UP" in run(["ip", "-n", space, "link", "show", link])
            for space, link in ((self.near, "near"), (self.far, "far"))
        ), "the wire to be up")

    def __exit__(self, *error: object) -> None:
        for space in (self.near, self.far):
            run(["ip", "netns", "delete", space])

    def inside(self, space: str, *argv: str) -> str:
        """Run a command in a namespace."""
        return run(["ip", "netns", "exec", space, *argv])

    def send(self, capture: Path, tag: bytes = b"") -> None:
        """Send the frames of a capture (little-endian pcap) to the far end, as they are, or with a tag of a VLAN."""
        self.inside(self.near, sys.executable, "-c", _SEND, "near", str(capture), tag.hex())
