"""Replay: a true verdict stands, every changed fact is found, and hostile claims are refused in a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sample_results import SNAPSHOT, WIREGUARD, full_result, hostile_result, judge, make_result, make_tunnel
from licet.app.replay import VERDICT_BYTES_MAX, compare, load_claim, parse_claim
from licet.app.replay_text import replay_text
from licet.app.report.jsonl import json_line, tunnel_object
from licet.app.report.words import cell_width
from licet.errors import BadFile
from licet.model.evidence import LIKELY
from licet.model.verdict import CONFLICT, UNDETERMINED, UNREGISTERED, SnapshotRef

TUNNEL = full_result().tunnels[0]


def claim_of(judged):
    return parse_claim(json_line(tunnel_object(judged)).encode(), "verdict.json")


def altered(**changes) -> bytes:
    return json.dumps({**tunnel_object(TUNNEL), **changes}).encode()


@pytest.mark.parametrize("judged", full_result().tunnels, ids=lambda judged: str(judged.tunnel.server))
def test_a_true_verdict_stands(judged):
    outcome = compare(claim_of(judged), full_result())
    assert outcome.stands
    assert "The verdict stands" in replay_text(outcome)


def test_a_mesh_stands_without_an_address():
    judged = judge(make_tunnel(None, WIREGUARD, tunnel_class="mesh"), UNDETERMINED, snapshot=None)
    assert compare(claim_of(judged), make_result(judged)).stands


TUNNEL_CHANGES = {
    "grade": {"grade": LIKELY},
    "variant": {"variant": "tagged-reserved"},
    "family": {"family": "openvpn"},
    "evidence": {"evidence": (WIREGUARD._replace(packets=(1, 2)),)},
}
VERDICT_CHANGES = {
    "verdict": {"verdict": CONFLICT},
    "registration": {"registration": "SVC-OTHER"},
    "registry digest": {"snapshot": SnapshotRef(12, "sha256:" + "00" * 32)},
    "rules of judgement": {"policy": "sha256:" + "00" * 32},
}


@pytest.mark.parametrize("fact", [*TUNNEL_CHANGES, *VERDICT_CHANGES])
def test_every_fact_that_differs_is_found_and_named(fact):
    changed = TUNNEL._replace(
        tunnel=TUNNEL.tunnel._replace(**TUNNEL_CHANGES.get(fact, {})),
        verdict=TUNNEL.verdict._replace(**VERDICT_CHANGES.get(fact, {})),
    )
    outcome = compare(claim_of(TUNNEL), make_result(changed))
    assert not outcome.stands
    assert [difference.fact for difference in outcome.differences] == [fact]
    assert f"one fact differs ({fact})" in " ".join(replay_text(outcome).split())


def test_words_counts_and_paths_are_not_compared():
    changed = TUNNEL._replace(
        tunnel=TUNNEL.tunnel._replace(capture="copy.pcap", clients=9, packets=1, bytes=1),
        verdict=TUNNEL.verdict._replace(reason="In other words."),
    )
    assert compare(claim_of(TUNNEL), make_result(changed)).stands


def test_a_serial_is_not_a_fact_but_the_digest_is():
    changed = TUNNEL._replace(verdict=TUNNEL.verdict._replace(snapshot=SnapshotRef(99, SNAPSHOT.digest)))
    assert compare(claim_of(TUNNEL), make_result(changed)).stands


def test_a_tunnel_that_is_not_there_does_not_stand():
    outcome = compare(claim_of(TUNNEL), make_result())
    assert not outcome.stands
    assert "no tunnel with this server end" in replay_text(outcome)


def test_of_several_captures_one_that_bears_it_out_is_enough():
    other = TUNNEL._replace(verdict=TUNNEL.verdict._replace(verdict=UNREGISTERED))
    assert compare(claim_of(TUNNEL), make_result(other, TUNNEL)).stands


@pytest.mark.parametrize("width", [60, 100])
def test_hostile_facts_are_printed_harmlessly(width):
    [hostile] = hostile_result().tunnels
    outcome = compare(claim_of(hostile), make_result(hostile._replace(verdict=TUNNEL.verdict)))
    for line in replay_text(outcome, width).splitlines():
        assert line == "" or line.isprintable()
        assert cell_width(line) <= width


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not one JSON object"),
        (b"[]", "not one JSON object"),
        (b"\xff\xfe", "not one JSON object"),
        (b"[" * 100_000, "not one JSON object"),
        (b'{"a": ' * 50_000, "not one JSON object"),
        (b'{"schema": NaN}', "not one JSON object"),
        (b'{"schema": "licet.tunnel/1", "schema": "licet.tunnel/1"}', "not one JSON object"),
        (b'{"port": ' + b"9" * 9000 + b"}", "not one JSON object"),
        (altered() + b"\n" + altered(), "more than one line"),
        (b"{}", "not a verdict of schema"),
        (altered(schema="licet.tunnel/2"), "not a verdict of schema"),
        (altered(family=None), "no text for “family”"),
        (altered(variant=7), "no text for “variant”"),
        (altered(verdict="guilty"), "no verdict that licet knows"),
        (altered(judged_at="yesterday"), "no time for “judged_at”"),
        (altered(judged_at="9999-12-31T23:59:59"), "no time for “judged_at”"),
        (altered(transport="sctp"), "no transport that licet knows"),
        (altered(port=None), "no port that fits"),
        (altered(port=True), "no port that fits"),
        (altered(port=70_000), "no port that fits"),
        (altered(transport="esp"), "no port that fits"),
        (altered(address="example.net"), "is not an IP address"),
        (altered(evidence={}), "no list of rule"),
        (altered(evidence=[{"rule": "x"}]), "no list of rule"),
        (altered(snapshot="sha256:"), "no digest"),
    ],
)
def test_a_claim_that_cannot_be_read_is_refused_in_a_sentence(data, words):
    with pytest.raises(BadFile, match=words) as caught:
        parse_claim(data, "verdict.json")
    assert str(caught.value).startswith("verdict.json: ")


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(tunnel_object(TUNNEL))), inner),
).map(lambda value: json.dumps(value if not isinstance(value, dict) else tunnel_object(TUNNEL) | value).encode()))
def test_nothing_but_a_claim_or_a_bad_file_comes_of_any_bytes(data):
    try:
        outcome = compare(parse_claim(data, "verdict.json"), full_result())
    except BadFile:
        return
    for line in replay_text(outcome).splitlines():
        assert cell_width(line) <= 100


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path):
    with pytest.raises(BadFile, match="cannot be read: no such file"):
        load_claim(str(tmp_path / "none.json"))
    (tmp_path / "large.json").write_bytes(b" " * (VERDICT_BYTES_MAX + 1))
    with pytest.raises(BadFile, match="holds over"):
        load_claim(str(tmp_path / "large.json"))
