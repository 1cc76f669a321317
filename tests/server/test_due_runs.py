"""`licet run-due` that is killed at any moment, and two at once: the registry is what one run makes of it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

TESTS = Path(__file__).parents[1]
WAIT_S = 600

Facts = dict[str, Any]
Run = Callable[..., list[Any]]


@contextmanager
def registry(folder: Path) -> Iterator[Run]:
    """Runs parts of `due_runs` on a registry of its own, in the kind of database that these tests are to run on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICET_")}
    environment |= {"LICET_DATA": str(folder / "licet-data"), "LICET_URL": "http://localhost:8000",
                    "PYTHONPATH": str(TESTS)}
    (folder / "licet-data").mkdir(mode=0o700)
    cluster, name = os.environ.get("LICET_DATABASE"), f"due_{secrets.token_hex(4)}"
    if cluster is not None:
        _sql(cluster, f"CREATE DATABASE {name}")
        environment["LICET_DATABASE"] = urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))

    def run(*parts: str) -> list[Any]:
        """What they printed, one after another."""
        done = subprocess.run([sys.executable, "-m", "server.due_runs", *parts], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=WAIT_S, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    try:
        yield run
    finally:
        if cluster is not None:
            _sql(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def _sql(cluster: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What one run makes of it."""
    with registry(tmp_path_factory.mktemp("once")) as run:
        before, found, again = run("seed", "facts", "once", "facts", "once", "facts")
    assert found["states"] != before["states"]
    assert found["entries"] > before["entries"]
    assert found["unlogged"] == 0
    assert found["unsent"] == 0
    assert found["mails"] > 10
    assert again == found, "a second run is the same as none"
    return found


def test_a_clock_that_is_killed_at_any_moment_goes_on_where_it_was(tmp_path: Path, expected: Facts) -> None:
    with registry(tmp_path) as run:
        kills, found = run("seed", "killed", "once", "facts")
    assert kills > 20
    # A mail that was sent in the moment in which the process was killed is sent again: at least once.
    assert expected["mails"] <= found.pop("mails") <= expected["mails"] + kills
    assert found == {name: value for name, value in expected.items() if name != "mails"}


def test_two_clocks_at_once_are_one_and_send_each_mail_once(tmp_path: Path, expected: Facts) -> None:
    with registry(tmp_path) as run:
        # What the one brought while the other wrote the log waits for the next minute.
        (found,) = run("seed", "together", "once", "facts")
    assert {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]} == {}
