"""The table: fits, names every tunnel whole, means the same without colour, and obeys no hostile name."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from app.sample_results import (
    WIREGUARD,
    full_result,
    hostile_result,
    judge,
    make_report,
    make_result,
    make_tunnel,
)
from licet.app.report.table import closing_sentence, table_text, write_table
from licet.app.report.words import cell_width
from licet.model.verdict import REGISTERED, UNDETERMINED, UNREGISTERED

COLOR = re.compile(r"\x1b\[\d+m")


@pytest.mark.parametrize("width", [20, 60, 61, 75, 88, 99, 100, 240])
@pytest.mark.parametrize("result", [full_result(), hostile_result()], ids=["full", "hostile"])
def test_no_line_is_wider_than_the_terminal_or_100_columns(result, width):
    bound = max(60, min(width, 100))
    for color in (False, True):
        for line in table_text(result, width, color=color).splitlines():
            assert cell_width(COLOR.sub("", line)) <= bound, line


@pytest.mark.parametrize("width", [60, 100])
def test_every_address_and_short_name_is_printed_whole(width):
    text = table_text(full_result(), width)
    for judged in full_result().tunnels:
        assert str(judged.tunnel.server) in text
        assert judged.service_title in text


def test_groups_come_in_the_order_of_verdicts_each_with_its_glyph():
    heads = [line for line in table_text(full_result()).splitlines() if re.match(r"^[✓≠○?] ", line)]
    titles = [head.split(" (")[0] for head in heads]
    assert titles == ["✓ registered", "≠ conflict", "○ not registered", "? undetermined"]


def test_a_conflict_says_why_and_other_registries_are_quoted():
    text = table_text(full_result())
    assert "192.0.2.12 is registered as SVC-7F3K for openvpn" in text
    assert "not on this network's register" in text


def test_colour_adds_nothing_but_colour():
    assert COLOR.sub("", table_text(full_result(), color=True)) == table_text(full_result())


def test_hostile_names_control_no_terminal():
    text = table_text(hostile_result())
    assert all(character.isprintable() or character == "\n" for character in text)


def test_the_table_ends_with_one_sentence():
    text = table_text(full_result())
    assert " ".join(text.split("\n\n")[-1].split()) == (
        "9 tunnels: 3 registered, 1 conflict, 3 not registered, 2 undetermined; "
        "not being registered is a fact, not a fault."
    )


def test_the_sentence_fits_what_was_found():
    assert closing_sentence(make_result()) == (
        "No VPN tunnel was recognised; what licet does not recognise it does not name."
    )
    tunnel = make_tunnel("192.0.2.1:1/udp", WIREGUARD)
    assert closing_sentence(make_result(judge(tunnel, REGISTERED))) == "1 tunnel: 1 registered."
    assert "no registry was given" in closing_sentence(make_result(judge(tunnel, UNDETERMINED, snapshot=None)))
    assert closing_sentence(make_result(judge(tunnel, UNREGISTERED))).endswith("a fact, not a fault.")


def test_several_captures_are_told_apart():
    names = ("a.pcap", "b.pcap")
    tunnels = [judge(make_tunnel("192.0.2.1:1/udp", WIREGUARD, capture=name), REGISTERED) for name in names]
    text = table_text(make_result(*tunnels, captures=tuple(make_report(path=name) for name in names)))
    assert text.index("a.pcap") < text.index("192.0.2.1:1/udp") < text.index("b.pcap")


def test_a_mesh_has_no_server_end():
    text = table_text(make_result(judge(make_tunnel(None, WIREGUARD, tunnel_class="mesh"), UNDETERMINED)))
    assert "no server end (mesh)" in text
    text = table_text(make_result(judge(make_tunnel(None, WIREGUARD), UNDETERMINED)))
    assert "server end not known" in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    pipe, terminal = io.StringIO(), Terminal()
    write_table(full_result(), pipe)
    write_table(full_result(), terminal)
    assert "\x1b" not in pipe.getvalue()
    assert "\x1b[32m" in terminal.getvalue()
    assert max(cell_width(COLOR.sub("", line)) for line in terminal.getvalue().splitlines()) <= 70
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    write_table(full_result(), plain)
    assert "\x1b" not in plain.getvalue()


def test_a_terminal_without_unicode_gets_ascii(tmp_path: Path):
    with open(tmp_path / "out", "w", encoding="ascii") as out:
        write_table(full_result(), out)
    assert "o not registered (3)" in (tmp_path / "out").read_text("ascii")
