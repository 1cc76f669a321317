"""Trying keys: bounded for a capture, quick for servers that were just seen, and the same answer in any order."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.model.registration import Record
from licet.snapshot import Snapshot, keys
from licet.snapshot.form import Header
from licet.snapshot.keys import RECENT_KEYS_MAX, KeyTrials
from snapshot.registries import UNTIL_NS, mac1_key_of, mapped

FIRST_116 = bytes(range(116))
COUNT = 100


def _mac1(number: int) -> bytes:
    return hashlib.blake2s(FIRST_116, key=mac1_key_of(number), digest_size=16).digest()


def _record(number: int, handle: str | None = None) -> Record:
    return Record(None, None, None, "wireguard", mac1_key_of(number).hex(), None, handle or f"SVC-{number:03}", "ok", 0,
                  UNTIL_NS)


RECORDS = [_record(number) for number in range(COUNT)]
# Numbers of keys in the order of the snapshot.
ORDER = sorted(range(COUNT), key=mac1_key_of)


@pytest.fixture(params=["memory", "mapped"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    return mapped(RECORDS) if request.param == "mapped" else Snapshot(Header(), RECORDS)


def test_keys_that_are_not_tried_are_not_matched_and_counted(snapshot: Snapshot) -> None:
    trials = KeyTrials(left=COUNT + COUNT // 2)
    assert snapshot.match_key(FIRST_116, _mac1(200), trials=trials) is None
    assert (trials.left, trials.cut_short) == (COUNT // 2, 0)
    assert snapshot.match_key(FIRST_116, _mac1(ORDER[-1]), trials=trials) is None
    assert (trials.left, trials.cut_short) == (0, 1)
    assert snapshot.match_key(FIRST_116, _mac1(ORDER[0]), trials=trials) is None
    assert trials.cut_short == 2


def test_what_a_flow_costs_does_not_tell_which_key_matched(snapshot: Snapshot) -> None:
    for number in (ORDER[0], ORDER[-1]):
        trials = KeyTrials(left=10 * COUNT)
        assert snapshot.match_key(FIRST_116, _mac1(number), trials=trials) == f"SVC-{number:03}"
        assert trials.left == 9 * COUNT


def test_a_server_that_was_just_seen_costs_no_search(snapshot: Snapshot) -> None:
    trials = KeyTrials(left=COUNT)
    for _ in range(3):
        assert snapshot.match_key(FIRST_116, _mac1(ORDER[-1]), trials=trials) == f"SVC-{ORDER[-1]:03}"
    assert (trials.left, trials.cut_short) == (0, 0)


def test_few_keys_are_remembered_and_nothing_of_a_flow(snapshot: Snapshot) -> None:
    trials = KeyTrials()
    for number in (*range(COUNT), 200):
        snapshot.match_key(FIRST_116, _mac1(number), trials=trials)
    assert trials.recent == [mac1_key_of(number) for number in reversed(range(COUNT))][:RECENT_KEYS_MAX]


def test_a_key_that_another_registry_knows_is_none_of_this_one(snapshot: Snapshot) -> None:
    trials = KeyTrials()
    other = Snapshot(Header(), [_record(200)])
    assert other.match_key(FIRST_116, _mac1(200), trials=trials) == "SVC-200"
    assert snapshot.match_key(FIRST_116, _mac1(200), trials=trials) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(("A", "B", "C"))), max_size=6, unique=True),
       st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8))
def test_what_was_seen_before_changes_no_answer(registered: list[tuple[int, str]],
                                                seen: list[tuple[int, bool]]) -> None:
    """Also where several services have registered one key."""
    records = [_record(number, f"SVC-{letter}{letter}") for number, letter in registered]
    records.append(Record("192.0.2.10", None, None, "ipsec", None, None, "SVC-BB", "ok", 0, UNTIL_NS))
    trials = KeyTrials()
    for number, is_near in seen:
        address = "192.0.2.10" if is_near else None
        fresh = Snapshot(Header(), records).match_key(FIRST_116, _mac1(number), address)
        assert mapped(records).match_key(FIRST_116, _mac1(number), address, trials) == fresh


def test_the_bound_is_one_for_a_whole_capture() -> None:
    assert KeyTrials().left == keys.KEYS_TRIED_MAX
