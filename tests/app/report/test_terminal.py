"""Streams: width, colour and characters are what the stream can take."""

from __future__ import annotations

import io

import pytest

from licet.app.report.terminal import as_ascii, text_width, wants_color, write_text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "width"), [("20", 60), ("72", 72), ("300", 100)])
def test_a_terminal_is_filled_within_bounds(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert text_width(Terminal()) == width
    assert text_width(io.StringIO()) == 100


def test_colour_is_wanted_by_terminals_only_and_not_against_their_owners_word(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_color(Terminal())
    assert not wants_color(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_color(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_color(Terminal())


def test_a_stream_without_our_glyphs_gets_the_nearest_ones():
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="latin-1") as out:
        write_text("✓ Müller │── a ──▶│ ◀┘ 東\n", out)
        out.flush()
        assert raw.getvalue().decode("latin-1") == "+ Müller |-- a -->| <+ ?\n"


def test_ascii_leaves_names_alone():
    assert as_ascii("Müller …") == "Müller ~"
