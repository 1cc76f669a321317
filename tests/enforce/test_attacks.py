"""Each thing that somebody with a stolen server tries is stopped, by what should stop it."""

from __future__ import annotations

from pathlib import Path

import pytest

from enforce.attacks import ATTACKS, Attack, attempt, copy_of
from enforce.office import Office, office_with_an_order
from enforce.orders import UNREGISTERED


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office_with_an_order(tmp_path_factory.mktemp("made") / "office")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.act.__name__)
def test_a_stolen_server_gets_no_rule_that_was_not_signed(attack: Attack, made: Office, tmp_path: Path) -> None:
    outcome = attempt(copy_of(made, tmp_path / "office"), attack)
    assert outcome.in_force <= attack.allowed
    assert attack.stopped_by in outcome.reasons


def test_without_an_attack_the_order_is_in_force(made: Office, tmp_path: Path) -> None:
    outcome = attempt(copy_of(made, tmp_path / "office"), Attack("nothing", lambda office: None, ""))
    assert outcome.in_force == {UNREGISTERED}
    assert outcome.reasons == {}
