"""`licet serve` as a process: how it begins, how it ends, and what it says where it cannot begin."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from licet.errors import BadInput
from licet.server.database import database_settings
from licet.server.deployment import read_deployment
from licet.server.listening import listen_address
from licet.server.mail import mail_settings
from support.running_service import free_port

pytestmark = pytest.mark.own_database(reason="each process makes a registry; those on PostgreSQL are elsewhere")
WAIT_S = 120.0
LICET = (sys.executable, "-m", "licet")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def environment(**values: str) -> dict[str, str]:
    """The environment of a user who has set nothing of licet's but this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LICET_", "DJANGO_"))}
    return kept | values


def licet(folder: Path, *words: str, program: tuple[str, ...] = LICET, **values: str) -> tuple[int, str, str]:
    """Run a command to its end: status, standard output, standard error."""
    done = subprocess.run([*program, *words], cwd=folder, env=environment(**values), capture_output=True, text=True,
                          timeout=WAIT_S, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@contextmanager
def serving(folder: Path, *words: str, **values: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A service that answers, and its address."""
    port = free_port()
    with (folder / "out").open("ab") as out:
        process = subprocess.Popen([*LICET, "serve", "--port", str(port), *words], cwd=folder, stdout=out, stderr=out,
                                   env=environment(**values))
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + WAIT_S
        while True:
            assert process.poll() is None, (folder / "out").read_text()
            assert time.monotonic() < end, (folder / "out").read_text()
            with suppress(OSError):
                _DIRECT.open(f"{url}/healthz", timeout=10).close()
                break
            time.sleep(0.1)
        yield process, url
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(WAIT_S)


def pages_of(url: str, *paths: str) -> list[int]:
    found = []
    for path in paths:
        with _DIRECT.open(url + path, timeout=WAIT_S) as answer:
            found.append(answer.status)
    return found


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(WAIT_S)


def assert_is_whole(data: Path) -> None:
    """Nothing is there by half, and nothing for others to read."""
    names = {path.name for path in data.iterdir()}
    assert {"log", "log_key", "registry.sqlite3", "secret_key"} <= names
    assert not [name for name in names if re.search(r"tmp|part|^\.|~$", name)]
    assert data.stat().st_mode & 0o077 == 0
    for path in data.iterdir():
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0, f"{path.name} can be read by others"
    with closing(sqlite3.connect(data / "registry.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM registry_registry").fetchone() == (1,)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_empty_folder_becomes_a_registry_that_ends_with_everything_written(
    number: signal.Signals, tmp_path: Path
) -> None:
    with serving(tmp_path) as (process, url):
        assert pages_of(url, "/", "/directory/", "/readyz", "/static/licet/licet.css") == [200] * 4
        said = (tmp_path / "out").read_text()
        assert re.search(rf"^{re.escape(url)} \(ready in \d+\.\d s; stop with Ctrl-C\)$", said, re.MULTILINE)
        link = re.search(r"become its first officer, within a day: (\S+)", said)
        assert link is not None
        assert pages_of(link[1], "") == [200]
        assert end(process, number) == 0
    assert "Traceback" not in (tmp_path / "out").read_text()
    assert_is_whole(tmp_path / "licet-data")
    # What an operator is told is what they have to do, and nothing of what licet itself made.
    status, problems, _ = licet(tmp_path, "serve", "--check")
    assert status == 3
    assert f"mail is only written to files in {tmp_path}/licet-data/mail, so nobody can confirm an address" in problems
    assert "nobody can decide" in problems
    assert "can be read by others" not in problems
    assert "does not answer" not in problems


def test_a_service_that_is_killed_begins_again(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, _):
        process.kill()
        process.wait(WAIT_S)
        with serving(tmp_path) as (again, url):
            assert pages_of(url, "/") == [200]
            assert end(again, signal.SIGTERM) == 0
    assert_is_whole(tmp_path / "licet-data")


def test_the_kind_is_chosen_once(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost"):
        with serving(tmp_path, "--init", "owned", "--host", host) as (process, _):
            assert end(process, signal.SIGTERM) == 0
    assert (tmp_path / "out").read_text().count("registry of owned kind in") == 2
    status, _, said = licet(tmp_path, "serve", "--init", "public", "--port", str(free_port()))
    assert (status, said) == (3, "licet: this registry is owned and stays so; start another one in another folder\n")


def test_a_port_that_something_else_has_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, _, said = licet(tmp_path, "serve", "--port", str(port))
    assert status == 5
    assert said.startswith(f"licet: cannot listen on 127.0.0.1, port {port}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_second_registry_is_not_started_beside_the_first(tmp_path: Path) -> None:
    """The workers share their port, so the system would allow it, and each would get some of the visitors."""
    with serving(tmp_path) as (process, url):
        link = re.search(r"within a day: (\S+)", (tmp_path / "out").read_text())
        assert link is not None
        status, _, said = licet(tmp_path, "serve", "--port", url.rpartition(":")[2])
        assert status == 5
        assert "stop it first, or choose another --port" in said
        assert pages_of(link[1], "") == [200], "its link for the first officer still works"
        assert end(process, signal.SIGTERM) == 0


# Each with its exit status and a part of its sentence.
WRONG = {
    "others' address": (["--host", "192.0.2.1"], {}, 3, "say under which address, as url"),
    "port": (["--port", "80000"], {}, 2, "80000 is not in the range"),
    "no such file": (["--config", "nowhere.toml"], {}, 3, "nowhere.toml: cannot be read"),
    "language": ([], {"LICET_LANGUAGE": "xx"}, 3, "language is “xx”; there are en, de"),
    "no server": ([], {"LICET_DATABASE": "postgresql://licet@/licet?host=/nowhere"}, 5,
                  "the database postgresql://licet@/licet?host=/nowhere cannot be used: "),
    "no folder": ([], {"LICET_DATA": "/proc/licet"}, 3, "/proc/licet: cannot be written"),
    "no database": ([], {"LICET_DATA": "folder"}, 5, "folder/registry.sqlite3 cannot be used: file is not a database"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_one_sentence_and_a_status(wrong: str, tmp_path: Path) -> None:
    words, values, expected, sentence = WRONG[wrong]
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "folder" / "registry.sqlite3").write_text("this is a file of somebody else's\n" * 100)
    # Its own comes later and counts: others may listen on the usual one.
    status, out, said = licet(tmp_path, "serve", "--port", str(free_port()), *words, **values)
    assert (status, out) == (expected, "")
    assert sentence in said
    assert len(said.splitlines()) == 1 or expected == 2


def test_the_check_says_what_keeps_it_from_starting(tmp_path: Path) -> None:
    (tmp_path / "licet-data").mkdir()
    status, out, _ = licet(tmp_path, "serve", "--check", LICET_URL="registry.example.net")
    assert (status, len(out.splitlines())) == (3, 1)
    assert "LICET_URL is “registry.example.net”, which is not of the form https://registry.example.net" in out


SETTINGS = {
    "LICET_URL": ("registry.example.net", "LICET_URL is “registry.example.net”, which is not of the form https://"),
    "LICET_MAIL": ("mail.example.net", "LICET_MAIL is “mail.example.net”, which is not of the form smtp://"),
    "LICET_MAIL port": ("smtp://mail.example.net:99999", "the mail server's URL cannot be read: Port out of range"),
    "LICET_MAIL_FROM": ("nobody", "LICET_MAIL_FROM is “nobody”, which is not of the form registry@example.net"),
    "LICET_PROXY": ("the proxy", "LICET_PROXY is “the proxy”, which is not of the form 127.0.0.1"),
    "LICET_WORKERS": ("many", "LICET_WORKERS is “many”; it is a number from 1 to 64"),
    "LICET_NAME": ("n" * 301, "LICET_NAME has 301 characters; 300 is the most"),
    "LICET_DATABASE": ("mysql://licet@/licet", "LICET_DATABASE is “mysql://licet@/licet”, which is not of the form"),
    "LICET_DATABASE password": ("postgresql://licet:secret@/licet", "holds a password; put it into a file"),
    "LICET_DATABASE option": ("postgresql://licet@/licet?options=x", "URL has the unknown option options"),
    "LICET_DATABASE_PASSWORD_FILE": ("nowhere", "nowhere: cannot be read"),
    "LICET_MAIL_PASSWORD_FILE": ("nowhere", "nowhere: cannot be read"),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_of_the_environment_is_held_to_its_form(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    value, sentence = SETTINGS[setting]
    given = {"LICET_DATABASE": "postgresql://licet@/licet", "LICET_MAIL": "smtp://licet@mail.example.net:587"}

    def read() -> None:
        deployment = read_deployment({**given, setting.partition(" ")[0]: value})
        database_settings(deployment)
        mail_settings(deployment)

    with pytest.raises(BadInput) as raised:
        read()
    assert sentence in str(raised.value)
    assert "secret" not in str(raised.value), "it quotes a password"


def test_an_address_to_listen_on_is_one() -> None:
    assert [listen_address(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0")] == [
        "127.0.0.1", "127.0.0.1", "::1", "0.0.0.0",
    ]
    for host in ("registry.example.net", "", "127.0.0.1:80", "192.0.2.0/24"):
        with pytest.raises(BadInput, match="--host is an address of this machine"):
            listen_address(host)


def test_what_needs_a_registry_says_where_there_is_none(tmp_path: Path) -> None:
    nothing = f"licet: there is no registry in {tmp_path}/licet-data: `licet serve` makes one\n"
    for words in (("run-due",), ("serve", "--invite-officer"), ("backup", "there")):
        assert licet(tmp_path, *words) == (3, "", nothing)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "licet-data").mkdir(mode=0o700)
    assert licet(tmp_path, "run-due") == (3, "", nothing)
    with closing(sqlite3.connect(tmp_path / "licet-data" / "registry.sqlite3")) as database:
        database.execute("CREATE TABLE of_an_older_version (one int)")
    status, _, said = licet(tmp_path, "run-due")
    assert status == 3
    assert "migrations are not all applied: `licet serve` does them when it starts" in said
    status, _, said = licet(tmp_path, "run-due", LICET_DATABASE="postgresql://licet@/licet?host=/nowhere")
    assert status == 5
    assert "database does not answer" in said


_WITHOUT = "import sys; sys.modules[sys.argv.pop(1)] = None; from licet.cli.main import run; run()"


@pytest.mark.parametrize(("package", "words"), [
    ("django", ("serve",)), ("granian", ("serve", "--check")), ("allauth", ("run-due",)),
    ("structlog", ("backup", "x")),
])
def test_a_missing_package_is_named_with_what_to_install(package: str, words: tuple[str, ...], tmp_path: Path) -> None:
    status, out, said = licet(tmp_path, package, *words, program=(sys.executable, "-c", _WITHOUT))
    assert status == 3
    assert f"needs a package that is not installed ({package}" in out + said
    assert "pip install 'licet[server]'" in out + said
    assert list(tmp_path.iterdir()) == []
