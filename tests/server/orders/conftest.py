"""The registry of an owned network with its policy, as most tests of orders begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.orders.orders_world import use_policy
from server.world import World, make_world


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Path) -> World:
    use_policy(settings, tmp_path)
    return make_world("owned")
