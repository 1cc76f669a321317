"""Each thing that somebody tries with reports puts nothing in force, and ends no more than it may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from licet.server.orders.service_layer import enforcers
from server.orders.orders_world import an_order, use_policy
from server.orders.report_attacks import ATTACKS, ENTRIES_MAX, Attack, attempt, is_stopped, write_policy
from server.world import make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.act.__name__)
def test_no_report_puts_anything_in_force(attack: Attack, settings: Any, tmp_path: Path) -> None:
    use_policy(settings, tmp_path)
    write_policy(tmp_path)
    enforcers.LIMITER.clear()
    make_world("owned")
    outcome = attempt(attack, an_order("live"))
    assert outcome.before
    assert is_stopped(attack, outcome), outcome
    assert outcome.entries <= ENTRIES_MAX
