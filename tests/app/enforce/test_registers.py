"""Until when a registry can be relied on: a verified copy after each sync, a mere file after its publication."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from licet.app.config import Config, RegistrySource
from licet.app.enforce.registers import EXPIRE_NS, load_registers
from licet.app.enforce.state import Folder
from licet.app.snapshot_status import STATUS_NAME, Status, status_bytes
from licet.judge.registry import PERMITS
from licet.model.canonical import sha256_digest
from licet.snapshot.form import Header, write_form
from licet.snapshot.store import SYNCED_NAME
from support.published import records

HOUR_NS = 3_600 * 10**9
NOW_NS = 1_800_000_000 * 10**9
PUBLISHED_NS = NOW_NS - 90 * 24 * HOUR_NS  # nothing changed in this registry for three months
FORM = write_form(Header(12, "Example Registry", PUBLISHED_NS), records(3))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / SYNCED_NAME).write_bytes(FORM)
    return folder


def until_ns(tmp_path: Path, path: Path) -> int:
    (tmp_path / "own").mkdir(exist_ok=True)
    config = Config("licet.toml", registries=(RegistrySource(str(path), PERMITS),))
    return load_registers(config, Folder(str(tmp_path / "own")), NOW_NS).until_ns


STATUS = Status("https://registry.example.net/tuf", 12, sha256_digest(FORM), NOW_NS - HOUR_NS, NOW_NS + 22 * HOUR_NS, 1,
                (), None)


def test_a_quiet_registry_is_not_an_old_one_where_its_copy_is_verified(tmp_path: Path, copy: Path) -> None:
    (copy / STATUS_NAME).write_bytes(status_bytes(STATUS))
    for path in (copy, copy / SYNCED_NAME):
        assert until_ns(tmp_path, path) == NOW_NS + 22 * HOUR_NS


def test_a_mere_file_is_good_for_a_day_after_it_was_published(tmp_path: Path, copy: Path) -> None:
    assert until_ns(tmp_path, copy) == PUBLISHED_NS + EXPIRE_NS


def test_no_signature_makes_it_good_for_more_than_a_day_after_a_sync(tmp_path: Path, copy: Path) -> None:
    """Whoever has the server can sign a list that lasts for years."""
    (copy / STATUS_NAME).write_bytes(status_bytes(replace(STATUS, valid_until_ns=NOW_NS + 9_000 * HOUR_NS)))
    assert until_ns(tmp_path, copy) == STATUS.synced_ns + EXPIRE_NS


def test_a_copy_that_something_else_wrote_is_good_for_nothing(tmp_path: Path, copy: Path) -> None:
    (copy / STATUS_NAME).write_bytes(status_bytes(STATUS))
    (copy / SYNCED_NAME).write_bytes(FORM.replace(b"SVC-00001", b"SVC-99999"))
    assert until_ns(tmp_path, copy) == 0
