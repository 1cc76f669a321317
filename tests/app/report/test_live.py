"""The table of a watch: what stands above it, how it fits a terminal, and that it stays at the end."""

from __future__ import annotations

import io

import pytest

from app.report.test_observations import full_window
from app.sample_results import hostile_result
from app.watch.makers import EVERY_S, SECOND_NS, window
from licet.app.report.live import LiveTable, fitted, head_lines, window_text
from licet.app.report.words import cell_width
from licet.app.watch.judging import JudgedWindow


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


def test_the_line_above_says_what_came_and_what_was_lost() -> None:
    seen = JudgedWindow(window(packets=3_000_120, bytes=2_100_000_000, flows=12_345), ())
    assert head_lines(seen, 100) == [
        "eth0  12:00:00 +10 s  300,012 packets/s  210 MB/s  12,345 new flows  nothing lost",
    ]
    assert head_lines(seen, 100, lost_before=1)[-1].endswith("  1 packet lost")
    ailing = JudgedWindow(window(lost=5, evicted={"flows": 1_200}, problem="the interface is down"), ())
    assert head_lines(ailing, 100, 5) == [
        "eth0  12:00:00 +10 s  0 packets/s  0 B/s  0 new flows  10 packets lost  evicted 1,200 flows",
        "the interface is down",
    ]


def test_a_window_that_has_just_begun_divides_by_nothing() -> None:
    seen = window()
    assert "0 packets/s" in head_lines(JudgedWindow(seen._replace(end_ns=seen.start_ns), ()), 100)[0]


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_or_sixty_columns(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = window_text([full_window()], Terminal())
    assert max(map(cell_width, text.splitlines())) <= max(60, min(columns, 100))
    assert "192.0.2.10:51820/udp" in text
    assert "\x1b" not in text


def test_two_interfaces_have_a_line_and_a_table_each() -> None:
    other = full_window()
    text = window_text([full_window(), JudgedWindow(other.window._replace(interface="eth1"), ())], Terminal())
    assert text.startswith("eth0  ")
    assert "\neth1  " in text


def test_hostile_names_control_no_terminal() -> None:
    text = window_text([JudgedWindow(window(interface="e\x1b[2J"), hostile_result().tunnels)], Terminal())
    assert all(line.isprintable() for line in text.splitlines())


def test_what_is_taller_than_the_terminal_is_cut_and_the_rest_is_counted() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 11)) + "\n"
    assert fitted(text, 10).splitlines() == text.splitlines()
    cut = fitted(text, 5).splitlines()
    assert cut[:4] == ["line 1", "line 2", "line 3", "line 4"]
    assert cut[4].startswith("… and 6 lines more")
    assert len(cut) == 5
    assert fitted(text, 0).startswith("line 1\n… and 9 lines more")


def test_the_last_table_stays_and_the_terminal_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "12")
    terminal = Terminal()
    table = LiveTable(terminal, EVERY_S * SECOND_NS)
    table.show([full_window()], is_over=False)
    drawn = terminal.getvalue()
    assert "\x1b[?1049h" in drawn, "it is not drawn on a screen of its own"
    assert "lines more" in drawn
    table.show([full_window()], is_over=True)
    table.close()
    behind = terminal.getvalue().rpartition("\x1b[?1049l")[2]
    assert "[2001:db8:1111:2222:3333:4444:5555:6666]:51820/udp" in behind, "the whole table, not what fitted"
    assert "lines more" not in behind
    assert "\x1b[?25h" in terminal.getvalue(), "the cursor was not given back"


def test_what_was_lost_in_earlier_windows_is_not_forgotten() -> None:
    terminal = Terminal()
    table = LiveTable(terminal, EVERY_S * SECOND_NS)
    for _ in range(2):
        table.show([JudgedWindow(window(lost=2), ())], is_over=True)
    table.close()
    assert "4 packets lost" in terminal.getvalue().rpartition("\x1b[?1049l")[2]


def test_a_window_that_has_just_begun_shows_what_the_last_one_had_and_what_is_new() -> None:
    """A table that is empty for the first second of each window, or that Ctrl-C leaves empty, shows nothing."""
    whole = full_window()
    first, second, *_ = whole.tunnels
    soon = whole.window._replace(start_ns=whole.window.end_ns, end_ns=whole.window.end_ns + SECOND_NS)
    table = LiveTable(terminal := Terminal(), EVERY_S * SECOND_NS)
    table.show([JudgedWindow(whole.window, (first,))], is_over=True)
    for is_over in (False, True):  # while it lasts, and where it was ended before its time
        table.show([JudgedWindow(soon, (second,))], is_over=is_over)
    table.close()
    left = terminal.getvalue().rpartition("\x1b[?1049l")[2]
    assert "192.0.2.10:51820/udp" in left
    assert "192.0.2.11:1194/udp" in left


def test_a_whole_window_shows_its_own_tunnels_alone() -> None:
    whole = full_window()
    first, second, *_ = whole.tunnels
    table = LiveTable(terminal := Terminal(), EVERY_S * SECOND_NS)
    for tunnel in (first, second):
        table.show([JudgedWindow(whole.window, (tunnel,))], is_over=True)
    table.close()
    left = terminal.getvalue().rpartition("\x1b[?1049l")[2]
    assert "192.0.2.10:51820/udp" not in left
    assert "192.0.2.11:1194/udp" in left


def test_a_watch_that_showed_nothing_writes_nothing() -> None:
    terminal = Terminal()
    LiveTable(terminal, EVERY_S * SECOND_NS).close()
    assert terminal.getvalue() == ""
