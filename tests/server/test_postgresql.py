"""Every test that stands on the service's database, again on a real PostgreSQL; and the service itself on one.

SQLite is what they run on when they are asked for by themselves. A test that brings a database of its own says so by
the marker `own_database`, with the reason, and is not run a second time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.test_serve import end, licet, pages_of, serving
from support.chromium import needs_chromium
from support.postgresql import Cluster

HERE = Path(__file__).parent
TESTS = HERE.parent
ROOT = TESTS.parent
TESTS_S = 900

pytestmark = pytest.mark.own_database(reason="it starts PostgreSQL")


def rooms() -> dict[str, list[Path]]:
    """Test files by where they stand: the service's folders, its own files in two halves, and those of other rooms that
    ask for its database. A part takes a minute or two, so that two of them can run at once."""
    own = sorted(HERE.glob("test_*.py"))
    found = {folder.name: sorted(folder.glob("test_*.py")) for folder in sorted(HERE.iterdir()) if folder.is_dir()}
    found |= {"server, first half": own[::2], "server, second half": own[1::2]}
    elsewhere = [file for file in sorted(TESTS.glob("*/test_*.py"))
                 if file.parent != HERE and "django_db" in file.read_text(encoding="utf-8")]
    found |= {"browser": [file for file in elsewhere if file.parent.name == "browser"],
              "other rooms": [file for file in elsewhere if file.parent.name != "browser"]}
    return {name: files for name, files in found.items() if files}


ROOMS = rooms()


@pytest.mark.parametrize("room", [pytest.param(room, marks=needs_chromium if room == "browser" else ())
                                  for room in ROOMS])
def test_everything_holds_on_postgresql(room: str, cluster: Cluster, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"LICET_DATABASE": cluster.new_database(), "LICET_DATA": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not own_database",
               *map(str, ROOMS[room])]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TESTS_S)
    assert done.returncode == 0, done.stdout[-6_000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_two_workers_serve_one_registry_and_a_killed_one_begins_again(cluster: Cluster, tmp_path: Path) -> None:
    settings = {"LICET_DATABASE": cluster.new_database(), "LICET_WORKERS": "2"}
    with serving(tmp_path, **settings) as (process, url):
        for _ in range(4):  # whichever of the two answers
            assert pages_of(url, "/", "/directory/", "/account/login/", "/static/licet/licet.css") == [200] * 4
        status, said, _ = licet(tmp_path, "run-due", **settings)
        assert status == 0
        assert said
        process.kill()
        process.wait()
    with serving(tmp_path, **settings) as (process, url):
        assert pages_of(url, "/", "/snapshot") == [200] * 2
        status, problems, _ = licet(tmp_path, "serve", "--check", **settings)
        assert status == 3
        assert "nobody can decide" in problems
        assert "cannot be used" not in problems
        assert end(process, signal.SIGTERM) == 0
    assert "Traceback" not in (tmp_path / "out").read_text()
    assert not (tmp_path / "licet-data" / "registry.sqlite3").exists()
