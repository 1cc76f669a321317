"""`licet watch` as a user meets it: one sentence for each mistake, a table on a terminal, the last one left."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import needs
from licet.flow.engine import has_kernel
from support.engines import NO_KERNEL
from support.watching import LICET, READABLE, Wire

NOBODY = 65_534
CAPTURES = Path(__file__).parent.parent / "captures"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="not root: run again with sudo")


def watch(*arguments: str, uid: int | None = None) -> subprocess.CompletedProcess[str]:
    user = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    done = subprocess.run(
        [*user, *LICET, "watch", *arguments], capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    (line,) = done.stderr.splitlines()
    return line


def test_no_interface_is_an_error_that_says_where_to_name_one() -> None:
    done = watch()
    assert done.returncode == 3
    assert sentence(done) == (
        'licet: no interface was named: give -i NAME, or interfaces = ["NAME"] under [network] in licet.toml'
    )


def test_an_unknown_interface_is_an_error_that_names_those_there_are() -> None:
    done = watch("-i", "no-such-0")
    assert done.returncode == 3
    assert sentence(done).startswith("licet: there is no interface “no-such-0”; there are ")
    assert "lo" in sentence(done)


@AS_ROOT
@READABLE
def test_without_the_right_to_it_says_how_to_get_it() -> None:
    done = watch("-i", "lo", uid=NOBODY)
    assert done.returncode == 3
    assert sentence(done).startswith("licet: lo: watching needs the right to open packet sockets: run as root")
    assert "CAP_NET_RAW" in sentence(done)


@pytest.mark.parametrize("option", ["--every", "--for"])
@pytest.mark.parametrize("text", ["0", "0s", "-1", "1.5s", "ten", "", "10 s", "5w", "1s1s", "9999999"])
def test_what_is_no_duration_is_refused_with_examples(option: str, text: str) -> None:
    done = watch("-i", "lo", f"{option}={text}")
    assert done.returncode == 2
    assert f"“{text}” is no duration; write 10s, 5m, 2h or 1d" in done.stderr


@pytest.mark.parametrize(("option", "text", "most"), [("--every", "2d", "1 d"), ("--for", "999999d", "3650 d")])
def test_a_duration_has_an_upper_bound_that_is_said(option: str, text: str, most: str) -> None:
    done = watch("-i", "lo", option, text)
    assert done.returncode == 2
    assert f"“{text}” is more than {most}, which is the most" in done.stderr


@pytest.mark.parametrize("count", ["0", "65", "two"])
def test_processes_are_counted_within_bounds(count: str) -> None:
    assert watch("-i", "lo", "--fanout", count).returncode == 2


def test_more_interfaces_than_the_bound_are_refused() -> None:
    done = watch(*(word for number in range(65) for word in ("-i", f"eth{number}")))
    assert (done.returncode, sentence(done)) == (3, "licet: 65 interfaces are more than 64")


@AS_ROOT
def test_a_user_that_is_not_there_is_an_error_before_anything_is_opened() -> None:
    done = watch("-i", "lo", "--user", "no-such-user")
    assert done.returncode == 3
    assert sentence(done).startswith("licet: there is no user “no-such-user”")


@AS_ROOT
@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
def test_a_folder_that_the_user_may_not_write_is_an_error_before_anything_is_watched(tmp_path: Path) -> None:
    done = watch("-i", "lo", "--write", str(tmp_path), "--for", "1s")
    assert done.returncode == 3
    assert f"licet: {tmp_path}: user {NOBODY} may not write here" in done.stderr


def test_a_registry_with_a_mistake_is_an_error_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text("[[service]]\nhandle = 5\n")
    done = watch("-i", "lo", "--registry", str(tmp_path / "registry.toml"))
    assert done.returncode == 3
    assert "registry.toml, line " in sentence(done)


@AS_ROOT
@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
def test_it_ends_by_itself_after_the_time_asked_for_with_one_closing_line(tmp_path: Path) -> None:
    (tmp_path / "licet.toml").write_text('[network]\nkind = "owned"\ninterfaces = ["lo"]\n')
    started = time.monotonic()
    done = watch("--config", str(tmp_path / "licet.toml"), "--for", "1s", "--every", "1s")
    assert done.returncode == 0
    assert 1 <= time.monotonic() - started < 8
    began, ended = done.stderr.splitlines()
    assert began == "watching lo"
    assert re.fullmatch(r"[\d,]+ packets? in [1-3] windows?; nothing lost", ended)
    assert watch("--config", str(tmp_path / "licet.toml"), "--for", "1s", "-q").stderr == ""


@AS_ROOT
@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    with subprocess.Popen([*LICET, "watch", "-i", "lo", "--every", "1s"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()


# On a terminal.


class Screen:
    """A watch on a terminal of its own, and what it wrote there."""

    def __init__(self, command: list[str], columns: int, lines: int, **env: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("NO_COLOR", "COLUMNS", "LINES", "SUDO_UID")}
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                                        env={**clean, "TERM": "xterm-256color", **env})
        os.close(theirs)
        self.text = ""

    def read_until(self, words: str, seconds: float = 15) -> None:
        until = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < until, f"“{words}” never came:\n{self.text}"
            self._read()

    def _read(self) -> bool:
        if not select.select([self.ours], [], [], 0.1)[0]:
            return True
        try:
            self.text += os.read(self.ours, 1 << 16).decode(errors="replace")
        except OSError:
            return False
        return True

    def end(self, number: signal.Signals) -> int:
        """Stop it; its status. All that it wrote is in `text` then."""
        os.kill(self.process.pid, number)
        status = self.process.wait(20)
        while select.select([self.ours], [], [], 0.3)[0] and self._read():
            pass
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        os.close(self.ours)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire() as made:
        yield made


@pytest.mark.parametrize(("columns", "env"), [(60, {}), (100, {}), (100, {"NO_COLOR": "1"})], ids=str)
@pytest.mark.skipif(bool(needs.missing()), reason="; ".join(needs.missing()))
@pytest.mark.skipif(not has_kernel(), reason=NO_KERNEL)
@pytest.mark.xdist_group("watch")
def test_the_table_is_drawn_in_place_and_the_last_one_stays(
    columns: int, env: dict[str, str], wire: Wire, tmp_path: Path
) -> None:
    (tmp_path / "licet.toml").write_text('[network]\nkind = "owned"\n')
    inside = ["ip", "netns", "exec", wire.far]
    command = [*inside, *LICET, "watch", "-i", "far", "--every", "1d", "--config", str(tmp_path / "licet.toml")]
    screen = Screen(command, columns, 24, **env)
    try:
        screen.read_until("watching far")
        wire.send(CAPTURES / "wireguard-v4.pcap")
        screen.read_until("198.51.100.10:51820/udp")
        status = screen.end(signal.SIGINT)
    finally:
        screen.close()
    assert status == 0
    assert "\x1b[?1049h" in screen.text, "it has no screen of its own"
    left = screen.text.rpartition("\x1b[?1049l")[2]
    assert "198.51.100.10:51820/udp" in left
    assert re.search(r"[\d,]+ packets in 1 window; nothing lost", left)
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", left)
    assert max(len(line) for line in plain.splitlines()) <= columns
    assert ("\x1b[3" in left) is not bool(env), "colour, unless it is not wanted"
    assert "Traceback" not in screen.text


def test_the_kernel_is_needed_and_that_is_said(tmp_path: Path) -> None:
    """Without it, the plain twin could not keep up."""
    program = (
        "import licet.flow.kernel\n"
        "licet.flow.kernel.Kernel = None\n"
        "from licet.cli.main import run\n"
        "run()\n"
    )
    if os.geteuid() != 0:
        pytest.skip("not root: the interface cannot be opened")
    done = subprocess.run([sys.executable, "-c", program, "watch", "-i", "lo", "--for", "1s"], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "watching needs licet's compiled kernel" in done.stderr.splitlines()[-1]
