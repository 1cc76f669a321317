"""Programs that the laboratory starts, waits for and stops.

Every wait has a bound. A program is stopped by the number of the process group that was made for it, never by name.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

WAIT_S = 60.0
"""How long a program may take to become ready before the laboratory gives up."""

_STOP_S = 10.0
_POLL_S = 0.05


class LabError(Exception):
    """The laboratory could not do what was asked; the sentence says what, and holds the program's last words."""


class Process:
    """One program that runs until it is stopped; its output goes to a file."""

    def __init__(
        self, argv: Sequence[str], output: Path, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
    ) -> None:
        """Start `argv`; both its outputs are written to the file `output`.

        env: variables added to our own environment. stdin: an open file's number; by default there is no input.
        Raises LabError if the program cannot be started.
        """
        self.argv = list(argv)
        self.output = output
        with output.open("wb") as sink:
            try:
                # A session of its own: Ctrl-C reaches us alone, and we stop the programs in order.
                self._child = subprocess.Popen(
                    self.argv,
                    stdin=stdin,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(env or {})},
                    start_new_session=True,
                )
            except OSError as error:
                raise LabError(f"{self.argv[0]}: cannot be started: {error}") from error

    def is_running(self) -> bool:
        """True until the program has ended."""
        return self._child.poll() is None

    def text(self) -> str:
        """What the program has written so far."""
        return self.output.read_text(errors="replace")

    def wait_for(self, words: str, timeout_s: float = WAIT_S) -> None:
        """Wait until the program has written `words`. Raises LabError if it ends or takes too long."""
        wait_until(lambda: self._has_written(words), f"{self.name()} to write {words!r}", timeout_s, self)

    def wait(self, timeout_s: float) -> None:
        """Wait until the program has ended. Raises LabError if it takes too long."""
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name()}: still running after {timeout_s:g} s\n{tail(self.text())}") from None

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal. Raises LabError if it has ended."""
        if not self.is_running():
            raise LabError(f"{self.name()}: has ended\n{tail(self.text())}")
        os.kill(self._child.pid, number)

    def stop(self, first: signal.Signals = signal.SIGTERM) -> None:
        """Ask the program and its children to end; after ten seconds make them. Does nothing twice."""
        for number in (first, signal.SIGKILL):
            try:
                os.killpg(self._child.pid, number)
            except ProcessLookupError:
                break
            try:
                self._child.wait(_STOP_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self._child.wait(_STOP_S)

    def name(self) -> str:
        """The program's own name, without `ip netns exec NAMESPACE` before it."""
        return self.argv[4] if self.argv[:3] == ["ip", "netns", "exec"] else self.argv[0]

    def _has_written(self, words: str) -> bool:
        return words in self.text()


def wait_until(
    is_ready: Callable[[], bool], what: str, timeout_s: float = WAIT_S, process: Process | None = None
) -> None:
    """Ask `is_ready` again and again until it is true.

    what: ends the sentence "waited 60 s for …".
    process: the program that should bring it about; if it ends first, waiting is over.
    Raises LabError, with the program's last lines if there is one.
    """
    end = time.monotonic() + timeout_s
    while not is_ready():
        has_ended = process is not None and not process.is_running()
        # It may have written its last words between the question and its end: ask once more.
        if has_ended and is_ready():
            return
        if has_ended or time.monotonic() > end:
            why = "the program ended" if has_ended else f"waited {timeout_s:g} s"
            last_words = f"\n{tail(process.text())}" if process is not None else ""
            raise LabError(f"{why}, no sign of: {what}{last_words}")
        time.sleep(_POLL_S)


def tail(text: str, lines: int = 12) -> str:
    """The last lines of a program's output, indented for an error message."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def run(argv: Sequence[str], timeout_s: float = WAIT_S, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Run a short command and return what it wrote to its standard output.

    Raises LabError, with the command and its last lines, if it fails, is missing or takes too long.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env={**os.environ, **(env or {})},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{' '.join(argv)}: {error}") from error
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: status {done.returncode}\n{tail(done.stdout + done.stderr)}")
    return done.stdout
