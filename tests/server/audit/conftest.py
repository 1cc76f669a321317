"""What the tests of the audit face share: a world with a log of its own, and a clock that can be set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from licet.app.log_key import new_log_key
from licet.server.audit import report_page, views
from licet.server.public import limits
from licet.tlog.signer import LogKey
from server.world import DAY, MONDAY, World, make_world

NOW = MONDAY + 90 * DAY


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (limits, report_page, views):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)
    limits.LIMITER.clear()
    cache.clear()
    yield
    limits.LIMITER.clear()


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def key(settings: Any, tmp_path: Path) -> LogKey:
    """A deployment with the key of a log, whose folder is `tmp_path / "log"`."""
    table = dataclasses.replace(settings.DEPLOYMENT.table, url="https://registry.example.net")
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path, table=table)
    return new_log_key("registry.example.net/log", str(settings.DEPLOYMENT.log_key_path))
