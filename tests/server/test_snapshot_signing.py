"""The registry's numbers as signed snapshots: all of them, in order, by deltas, and never one number twice."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from licet.app.snapshot_sync import DELTAS, WHOLE, sync
from licet.app.tuf_keys import make_starter, new_key
from licet.errors import BadFile
from licet.server.clock import utc_now
from licet.server.deployment import Deployment
from licet.server.registry.models import Snapshot
from licet.server.registry.publish import publish
from licet.server.snapshot_signing import highest_signed, online_keys, publish_signed, signed_state
from licet.server.worker import run_once
from server.world import World, make_world
from support.published import serving

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def deployment(settings: Any, tmp_path: Path) -> Deployment:
    """A new registry with keys that it made for its start."""
    made: Deployment = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path / "data")
    settings.DEPLOYMENT = made
    made.data.mkdir()
    assert make_starter(made.tuf_path, made.online_keys_path, made.starter_keys_path, utc_now())
    return made


@pytest.fixture
def world() -> World:
    return make_world()


def test_every_number_is_signed_and_clients_follow(deployment: Deployment, world: World, tmp_path: Path) -> None:
    for _ in range(12):
        world.registration()
    at = utc_now()
    assert publish(at=at).serial == 1
    assert publish_signed(at=at).startswith("snapshot 1 is signed until 2")
    root = str(deployment.tuf_path / "metadata/1.root.json")
    with serving(deployment.tuf_path) as server:
        first = sync(server.url, str(tmp_path / "copy"), root, at)
        assert (first.how, first.is_starter, first.status.serial) == (WHOLE, True, 1)
        for _ in range(2):  # two numbers between two signings
            world.registration()
            publish(at=at)
        publish_signed(at=at)
        then = sync(server.url, str(tmp_path / "copy"), None, at)
        assert (then.how, then.deltas, then.status.serial) == (DELTAS, 2, 3)
    assert (tmp_path / "copy/registry.snapshot").read_bytes() == bytes(Snapshot.objects.get(serial=3).body)


def test_where_nothing_changed_nothing_is_written(deployment: Deployment, world: World) -> None:
    at = utc_now()
    publish(at=at)
    publish_signed(at=at)
    before = {path: path.stat().st_mtime_ns for path in deployment.tuf_path.rglob("*") if path.is_file()}
    publish_signed(at=at + MINUTE)
    assert {path: path.stat().st_mtime_ns for path in deployment.tuf_path.rglob("*") if path.is_file()} == before


def test_a_database_from_an_older_backup_gives_no_number_twice(deployment: Deployment, world: World,
                                                               tmp_path: Path) -> None:
    at = utc_now()
    root = str(deployment.tuf_path / "metadata/1.root.json")
    for _ in range(3):
        world.registration()
        publish(at=at, after=highest_signed())
        publish_signed(at=at)
    with serving(deployment.tuf_path) as server:
        sync(server.url, str(tmp_path / "copy"), root, at)
        Snapshot.objects.filter(serial__gt=1).delete()
        assert "the database is an older one" in publish_signed(at=at)
        assert publish(at=at, after=highest_signed()).serial == 4
        publish_signed(at=at)
        assert sync(server.url, str(tmp_path / "copy"), None, at).status.serial == 4


def test_the_clock_signs_and_a_damaged_folder_keeps_it_from_nothing_else(deployment: Deployment, world: World) -> None:
    done = run_once()
    assert "snapshot 1 is signed until" in done
    (deployment.tuf_path / "metadata/timestamp.json").write_bytes(b"{}")
    done = run_once()
    assert "snapshots are not signed: " in done
    assert "does not hold together here" in done
    assert "the log is not written here" in done
    shutil.rmtree(deployment.tuf_path)
    make_starter(deployment.tuf_path, deployment.online_keys_path, deployment.starter_keys_path, utc_now())
    assert "snapshot 1 is signed until" in run_once()


def test_without_the_key_the_machine_says_so(deployment: Deployment, world: World) -> None:
    publish(at=utc_now())
    shutil.rmtree(deployment.online_keys_path)
    assert "does not have the online key" in publish_signed(at=utc_now())


def test_a_key_that_others_can_read_is_not_used(deployment: Deployment) -> None:
    key = deployment.online_keys_path / "online.key"
    key.chmod(0o644)
    with pytest.raises(BadFile, match="can be read by others"):
        online_keys(deployment)
    key.chmod(0o600)
    key.write_text("{}")
    with pytest.raises(BadFile, match="no key"):
        online_keys(deployment)


def test_what_is_published_is_known(deployment: Deployment, world: World) -> None:
    at = utc_now()
    publish(at=at)
    publish_signed(at=at)
    state = signed_state()
    assert state is not None
    assert state.newest is not None
    assert (state.newest.serial, state.is_starter, state.root_version, state.is_waiting) == (1, True, 1, False)
    assert list(state.expires) == ["root", "targets", "registrations", "snapshot", "timestamp"]
    assert state.soon(at) == []
    assert [role for role, _ in state.soon(at + timedelta(hours=13))] == ["timestamp"]
    assert [role for role, _ in state.soon(at + timedelta(days=330))][:2] == ["root", "targets"]


def test_keys_for_a_start_are_made_once_and_marked(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("tuf", "online", "starter")]
    assert make_starter(*folders, utc_now())
    root = (tmp_path / "tuf/metadata/1.root.json").read_bytes()
    assert not make_starter(*folders, utc_now())
    assert (tmp_path / "tuf/metadata/1.root.json").read_bytes() == root
    assert json.loads(root)["signed"]["x-licet-made-for"] == "a start or a demonstration"
    for path in (*folders[1].iterdir(), *folders[2].iterdir()):
        assert path.stat().st_mode & 0o777 == 0o600
        assert "replace it" in path.read_text()


def test_what_an_earlier_start_left_is_gone_on_with(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("tuf", "online", "starter")]
    folders[2].mkdir()
    key = new_key(str(folders[2] / "root.key"), None, is_starter=True)  # ended after the first key
    assert make_starter(*folders, utc_now())
    assert key.public.keyid in (tmp_path / "tuf/metadata/1.root.json").read_text()


def test_who_brings_a_key_of_their_own_is_left_alone(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("tuf", "online", "starter")]
    folders[1].mkdir()
    new_key(str(folders[1] / "online.key"), None)
    assert not make_starter(*folders, utc_now())
    assert not folders[0].exists()


# `/tuf/…`


@pytest.fixture
def files(deployment: Deployment, world: World, client: Client) -> Client:
    world.registration()
    publish(at=utc_now())
    publish_signed(at=utc_now())
    return client


def test_the_service_serves_the_set(files: Client, deployment: Deployment) -> None:
    for path in deployment.tuf_path.rglob("*"):
        name = path.relative_to(deployment.tuf_path).as_posix()
        if path.is_file() and not name.startswith("."):
            answer = files.get(f"/tuf/{name}")
            assert answer.status_code == 200, name
            assert b"".join(answer) == path.read_bytes()
            kept = "max-age=30" if name.endswith("timestamp.json") else "immutable"
            assert kept in answer["Cache-Control"]
            assert "Set-Cookie" not in answer


def test_downloads_go_on_where_they_ended(files: Client, deployment: Deployment) -> None:
    [path] = (deployment.tuf_path / "targets/registrations").glob("*.snapshot")
    url, raw = f"/tuf/targets/registrations/{path.name}", path.read_bytes()
    part = files.get(url, headers={"Range": "bytes=100-"})
    assert (part.status_code, b"".join(part)) == (206, raw[100:])
    assert part["Content-Range"] == f"bytes 100-{len(raw) - 1}/{len(raw)}"
    assert int(part["Content-Length"]) == len(raw) - 100
    assert files.get(url, headers={"Range": f"bytes={len(raw)}-"}).status_code == 416
    for other in ("bytes=-5", "bytes=1-2", "bytes=0-", "lines=1-", "bytes=" + "9" * 30 + "-"):
        answer = files.get(url, headers={"Range": other})
        assert (answer.status_code, b"".join(answer)) == (200, raw), other
    assert int(files.head(url)["Content-Length"]) == len(raw)


def test_nothing_else_is_served(files: Client) -> None:
    for name in (
        "", ".publisher/lock", "metadata", "metadata/", "metadata/../../secret_key", "../secret_key", "/etc/passwd",
        "metadata/1.root.json/", "metadata/1.root.json%00", "metadata/timestamp.json.new", "%2e%2e/secret_key",
        "targets/registrations/index.json", "metadata/99999999999999999999.root.json",
        "targets/policy/../registrations/x",
    ):
        assert files.get(f"/tuf/{name}").status_code == 404, name
    assert files.post("/tuf/metadata/timestamp.json").status_code == 405
