"""The last line of a run: everything that was not looked at is in it."""

from __future__ import annotations

from app.sample_results import full_result, hostile_result, make_report, make_result
from licet.app.report.summary import PROBLEMS_MAX, diagnostic_lines, summary_line


def test_the_line_of_a_plain_run():
    assert summary_line(full_result()) == (
        "12,048 packets, 377 flows; skipped 12 (9 not IP, 3 truncated); nothing evicted; 0.41 s, 29,385 packets/s"
    )


def test_losses_of_all_captures_are_added_up():
    captures = (
        make_report(evicted={"flows": 7}),
        make_report(evicted={"flows": 1, "messages": 2}, problem="the file ends within a packet"),
    )
    line = summary_line(make_result(captures=captures))
    assert "24,096 packets, 754 flows in 2 captures" in line
    assert "skipped 24 (18 not IP, 6 truncated)" in line
    assert "evicted 10 (8 flows, 2 messages)" in line
    assert "1 capture ended early" in line


def test_what_was_looked_into_is_counted():
    assert "12,048 packets, 377 flows; 8 in IP-in-IP or 6in4, looked into" in summary_line(
        make_result(captures=(make_report(nested=8),))
    )


def test_nothing_read_in_no_time_divides_by_nothing():
    assert summary_line(make_result(captures=(), seconds=0.0)) == (
        "0 packets, 0 flows in 0 captures; nothing skipped; nothing evicted; 0.00 s"
    )


def test_hostile_words_stay_on_one_printable_line():
    assert summary_line(hostile_result()).isprintable()
    assert all(line.isprintable() for line in diagnostic_lines(hostile_result()))


def test_problems_are_listed_up_to_a_bound_and_then_counted():
    captures = tuple(make_report(path=f"{i}.pcap", problem="it ends early") for i in range(PROBLEMS_MAX + 5))
    lines = diagnostic_lines(make_result(captures=captures, notes=("a note",)))
    assert len(lines) == PROBLEMS_MAX + 3
    assert lines[0] == "0.pcap: it ends early"
    assert lines[-3:-1] == ["5 more captures ended early", "a note"]
    assert "25 captures ended early" in lines[-1]
