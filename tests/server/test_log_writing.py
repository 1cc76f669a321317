"""The outbox in the log: all of it, once, in order, with receipts; and stopped before the log would fork."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from licet.app.log import make_trust, verify_log
from licet.app.log_key import new_log_key
from licet.app.log_table import LogTable, WitnessRow
from licet.errors import BadInput, LogBroken
from licet.model.canonical import sha256_digest
from licet.server import diagnostics
from licet.server.health import readiness
from licet.server.log_writing import write_log
from licet.server.registry.models import Outbox, Receipt
from licet.server.registry.service_layer import receipts
from licet.server.worker import Worker
from licet.tlog.entry import leaf_of, read_entry
from licet.tlog.signer import LogKey
from licet.tlog.store import FolderStore
from licet.tlog.writer import Writer, body_path
from server.world import MONDAY, World, make_world
from support.witness import SmallWitness, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def key(settings: Any, tmp_path: Path) -> LogKey:
    """A deployment with the key of a log."""
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path)
    return new_log_key("registry.example.net/log", str(settings.DEPLOYMENT.log_key_path))


def leaves_of(folder: Path, key: LogKey) -> list[bytes]:
    return [leaf for _, leaf in Writer(FolderStore(folder), key).leaves_from(0)]


def verified(folder: Path, key: LogKey) -> dict[str, str]:
    """Verify the log, and return the state in which it leaves each subject."""
    replay = verify_log(str(folder), make_trust(str(key.verifier))).replay
    return {handle: subject.state for handle, subject in replay.subjects.items()}


def test_all_that_happened_is_in_the_log_and_verifies(world: World, key: LogKey, tmp_path: Path) -> None:
    found = {state: world.registration(state) for state in ("ok", "noticed", "serverHold", "lapsed", "revoked", "gone")}
    for state in ("withdrawn", "refused", "info_needed", "provisional"):
        world.application(state)
    count = Outbox.objects.count()
    assert write_log() == f"the log has {count} entries"
    states = verified(tmp_path / "log", key)
    for registration in found.values():
        registration.refresh_from_db()
        assert states[registration.service.handle] == registration.state
    told = leaves_of(tmp_path / "log", key)
    for receipt in Receipt.objects.select_related("entry"):
        assert read_entry(told[receipt.leaf_index]).digest == receipt.entry.body_digest
    assert Receipt.objects.count() == count == len(told)
    assert write_log() == f"the log has {count} entries"


def test_no_leaf_holds_an_address_or_an_account(world: World, key: LogKey, tmp_path: Path) -> None:
    listed, hidden = world.registration(is_listed=True), world.registration(is_listed=False)
    write_log()
    text = b"\n".join(leaves_of(tmp_path / "log", key))
    for endpoint in (listed.service.endpoints.get(), hidden.service.endpoints.get()):
        assert endpoint.address.encode() not in text
    assert b"@" not in text
    bodies = [path.read_bytes() for path in (tmp_path / "log/body").iterdir()]
    assert any(listed.service.endpoints.get().address.encode() in one for one in bodies)
    assert not any(hidden.service.endpoints.get().address.encode() in one for one in bodies)
    assert all(len(json.loads(one)["salt"]) >= 22 for one in bodies)


def test_what_the_log_has_and_the_database_does_not_know_of_gets_its_receipt(
    world: World, key: LogKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ended after the log was written and before the receipts were."""
    world.registration()
    monkeypatch.setattr(receipts, "write_receipts", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_log()
    assert not Receipt.objects.exists()
    monkeypatch.undo()
    world.registration()
    assert write_log() == f"the log has {Outbox.objects.count()} entries"
    assert [one.leaf_index for one in Receipt.objects.order_by("entry")] == list(range(Outbox.objects.count()))
    verified(tmp_path / "log", key)


def test_an_old_folder_beside_a_newer_database_is_not_written_on(world: World, key: LogKey, tmp_path: Path) -> None:
    world.registration()
    write_log()
    shutil.copytree(tmp_path / "log", tmp_path / "old")
    world.registration()
    write_log()
    shutil.rmtree(tmp_path / "log")
    (tmp_path / "old").rename(tmp_path / "log")
    with pytest.raises(LogBroken, match="rolled_back"):
        write_log()


def test_an_old_database_beside_a_newer_log_is_not_written_on(world: World, key: LogKey, tmp_path: Path) -> None:
    world.registration()
    write_log()
    last = Outbox.objects.order_by("-pk").first()
    assert last is not None
    Receipt.objects.filter(entry=last)._raw_delete("default")  # type: ignore[attr-defined]
    Outbox.objects.filter(pk=last.pk)._raw_delete("default")  # type: ignore[attr-defined]
    world.registration()
    before = leaves_of(tmp_path / "log", key)
    with pytest.raises(LogBroken, match="unknown_entry"):
        write_log()
    assert leaves_of(tmp_path / "log", key) == before


def test_a_changed_row_is_not_written_over(world: World, key: LogKey) -> None:
    world.registration()
    write_log()
    last = Receipt.objects.order_by("-leaf_index").select_related("entry").first()
    assert last is not None
    changed = bytes(last.entry.body).replace(b'"role":"officer"', b'"role":"machine"')
    Outbox.objects.filter(pk=last.entry_id).update(body=changed, body_digest=sha256_digest(changed))
    with pytest.raises(LogBroken, match="fork_refused"):
        write_log()


def test_a_log_held_by_another_process_waits(world: World, key: LogKey, tmp_path: Path) -> None:
    world.registration()
    with FolderStore(tmp_path / "log").hold():
        assert "another process writes the log" in write_log()
    assert not Receipt.objects.exists()


def test_without_a_key_nothing_is_written_here(world: World, settings: Any, tmp_path: Path) -> None:
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path)
    world.registration()
    assert "does not have its key" in write_log()
    assert not (tmp_path / "log").exists()


def test_witnesses_of_licet_toml_are_asked(world: World, key: LogKey, settings: Any, tmp_path: Path) -> None:
    world.registration()
    with serving(SmallWitness("w1.example.org", key.verifier)) as witness:
        table = LogTable((WitnessRow(witness.url, str(witness.key)),), 1)
        settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, log=table)
        write_log()
        assert witness.size == Outbox.objects.count()
        trust = make_trust(str(key.verifier), [str(witness.key)])
        assert verify_log(str(tmp_path / "log"), trust).cosigned_by == ("w1.example.org",)
    world.registration()
    assert "the log waits: 0 witnesses cosigned, 1 are needed" in write_log()
    assert Receipt.objects.count() == Outbox.objects.count()
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, log=LogTable((WitnessRow("http://w", "x"),), 1))
    with pytest.raises(BadInput):
        write_log()


def test_a_receipt_is_written_once(world: World, key: LogKey) -> None:
    world.application("draft", MONDAY + timedelta(hours=1))
    write_log()
    receipt = Receipt.objects.get()
    with pytest.raises(RuntimeError, match="written once"):
        receipt.save()
    with pytest.raises(RuntimeError, match="never deleted"):
        receipt.delete()


def test_a_body_that_was_lost_is_found_missing(world: World, key: LogKey, tmp_path: Path) -> None:
    world.registration(is_listed=True)
    write_log()
    digest = next(read_entry(leaf).body_digest for leaf in leaves_of(tmp_path / "log", key) if b"bodyDigest" in leaf)
    (tmp_path / "log" / body_path(digest)).unlink()
    with pytest.raises(LogBroken, match="body_missing"):
        verified(tmp_path / "log", key)


def test_a_fork_stops_the_writer_loudly(world: World, key: LogKey, tmp_path: Path, capsys: Any) -> None:
    """Somebody else wrote the folder with the registry's key: diagnostics name it each minute, and /readyz after an
    hour; the log and its checkpoint stay as they were."""
    world.registration()
    write_log()
    with FolderStore(tmp_path / "log").hold():
        other = Writer(FolderStore(tmp_path / "log"), key)
        other.append([leaf_of(bytes(Outbox.objects.order_by("pk")[0].body))[0]])
        other.publish()
    before = (tmp_path / "log/checkpoint").read_bytes()
    world.registration()
    diagnostics.configure()
    worker = Worker(work=write_log, every_s=0.01)
    worker.start()
    told = ""
    for _ in range(500):
        told += capsys.readouterr().err
        if told.count('"log_stopped"') > 1:
            break
        time.sleep(0.02)
    worker.stop()
    line = json.loads(next(one for one in told.splitlines() if "log_stopped" in one))
    assert (line["code"], line["level"]) == ("unknown_entry", "error")
    assert "Restore the newer one" in line["problem"]
    assert (tmp_path / "log/checkpoint").read_bytes() == before
    assert readiness()["log"] != "ok"  # what waits is of March


def test_a_log_that_is_written_is_ready_and_one_of_another_machine_too(
    world: World, key: LogKey, tmp_path: Path
) -> None:
    world.registration()
    assert "licet run-due" in readiness()["log"]
    write_log()
    assert readiness()["log"] == "ok"
    world.registration()
    (tmp_path / "log_key").unlink()
    assert readiness()["log"] == "ok"


def test_what_waits_is_found_however_long_the_log_is(world: World, key: LogKey, monkeypatch: Any) -> None:
    """Entries are looked for behind the last one that was written, and a little before it: a transaction that ended
    late has the smaller keys."""
    world.registration()
    write_log()
    monkeypatch.setattr(receipts, "OUT_OF_ORDER_MAX", 3)
    world.registration()
    waiting = list(Outbox.objects.filter(receipt=None).order_by("pk"))
    late, rest = waiting[0], waiting[1:3]
    receipts.write_receipts(rest, receipts.next_index())
    assert receipts.waiting(100)[0] == late
    assert receipts.waiting(100) == [late, *waiting[3:]]
