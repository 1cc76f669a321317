"""Rows of a watch: exactly the documented members, in one order, and nothing about anybody."""

from __future__ import annotations

import json
import re
from pathlib import Path

from app.sample_results import full_tunnels, hostile_result
from app.watch.makers import SECOND_NS, window
from licet.app.report.jsonl import json_line
from licet.app.report.observations import SCHEMA, observations
from licet.app.report.parquet import OBSERVATION_COLUMNS
from licet.app.watch.judging import JudgedWindow
from licet.app.watch.window import Other
from licet.model.endpoint import Endpoint

FIRST = ["schema", "kind", "sensor", "interface", "windowStart", "windowMilliseconds"]
MEMBERS = {
    "window": ["lost", "vlanTagged", "skipped", "evicted", "problem", "flows", "packets", "bytes"],
    "tunnel": ["endpoint", "tunnelProtocol", "variant", "class", "grade", "verdict", "reason", "registration",
               "evidence", "initiator", "clients", "flows", "packets", "bytes", "firstSeen", "lastSeen", "judgedAt",
               "snapshot", "policy", "classifierVersion"],
    "other": ["endpoint", "tunnelProtocol", "clients", "flows", "packets", "bytes"],
    "transport": ["endpoint", "flows", "packets", "bytes"],
}
FORMATS = Path(__file__).resolve().parents[3] / "docs" / "formats.md"


def full_window() -> JudgedWindow:
    """Every kind of row."""
    seen = window(
        packets=10_000, bytes=9_000_000, flows=120, lost=3, tagged=7, skipped={"not IP": 4}, evicted={"flows": 2},
        problem="the interface is down", transports={"udp": (20, 200, 30_000), "tcp": (70, 800, 90_000)},
        others=(
            Other(Endpoint("192.0.2.10", "tcp", 443), 40, 55, 700, 80_000),
            Other(Endpoint("2001:db8:1111:2222:3333:4444:5555:6666", "esp", None), 1, 1, 2, 300),
        ),
    )
    return JudgedWindow(seen, full_tunnels())


def test_members_stand_in_the_documented_order_and_there_are_no_others() -> None:
    rows = list(observations(full_window(), "sensor-1"))
    kinds = [row["kind"] for row in rows]
    assert kinds == ["window"] + ["tunnel"] * len(full_tunnels()) + ["other"] * 2 + ["transport"] * 2
    for row in rows:
        assert list(row) == [*FIRST, *MEMBERS[str(row["kind"])]]
        if row["kind"] != "window":
            assert list(row["endpoint"]) == ["address", "transport", "port"]  # type: ignore[arg-type]


def test_every_member_has_its_column_and_every_column_its_member() -> None:
    members = {name for row in observations(full_window(), "sensor-1") for name in row}
    assert members == set(OBSERVATION_COLUMNS)


def test_every_member_is_on_the_page_of_formats() -> None:
    text = FORMATS.read_text(encoding="utf-8")
    section = text.split("## Observations of a watch")[1].split("\n## ")[0]
    for name in {*FIRST, *(name for members in MEMBERS.values() for name in members)}:
        assert f"`{name}`" in section, name
    for row in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", section, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", row[0]):
            kind = OBSERVATION_COLUMNS[name].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
            assert row[1] in (kind, "as above"), name


def test_the_window_says_when_it_was_and_what_was_lost() -> None:
    row = next(observations(full_window(), "sensor-1"))
    assert (row["schema"], row["sensor"], row["interface"]) == (SCHEMA, "sensor-1", "eth0")
    assert (row["windowStart"], row["windowMilliseconds"]) == ("2026-03-01T12:00:00.000000Z", 10_000)
    assert (row["lost"], row["vlanTagged"], row["skipped"], row["evicted"]) == (3, 7, {"not IP": 4}, {"flows": 2})


def test_a_window_that_was_cut_short_says_so_in_milliseconds() -> None:
    seen = window()
    short = seen._replace(start_ns=seen.start_ns + 250_000_000, end_ns=seen.start_ns + 2 * SECOND_NS)
    row = next(observations(JudgedWindow(short, ()), "sensor-1"))
    assert (row["windowStart"], row["windowMilliseconds"]) == ("2026-03-01T12:00:00.250000Z", 1_750)


def test_what_is_counted_by_transport_has_no_address() -> None:
    rows = [row for row in observations(full_window(), "sensor-1") if row["kind"] == "transport"]
    assert [row["endpoint"] for row in rows] == [
        {"address": None, "transport": "tcp", "port": None}, {"address": None, "transport": "udp", "port": None},
    ]


def test_hostile_text_cannot_control_a_terminal_and_stays_valid_json() -> None:
    judged = JudgedWindow(window(interface="eth\x1b[2J\u202e"), hostile_result().tunnels)
    for row in observations(judged, "sensor\x1b]0;owned\x07"):
        line = json_line(row)
        assert line.isprintable()
        assert json.loads(line)["kind"] == row["kind"]
        line.encode()
