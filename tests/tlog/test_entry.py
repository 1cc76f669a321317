"""Entries as leaves: one form, a closed list of members, nothing that names or places anybody."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licet.errors import LogBroken, Malformed
from licet.lifecycle.replay import Replay
from licet.model.canonical import canonical_json, sha256_digest
from licet.model.log_entry import LogEntry
from licet.tlog.entry import BODY_BYTES_MAX, leaf_of, read_entry, read_members
from tlog.logs import STORY, body, leaves

SALT = "abcdefghijklmnopqrstuvwx"
DIGEST = "sha256:" + "ab" * 32


def test_a_leaf_is_the_entry_as_it_was_written() -> None:
    raw = body(1, "APP-7F3K", DIGEST)
    leaf, apart = leaf_of(raw)
    assert (leaf, apart) == (raw, None)
    entry = read_entry(leaf)
    assert (entry.subject, entry.event, entry.before, entry.after) == ("APP-7F3K", "submit", "draft", "proving")
    assert (entry.digest, entry.previous, entry.details) == (sha256_digest(raw), DIGEST, {"service": "SVC-7F3K"})


@pytest.mark.parametrize("details", [
    {"service": "SVC-7F3K", "endpoint": "192.0.2.10:51820/udp wireguard"}, {"endpoint": "2001:db8::10"},
    {"quoted": "A whole sentence."}, {"contact": "abuse@example.net"}, {"list": ["SVC-7F3K"]}, {"deep": {"a": "b"}},
])  # fmt: skip
def test_what_says_more_than_codes_is_kept_apart(details: dict[str, object]) -> None:
    raw = body(1, "APP-7F3K", DIGEST, details=details, salt=SALT)
    leaf, apart = leaf_of(raw)
    assert apart == raw
    assert json.loads(leaf)["bodyDigest"] == read_entry(leaf).digest == sha256_digest(raw)
    for said in ("192.0.2", "2001:db8", "sentence", "abuse", SALT, "details"):
        assert said.encode() not in leaf
    with pytest.raises(Malformed, match="salt"):
        leaf_of(body(1, "APP-7F3K", DIGEST, details=details))


def test_a_body_over_60_kb_is_kept_apart() -> None:
    details = {f"digest{number}": DIGEST for number in range(16)}
    assert leaf_of(body(1, "APP-7F3K", DIGEST, details=details))[1] is None
    long = body(1, "APP-7F3K", DIGEST, details={"text": "x" * BODY_BYTES_MAX}, salt=SALT)
    leaf, apart = leaf_of(long)
    assert apart == long
    assert len(leaf) < 600


@pytest.mark.parametrize("changes", [
    {"v": 2}, {"v": 1.0}, {"name": "somebody"}, {"subject": "192.0.2.10"}, {"subject": "somebody"},
    {"reason": "A text."},
    {"time": "2026-03-01"}, {"prevSubjectLeaf": "sha256:00"}, {"actorKeyId": "somebody"}, {"details": None},
    {"details": {"endpoint": "192.0.2.10"}}, {"bodyDigest": DIGEST}, {"redactions": [{"digest": DIGEST}]},
    {"redactions": [{"digest": DIGEST, "reason": "A text."}]}, {"event": 1}, {"role": "Mrs Smith"}, {"salt": SALT},
])  # fmt: skip
def test_an_entry_has_its_members_and_no_other(changes: dict[str, object]) -> None:
    raw = json.dumps({**json.loads(body(1, "APP-7F3K", DIGEST)), **changes}, sort_keys=True, separators=(",", ":"))
    with pytest.raises(Malformed):
        read_entry(raw.encode())


def test_an_entry_has_one_form() -> None:
    raw = body(1, "APP-7F3K", DIGEST)
    for broken in (raw + b" ", raw.replace(b":", b": ", 1), b"[" + raw + b"]", raw[:-1],
                   raw.replace(b'"v":1', b'"v":01'),
                   raw.replace(b'{"actor', b'{"v":1,"actor'), b"\xff" + raw, b"[" * 100_000, b"NaN"):
        with pytest.raises(Malformed):
            read_entry(broken)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_malformed(raw: bytes) -> None:
    for read in (read_entry, leaf_of):
        with pytest.raises(Malformed):
            read(raw)


def replay(*raws: bytes) -> Replay:
    found = Replay()
    for index, raw in enumerate(raws):
        found.take(index, read_entry(leaf_of(raw)[0]))
    return found


def story(until: int, subject: str = "APP-7F3K") -> list[bytes]:
    raws: list[bytes] = []
    for step in range(until):
        raws.append(body(step, subject, sha256_digest(raws[-1]) if raws else "", step))
    return raws


def test_a_legal_story_replays_and_is_counted() -> None:
    found = replay(*story(len(STORY)))
    assert found.subjects["APP-7F3K"].state == "refused"
    assert found.counts["application", "refuse", "refused"] == 1
    assert found.counts.total() == len(STORY)


@pytest.mark.parametrize(("changes", "problem"), [
    ({"from": "in_review"}, "its state is “proving”"), ({"to": "approved"}, "no such move"),
    ({"role": "clock"}, "not for this role"), ({"type": "tunnel"}, "no such type"),
    ({"event": "sign"}, "no such move"),
    ({"subject": "APP-0000", "prevSubjectLeaf": ""}, "was not there"),
    ({"time": "2026-02-28T00:00:00.000000Z"}, "older"),
    ({"from": "", "event": "open", "to": "draft", "role": "registrant"}, "begun already"),
    ({"type": "endpoint"}, "type"),
])  # fmt: skip
def test_a_move_that_no_table_has_is_found(changes: dict[str, object], problem: str) -> None:
    begun = story(2)
    members = json.loads(body(3, "APP-7F3K", sha256_digest(begun[-1]), 9))
    with pytest.raises(LogBroken, match=problem) as caught:
        replay(*begun, canonical_json({**members, **changes}))
    assert caught.value.code == "transition_illegal"


def test_a_refusal_without_its_reason_is_found() -> None:
    begun = story(6)
    with pytest.raises(LogBroken, match="reason code"):
        replay(*begun, body(6, "APP-7F3K", sha256_digest(begun[-1]), 9, reason=""))


def test_a_gap_in_a_chain_is_found() -> None:
    told = story(4)
    for told_with_gap in (told[:1] + told[2:], told[1:], [told[0], told[0]], [told[1], told[0]]):
        with pytest.raises(LogBroken) as caught:
            replay(*told_with_gap)
        assert caught.value.code == "chain_broken"


def redact(reason: str, digest: str) -> bytes:
    return body(0, "RED-7F3K", "", type="redaction", event="redact", to="redacted", role="officer",
                redactions=[{"digest": digest, "reason": reason}])


def test_redactions_have_reasons_and_take_back_what_was_there() -> None:
    apart = body(0, "APP-7F3K", "", details={"endpoint": "192.0.2.10"}, salt=SALT)
    found = replay(apart, redact("court_order", sha256_digest(apart)))
    assert found.redacted == {sha256_digest(apart): "court_order"}
    found.require_bodies_known()
    with pytest.raises(LogBroken, match="redaction_without_reason"):
        replay(apart, redact("", sha256_digest(apart)))
    with pytest.raises(LogBroken, match="redaction_of_nothing"):
        replay(apart, redact("court_order", DIGEST)).require_bodies_known()


def test_a_service_can_be_registered_again_when_it_is_over() -> None:
    def registration(event: str, before: str, after: str, role: str, previous: str) -> bytes:
        return body(0, "SVC-7F3K", previous, type="registration", event=event, to=after, role=role, **{"from": before})

    first = registration("approve", "", "ok", "officer", "")
    gone = registration("surrender", "ok", "gone", "registrant", sha256_digest(first))
    again = registration("approve", "", "ok", "officer", sha256_digest(gone))
    assert replay(first, gone, again).subjects["SVC-7F3K"].state == "ok"
    with pytest.raises(LogBroken, match="begun already"):
        replay(first, registration("approve", "", "ok", "officer", sha256_digest(first)))


def test_the_logs_of_these_tests_are_legal() -> None:
    found = Replay()
    for index, leaf in enumerate(leaves(100)):
        found.take(index, read_entry(leaf))
    assert [*leaves(100, 40)] == [*leaves(100)][40:]


LEAVES = [*leaves(14), leaf_of(body(0, "APP-7F3K", "", details={"endpoint": "192.0.2.10:51820/udp wireguard"},
                                    salt=SALT))[0],
          body(0, "APP-7F3K", "", details={}), body(0, "APP-7F3K", "", details={"serial": 3, "a": None, "b": True}),
          body(0, "RED-7F3K", "", type="redaction", event="redact", to="redacted", role="officer",
               redactions=[{"digest": DIGEST, "reason": "court_order"}])]


def told(read: Callable[[bytes], LogEntry], leaf: bytes) -> LogEntry | type[Exception]:
    try:
        return read(leaf)
    except Malformed:
        return Malformed


@settings(max_examples=300, derandomize=True)
@given(st.sampled_from(LEAVES), st.data())
def test_the_quick_way_to_read_an_entry_says_what_the_thorough_one_says(leaf: bytes, data: st.DataObject) -> None:
    assert told(read_entry, leaf) == told(read_members, leaf) != Malformed
    at, length = data.draw(st.integers(0, len(leaf))), data.draw(st.sampled_from((0, 1, 1, 2, 8)))
    text = data.draw(st.sampled_from((b"", b'"', b"\\", b"{", b"}", b",", b"[]", b"1", b" ", b"x", b'"x":1,',
                                      b"\xd9\xa3", b"\xff", b"1.0", b"null", b"\\u0041", b'"a":"b"', b"\n")))
    changed = leaf[:at] + text + leaf[at + length :]
    assert told(read_entry, changed) == told(read_members, changed)


@pytest.mark.parametrize(("old", "new"), [
    (b'"v":1', b'"v":true'), (b'"v":1', b'"v":1.0'), (b"2026-03", "٢٠٢٦-03".encode()), (b'"v":1}', b'"v":1}\n'),
    (b'"service":', b'"service":"SVC-AAAA","service":'), (b'{"service":"SVC-7F3K"}', b'{"b":1,"a":2}'),
    (b'{"service":"SVC-7F3K"}', b'{"a":"one two"}'), (b'{"service":"SVC-7F3K"}', b'{"a":-0}'),
    (b'{"service":"SVC-7F3K"}', b'{"a":01}'), (b'{"service":"SVC-7F3K"}', b"{,}"),
])  # fmt: skip
def test_what_looks_nearly_like_an_entry_is_none(old: bytes, new: bytes) -> None:
    changed = LEAVES[0].replace(old, new)
    assert changed != LEAVES[0]
    assert told(read_entry, changed) == told(read_members, changed) == Malformed
