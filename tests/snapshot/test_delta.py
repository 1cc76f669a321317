"""Deltas: snapshot n is snapshot n−1 and delta n, byte for byte, and a delta that is anything else is refused."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licet.errors import Malformed
from licet.model.registration import Record
from licet.snapshot.delta import patched, read_delta, write_delta
from licet.snapshot.form import Header, write_form
from licet.snapshot.record_line import sort_key
from snapshot.test_form import records

HEADER = Header(1, "Example Registry", 1_772_366_400 * 10**9)


def form(found: list[Record], serial: int = 1) -> bytes:
    """A snapshot with one record a sort key."""
    unique = {sort_key(record): record for record in found}
    return write_form(Header(serial, HEADER.registry, HEADER.published_ns), list(unique.values()))


def lines(raw: bytes) -> list[bytes]:
    return raw.splitlines(keepends=True)


some_records = st.lists(records(), max_size=12)


@settings(max_examples=60)
@given(some_records, some_records, some_records)
def test_the_old_and_the_delta_are_the_new(kept: list[Record], gone: list[Record], come: list[Record]) -> None:
    old, new = form(kept + gone), form(kept + come, 2)
    delta = write_delta(lines(old), lines(new))
    assert b"".join(patched(iter(lines(old)), read_delta(delta))) == new
    # It holds what differs, and nothing that both have.
    said = {line[2:] for line in lines(delta) if line[:2] in (b"< ", b"> ")}
    assert said == set(lines(old)) ^ set(lines(new))


@settings(max_examples=20)
@given(st.lists(some_records, min_size=3, max_size=5))
def test_deltas_can_be_put_on_one_another(states: list[list[Record]]) -> None:
    forms = [form(found, serial) for serial, found in enumerate(states, 1)]
    walked = iter(lines(forms[0]))
    for before, after in itertools.pairwise(forms):
        walked = patched(walked, read_delta(write_delta(lines(before), lines(after))))
    assert b"".join(walked) == forms[-1]


def two_states() -> tuple[bytes, bytes]:
    """Lines that came, went and changed, at both ends and in the middle."""
    def record(number: int, until_s: int = 1_800_000_000) -> Record:
        return Record(f"192.0.2.{number}", "udp", 51820, "wireguard", None, None, f"SVC-{number:04}", "ok", 0,
                      until_s * 10**9)

    old = [record(number) for number in (2, 3, 10, 11, 12, 20, 21, 22, 30, 31)]
    new = [record(number) for number in (1, 2, 3, 10, 13, 20, 22, 30)]
    new[6] = record(22, 1_900_000_000)
    return form(old), form(new, 2)


@pytest.mark.skipif(shutil.which("patch") is None or shutil.which("diff") is None, reason="needs diff and patch")
def test_patch_applies_it_and_what_diff_writes_can_be_read(tmp_path: Path) -> None:
    old, new = two_states()
    (tmp_path / "old").write_bytes(old)
    (tmp_path / "new").write_bytes(new)
    (tmp_path / "delta").write_bytes(write_delta(lines(old), lines(new)))
    done = subprocess.run(["patch", "--quiet", "old", "delta"], cwd=tmp_path, capture_output=True, check=True)
    assert not done.stderr
    assert (tmp_path / "old").read_bytes() == new
    (tmp_path / "old").write_bytes(old)
    told = subprocess.run(["diff", "old", "new"], cwd=tmp_path, capture_output=True, check=False)
    assert b"".join(patched(iter(lines(old)), read_delta(told.stdout))) == new


def test_nothing_changed_is_an_empty_delta() -> None:
    old, _ = two_states()
    assert write_delta(lines(old), lines(old)) == b""
    assert list(patched(iter(lines(old)), ())) == lines(old)


def test_the_delta_of_another_snapshot_is_refused() -> None:
    old, new = two_states()
    hunks = read_delta(write_delta(lines(old), lines(new)))
    for other in (new, old.replace(b"SVC-0012", b"SVC-0099"), old[: len(old) // 3]):
        with contextlib.suppress(Malformed):
            assert b"".join(patched(iter(other.splitlines(keepends=True)), hunks)) != new
    with pytest.raises(Malformed, match="another snapshot"):
        list(patched(iter(lines(new)), hunks))


@pytest.mark.parametrize("raw", [
    b"x", b"1c1\n", b"1c1\n< a\n", b"1c1\n< a\n---\n", b"1c1\n< a\n> b\n", b"1a2\n< a\n", b"1a2\n", b"1d0\n> a\n",
    b"2,1d0\n< a\n", b"0d0\n< a\n", b"999999999d1\n< a\n", b"1,999999999d1\n< a\n", b"1a2\n> " + b"x" * 3000 + b"\n",
    b"1a2\n> a", b"5a6\n> a\n1a2\n> b\n", b"1c1\n< a\n---\n> b\n1a2\n> c\n", b"1a2\r\n> a\r\n",
    b"1,2c1\n< a\n---\n> b\n",
])  # fmt: skip
def test_what_is_no_delta_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_delta(raw)


@given(st.binary(max_size=200), st.integers(0, 10**6))
def test_damage_raises_nothing_else(junk: bytes, place: int) -> None:
    old, new = two_states()
    delta = write_delta(lines(old), lines(new))
    at = place % len(delta)
    flipped = delta[:at] + bytes([delta[at] ^ 1]) + delta[at + 1 :]
    for raw in (junk, delta[:at] + junk + delta[at:], delta[:at], flipped):
        with contextlib.suppress(Malformed):
            b"".join(patched(iter(lines(old)), read_delta(raw)))
