"""Nothing takes effect here on evidence older than a day, whatever the registry's clock did: by the log's word, and by
this machine's own sensor where it has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from enforce.cases import AT_NS, HOUR_NS
from enforce.office import Office, office_with_an_order
from enforce.orders import PUID, UNREGISTERED
from licet.app.report.parquet import OBSERVATION_COLUMNS, write_rows
from licet.lifecycle.order import SILENT_DAYS
from licet.model.canonical import time_text
from licet.model.endpoint import parse_endpoint

WAITS = f"left out: {PUID} {UNREGISTERED}: nobody saw it again in the day before it would take effect (evidence_old)"
S_NS = 10**9


def sighting(at_ns: int, **changes: Any) -> dict[str, Any]:
    """A row of a window, as `licet watch --write` writes it."""
    end = parse_endpoint(UNREGISTERED)
    return {
        "schema": "licet.observation/1", "kind": "tunnel", "sensor": "edge", "interface": "eth0",
        "windowStart": time_text(at_ns - 10 * S_NS), "windowMilliseconds": 10_000, "tunnelProtocol": "wireguard",
        "endpoint": {"address": end.address, "transport": end.transport, "port": end.port}, "grade": "certain",
        "verdict": "unregistered", "lastSeen": time_text(at_ns), **changes,
    }


def windows(office: Office, *rows: dict[str, Any]) -> None:
    """The folder of the office's own sensor."""
    folder = office.folder / "windows"
    folder.mkdir(exist_ok=True)
    if rows:
        write_rows(str(folder / "eth0.parquet"), rows, OBSERVATION_COLUMNS)


@pytest.mark.parametrize(("said", "is_enforced"), [
    ({"observed": (AT_NS - 24 * HOUR_NS) // S_NS}, True), ({"observed": (AT_NS - 24 * HOUR_NS) // S_NS - 1}, False),
    ({"observed": AT_NS // S_NS + 1}, False), ({}, False), ({"observed": "yesterday"}, False),
    ({"observed": True}, False),
])
def test_the_log_says_that_it_was_seen_in_the_day_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], is_enforced: bool,
) -> None:
    monkeypatch.setattr(Office, "observed", lambda self, after: said if after == "canary" else {})
    done = office_with_an_order(tmp_path / "office").plan()
    assert (f"+ {UNREGISTERED}" in done.out) is is_enforced
    assert (WAITS in done.out) is not is_enforced


def test_its_own_sensor_must_have_seen_it_where_there_is_one(tmp_path: Path) -> None:
    office = office_with_an_order(tmp_path / "office")
    office.write_config(more='windows = "windows"')
    for rows, is_enforced in (
        ((), False),
        ((sighting(AT_NS - 26 * HOUR_NS),), False),
        ((sighting(AT_NS - HOUR_NS, grade="likely"),), False),
        ((sighting(AT_NS - HOUR_NS, verdict="undetermined"),), False),
        ((sighting(AT_NS - HOUR_NS),), True),
        ((sighting(AT_NS - 24 * HOUR_NS),), True),  # it was on trial elsewhere for the hour before
    ):
        windows(office, *rows)
        assert (f"+ {UNREGISTERED}" in office.plan().out) is is_enforced, rows
    office.write_config(more='windows = "windows"\ncanary = true')
    assert WAITS in office.plan().out, "where it is tried first, a day is a day"


def test_what_took_effect_stays_when_it_is_not_seen_any_more_and_goes_when_nothing_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever is refused shows no handshake: hits are what shows that the rule still meets something."""
    monkeypatch.setattr("licet.enforce.apply.held_nftables", tuple)
    monkeypatch.setattr("licet.enforce.apply.apply_nftables", lambda artefact: None)
    office = office_with_an_order(tmp_path / "office")
    windows(office, sighting(AT_NS - HOUR_NS))
    office.write_config("enforce", more='windows = "windows"')
    assert "1 rules in force" in office.apply().out
    windows(office, sighting(AT_NS - 26 * HOUR_NS))
    office.pass_time(24 * SILENT_DAYS)
    assert "1 rules in force" in office.apply().out
    office.pass_time(1)
    done = office.apply()
    assert "0 rules in force" in done.out
    assert "(silent)" in done.out


def test_windows_that_cannot_be_read_leave_nothing_enforced(tmp_path: Path) -> None:
    office = office_with_an_order(tmp_path / "office")
    office.write_config(more='windows = "windows"')
    windows(office)
    (office.folder / "windows/eth0.parquet").write_bytes(b"PAR1 and nothing")
    done = office.plan()
    assert "its windows cannot be read" in done.out
    assert f"+ {UNREGISTERED}" not in done.out


def test_a_stay_and_a_return_ask_for_fresh_evidence_again(tmp_path: Path) -> None:
    """The last entry that brings it into force counts."""
    office = office_with_an_order(tmp_path / "office")
    assert f"+ {UNREGISTERED}" in office.plan().out
    office.move(PUID, "stay", "affected party", "control_proved")
    again = {"type": "order", "subject": PUID, "event": "activate"}
    office.write_log(
        {**again, "from": "stayed", "to": "noticed", "role": "reviewer", "reason": "appeal_dismissed"},
        {**again, "from": "noticed", "to": "canary", "role": "machine"})
    office.move(PUID, "activate", "machine")
    assert WAITS in office.plan().out
