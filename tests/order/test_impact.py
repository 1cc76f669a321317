"""The dry run: what it counts, what it refuses, and that the same rows give the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from licet.errors import Malformed
from licet.model.endpoint import parse_endpoint
from licet.order.impact import Row, impact_problems, impact_report, read_impact
from order.orders import CREATED_NS, DAY_NS, GOOD, HOUR_NS, evidence_line, file_of, order_of

END = "198.51.100.66:51820/udp"
NOW_NS = CREATED_NS + HOUR_NS


def row(hour: int, endpoint: str = END, protocol: str = "wireguard", registration: str = "", interface: str = "eth0",
        **changes: Any) -> Row:
    values: dict[str, Any] = {"clients": 3, "flows": 4, "packets": 50, "bytes": 6_000, **changes}
    return Row(("sensor", interface, CREATED_NS - hour * HOUR_NS), 3_600_000, parse_endpoint(endpoint), protocol,
               registration, **values)


WATCHED = [row(hour) for hour in range(1, 31)]


def report_of(rows: list[Row], handle: str = "", names: tuple[str, ...] = ()) -> dict[str, Any]:
    raw = impact_report(GOOD.order, rows, lambda end, protocol: handle, {"198.51.100.66": names}, NOW_NS)
    return read_impact(raw)


def problems_of(rows: list[Row], at_ns: int = NOW_NS, handle: str = "", names: tuple[str, ...] = ()) -> set[str]:
    raw = impact_report(GOOD.order, rows, lambda end, protocol: handle, {"198.51.100.66": names}, NOW_NS)
    return {one.code for one in impact_problems(replace(GOOD, impact=raw), at_ns)}


def test_a_tunnel_alone_on_its_address_is_matched_and_counted() -> None:
    (found,) = report_of(WATCHED)["endpoints"]
    assert found["matched"] == [{"tunnelProtocol": "wireguard", "windows": 30, "clients": 3, "flows": 120,
                                 "packets": 1_500, "bytes": 180_000}]
    assert (found["tenancy"], found["hours"], found["services"]) == ("alone", 30, [])
    assert problems_of(WATCHED) == set()


def test_another_service_on_the_address_is_shown_and_no_reason_to_stop() -> None:
    """The rule is for one port: a web server beside it goes on."""
    rows = [*WATCHED, *[row(hour, "198.51.100.66:443/tcp", "other", clients=40) for hour in range(1, 20)]]
    (found,) = report_of(rows)["endpoints"]
    assert found["tenancy"] == "shared"
    assert [(one["transport"], one["port"], one["clients"]) for one in found["services"]] == [("tcp", 443, 40)]
    assert problems_of(rows) == set()


def test_a_port_that_carries_more_than_the_tunnel_is_left_alone() -> None:
    assert problems_of([*WATCHED, row(2, END, "other")]) == {"tenancy_shared"}
    assert problems_of([*WATCHED, row(2, END, "openvpn")]) == {"tenancy_shared"}


@pytest.mark.parametrize("rows", [
    [], WATCHED[:23], WATCHED[:12] + [row(hour, interface="eth1") for hour in range(1, 13)],
    [row(hour, "198.51.100.67:51820/udp") for hour in range(1, 40)],
])
def test_less_than_a_day_of_rows_is_no_knowledge_of_who_else_is_there(rows: list[Row]) -> None:
    assert "tenancy_unknown" in problems_of(rows)


def test_a_registered_endpoint_ends_the_order() -> None:
    assert problems_of([*WATCHED, row(3, registration="SVC-7F3K")]) == {"registered_overlap"}
    assert problems_of(WATCHED, handle="SVC-7F3K") == {"registered_overlap"}
    beside = row(3, "198.51.100.66:1194/udp", "openvpn", registration="SVC-7F3K")
    assert problems_of([*WATCHED, beside]) == set()


@pytest.mark.parametrize("name", ["epdg.epc.mnc001.mcc262.pub.3gppnetwork.org", "ns1.example.net", "sos.example.org",
                                  "embassy.example.org", "payments.example.com"])
def test_a_name_that_is_never_blocked_ends_the_order(name: str) -> None:
    assert problems_of(WATCHED, names=("vpn.example.net", name)) == {"never_block_name"}
    assert problems_of(WATCHED, names=("vpn.example.net", "answers.example.net")) == set()


def test_a_dry_run_is_of_one_order_and_one_day() -> None:
    assert {one.code for one in impact_problems(GOOD, NOW_NS)} == {"dry_run_missing"}
    assert problems_of(WATCHED, NOW_NS + DAY_NS - 1) == set()
    assert problems_of(WATCHED, NOW_NS + DAY_NS) == {"dry_run_too_old"}
    raw = impact_report(GOOD.order, WATCHED, lambda end, protocol: "", {}, NOW_NS)
    signed = replace(GOOD, impact=raw, order=replace(GOOD.order, impact="sha256:" + "8" * 64))
    assert {one.code for one in impact_problems(signed, NOW_NS)} == {"dry_run_of_another"}
    other = replace(GOOD, impact=raw, order=replace(GOOD.order, necessity="Something else."))
    assert {one.code for one in impact_problems(other, NOW_NS)} == {"dry_run_of_another"}


def test_the_same_rows_in_any_order_give_the_same_bytes() -> None:
    rows = [*WATCHED, row(1, "198.51.100.66:443/tcp", "other"), row(2, "198.51.100.66:80/tcp", "other")]
    runs = {impact_report(GOOD.order, each, lambda end, protocol: "", {}, NOW_NS) for each in (rows, rows[::-1])}
    assert len(runs) == 1


def test_the_second_person_signs_the_dry_run_and_not_another_one() -> None:
    line = evidence_line()
    file = file_of(order_of(line), line)
    one, two = (impact_report(file.order, rows, lambda end, protocol: "", {}, NOW_NS) for rows in (WATCHED, []))
    assert one != two
    assert json.loads(one)["order"] == json.loads(two)["order"]


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"schema":"licet.impact/1","endpoints":[{}]}', b"\xff"])
def test_what_is_no_report_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_impact(raw)
