"""The ladder: every message once, arrows the right way, brackets where a value is echoed, never too wide."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sample_results import AH, ESP, EVIDENCE, GRE, IKE, OPENVPN, PPTP, WIREGUARD, evidence, step
from licet.app.report.ladder import STEPS_MAX, ladder_lines
from licet.app.report.words import cell_width


def drawing(found, width: int = 100) -> str:
    return "\n".join(ladder_lines(found, width))


def test_a_wireguard_handshake():
    assert drawing(WIREGUARD) == (
        "     packet      time  client                                  server\n"
        "          1   0.000 s  │── handshake initiation, 148 bytes ───▶│ ─┐\n"
        "          2   0.021 s  │◀────── handshake response, 92 bytes ──│ ◀┴─┐ echoes sender index\n"
        "          3   0.031 s  │── transport data, 32 bytes ──────────▶│ ◀──┘ echoes sender index"
    )


@pytest.mark.parametrize(
    ("found", "ends", "arrows"),
    [
        (OPENVPN, ("client", "server"), ["▶", "◀"]),
        (IKE, ("client", "server"), ["▶", "◀", "▶"]),
        (ESP, ("one end", "other end"), ["▶", "◀"]),
        (PPTP, ("client", "server"), ["▶", "◀"]),
        (GRE, ("one end", "other end"), ["▶"]),
        (AH, ("client", "server"), ["▶"]),
    ],
    ids=lambda value: value.family if hasattr(value, "family") else "",
)
def test_each_family_is_drawn_with_its_ends_and_directions(found, ends, arrows):
    head, *rows = ladder_lines(found)
    assert head.split(maxsplit=2)[2].split("  ")[0] == ends[0]
    assert head.endswith(ends[1])
    assert [("▶" if "▶│" in row else "◀") for row in rows] == arrows
    for row, one in zip(rows, found.steps, strict=True):
        assert f"{one.name}, {one.length_bytes} bytes" in row


def test_a_server_that_sends_first_is_still_on_the_right():
    found = evidence("wireguard", "r", None, step(1, 0, True, "data", 32, to_server=False))
    assert "│◀" in ladder_lines(found)[1]


def test_brackets_that_cross_stay_apart():
    found = evidence(
        "a", "r", None,
        step(1, 0, True, "a", 1, value="v"), step(2, 1, False, "b", 1, value="w"),
        step(3, 2, True, "c", 1, echoes=1, value="v"), step(4, 3, False, "d", 3, echoes=2, value="w"),
    )  # fmt: skip
    # The second lifeline ends an arrow (▶│) or the tail of one (─│).
    tails = [re.split("[▶─]│ ", line)[1] for line in ladder_lines(found)[1:]]
    assert tails == ["─┐   v", "─┼─┐ w", "◀┘ │ echoes v", "◀──┘ echoes w"]


def test_an_echo_of_a_packet_that_is_not_drawn_has_no_bracket():
    found = WIREGUARD._replace(steps=WIREGUARD.steps[1:2])
    assert "┘" not in drawing(found)
    assert "echoes sender index" in drawing(found)


def test_a_narrow_terminal_gets_the_echoes_below():
    lines = ladder_lines(WIREGUARD, 60)
    assert lines[-2:] == ["    packet 2 echoes sender index", "    packet 3 echoes sender index"]


def test_evidence_without_steps_is_not_drawn():
    assert ladder_lines(WIREGUARD._replace(steps=())) == []


def test_long_evidence_is_cut_and_counted():
    found = evidence("a", "r", None, *(step(i, i, True, "data", 32) for i in range(1, STEPS_MAX + 4)))
    assert ladder_lines(found)[-1] == "    and 3 more"


steps = st.builds(
    lambda packet, forward, to_server, name, length, echoes, value: step(
        packet, packet / 10, forward, name, length, to_server=to_server, echoes=echoes, value=value
    ),
    st.integers(1, 12), st.booleans(), st.sampled_from([True, False, None]), st.text(max_size=60),
    st.integers(0, 65_535), st.none() | st.integers(1, 12), st.none() | st.text(max_size=30),
)  # fmt: skip


@given(st.lists(steps, max_size=12), st.integers(60, 100))
def test_any_steps_fit_the_width_and_control_no_terminal(drawn, width):
    for line in ladder_lines(evidence("a", "r", None, *drawn), width):
        assert cell_width(line) <= width
        assert "\x1b" not in line


@pytest.mark.parametrize("found", EVIDENCE.values(), ids=EVIDENCE)
def test_no_value_and_no_address_is_drawn(found):
    assert "192.0.2" not in drawing(found)
