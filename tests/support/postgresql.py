"""A real PostgreSQL: a cluster of its own, in a temporary folder, on a Unix socket.

Needs the programs of Debian's package `postgresql`; as root it runs them as `postgres` or `nobody`, since PostgreSQL
refuses to run as root. Without them, a test that asks for it is skipped with the reason.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

START_S = 60
# What is lost when the machine loses power is of no use afterwards; connections of every writer of a test.
SETTINGS = {"listen_addresses": "''", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
            "max_connections": "60"}


class Cluster:
    """A running cluster. folder: that of its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._numbers = folder, count(1)

    def new_database(self) -> str:
        """The URL of an empty database of its own."""
        name = f"licet_{next(self._numbers)}"
        with psycopg.connect(host=str(self.folder), user="licet", dbname="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql://licet@/{name}?host={self.folder}"


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
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run the tests as "
                "another user, or make one (useradd --system postgres)")


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """It is stopped and removed afterwards."""
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
    settings = {**SETTINGS, "unix_socket_directories": str(folder)}

    def run(*command: str) -> None:
        subprocess.run([str(bin_folder / command[0]), *command[1:]], user=name, check=True, cwd=folder,
                       stdout=subprocess.DEVNULL, timeout=START_S, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})

    try:
        run("initdb", "--pgdata", str(data), "--username", "licet", "--auth", "trust", "--encoding", "UTF8",
            "--no-sync")
        run("pg_ctl", "--pgdata", str(data), "--wait", "--silent", "--log", str(folder / "log"), "--options",
            " ".join(f"-c {key}={value}" for key, value in settings.items()), "start")
        try:
            yield Cluster(folder)
        finally:
            run("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "--silent", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
