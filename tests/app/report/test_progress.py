"""Progress: silent in pipes, in short runs and when told so; otherwise it says how far, how fast, and goes away."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import suppress

import pytest

from licet.app.report import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(err: io.StringIO, size_bytes: int | None = 2_000_000, *, quiet: bool = False) -> str:
    with progress.open_progress(size_bytes, quiet=quiet, err=err) as shown:
        shown.update(500_000, 1000)
        shown.update(1_000_000, 2000)
    return err.getvalue()


@pytest.fixture
def long_run(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.usefixtures("long_run")
def test_a_pipe_and_a_quiet_run_show_nothing():
    assert run(io.StringIO()) == ""
    assert run(Terminal(), quiet=True) == ""


def test_a_short_run_shows_nothing():
    assert run(Terminal()) == ""


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("size_bytes", [2_000_000, None])
def test_a_long_run_shows_bytes_and_speed(size_bytes):
    text = run(Terminal(), size_bytes)
    assert "packets/s" in text
    assert "1.0" in text


@pytest.mark.usefixtures("long_run")
def test_the_bar_goes_away_when_the_run_fails():
    err = Terminal()
    with suppress(KeyboardInterrupt), progress.open_progress(10, err=err) as shown:
        shown.update(1, 1)
        raise KeyboardInterrupt
    assert err.getvalue().endswith("\x1b[2K")


def test_importing_it_does_not_import_rich():
    code = "import sys, licet.app.report.progress; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
