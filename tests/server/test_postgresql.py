"""The same tests on a real PostgreSQL: a cluster of its own, in a temporary folder, on a Unix socket.

Needs the programs of Debian's package `postgresql`; as root it runs them as `postgres` or `nobody`, since PostgreSQL
refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START_S, TESTS_S = 60, 900


def programs() -> Path | None:
    """The folder with initdb and postgres: newest first, then PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which("initdb")
    candidates = [*installed, *([Path(found).parent] if found else [])]
    return next((path for path in candidates if (path / "initdb").exists() and (path / "pg_ctl").exists()), None)


def user() -> str | None:
    """Whom to run the cluster as; None for the one who runs the tests."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running cluster; it is stopped and removed afterwards."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    name = user()
    # A socket's path has at most 107 bytes, and another user must be able to reach it.
    folder = Path(subprocess.run(["mktemp", "-d", "/tmp/licet-pg.XXXXXX"], capture_output=True, text=True,
                                 check=True).stdout.strip())
    if name is not None:
        shutil.chown(folder, name)
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run([str(bin_folder / command[0]), *command[1:]], user=name, check=True, cwd=folder,
                       stdout=subprocess.DEVNULL, timeout=START_S, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})

    try:
        run("initdb", "--pgdata", str(data), "--username", "licet", "--auth", "trust", "--encoding", "UTF8",
            "--no-sync")
        run("pg_ctl", "--pgdata", str(data), "--wait", "--silent", "--log", str(folder / "log"), "--options",
            f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=60", "start")
        try:
            yield f"postgresql://licet@/postgres?host={folder}"
        finally:
            run("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "--silent", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_everything_holds_on_postgresql(cluster: str, tmp_path: Path) -> None:
    environment = {**os.environ, "LICET_DATABASE": cluster, "LICET_DATA": str(tmp_path), "PYTEST_ADDOPTS": "",
                   "PYTEST_XDIST_WORKER": ""}
    for variable in [one for one in environment if one.startswith("PYTEST_")]:
        del environment[variable]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(HERE),
               "--ignore", str(HERE / "test_postgresql.py"), "--ignore", str(HERE / "test_serve.py"),
               "--ignore", str(HERE / "test_backup.py")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TESTS_S)
    assert done.returncode == 0, done.stdout[-6_000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
