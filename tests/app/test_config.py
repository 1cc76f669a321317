"""licet.toml: every mistake with its line, and no network larger than an owner's."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from licet.app.config import CONFIG_BYTES_MAX, Config, examine_config, load_config
from licet.app.config_check import check_config
from licet.errors import BadFile

GOOD = """\
[network]
name = "Example Logistics, Hamburg"
kind = "owned"
prefixes = ["192.0.2.0/24", "2001:db8::/48"]
interfaces = ["eth0"]

[[registry]]
path = "registry.toml"

[[registry]]
path = "national.snapshot"
role = "informs"

[trust]
root_key = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""

REGISTRY = """\
[[service]]
handle = "SVC-7F3K"
name = "Staff access"
operator = "Example Logistics"
from = 2026-01-01
until = 2027-01-01
endpoints = ["192.0.2.10:51820/udp wireguard"]
"""

MISTAKES = [
    ("[network]", "[netwrok]", 1, "“netwrok” is not a field"),
    ('name = "Example', 'nmae = "Example', 2, "“nmae” is not a field"),
    ('kind = "owned"', 'kind = "private"', 3, "it is one of owned, public"),
    ('kind = "owned"', "kind = 1", 3, "kind is a number"),
    ('kind = "owned"', 'kind = "public"', 12, "every registry permits"),
    ('"192.0.2.0/24"', '"0.0.0.0/0"', 4, "default route"),
    ('"192.0.2.0/24"', '"::/0"', 4, "default route"),
    ('"192.0.2.0/24"', '"192.0.2.1/24"', 4, "bits set"),
    ('"192.0.2.0/24"', '"100.64.0.0/10"', 4, "RFC 6598"),
    ('"192.0.2.0/24"', '"100.100.0.0/16"', 4, "RFC 6598"),
    ('"192.0.2.0/24"', '"8.0.0.0/11"', 4, "2^20 global IPv4"),
    ('"192.0.2.0/24"', '"8.0.0.0/12", "9.0.0.0/24"', 4, "2^20 global IPv4"),
    ('"2001:db8::/48"', '"2a00::/31"', 4, "one global IPv6 /32"),
    ('"192.0.2.0/24"', "24", 4, "holds a number"),
    ('["eth0"]', '["eth0/1"]', 5, "not the name of an interface"),
    ('["eth0"]', '"eth0"', 5, "write a list"),
    ('path = "registry.toml"', "path = 1", 8, "path is a number"),
    ('path = "registry.toml"\n', "", 7, "has no path"),
    ('role = "informs"', 'role = "blocks"', 12, "it is one of permits, informs"),
    ("AAAA=", "AAAA", 15, "32 bytes in base64"),
    ("ed25519:", "rsa:", 15, "32 bytes in base64"),
    ("root_key", "key", 15, "“key” is not a field"),
    ("[[registry]]", "[registry]", 7, "is not TOML"),
]


def _write(folder: Path, text: str) -> str:
    path = folder / "licet.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(("old", "new", "line", "words"), MISTAKES)
def test_mistake_is_reported_with_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new) if old == "[[registry]]" else GOOD.replace(old, new, 1)
    if new == "[registry]":
        line = 10  # The second [registry] is what TOML refuses.
    with pytest.raises(BadFile) as caught:
        load_config(_write(tmp_path, text))
    assert caught.value.line == line
    assert words in caught.value.problem


def test_good_file_is_read_whole(tmp_path: Path) -> None:
    config = load_config(_write(tmp_path, GOOD))
    assert (config.network_name, config.network_kind) == ("Example Logistics, Hamburg", "owned")
    assert config.prefixes == (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/48"))
    assert config.interfaces == ("eth0",)
    assert [(source.path, source.role) for source in config.registries] == [
        (str(tmp_path / "registry.toml"), "permits"), (str(tmp_path / "national.snapshot"), "informs")]


def test_paths_are_relative_to_the_file_and_absolute_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, '[[registry]]\npath = "a.toml"\n[[registry]]\npath = "/b.toml"\n')
    monkeypatch.chdir(tmp_path)
    assert [source.path for source in load_config("licet.toml").registries] == ["a.toml", "/b.toml"]


def test_empty_file_says_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path, "")
    assert load_config(path) == Config(path)


@pytest.mark.parametrize("prefixes", ['"10.0.0.0/8", "172.16.0.0/12"', '"8.0.0.0/12"', '"fc00::/16"', '"2a00::/32"',
                                      '"8.0.0.0/12", "8.0.0.0/13"'])
def test_network_of_an_owners_size_is_taken(tmp_path: Path, prefixes: str) -> None:
    load_config(_write(tmp_path, f'[network]\nkind = "owned"\nprefixes = [{prefixes}]\n'))


def test_public_network_may_be_large_and_hold_subscribers(tmp_path: Path) -> None:
    load_config(_write(tmp_path, '[network]\nkind = "public"\nprefixes = ["100.64.0.0/10", "8.0.0.0/8"]\n'))


def test_all_mistakes_are_found_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('"owned"', '"mine"').replace('["eth0"]', "7").replace('"informs"', '"blocks"')
    _, faults = examine_config(_write(tmp_path, text))
    assert [fault.line for fault in faults] == [3, 5, 12]


def test_oversize_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="has more than"):
        load_config(_write(tmp_path, "#" * (CONFIG_BYTES_MAX + 1)))


def test_check_explains_a_right_file(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text(REGISTRY)
    (tmp_path / "national.snapshot").write_text(REGISTRY)
    check = check_config(_write(tmp_path, GOOD))
    assert check.problems == ()
    text = "\n".join(check.lines)
    for words in ("Hamburg", "owned: its owner decides", "192.0.2.0/24", "permits (1 record)", "decides nothing"):
        assert words in text


def test_check_reports_the_registries_mistakes_too(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text(REGISTRY.replace("SVC-7F3K", "x").replace("/udp", "/tcp"))
    check = check_config(_write(tmp_path, GOOD.replace('"eth0"', "0")))
    assert check.lines == ()
    places = [problem.partition(": ")[0].rpartition("/")[2] for problem in check.problems]
    assert places == ["licet.toml, line 5", "registry.toml, line 2", "registry.toml, line 7", "national.snapshot"]


def test_handle_with_two_keys_in_two_registries_is_refused(tmp_path: Path) -> None:
    """Or a registry that only informs could name its key like one of ours, and pass for it."""
    key = 'keys = ["wireguard:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="]\n'
    (tmp_path / "registry.toml").write_text(REGISTRY + key)
    (tmp_path / "national.snapshot").write_text(REGISTRY + key.replace("AQEB", "AgIC"))
    (problem,) = check_config(_write(tmp_path, GOOD)).problems
    assert "SVC-7F3K" in problem
    (tmp_path / "national.snapshot").write_text(REGISTRY + key)
    assert check_config(_write(tmp_path, GOOD)).problems == ()


@pytest.fixture
def signed_policy(tmp_path: Path) -> None:
    """The files that the table names are there; what they hold is not looked at here."""
    for name in ("policy.toml", "policy.toml.sig"):
        (tmp_path / name).touch()


def test_check_says_which_files_of_an_enforcer_are_not_there(tmp_path: Path, signed_policy: None) -> None:
    path = tmp_path / "licet.toml"
    path.write_text('[enforce]\npolicy = "policy.toml"\nexceptions = "exceptions.txt"\nwindows = "windows"\n')
    found = check_config(str(path)).problems
    assert [problem.rpartition("/")[2].partition(":")[0] for problem in found] == ["exceptions.txt", "windows"]
    (tmp_path / "exceptions.txt").touch()
    (tmp_path / "windows").mkdir()
    assert check_config(str(path)).problems == ()
    (tmp_path / "policy.toml.sig").unlink()
    assert ["sign the policy" in problem for problem in check_config(str(path)).problems] == [True]


@pytest.mark.usefixtures("signed_policy")
@pytest.mark.parametrize(("mode", "words"), [("observe", "observes: nothing"), ("enforce", "hands rules to")])
def test_check_says_whether_anything_is_done(mode: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "licet.toml"
    path.write_text(f'[enforce]\nmode = "{mode}"\npolicy = "policy.toml"\n')
    lines = check_config(str(path)).lines
    assert any(line.startswith("enforce:    nftables, and") and words in line for line in lines)


def test_check_says_who_is_told(tmp_path: Path, signed_policy: None) -> None:
    path = tmp_path / "licet.toml"
    path.write_text('[enforce]\npolicy = "policy.toml"\nreport_to = "https://registry.example.net"\n'
                    'report_key = "enforcer_key"\n')
    assert "tells:      https://registry.example.net; `licet enforce report` says what" in check_config(str(path)).lines
    assert load_config(path).enforce.report_key == str(tmp_path / "enforcer_key")


@pytest.mark.parametrize(("lines", "words"), [
    ('report_to = "https://registry.example.net"', "report_key is missing"),
    ('report_key = "enforcer_key"', "report_to is missing"),
    ('report_to = "registry.example.net"\nreport_key = "k"', "such as https://registry.example.net"),
    ("report_to = 1", "report_to is a number"),
])
def test_who_is_told_is_said_with_the_key_or_not_at_all(lines: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "licet.toml"
    path.write_text(f"[enforce]\n{lines}\n")
    with pytest.raises(BadFile, match=words):
        load_config(path)
