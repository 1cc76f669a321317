"""What somebody can do who has the web server, a mirror, the way in between, or one of the keys.

Each is refused by name, by the real client, and the folder keeps what it had."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from licet.app.snapshot_sync import UNCHANGED, sync
from licet.errors import SnapshotRefused, Unavailable, VerificationFailed
from licet.model.canonical import sha256_digest
from licet.tuf.index import Numbered
from licet.tuf.layout import INDEX_PATH, POLICY_PATH, file_of, whole_path
from licet.tuf.publisher import Offer, Step
from licet.tuf.signer import SigningKey
from support.published import YEAR, Registry, WebServer, key, now, records, registry, send, serving


class Victim:
    """A folder that was synced once, and the server that it asks."""

    def __init__(self, made: Registry, server: WebServer, folder: Path) -> None:
        self.made, self.server, self.folder = made, server, folder

    def refused(self, code: str) -> SnapshotRefused:
        """Sync once more: it is refused with this code, and everything that can be used stays."""
        before = self.usable()
        with pytest.raises(SnapshotRefused) as told:
            sync(self.server.url, str(self.folder), None, now())
        assert told.value.code == code, str(told.value)
        assert told.value.exit_status == 4
        assert self.usable() == before
        return told.value

    def usable(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def sync(self) -> str:
        return sync(self.server.url, str(self.folder), None, now()).how


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """What most tests begin with: made once, and copied."""
    folder = tmp_path_factory.mktemp("template")
    made, root = registry(folder / "set", 40)
    with serving(made.folder) as server:
        sync(server.url, str(folder / "copy"), root, now())
    return made


@pytest.fixture
def victim(tmp_path: Path, template: Registry) -> Iterator[Victim]:
    shutil.copytree(template.folder.parent, tmp_path, dirs_exist_ok=True, symlinks=True)
    made = Registry(tmp_path / "set", forms=dict(template.forms))
    with serving(made.folder) as server:
        yield Victim(made, server, tmp_path / "copy")


def lists(folder: Path, role: str) -> list[Path]:
    """The lists of a role, the newest last."""
    return sorted((folder / "metadata").glob(f"*{role}.json"), key=lambda path: int("0" + path.name.split(".")[0]))


def sign(signed: Any, *keys: SigningKey) -> bytes:
    metadata: Metadata[Any] = Metadata(signed)
    for one in keys:
        one.add_signature(metadata)
    return metadata.to_bytes()


# Rollback.


def test_an_older_set_is_refused(victim: Victim, tmp_path: Path) -> None:
    shutil.copytree(victim.made.folder, tmp_path / "old")
    victim.made.number(2, records(41))
    victim.sync()
    shutil.copytree(tmp_path / "old", victim.made.folder, dirs_exist_ok=True)
    assert "older set" in str(victim.refused("rolled_back"))


def test_an_older_list_in_a_new_timestamp_is_refused(victim: Victim) -> None:
    """Whoever has the timestamp's key alone cannot bring back a set that is over."""
    old = lists(victim.made.folder, "snapshot")[-1]
    victim.made.number(2, records(41))
    victim.sync()
    version = int(old.name.split(".")[0])
    meta = MetaFile.from_data(version, old.read_bytes(), ["sha256"])
    forged = sign(Timestamp(9_999_999_999, None, now() + timedelta(hours=9), meta), *victim.made.online)
    (victim.made.folder / "metadata/timestamp.json").write_bytes(forged)
    victim.refused("rolled_back")


def test_a_number_that_goes_back_is_refused(victim: Victim) -> None:
    """Even from whoever has all keys of the server: a number never changes, and never goes back."""
    victim.made.number(2, records(41))
    victim.sync()
    victim.made.forms.clear()
    victim.made.number(1, records(30))
    victim.refused("rolled_back")


def test_a_number_with_other_content_is_refused(victim: Victim) -> None:
    victim.made.forms.clear()
    victim.made.number(1, records(30))
    victim.refused("number_reused")


# Freeze.


def test_a_set_that_is_over_is_refused_and_since_when_is_said(tmp_path: Path) -> None:
    made, begun = Registry(tmp_path / "set"), now() - timedelta(days=8)
    root = tmp_path / "root.json"
    root.write_bytes(made.begin(at=begun))
    made.number(1, records(3), at=begun)
    with serving(made.folder) as server:
        with pytest.raises(SnapshotRefused) as told:
            sync(server.url, str(tmp_path / "copy"), str(root), now())
        assert told.value.code == "expired"
        assert f"{begun + timedelta(hours=24):%Y-%m-%dT%H:%M:%SZ}" in str(told.value)
        assert not (tmp_path / "copy/registry.snapshot").exists()
        made.publish()  # the registry is back, and all heals by itself
        assert sync(server.url, str(tmp_path / "copy"), str(root), now()).status.serial == 1


def test_holding_back_what_is_new_works_no_longer_than_a_day(victim: Victim) -> None:
    """A server that never shows anything newer is believed until what it shows is over; the client says until when."""
    assert victim.sync() == UNCHANGED
    old = (victim.made.folder / "metadata/timestamp.json").read_bytes()
    victim.made.number(2, records(41), at=now() - timedelta(hours=26))
    assert (victim.made.folder / "metadata/timestamp.json").read_bytes() != old
    assert "is over since" in str(victim.refused("expired"))


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "registrations"])
def test_each_role_that_is_over_is_refused_by_name(tmp_path: Path, role: str) -> None:
    made, at = Registry(tmp_path / "set"), now()
    root = tmp_path / "root.json"
    root.write_bytes(made.begin(at=at - YEAR - timedelta(days=1) if role in ("root", "targets") else at))
    if role == "targets":  # the root is not
        root.write_bytes(Registry(tmp_path / "other").begin())
        (made.folder / "metadata/1.root.json").write_bytes(root.read_bytes())
    made.number(1, records(3), at=at - timedelta(days=8) if role in ("snapshot", "registrations") else at)
    if role in ("snapshot", "registrations"):
        _make_fresh(made, {"snapshot": ("timestamp",), "registrations": ("snapshot", "timestamp")}[role])
    with serving(made.folder) as server, pytest.raises(SnapshotRefused) as told:
        sync(server.url, str(tmp_path / "copy"), str(root), at)
    assert told.value.code == "expired"
    assert f"role {role} is over since" in str(told.value)


def _make_fresh(made: Registry, roles: tuple[str, ...]) -> None:
    """Sign some lists anew by hand, for a set of which only the rest is over."""
    folder = made.folder / "metadata"
    for role in roles:
        path = folder / "timestamp.json" if role == "timestamp" else lists(made.folder, role)[-1]
        found: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
        found.signed.expires = now() + timedelta(hours=9)
        if role == "timestamp":
            snapshot = lists(made.folder, "snapshot")[-1]
            found.signed.snapshot_meta = MetaFile.from_data(int(snapshot.name.split(".")[0]), snapshot.read_bytes(),
                                                            ["sha256"])
        path.write_bytes(sign(found.signed, *made.online))


# Mix and match.


@pytest.mark.parametrize("role", ["snapshot", "registrations"])
def test_a_list_of_another_set_is_refused(victim: Victim, role: str) -> None:
    old = lists(victim.made.folder, role)[-1].read_bytes()
    victim.made.number(2, records(41))
    lists(victim.made.folder, role)[-1].write_bytes(old)
    victim.refused("mixed")


def test_a_file_of_another_set_is_refused(victim: Victim) -> None:
    victim.made.number(2, records(80, 1_800_000_000))
    new = victim.made.folder / file_of(whole_path(2), hashlib.sha256(victim.made.forms[2]).hexdigest())
    new.write_bytes(victim.made.forms[1][: new.stat().st_size].ljust(new.stat().st_size, b" "))
    for delta in (victim.made.folder / "targets/registrations").glob("*.delta"):
        delta.write_bytes(bytes(delta.stat().st_size))
    victim.refused("mixed")


def test_a_list_of_snapshots_of_another_set_is_refused(victim: Victim) -> None:
    old = next((victim.made.folder / "targets/registrations").glob("*.index.json"))
    raw = old.read_bytes()
    victim.made.number(2, records(41))
    for path in (victim.made.folder / "targets/registrations").glob("*.index.json"):
        path.write_bytes(raw)
    victim.refused("mixed")


# Endless data, and data that never comes.


def endless(name: str) -> Callable[[SimpleHTTPRequestHandler], bool]:
    def answer(handler: SimpleHTTPRequestHandler) -> bool:
        if not handler.path.endswith(name):
            return False
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100_000):  # an end in case nobody stops reading
                handler.wfile.write(b" " * 65_536)
        handler.close_connection = True
        return True

    return answer


@pytest.mark.parametrize("name", ["timestamp.json", ".snapshot.json", ".registrations.json", "2.root.json",
                                  ".index.json", ".delta"])
def test_a_file_without_end_is_left(victim: Victim, name: str) -> None:
    victim.made.number(2, records(41))
    victim.server.answer = endless(name)
    victim.refused("too_long")
    victim.server.answer = None
    victim.sync()


def test_a_byte_now_and_then_is_left(victim: Victim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licet.tuf.fetch.WHOLE_S", 0.5)
    monkeypatch.setattr("licet.tuf.fetch.BYTES_A_SECOND_MIN", 10**9)

    def drip(handler: SimpleHTTPRequestHandler) -> bool:
        with contextlib.suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(600):
                handler.wfile.write(b"X-%d: y\r\n" % number if number < 50 else b"x")
                handler.wfile.flush()
                stop.wait(0.05)
        handler.close_connection = True
        return True

    import threading

    stop = threading.Event()
    victim.server.answer = drip
    before = victim.usable()
    with pytest.raises(Unavailable, match="did not come within"):
        victim.sync()
    stop.set()
    assert victim.usable() == before


def test_silence_is_left(victim: Victim, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr("licet.tuf.fetch.SILENCE_S", 0.3)
    stop = threading.Event()

    def silent(handler: SimpleHTTPRequestHandler) -> bool:
        stop.wait(20)
        handler.close_connection = True
        return True

    victim.server.answer = silent
    with pytest.raises(Unavailable):
        victim.sync()
    stop.set()


def test_a_list_that_is_signed_to_be_endless_is_left(victim: Victim) -> None:
    """By whoever has the server: a length that is signed is not believed where it is more than any list may have."""
    path = lists(victim.made.folder, "registrations")[-1]
    found: Metadata[Targets] = Metadata.from_bytes(path.read_bytes())
    found.signed.targets[INDEX_PATH].length = 2**50
    _replace(victim.made, found.signed)
    victim.server.answer = endless(".index.json")
    victim.refused("too_long")


def test_deltas_that_are_longer_than_the_whole_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licet.tuf.publisher.DELTA_SHARE", 0)
    made, root = registry(tmp_path / "set", 2)
    made.number(2, records(80))
    with serving(made.folder) as server, pytest.raises(SnapshotRefused, match="too_long"):
        sync(server.url, str(tmp_path / "copy"), root, now())
    assert not any(path.endswith(".snapshot") for path in server.asked)


# Wrong keys.


@pytest.mark.parametrize(("role", "thief"), [
    *((role, thief) for role in ("timestamp", "snapshot", "registrations") for thief in ("stranger", "policy")),
    ("targets", "stranger"), ("targets", "policy"), ("targets", "online"),
])
def test_a_list_of_another_key_is_refused(victim: Victim, role: str, thief: str) -> None:
    """Also one of the registry's own keys: one policy key of the two that it takes, and for their list the server's."""
    made = victim.made
    keys = {"stranger": key("thief"), "policy": made.policy[2], "online": made.online[0]}
    _forge(made, role, [keys[thief]])
    victim.refused("not_signed")


def _forge(made: Registry, role: str, keys: list[SigningKey]) -> None:
    """A set that is whole, but one list is signed by somebody else: the others refer to it as if nothing were wrong."""
    made.publish(at=now() + timedelta(hours=2))
    folder = made.folder / "metadata"
    chain = ["registrations", "snapshot", "timestamp"] if role != "targets" else ["targets", "snapshot", "timestamp"]
    begun = False
    for one in chain:
        begun = begun or one == role
        if not begun:
            continue
        path = folder / "timestamp.json" if one == "timestamp" else lists(made.folder, one)[-1]
        found: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
        found.signed.version += 1
        before = {"snapshot": role, "timestamp": "snapshot"}.get(one, "")
        if before and one != role:
            made_now = lists(made.folder, before)[-1]
            meta = MetaFile.from_data(int(made_now.name.split(".")[0]), made_now.read_bytes(), ["sha256"])
            if one == "snapshot":
                found.signed.meta[f"{before}.json"] = meta
            else:
                found.signed.snapshot_meta = meta
        raw = sign(found.signed, *(keys if one == role else made.online))
        name = "timestamp.json" if one == "timestamp" else f"{found.signed.version}.{one}.json"
        (folder / name).write_bytes(raw)


def test_a_root_of_other_keys_is_refused(victim: Victim) -> None:
    """Also one that is signed by one of the two that it takes, as often as they like."""
    root: Metadata[Root] = Metadata.from_bytes((victim.made.folder / "metadata/1.root.json").read_bytes())
    one = victim.made.root[0]
    for thieves in ([key("thief"), key("another")], [one], [one, one, one], victim.made.policy):
        root.signed.version = 2
        (victim.made.folder / "metadata/2.root.json").write_bytes(sign(root.signed, *thieves))
        victim.refused("not_signed")


def test_a_root_that_leaves_one_out_is_refused(victim: Victim) -> None:
    root: Metadata[Root] = Metadata.from_bytes((victim.made.folder / "metadata/1.root.json").read_bytes())
    root.signed.version = 3
    (victim.made.folder / "metadata/2.root.json").write_bytes(sign(root.signed, *victim.made.root))
    victim.refused("rolled_back")


# What the online key may do: publish registrations.


def test_the_online_key_cannot_publish_a_policy(victim: Victim) -> None:
    """Its list may name what it likes: a file that is not below registrations/ is not found there."""
    raw = b'[[network]]\nkind = "owned"\n'
    digest = hashlib.sha256(raw).hexdigest()
    path = lists(victim.made.folder, "registrations")[-1]
    found: Metadata[Targets] = Metadata.from_bytes(path.read_bytes())
    found.signed.targets[POLICY_PATH] = TargetFile(len(raw), {"sha256": digest}, POLICY_PATH)
    victim.made.store.write({file_of(POLICY_PATH, digest): raw})
    _replace(victim.made, found.signed)
    victim.sync()
    assert "policy.toml" not in victim.usable()


def _replace(made: Registry, registrations: Targets) -> None:
    """Publish a list of registrations that was made by hand, with the online key."""
    folder = made.folder / "metadata"
    registrations.version += 1
    raw = sign(registrations, *made.online)
    (folder / f"{registrations.version}.registrations.json").write_bytes(raw)
    snapshot: Metadata[Snapshot] = Metadata.from_bytes(lists(made.folder, "snapshot")[-1].read_bytes())
    snapshot.signed.version += 1
    snapshot.signed.meta["registrations.json"] = MetaFile.from_data(registrations.version, raw, ["sha256"])
    raw = sign(snapshot.signed, *made.online)
    (folder / f"{snapshot.signed.version}.snapshot.json").write_bytes(raw)
    timestamp: Metadata[Timestamp] = Metadata.from_bytes((folder / "timestamp.json").read_bytes())
    timestamp.signed.version += 1
    timestamp.signed.snapshot_meta = MetaFile.from_data(snapshot.signed.version, raw, ["sha256"])
    (folder / "timestamp.json").write_bytes(sign(timestamp.signed, *made.online))


@pytest.mark.parametrize(("change", "code"), [
    (lambda found: found.update(serial=0), "damaged"),
    (lambda found: found.update(serial=7), "damaged"),
    (lambda found: found.update(digest="sha256:" + "0" * 64), "damaged"),
    (lambda found: found.update(schema="another/1"), "damaged"),
    (lambda found: found.update(whole={"serial": 3, "digest": "sha256:" + "0" * 64}), "damaged"),
    (lambda found: found.pop("deltas"), "damaged"),
    (lambda found: (found.update(serial=9), found["whole"].update(serial=9)), "incomplete"),
    (lambda found: (found.update(digest="sha256:" + "0" * 64), found["whole"].update(digest="sha256:" + "0" * 64)),
     "number_reused"),
])
def test_a_list_of_snapshots_that_makes_no_sense_is_refused(victim: Victim, change: Any, code: str) -> None:
    """Signed or not: nothing is done with it but to say so."""
    path = lists(victim.made.folder, "registrations")[-1]
    found: Metadata[Targets] = Metadata.from_bytes(path.read_bytes())
    old = found.signed.targets[INDEX_PATH]
    members = json.loads((victim.made.folder / file_of(INDEX_PATH, old.hashes["sha256"])).read_bytes())
    change(members)
    raw = json.dumps(members).encode()
    digest = hashlib.sha256(raw).hexdigest()
    found.signed.targets[INDEX_PATH] = TargetFile(len(raw), {"sha256": digest}, INDEX_PATH)
    victim.made.store.write({file_of(INDEX_PATH, digest): raw})
    _replace(victim.made, found.signed)
    victim.refused(code)


@pytest.mark.parametrize("raw", [b"{}\n", b"not a snapshot\n" * 40, b'{"schema":"licet.snapshot/1"}\n'])
def test_what_is_signed_and_no_snapshot_does_not_take_the_place_of_one(victim: Victim, raw: bytes) -> None:
    victim.made.publish(Offer(None, (Step(Numbered(2, sha256_digest(raw)), None),), lambda: raw))
    victim.refused("damaged")


# Damage.


@pytest.mark.parametrize("raw", [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 10_000, b'{"signed":{},"signatures":[]}',
    b'{"signed":{"_type":"timestamp"},"signatures":[]}', b'{"signatures":[],"signed":{"_type":"root","version":-1}}',
])
@pytest.mark.parametrize("name", ["timestamp.json", "2.root.json"])
def test_damaged_lists_are_refused(victim: Victim, raw: bytes, name: str) -> None:
    (victim.made.folder / "metadata" / name).write_bytes(raw)
    victim.refused("damaged")


def test_a_server_that_answers_with_a_page_is_refused(victim: Victim) -> None:
    """A portal that catches every request, as in hotels."""
    def portal(handler: SimpleHTTPRequestHandler) -> bool:
        send(handler, 200, b"<!doctype html><title>Welcome</title>")
        return True

    victim.server.answer = portal
    assert isinstance(victim.refused("damaged"), VerificationFailed)
