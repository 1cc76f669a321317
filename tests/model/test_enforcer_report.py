"""The report of an enforcer: read as it was written, and refused whatever else comes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from enforce.reports import ReportedHits, ReportedLeftOut, report, sent
from licet.errors import Malformed
from licet.model.canonical import canonical_json, moment_ns, time_text
from licet.model.enforcer_report import (
    FILE_BYTES_MAX,
    HITS_MAX,
    LEFT_OUT_MAX,
    OFFS_MAX,
    RULES_MAX,
    read_report,
    read_report_file,
    report_json,
    signed_bytes,
)

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFF_NS = [moment_ns(AT) - hours * 3_600 * 10**9 for hours in (50, 1, 0)]
FULL = report(AT, "OEP-7F3K9Q2M01", "OEP-7F3K9Q2M02", hits=(ReportedHits("OEP-7F3K9Q2M01", 7, 1_036),),
              left_out=(ReportedLeftOut("ORD-4K2ZHHM8", "", "not_in_time"),
                        ReportedLeftOut("ORD-4K2ZHHM9", "OEP-4K2ZHHM901", "registered_endpoint")), offs=tuple(OFF_NS))


def test_a_report_is_read_as_it_was_written() -> None:
    file = read_report_file(sent(FULL))
    assert file.report == FULL
    assert file.signed == signed_bytes(FULL)
    empty = report(AT, mode="observe", is_in_force=False, policy="", log_until_ns=0, registry_until_ns=0,
                   registries=((None, "sha256:" + "0" * 64),), doubts=("log_stale",))
    assert read_report(report_json(empty)) == empty
    assert empty.in_force == ()


def test_the_largest_report_can_be_sent() -> None:
    ends = [f"OEP-7F3K9Q2M{number:06d}" for number in range(HITS_MAX)]
    largest = report(AT, *ends[:RULES_MAX], hits=tuple(ReportedHits(end, 2**53 - 1, 2**53 - 1) for end in ends),
                     left_out=tuple(ReportedLeftOut("ORD-7F3K9Q2M7F3K9Q2M", "OEP-7F3K9Q2M7F3K9Q2M01",
                                                    "registered_endpoint")
                                    for _ in range(LEFT_OUT_MAX)),
                     offs=tuple(moment_ns(AT) - number * 1_000 for number in reversed(range(OFFS_MAX))))
    raw = sent(largest)
    assert len(raw) < FILE_BYTES_MAX
    assert read_report_file(raw).report == largest


def test_who_was_never_switched_off_says_nothing_of_it() -> None:
    """So that reports which an older licet signed hold, and are read."""
    never = report(AT)
    assert "offs" not in report_json(never)
    assert read_report_file(sent(never)).report == never


@pytest.mark.parametrize("offs", [
    [time_text(OFF_NS[1]), time_text(OFF_NS[0])], [time_text(OFF_NS[0])] * 2, [time_text(moment_ns(AT) + 1_000)],
    ["yesterday, by the night shift"], [None], "2026-03-02T12:00:00.000000Z",
    [time_text(number * 1_000) for number in range(OFFS_MAX + 1)],
])
def test_when_it_was_switched_off_is_times_in_order_and_nothing_else(offs: Any) -> None:
    with pytest.raises(Malformed):
        read_report({**report_json(FULL), "offs": offs})


def test_no_place_in_it_takes_an_address() -> None:
    """An endpoint is named by its handle: no text of a report can be an address of anybody, and none is free."""
    for path in (("rules", 0, "end"), ("hits", 0, "end"), ("left_out", 1, "end"), ("left_out", 0, "order"),
                 ("left_out", 0, "code"), ("set",), ("policy",), ("registries", 0, "digest")):
        for address in ("192.0.2.7", "2001:db8::7", "00:00:5e:00:53:01", "OEP-192.0.2.7"):
            with pytest.raises(Malformed):
                read_report(changed(path, address))


def changed(path: tuple[Any, ...], value: Any) -> Any:
    """The members of FULL with one changed."""
    members = json.loads(canonical_json(report_json(FULL)))
    inner = members
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return members


@pytest.mark.parametrize(("path", "value"), [
    (("schema",), "licet.enforcer-report/2"), (("network",), 7), (("network",), "a\0b"), (("network",), "x" * 501),
    (("computed",), "2026-03-02"), (("computed",), "2026-03-02T12:00:00Z"), (("computed",), "9" * 41),
    (("computed",), None), (("every_s",), -1), (("every_s",), 3_601), (("every_s",), True), (("every_s",), 6.5),
    (("mode",), "block"), (("mode",), ["enforce"]), (("output",), "bgp"), (("kind",), ""), (("switched_off",), 0),
    (("switched_off",), True), (("mode",), "observe"), (("log_size",), 2**53), (("log_size",), "4"),
    (("registries",), {}), (("registries", 0), {"serial": 1}), (("registries", 0, "serial"), -1),
    (("rules",), [None]), (("rules", 0, "until"), ""), (("doubts",), ["a b"]), (("doubts",), ["a"] * 40),
    (("left_out", 0, "code"), "Not a code"), (("left_out", 0, "client"), "192.0.2.7"), (("hits", 0, "packets"), -1),
    (("hits", 0, "packets"), 2**53), (("hits", 0, "client"), "192.0.2.7"), (("set",), "sha256:" + "0" * 64),
    (("clients",), ["192.0.2.7"]),
], ids=str)  # fmt: skip
def test_whatever_else_is_refused_in_a_sentence(path: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(Malformed, match=r"\w+ .*\w"):
        read_report(changed(path, value))


@pytest.mark.parametrize("raw", [
    b"", b"[", b"[" * 100_000, b"null", b"{}", b"\xff", b'{"schema":1}', b"x" * (FILE_BYTES_MAX + 1),
    sent(FULL).replace(b"licet.enforcer-report-file/1", b"licet.order-file/1"),
    sent(FULL).replace(b'"key":"sha256:', b'"key":"sha512:'),
], ids=lambda raw: repr(raw[:20]))
def test_what_is_no_report_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_report_file(raw)


def test_twice_the_same_endpoint_is_refused() -> None:
    for name, rows in (("hits", [{"end": "OEP-7F3K9Q2M01", "packets": 1, "bytes": 1}] * 2),
                       ("rules", [{"end": "OEP-7F3K9Q2M01", "until": "2026-03-09T12:00:00.000000Z"}] * 2)):
        with pytest.raises(Malformed):
            read_report(changed((name,), rows))
