"""A registry in which nothing happens for ten days: whoever relies on it sees that it is kept."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tuf.ngclient._internal import trusted_metadata_set

from licet.app.config import Config, RegistrySource
from licet.app.enforce.hearing import hear
from licet.app.enforce.registers import load_registers
from licet.app.enforce.state import Folder
from licet.app.enforce_table import EnforceTable
from licet.app.log_key import new_log_key
from licet.app.snapshot_status import stale_lines
from licet.app.snapshot_sync import UNCHANGED, sync
from licet.app.tuf_keys import make_starter
from licet.judge.registry import PERMITS
from licet.lifecycle import keeping
from licet.model.canonical import moment_ns
from licet.server import worker
from licet.server.registry.models import Outbox, Registry, Snapshot
from licet.server.registry.quiet import keep_log
from server.world import DAY, HOUR, MONDAY, make_world
from support.published import serving

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_registry_where_nothing_happens_stays_fresh_for_scans_and_for_enforcers(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    deployment = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path / "data")
    settings.DEPLOYMENT = deployment
    deployment.data.mkdir()
    make_starter(deployment.tuf_path, deployment.online_keys_path, deployment.starter_keys_path, MONDAY)
    key = new_log_key("registry.example.net/log", str(deployment.log_key_path))
    make_world(at=MONDAY)
    run(monkeypatch, MONDAY)
    copy, folder = tmp_path / "copy", Folder(str(tmp_path / "own"))
    folder.prepare()
    config = Config("licet.toml", registries=(RegistrySource(str(copy), PERMITS),),
                    enforce=EnforceTable(log=str(deployment.log_path), log_key=str(key.verifier)))
    root, checkpoint = str(deployment.tuf_path / "metadata/1.root.json"), ""
    with serving(deployment.tuf_path) as server:
        for hours in range(0, 10 * 24, 9):
            at = MONDAY + hours * HOUR
            run(monkeypatch, at)
            how = sync(server.url, str(copy), root, at).how
            assert how == UNCHANGED or hours == 0
            # Until the next look nine hours later nothing is stale.
            later_ns = moment_ns(at + 9 * HOUR)
            assert list(stale_lines((str(copy),), later_ns)) == []
            assert load_registers(config, folder, moment_ns(at)).until_ns > later_ns
            heard = hear(config, folder, checkpoint)
            checkpoint = heard.checkpoint
            assert not heard.remark
            assert heard.until_ns > later_ns, at
    assert Snapshot.objects.count() == 1
    assert 10 <= Outbox.objects.filter(type=keeping.TABLE.kind).count() <= 20


class Moment(datetime):
    """A clock for the library that verifies signed lists, which asks for the time itself."""

    at = MONDAY

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Moment:
        return cls.fromtimestamp(cls.at.timestamp(), tz)


def run(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """What the clock of the service does each minute, and `licet run-due` once."""
    Moment.at = at
    monkeypatch.setattr(trusted_metadata_set, "datetime", SimpleNamespace(datetime=Moment, timezone=timezone))
    Registry.objects.update(clock_ran_at=at - timedelta(minutes=1))
    monkeypatch.setattr(worker, "utc_now", lambda: at)
    worker.run_once()


def test_a_busy_registry_says_nothing_of_itself() -> None:
    world = make_world(at=MONDAY)
    assert not Outbox.objects.exists()
    assert not keep_log(at=MONDAY + DAY), "a log that nobody began is not kept"
    world.registration(at=MONDAY)
    newest = Outbox.objects.order_by("-pk")[0].time
    assert not keep_log(at=newest + 11 * HOUR)
    assert keep_log(at=newest + 12 * HOUR)
    assert not keep_log(at=newest + 12 * HOUR)
    assert not keep_log(at=newest), "a clock that was set back writes nothing"
    found = Outbox.objects.get(subject=keeping.SUBJECT)
    assert (found.before, found.after, found.role) == ("", "kept", "machine")
