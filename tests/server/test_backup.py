"""A restored backup is the same registry: counts, snapshot and sign-in. One that was changed is refused, and leaves
everything as it was."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.postgresql import Cluster
from support.running_service import free_port

pytestmark = [
    pytest.mark.xdist_group("backup"),  # one registry, made once
    pytest.mark.own_database(reason="it moves registries between SQLite and a PostgreSQL that it starts"),
]
LICET = [sys.executable, "-m", "licet"]
WAIT_S = 120

# Fills a registry as `licet serve --demo` does, without serving it.
FILL = """
import sys
from licet.server import start
options = start.Options(demo=True, port=int(sys.argv[1]))
deployment = start.prepare(options)
import django
django.setup()
print(*start._ready_registry(options, deployment), sep="\\n")
"""
# What a registry is, as far as anybody can tell from outside, and whether its officer can sign in.
TELL = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "licet.server.settings"
import django
django.setup()
from django.test import Client
from licet.server.backup.rows import counts, newest_snapshot
from licet.server.clock import utc_now
from licet.server.registry.models import Snapshot
from licet.server.registry.publish import records_at, publish
client = Client(HTTP_HOST="localhost")
client.post("/account/login/", {"login": "demo.officer@example.net", "password": sys.argv[1]})
newest = Snapshot.objects.order_by("-serial").first()
print(json.dumps({
    "counts": counts("default"), "snapshot": newest_snapshot("default"),
    "body": bytes(newest.body).hex()[:64], "published_again": publish(at=newest.published_at).serial,
    "desk": client.get("/desk/").status_code, "download": client.get("/snapshot").status_code,
}))
"""


@dataclass(frozen=True)
class Folder:
    """A folder with a registry in it. database: a URL, or "" for SQLite."""

    path: Path
    database: str = ""

    def run(self, *command: str, status: int = 0) -> str:
        """Run a program there; returns what it printed, from both streams."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LICET_")}
        environment |= {"LICET_DATA": str(self.path / "licet-data"), "LICET_DEMO": "1"}
        if self.database:
            environment["LICET_DATABASE"] = self.database
        done = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=WAIT_S)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def licet(self, *words: str, status: int = 0) -> str:
        """Run licet."""
        return self.run(*LICET, *words, status=status)

    def tell(self, password: str) -> dict[str, object]:
        """What there is."""
        found: dict[str, object] = json.loads(self.run(sys.executable, "-c", TELL, password).splitlines()[-1])
        return found


@dataclass(frozen=True)
class Backed:
    """A registry with its backup. password: of the officer; told: what the registry was."""

    folder: Folder
    file: Path
    password: str
    told: dict[str, object]


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Backed:
    folder = Folder(tmp_path_factory.mktemp("registry"))
    password = re.search(r"password (\S+)", folder.run(sys.executable, "-c", FILL, str(free_port())))
    assert password is not None
    told = folder.tell(password[1])
    file = folder.path / "monday.backup"
    said = folder.licet("backup", str(file))
    assert f"{told['counts']['Service']} services" in said  # type: ignore[index]
    return Backed(folder, file, password[1], told)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_restored_backup_is_the_same_registry(backed: Backed, tmp_path: Path) -> None:
    there = Folder(tmp_path)
    assert backed.told["desk"] == 200
    said = there.licet("restore", str(backed.file))
    assert str(backed.told["snapshot"][1]) in said  # type: ignore[index]
    assert there.tell(backed.password) == backed.told
    assert there.tell("another password")["desk"] == 302
    before, after = (one.path / "licet-data" / "secret_key" for one in (backed.folder, there))
    assert after.read_text() == before.read_text()
    assert mode(after) == mode(tmp_path / "licet-data" / "registry.sqlite3") == 0o600
    # The keys by which snapshots are signed are in no backup: whoever has one could publish (docs/keys.md).
    said = there.licet("serve", "--check", status=3)
    assert "snapshots are not published" in said
    assert "1 problem" in said


def test_a_backup_is_for_its_owner_alone_and_signs_nobody_in(backed: Backed, tmp_path: Path) -> None:
    beside = Path(f"{backed.file}.secrets")
    assert mode(backed.file) == mode(beside) == 0o600
    with tarfile.open(backed.file) as archive:
        assert archive.getnames() == ["manifest.json", "registry.sqlite3"]
        archive.extract("registry.sqlite3", tmp_path, filter="data")
    secret = beside.read_text().strip()
    assert secret.encode() not in gzip.decompress(backed.file.read_bytes())
    with sqlite3.connect(tmp_path / "registry.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nothing_is_written_over(backed: Backed, tmp_path: Path) -> None:
    was = backed.file.read_bytes()
    assert "is there already" in backed.folder.licet("backup", str(backed.file), status=3)
    assert backed.file.read_bytes() == was
    said = backed.folder.licet("restore", str(backed.file), status=3)
    assert "there is a registry" in said
    assert "--replace" in said
    assert backed.folder.tell(backed.password) == backed.told


def test_a_registry_is_replaced_when_that_is_asked_for(backed: Backed, tmp_path: Path) -> None:
    there = Folder(tmp_path)
    there.run(sys.executable, "-c", FILL, str(free_port()))
    there.licet("restore", "--replace", str(backed.file))
    assert there.tell(backed.password) == backed.told


def test_without_its_secrets_everything_is_there_and_everybody_signs_in_again(backed: Backed, tmp_path: Path) -> None:
    file = tmp_path / "alone.backup"
    shutil.copy(backed.file, file)
    there = Folder(tmp_path)
    assert "everybody signs in again" in there.licet("restore", str(file))
    assert there.tell(backed.password) == backed.told


def test_secrets_of_another_backup_are_refused(backed: Backed, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    shutil.copy(backed.file, file)
    Path(f"{file}.secrets").write_text("of another one\n")
    Path(f"{file}.secrets").chmod(0o600)
    assert "belongs to another backup" in Folder(tmp_path).licet("restore", str(file), status=4)
    assert not (tmp_path / "licet-data" / "registry.sqlite3").exists()


def rewritten(file: Path, target: Path, manifest: dict[str, object] | None = None, database: bytes | None = None,
              names: tuple[str, str] = ("manifest.json", "registry.sqlite3"), more: bytes | None = None) -> Path:
    """The backup with something changed in it."""
    with tarfile.open(file) as archive:
        contents = [archive.extractfile(name).read() for name in archive.getnames()]  # type: ignore[union-attr]
    if manifest is not None:
        contents[0] = json.dumps({**json.loads(contents[0]), **manifest}).encode()
    if database is not None:
        contents[1] = database
    with tarfile.open(target, "w:gz") as archive:
        for name, content in [*zip(names, contents, strict=True), *([] if more is None else [("more", more)])]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target


@pytest.mark.parametrize(("changes", "status", "said"), [
    ({"database": b"SQLite format 3\0" + bytes(10)}, 4, "is not the one that was backed up"),
    ({"manifest": {"database_digest": "sha256:00"}}, 4, "is not the one that was backed up"),
    ({"manifest": {"counts": {"Service": 1_000}}}, 4, "does not hold what its manifest says"),
    ({"manifest": {"digest": "sha256:00"}}, 4, "does not hold what its manifest says"),
    ({"manifest": {"migrations": {"registry": ["9999_later"]}}}, 3, "update licet first"),
    ({"manifest": {"format": "licet.backup/9"}}, 3, "this licet reads"),
    ({"manifest": {"serial": "one"}}, 3, "its manifest cannot be read"),
    ({"manifest": {"unknown": 1}}, 3, "its manifest cannot be read"),
    ({"manifest": {"database_bytes": 5}}, 3, "larger than it should be"),
    ({"names": ("../../manifest.json", "registry.sqlite3")}, 3, "manifest.json is missing"),
    ({"names": ("manifest.json", "/etc/registry.sqlite3")}, 3, "registry.sqlite3 is missing"),
    ({"more": b"more"}, 3, "holds more than a backup does"),
])
def test_a_backup_that_was_changed_is_refused_whole(backed: Backed, tmp_path: Path, changes: dict[str, object],
                                                    status: int, said: str) -> None:
    file = rewritten(backed.file, tmp_path / "changed.backup", **changes)  # type: ignore[arg-type]
    there = Folder(tmp_path)
    assert said in there.licet("restore", str(file), status=status)
    assert [one.name for one in (tmp_path / "licet-data").iterdir()] == ["secret_key"], "something was left behind"


@pytest.mark.parametrize("length", [0, 1, 100, 5_000, -1])
def test_a_backup_that_was_cut_short_is_refused(backed: Backed, tmp_path: Path, length: int) -> None:
    file = tmp_path / "short.backup"
    file.write_bytes(backed.file.read_bytes()[:length])
    said = Folder(tmp_path).licet("restore", str(file), status=3)
    assert "backup of licet" in said


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    there = Folder(tmp_path)
    assert "cannot be read" in there.licet("restore", "nowhere.backup", status=3)
    (tmp_path / "text").write_text("hello")
    assert "backup of licet" in there.licet("restore", "text", status=3)
    assert "no registry" in there.licet("backup", "nothing.backup", status=3)
    assert not (tmp_path / "nothing.backup").exists()


def test_a_backup_goes_from_sqlite_to_postgresql_and_back(backed: Backed, cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "small").mkdir()
    large = Folder(tmp_path / "large", cluster.new_database())
    large.licet("restore", str(backed.file))
    assert large.tell(backed.password) == backed.told
    assert "there is a registry" in large.licet("restore", str(backed.file), status=3)
    large.licet("restore", "--replace", str(backed.file))
    again = tmp_path / "again.backup"
    large.licet("backup", str(again))
    small = Folder(tmp_path / "small")
    small.licet("restore", str(again))
    assert small.tell(backed.password) == backed.told
