"""Look-ups: what is asked, what is answered, and that absence is never held against anyone."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.app.lookup import NOTICE, Answer, look_up, parse_query
from licet.app.lookup_text import answer_json, answer_text
from licet.errors import Malformed
from licet.model.canonical import canonical_json, parse_time
from licet.snapshot import Snapshot, load
from licet.snapshot.form import Header

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
AT_NS = parse_time("2026-03-01")
REGISTRY = f"""\
[[service]]
handle = "SVC-7F3K"
name = "Staff remote access"
operator = "Example Logistics"
from = 2026-01-01
until = 2027-01-01
endpoints = ["192.0.2.10:51820/udp wireguard", "192.0.2.20:443/tcp sstp vpn.example.net", "198.51.100.0/28 ipsec"]
keys = ["wireguard:{KEY}"]

[[service]]
handle = "SVC-HELD"
name = "Held"
operator = "Example Partner"
status = "serverHold"
from = 2026-01-01
until = 2027-01-01
endpoints = ["203.0.113.5:1194/udp openvpn"]

[[service]]
handle = "SVC-0LD"
name = "Old"
operator = "Example Partner"
from = 2024-01-01
until = 2025-01-01
endpoints = ["203.0.113.6 openvpn"]
"""

ANSWERS = [
    ("192.0.2.10", "address", "registered"),
    ("[2001:db8::1]", "address", "unregistered"),
    ("192.0.2.10:51820/udp", "endpoint", "registered"),
    ("192.0.2.10:51820/UDP", "endpoint", "registered"),
    ("198.51.100.7:4500/udp", "endpoint", "registered"),
    ("198.51.100.7/esp", "endpoint", "registered"),
    ("svc-7f3k", "handle", "registered"),
    ("vpn.example.net", "name", "registered"),
    ("staff REMOTE access", "name", "registered"),
    (KEY, "key", "registered"),
    ("wireguard:" + KEY, "key", "registered"),
    ("192.0.2.10:51821/udp", "endpoint", "conflict"),
    ("192.0.2.10:51820/tcp", "endpoint", "conflict"),
    ("203.0.113.5:1194/udp", "endpoint", "conflict"),
    ("SVC-HELD", "handle", "conflict"),
    ("192.0.2.11:51820/udp", "endpoint", "unregistered"),
    ("2001:db8::1", "address", "unregistered"),
    ("[2001:db8::1]:1194/udp", "endpoint", "unregistered"),
    ("203.0.113.6", "address", "unregistered"),
    ("SVC-NONE", "handle", "unregistered"),
    ("cafe", "name", "unregistered"),
    ("North/South link", "name", "unregistered"),
    (OTHER_KEY, "key", "unregistered"),
]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    path = tmp_path / "registry.toml"
    path.write_text(REGISTRY)
    return load(path)


def ask(text: str, snapshot: Snapshot, at_ns: int = AT_NS) -> Answer:
    return look_up(text, [("registry.toml", snapshot)], at_ns)


@pytest.mark.parametrize(("text", "kind", "expected"), ANSWERS)
def test_each_kind_of_query_is_answered(snapshot: Snapshot, text: str, kind: str, expected: str) -> None:
    answer = ask(text, snapshot)
    assert (answer.query.kind, answer.answer) == (kind, expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("192.0.2.10:51820", "ask for 192.0.2.10:51820/udp"),
        ("[2001:db8::1]:51820", "does not name a transport"),
        ("192.0.2.0/24", "is not one endpoint"),
        ("192.0.2.300", "is not an IP address"),
        ("192.0.2.10/udp", "has no port"),
        ("192.0.2.10:0/udp", "ports are 1 to 65535"),
        ("wireguard:AAAA", "44 characters"),
        (" ", "is empty"),
    ],
)
def test_slip_in_a_query_is_explained(text: str, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_query(text)
    assert words in str(caught.value)


@given(st.text(max_size=50))
def test_nonsense_is_a_name_or_malformed(text: str) -> None:
    try:
        query = parse_query(text)
    except Malformed:
        return
    assert ask(text, Snapshot(Header(), [])).query == query


@pytest.mark.parametrize(("text", "kind", "expected"), ANSWERS)
def test_every_answer_but_registered_says_that_absence_is_no_offence(snapshot: Snapshot, text: str, kind: str,
                                                                     expected: str) -> None:
    answer = ask(text, snapshot)
    assert (NOTICE in answer_text(answer)) == (expected != "registered")
    assert (answer_json(answer)["notice"] == NOTICE) == (expected != "registered")
    canonical_json(answer_json(answer))


def test_answer_names_who_answers_for_it_and_until_when(snapshot: Snapshot) -> None:
    text = answer_text(ask("192.0.2.10:51820/udp", snapshot))
    assert text == (
        "192.0.2.10:51820/udp is registered.\n"
        "  SVC-7F3K  Staff remote access · Example Logistics\n"
        "    192.0.2.10:51820/udp wireguard\n"
        "    in force, 2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z\n"
        f"Asked: registry.toml, {snapshot.digest}\n"
    )


def test_key_is_never_repeated_in_full(snapshot: Snapshot) -> None:
    for key in (KEY, OTHER_KEY):
        answer = ask(key, snapshot)
        assert key not in answer_text(answer)
        assert key not in str(answer_json(answer))


@pytest.mark.parametrize(("day", "expected", "standing"), [
    ("2025-12-31", "unregistered", "not begun"), ("2026-01-01", "registered", "in force"),
    ("2026-12-31", "registered", "in force"), ("2027-01-01", "unregistered", "ended"),
])
def test_answer_is_as_of_the_time_that_was_asked_for(snapshot: Snapshot, day: str, expected: str,
                                                     standing: str) -> None:
    answer = ask("192.0.2.10", snapshot, parse_time(day))
    assert (answer.answer, answer.matches[0].standing) == (expected, standing)


def test_matches_that_decide_come_first_over_several_registries(snapshot: Snapshot, tmp_path: Path) -> None:
    path = tmp_path / "second.toml"
    path.write_text(REGISTRY.replace("203.0.113.5:1194/udp", "192.0.2.10:51821/udp").replace('"serverHold"', '"ok"'))
    both = [("second.toml", load(path)), ("registry.toml", snapshot)]
    answer = look_up("192.0.2.10:51821/udp", both, AT_NS)
    assert [match.answers for match in answer.matches] == [True, False, False]
    assert len(answer.sources) == 2
