"""Publishing: old or new at every instant, signed again in time, and nothing that a client would refuse."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata

from licet.app.snapshot_sync import sync
from licet.errors import BadFile, Refused, Unavailable
from licet.tuf.ceremony import first_targets, group, next_root, next_targets
from licet.tuf.current import PENDING, read_current
from licet.tuf.layout import LIFE, WITHDRAWN_FILES_STAY, file_of, whole_path
from support.endings import ended_at
from support.published import YEAR, Registry, key, now, records, registry, serving

MOMENTS_MAX = 200
HEALS_EVERY = 6  # after how many ends the work is done again to its end


def killed_everywhere(tmp_path: Path, begin: Registry, copy: Path, work: Callable[[Registry], object],
                      check: Callable[[bytes], bool]) -> int:
    """End the work before each of its changes of the disk; after each, a client that knew the old set must still be
    content, and so it must be after the work was done again. Returns how many moments there were."""
    with serving(tmp_path) as server:
        for moment in range(MOMENTS_MAX):
            made = Registry(tmp_path / f"set{moment}", root=begin.root, online=begin.online, forms=dict(begin.forms))
            shutil.copytree(begin.folder, made.folder)
            is_done = ended_at(moment, lambda made=made: work(made))  # type: ignore[misc]
            mine = tmp_path / "mine"
            shutil.copytree(copy, mine)
            sync(f"{server.url}/set{moment}", str(mine), None, now())
            assert check((mine / "registry.snapshot").read_bytes())
            if is_done:
                return moment
            if moment % HEALS_EVERY == 0:
                work(made)
                sync(f"{server.url}/set{moment}", str(mine), None, now())
                assert check((mine / "registry.snapshot").read_bytes())
            shutil.rmtree(mine)
            shutil.rmtree(made.folder)
    raise AssertionError("it never came to its end")


def copy_of(made: Registry, root: str, folder: Path) -> Path:
    with serving(made.folder) as server:
        sync(server.url, str(folder), root, now())
    return folder


def test_killed_at_any_instant_it_leaves_the_old_set_or_the_new_one(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "begin", 40)
    copy = copy_of(made, root, tmp_path / "copy")
    new = Registry(tmp_path / "other", forms=dict(made.forms))
    new.begin()
    new.number(2, records(41))

    def is_old_or_new(raw: bytes) -> bool:
        return raw in (made.forms[1], new.forms[2])

    moments = killed_everywhere(tmp_path, made, copy, lambda one: one.number(2, records(41)), is_old_or_new)
    assert moments > 15


def test_killed_while_a_root_is_replaced_everybody_can_follow(tmp_path: Path) -> None:
    """The server has its old key and its new one for that while, and signs with both."""
    made, root = registry(tmp_path / "begin", 40)
    copy = copy_of(made, root, tmp_path / "copy")
    new_key = key("online 2")
    _replace_online_key(made, new_key)
    made.online = [*made.online, new_key]
    moments = killed_everywhere(tmp_path, made, copy, lambda one: one.publish(), lambda raw: raw == made.forms[1])
    assert moments > 10


def _replace_online_key(made: Registry, new_key: Any) -> None:
    """A root and a list of the policy keys that name another online key, waiting for the publisher."""
    old_root: Metadata[Any] = Metadata.from_bytes((made.folder / "metadata/1.root.json").read_bytes())
    old_list: Metadata[Any] = Metadata.from_bytes((made.folder / "metadata/1.targets.json").read_bytes())
    online = group([new_key.raw], 1, "online")
    root = next_root(old_root.signed, now() + YEAR, online=online)
    listed = next_targets(old_list.signed, now() + YEAR, online=online)
    for one in made.root[:2]:
        one.add_signature(root)
    for one in made.policy[:2]:
        one.add_signature(listed)
    made.store.write({f"{PENDING}/2.root.json": root.to_bytes(), f"{PENDING}/2.targets.json": listed.to_bytes()})


def test_a_key_is_replaced_and_old_clients_follow(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set", 40)
    copy = copy_of(made, root, tmp_path / "copy")
    new_key = key("online 2")
    _replace_online_key(made, new_key)
    with pytest.raises(Refused, match="not those that the policy keys' list lets sign"):
        made.publish()  # the new key is not on the server yet
    made.online.append(new_key)
    assert made.publish().was_written
    made.online.pop(0)
    made.number(2, records(41))
    with serving(made.folder) as server:
        done = sync(server.url, str(copy), None, now())
        assert (done.status.serial, done.status.root_version) == (2, 2)
        assert sync(server.url, str(tmp_path / "later"), root, now()).status.root_version == 2
    assert not list((made.folder / PENDING).iterdir())


def test_where_the_thief_counted_to_the_end_of_all_numbers_a_new_key_counts_anew(tmp_path: Path) -> None:
    """Otherwise whoever had the server for an hour could keep every client from what comes after."""
    made, root = registry(tmp_path / "set", 40)
    made.number(2**53 - 1, records(41), at=now() + timedelta(days=4000))
    copy = copy_of(made, root, tmp_path / "copy")
    shutil.rmtree(made.folder / "targets")
    for path in (made.folder / "metadata").glob("*[pts].json"):
        if not path.name.endswith((".root.json", ".targets.json")):
            path.unlink()
    new_key = key("online 2")
    _replace_online_key(made, new_key)
    made.online = [new_key]
    made.number(3, records(42))
    with serving(made.folder) as server:
        assert sync(server.url, str(copy), None, now()).status.serial == 3


def test_lists_are_signed_again_before_they_are_over_and_not_more_often(tmp_path: Path) -> None:
    begun = now() - timedelta(days=9)
    made = Registry(tmp_path / "set")
    made.begin(at=begun)
    made.number(1, records(3), at=begun)
    written = [made.publish(at=begun + timedelta(minutes=minute)).was_written for minute in range(0, 181, 30)]
    assert written == [False, False, True, False, True, False, True]
    for hour in range(4, 9 * 24, 5):
        found = made.publish(at=begun + timedelta(hours=hour))
        current = read_current(made.store)
        assert current is not None
        at = begun + timedelta(hours=hour)
        assert found.expires - at > LIFE["timestamp"] - timedelta(hours=6)
        assert current.snapshot.signed.expires - at > timedelta(days=5)
        assert current.registrations.signed.expires - at > timedelta(days=5)


def test_a_clock_that_was_set_back_makes_no_list_that_lasts_too_long(tmp_path: Path) -> None:
    made, _ = registry(tmp_path / "set")
    made.publish(at=now() + timedelta(days=400))
    found = made.publish()
    assert found.was_written
    assert found.expires <= now() + LIFE["timestamp"]


def test_a_folder_that_was_lost_is_made_anew_and_clients_follow(tmp_path: Path) -> None:
    made, root = registry(tmp_path / "set", 40)
    copy = copy_of(made, root, tmp_path / "copy")
    kept = {path.name: path.read_bytes() for path in (made.folder / "metadata").glob("1.*.json")}
    shutil.rmtree(made.folder)
    made.store.write({f"metadata/{name}": raw for name, raw in kept.items()})
    made.number(2, records(41), at=now() + timedelta(seconds=2))
    with serving(made.folder) as server:
        assert sync(server.url, str(copy), None, now()).status.serial == 2


def test_what_was_withdrawn_stays_some_hours(tmp_path: Path) -> None:
    made, _ = registry(tmp_path / "set")
    old = made.folder / file_of(whole_path(1), hashlib.sha256(made.forms[1]).hexdigest())
    made.number(2, records(80, 1_800_000_000))  # all of it is new, and so a whole of its own
    made.publish(at=now() + WITHDRAWN_FILES_STAY - timedelta(minutes=1))
    assert old.exists()
    made.publish(at=now() + WITHDRAWN_FILES_STAY + timedelta(minutes=1))
    assert not old.exists()
    assert (made.folder / "metadata/1.root.json").exists()


def test_what_was_left_unfinished_is_cleared_away(tmp_path: Path) -> None:
    made, _ = registry(tmp_path / "set")
    left = made.folder / f"targets/registrations/{'0' * 64}.9.snapshot.new"
    left.write_bytes(b"half of a")
    another = made.folder / "index.html"
    another.write_bytes(b"of whoever runs the mirror")
    made.publish()
    made.publish(at=now() + 2 * WITHDRAWN_FILES_STAY)
    assert not left.exists()
    assert another.exists()


def test_one_publisher_at_a_time(tmp_path: Path) -> None:
    made, _ = registry(tmp_path / "set")
    with made.store.hold(), pytest.raises(Unavailable, match="another process"):
        made.publish()


def test_without_a_root_nothing_is_published(tmp_path: Path) -> None:
    made = Registry(tmp_path / "set")
    with pytest.raises(Refused, match="has no root yet"):
        made.number(1, records(3))


def test_a_key_that_nobody_named_publishes_nothing(tmp_path: Path) -> None:
    made, _ = registry(tmp_path / "set")
    before = {path: path.read_bytes() for path in made.folder.rglob("*.json") if ".publisher" not in path.parts}
    made.online = [key("another")]
    with pytest.raises(Refused, match="not those that the policy keys' list lets sign"):
        made.number(2, records(41))
    assert {path: path.read_bytes() for path in before} == before


def test_a_policy_list_of_other_keys_stops_the_publisher(tmp_path: Path) -> None:
    made, _ = registry(tmp_path / "set")
    forged = first_targets(group([made.online[0].raw], 1, "online"), now() + YEAR)
    forged.signed.version = 2
    made.online[0].add_signature(forged)
    made.store.write({f"{PENDING}/2.targets.json": forged.to_bytes()})
    with pytest.raises(Refused, match="is not signed by the policy keys"):
        made.publish()


@pytest.mark.parametrize("name", ["metadata/timestamp.json", "targets/registrations"])
def test_a_damaged_folder_is_said_and_left(tmp_path: Path, name: str) -> None:
    made, _ = registry(tmp_path / "set")
    path = made.folder / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.write_bytes(b"{}")
    with pytest.raises(BadFile, match="does not hold together"):
        made.publish()
