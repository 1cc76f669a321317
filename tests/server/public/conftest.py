"""What the tests of the public face share: a world, a clock that can be set, and a limiter that knows nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.core.cache import cache

from licet.server.public import limits, pages, views
from server.world import HOUR, MONDAY, World, make_world

NOW = MONDAY + HOUR


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pages are shown an hour after the world began, and nobody has looked anything up."""
    set_clock(monkeypatch, NOW)
    limits.LIMITER.clear()
    cache.clear()
    yield
    limits.LIMITER.clear()


def set_clock(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Show the pages as of another time."""
    for module in (limits, pages, views):
        monkeypatch.setattr(module, "utc_now", lambda: at)
