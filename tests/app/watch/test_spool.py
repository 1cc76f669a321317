"""Windows as files: whole or not there; what cannot be written is counted and said, and the watch goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from app.watch.makers import window
from licet.app.report.observations import observations
from licet.app.watch.judging import JudgedWindow
from licet.app.watch.spool import Spool
from licet.errors import BadFile
from support.packets import START_NS

NOBODY = 65_534

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="not root: needed to mount a file system, or to become another")


def rows() -> list:
    return list(observations(JudgedWindow(window(packets=7), ()), "sensor-1"))


def test_a_window_is_one_file_named_by_interface_and_time(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "windows"), None)
    spool.check_writable()
    spool.write("eth0", START_NS, rows())
    spool.write("eth0", START_NS + 1_500_000_000, rows())
    spool.write("wlan/0 x", START_NS, rows())
    assert sorted(path.name for path in (tmp_path / "windows").iterdir()) == [
        "eth0-20260301T120000Z.parquet", "eth0-20260301T120001.500Z.parquet",
        "wlan%2F0%20x-20260301T120000Z.parquet",
    ]
    assert (spool.lost, spool.problem) == (0, None)
    read = duckdb.sql(f"SELECT kind, packets FROM '{tmp_path}/windows/eth0-20260301T120000Z.parquet'").fetchall()
    assert read == [("window", 7)]


def test_others_cannot_read_a_folder_that_it_makes(tmp_path: Path) -> None:
    Spool(str(tmp_path / "windows"), None)
    assert (tmp_path / "windows").stat().st_mode & 0o007 == 0


def test_a_folder_that_cannot_be_made_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFile, match="cannot be made"):
        Spool(str(tmp_path / "file" / "windows"), None)


@AS_ROOT
def test_a_folder_of_somebody_else_s_is_an_error_before_anything_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "windows"
    program = (
        "import os, sys\n"
        "from licet.app.watch.spool import Spool\n"
        "spool = Spool(sys.argv[1], None)\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "spool.check_writable()\n"
    )
    folder.mkdir(mode=0o755)
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"user {NOBODY} may not write here" in done.stderr


@AS_ROOT
def test_a_folder_that_it_makes_is_the_user_s_that_it_becomes(tmp_path: Path) -> None:
    Spool(str(tmp_path / "windows"), (NOBODY, NOBODY))
    found = (tmp_path / "windows").stat()
    assert (found.st_uid, found.st_gid) == (NOBODY, NOBODY)


def test_a_folder_that_went_away_costs_windows_and_no_more(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "windows"), None)
    (tmp_path / "windows").rmdir()
    spool.write("eth0", START_NS, rows())
    assert spool.lost == 1
    assert spool.problem is not None
    assert "cannot be written: No such file or directory" in spool.problem
    (tmp_path / "windows").mkdir()
    spool.write("eth0", START_NS, rows())
    assert (spool.lost, spool.problem) == (1, None), "it goes on when it can"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False)
    if done.returncode != 0:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@AS_ROOT
@pytest.mark.parametrize("count", [400, 40], ids=["no-room-for-the-rows", "no-room-for-the-file"])
def test_a_full_disk_costs_windows_and_leaves_nothing_half_written(count: int, tiny_disk: Path) -> None:
    spool = Spool(str(tiny_disk), None)
    spool.write("eth0", START_NS, rows())
    (before,) = tiny_disk.iterdir()
    if count == 40:
        (tiny_disk / "ballast").write_bytes(bytes(36 << 10))
    spool.write("eth0", START_NS + 10**9, [{**rows()[0], "problem": os.urandom(200).hex()} for _ in range(count)])
    assert spool.lost == 1
    assert spool.problem is not None
    assert spool.problem.startswith(f"{tiny_disk}/eth0-20260301T120001Z.parquet: cannot be written: ")
    assert "\n" not in spool.problem
    assert {path.name for path in tiny_disk.iterdir()} - {"ballast"} == {before.name}
