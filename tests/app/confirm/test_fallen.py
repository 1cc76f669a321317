"""A registered tunnel beside a rule, before it and since: what the sensor's own windows say of it, and no guess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from enforce.attacks import copy_of
from enforce.cases import AT_NS, HOUR_NS
from enforce.office import Office, office_with_an_order
from enforce.orders import UNREGISTERED
from licet.app.confirm.fallen import PACKETS_MIN, has_fallen
from licet.app.enforce.windows import Hours
from licet.app.report.parquet import OBSERVATION_COLUMNS, write_rows
from licet.enforce import apply
from licet.model.canonical import time_text
from licet.model.endpoint import Endpoint, parse_endpoint

END = Endpoint("203.0.113.66", "udp", 443)
DAY, WEEK = 24, 7 * 24
FIRST = 1_000
HOUR_MS = 3_600_000
ORDERED = "OEP-7F3K9Q2M01"


def hours(after: int, *before: tuple[int, int], watched: int = HOUR_MS) -> Hours:
    """Of three hours from FIRST on. after: packets an hour; before: (how many hours back, packets an hour); watched:
    milliseconds of each hour after."""
    found = Hours({}, {})
    for back, packets in ((0, after), *before):
        for hour in range(FIRST, FIRST + 3):
            found.watched[hour - back] = HOUR_MS if back else watched
            found.packets[END, hour - back] = packets
    return found


ENOUGH = PACKETS_MIN // 3 + 1


@pytest.mark.parametrize(("seen", "fell"), [
    (hours(0, (DAY, ENOUGH)), True),
    (hours(0, (DAY, ENOUGH), (WEEK, ENOUGH)), True),
    (hours(ENOUGH // 10 - 1, (DAY, ENOUGH), (WEEK, ENOUGH)), True),
    (hours(ENOUGH // 10 + 1, (DAY, ENOUGH), (WEEK, ENOUGH)), False),
    (hours(0, (DAY, ENOUGH), (WEEK, 0)), False),  # it carries nothing on this day of the week
    (hours(0, (DAY, 0), (WEEK, ENOUGH)), False),  # it had fallen before the rule
    (hours(0, (DAY, ENOUGH - 2)), False),  # too few to tell anything
    (hours(0, (WEEK, ENOUGH)), False),  # nobody watched the day before
    (hours(0), False),
    (hours(0, (DAY, ENOUGH), watched=HOUR_MS * 8 // 10), False),  # the sensor was away
    (hours(0, (DAY, ENOUGH), watched=0), False),
])
def test_only_what_fell_against_each_day_before_has_fallen(seen: Hours, fell: bool) -> None:
    assert has_fallen(seen, END, FIRST, FIRST + 3) is fell


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office_with_an_order(tmp_path_factory.mktemp("made") / "office")


@pytest.fixture
def office(made: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A copy of the office, whose enforcer acts and whose sensor watched for two days."""
    monkeypatch.setattr(apply, "held_nftables", tuple)
    monkeypatch.setattr(apply, "apply_nftables", lambda artefact: None)
    monkeypatch.setattr(apply, "off_nftables", lambda: True)
    found = copy_of(made, tmp_path / "office")
    found.write_config("enforce", more='windows = "windows"')
    (found.folder / "windows").mkdir()
    return found


def row(at_ns: int, kind: str, **members: Any) -> dict[str, Any]:
    return {"schema": "licet.observation/1", "kind": kind, "sensor": "edge", "interface": "eth0",
            "windowStart": time_text(at_ns), "windowMilliseconds": HOUR_MS, "packets": 0, **members}


def tunnel(at_ns: int, end: str, packets: int, registration: str | None) -> dict[str, Any]:
    one = parse_endpoint(end)
    return row(at_ns, "tunnel", tunnelProtocol="wireguard", packets=packets, registration=registration,
               verdict="registered" if registration else "unregistered", grade="certain",
               lastSeen=time_text(at_ns + HOUR_NS - 1_000),
               endpoint={"address": one.address, "transport": one.transport, "port": one.port})


def windows(office: Office, beside: str, after: int, registration: str | None = "SVC-7F3K") -> None:
    """Two days of windows: a tunnel beside the ordered one, that carries `after` packets an hour once the rule is
    there."""
    rows = []
    for hour in range(-40, 6):
        at_ns = AT_NS + hour * HOUR_NS
        rows += [row(at_ns, "window"), tunnel(at_ns, UNREGISTERED, 50, None),
                 tunnel(at_ns, beside, ENOUGH if hour < 0 else after, registration)]
    write_rows(str(office.folder / "windows" / "eth0.parquet"), rows, OBSERVATION_COLUMNS)


def told(office: Office, hours_later: int = 4) -> list[str]:
    """What the enforcer reports so long after the rule came into force."""
    assert office.apply().status == 0
    office.pass_time(hours_later)
    done = office.licet("report", "--config", str(office.folder / "licet.toml"))
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert [one["end"] for one in report["rules"]] == [ORDERED]
    return list(report.get("fallen", []))


@pytest.mark.parametrize(("beside", "after", "registration", "ends"), [
    ("203.0.113.66:443/udp", 0, "SVC-7F3K", [ORDERED]),
    ("203.0.113.66:443/udp", ENOUGH, "SVC-7F3K", []),
    ("203.0.113.66:443/udp", 0, None, []),
    ("203.0.113.67:443/udp", 0, "SVC-7F3K", []),  # a rule cannot touch another address
])
def test_an_enforcer_tells_of_a_registered_tunnel_on_the_same_address(
    office: Office, beside: str, after: int, registration: str | None, ends: list[str],
) -> None:
    windows(office, beside, after, registration)
    assert told(office) == ends


def test_before_an_hour_nothing_is_said(office: Office) -> None:
    windows(office, "203.0.113.66:443/udp", 0)
    assert told(office, hours_later=0) == []
