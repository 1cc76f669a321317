"""`licet serve` as it is run, in a folder and a process of its own, with a mail server that keeps what it sends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from support.mailbox import Mailbox

START_WAIT_S = 120.0
STOP_WAIT_S = 60.0

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Service:
    """url: where it answers; folder: with its licet.toml and its data; box: what it mailed, where it has a mail server;
    prefix: words that run a program where the service runs, such as `ip netns exec NAME`."""

    url: str
    folder: Path
    box: Mailbox | None
    prefix: tuple[str, ...] = ()

    def licet(self, *words: str, status: int = 0) -> str:
        """Run `licet` in the service's folder. status: with which it has to end."""
        line = [*self.prefix, sys.executable, "-m", "licet", *words]
        done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, program: str) -> str:
        """Run a Python program with the service's settings, in its folder."""
        line = [*self.prefix, sys.executable, "-c", program]
        return subprocess.run(line, cwd=self.folder, capture_output=True, text=True, check=True, timeout=60).stdout

    def kept_mail(self) -> str:
        """The mail of a service without a mail server, which keeps it in files."""
        files = sorted((self.folder / "licet-data" / "mail").glob("*"), key=lambda file: file.stat().st_mtime)
        return "\n".join(file.read_text(encoding="utf-8") for file in files)

    def output(self) -> str:
        """What the service wrote on its terminal so far."""
        return (self.folder / "out").read_text(encoding="utf-8")

    def officer_link(self) -> str:
        """The link by which the first officer signs up."""
        found = re.search(r"become its first officer, within a day: (\S+)", self.output())
        assert found is not None, self.output()
        return found[1]


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running_service(folder: Path, *words: str, settings: str = "", prefix: Sequence[str] = (), host: str = "127.0.0.1",
                    url_host: str = "localhost", box: Mailbox | None = None, top: str = "") -> Iterator[Service]:
    """Run a registry in a folder while the block lasts. words: for the command line; settings: further lines of the
    table [server]; top: lines of licet.toml before it; box: a mail server; without one, mail is kept in files."""
    port = free_port()
    url = f"http://{url_host}:{port}"
    folder.mkdir(parents=True, exist_ok=True)
    mail = f'mail = "smtp://{box.host}:{box.port}"\n' if box is not None else ""
    folder.joinpath("licet.toml").write_text(
        f'{top}\n[server]\nname = "Example registry"\nurl = "{url}"\nmail_from = "registry@example.net"\n'
        f'{mail}{settings}\n', encoding="utf-8")
    line = [*prefix, sys.executable, "-m", "licet", "serve", "--host", host, "--port", str(port), *words]
    with (folder / "out").open("w", encoding="utf-8") as out:
        process = subprocess.Popen(line, cwd=folder, stdout=out, stderr=out)
    service = Service(url, folder, box, tuple(prefix))
    try:
        _wait(service, process)
        yield service
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_WAIT_S)


def _wait(service: Service, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_WAIT_S
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError, subprocess.SubprocessError):
            if _answers(service):
                return
        time.sleep(0.1)
    raise AssertionError(f"the service did not start:\n{service.output()}")


def _answers(service: Service) -> bool:
    if service.prefix:
        line = [*service.prefix, sys.executable, "-c", "import sys, urllib.request as u; "
                "u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=5)", f"{service.url}/healthz"]
        return subprocess.run(line, capture_output=True, timeout=30, check=False).returncode == 0
    with _DIRECT.open(f"{service.url}/healthz", timeout=10) as answer:
        return bool(answer.status == 200)
