"""Words and measures: hostile characters, widths and sizes at their edges."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sample_results import HOSTILE_NAME
from licet.app.report.words import cell_width, count_text, fit, list_text, pad, printable, shell_word, size_text, wrap


@given(st.text(), st.integers(1, 40))
def test_fit_pad_and_wrap_keep_their_width(text, width):
    clean = printable(text)
    assert cell_width(fit(clean, width)) <= width
    assert cell_width(pad(clean, width)) == width
    assert all(cell_width(line) <= max(width, 2) for line in wrap(clean, width))


@given(st.text())
def test_printable_text_has_no_control_characters(text):
    assert all(character.isprintable() or character == " " or character.isspace() for character in printable(text))
    assert not set(printable(text)) & {"\x1b", "\x9b", "\n", "\r", "\u202e", "\u2028"}


@given(st.text(), st.integers(2, 40))
def test_wrap_loses_nothing_but_spaces(text, width):
    clean = printable(text)
    assert "".join(wrap(clean, width)).replace(" ", "") == "".join(clean.split())


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9951, "10 kB"), (988_112, "988 kB"),
        (999_499, "999 kB"), (999_501, "1.0 MB"), (1_234_567_890, "1.2 GB"), (10**18, "1000 PB"),
    ],
)  # fmt: skip
def test_sizes(size, text):
    assert size_text(size) == text


def test_counts_and_lists():
    assert count_text(1, "tunnel") == "1 tunnel"
    assert count_text(1204, "packet") == "1,204 packets"
    assert count_text(0, "registry", "registries") == "0 registries"
    assert list_text([]) == ""
    assert list_text(["a"]) == "a"
    assert list_text(["a", "b", "c"]) == "a, b and c"


def test_a_pasted_argument_stays_one_argument():
    for text in (HOSTILE_NAME, "a b", "$(reboot)", "`x`", "'", "-rf", "[2001:db8::1]:1/udp"):
        [word] = shlex.split(shell_word(text))
        assert not word.startswith("-")
