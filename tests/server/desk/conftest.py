"""A desk with everybody who might come to it."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from server.desk.people import Desk, make_desk


@pytest.fixture
def desk(db: None) -> Desk:
    cache.clear()
    return make_desk()


@pytest.fixture
def owned_desk(db: None) -> Desk:
    cache.clear()
    return make_desk("owned")
