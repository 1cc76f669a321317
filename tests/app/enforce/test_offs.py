"""When an enforcer was switched off is noted by the switch, durably, once; and by whoever sees a mark that was not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from licet.app.enforce import offs, switch
from licet.app.enforce.offs import NOTES_BYTES_MAX, noted_offs
from licet.app.enforce.state import Folder
from licet.app.enforce.switch import MARK, NOTES, switch_off
from licet.enforce import apply
from licet.model.canonical import time_text

AT_NS = 1_772_452_800 * 10**9
HOUR_NS = 3_600 * 10**9


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a folder of its own and one of its enforcer, and with a firewall that is left out."""
    monkeypatch.setenv("LICET_ENFORCE_STATE", str(tmp_path / "machine"))
    monkeypatch.setattr(apply, "off_nftables", lambda: True)
    it_is(monkeypatch, AT_NS + 7)
    return tmp_path


def it_is(monkeypatch: pytest.MonkeyPatch, at_ns: int) -> None:
    monkeypatch.setattr(switch, "now_ns", lambda: at_ns)


def folders(place: Path) -> list[str]:
    return [str(place / "state"), str(place / "machine")]


def enforcer(place: Path) -> Folder:
    return Folder(str(place / "state"))


def test_the_switch_notes_when_and_nothing_else(place: Path) -> None:
    said, is_off = switch_off(folders(place))
    assert is_off
    assert said[-1] == "when is noted, and the registry is told with the next report"
    assert (place / "state" / NOTES).read_text() == f"{time_text(AT_NS)}\n"
    assert noted_offs(enforcer(place)) == (AT_NS,), "its mark and the machine's tell the same"


def test_each_time_is_noted_once_and_stays_after_the_mark_is_gone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for hours in (0, 5, 9):
        it_is(monkeypatch, AT_NS + hours * HOUR_NS)
        switch_off(folders(place))
        it_is(monkeypatch, AT_NS + (hours + 1) * HOUR_NS)
        said, _ = switch_off(folders(place))
        assert said[-1].startswith("it stays off until"), "it was off before, and that was noted then"
        enforcer(place).switch_on()
    assert noted_offs(enforcer(place)) == tuple(AT_NS + hours * HOUR_NS for hours in (0, 5, 9))


def test_a_switch_that_knows_no_configuration_is_told_by_every_enforcer_of_the_machine(place: Path) -> None:
    switch_off([str(place / "machine")])
    assert noted_offs(enforcer(place)) == noted_offs(Folder(str(place / "another"))) == (AT_NS,)


def test_a_mark_that_was_put_by_hand_tells_when_by_its_time(place: Path) -> None:
    (place / "state").mkdir()
    (place / "state" / MARK).touch()
    os.utime(place / "state" / MARK, ns=(AT_NS, AT_NS))
    looks = Folder(str(place / "state"), keeps=False)
    assert noted_offs(looks) == (AT_NS,)
    assert not (place / "state" / NOTES).exists(), "who only looks writes nothing"
    assert noted_offs(enforcer(place)) == (AT_NS,)
    enforcer(place).switch_on()
    assert noted_offs(enforcer(place)) == (AT_NS,)


def test_on_a_full_disk_the_mark_is_put_and_tells_when(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of no bytes is made where no byte can be written any more."""
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        said, is_off = switch_off(folders(place))
    assert is_off
    assert enforcer(place).is_off
    assert said[-1] == "when could not be noted: the registry is told by the time of that file, while it is there"
    for folder in folders(place):
        (Path(folder) / NOTES).write_bytes(b"2026-03-02T1")  # as much as there was room for
    assert noted_offs(enforcer(place)) == (AT_NS,)


def test_where_nothing_can_be_written_it_is_switched_off_all_the_same_and_that_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    emptied = []
    monkeypatch.setattr(apply, "off_nftables", lambda: emptied.append(True) or True)
    (place / "file").write_text("a folder is missing")
    said, is_off = switch_off([str(place / "file" / "state")])
    assert (is_off, emptied) == (True, [True])
    assert said[-2:] == [
        "the mark that keeps it off could not be written: stop the service too (systemctl stop licet-enforce)",
        "nor could be noted when it was switched off: the registry will not be told; tell it yourself"]


def test_notes_that_are_damaged_or_endless_are_passed_over(place: Path) -> None:
    (place / "state").mkdir()
    path = place / "state" / NOTES
    path.write_bytes(b"\xff\x00nothing\n" * 20_000 + f"{time_text(AT_NS)}\n2026-13-99T00:00:00Z\nZ\n".encode())
    assert path.stat().st_size > NOTES_BYTES_MAX
    assert noted_offs(enforcer(place)) == (AT_NS,)
    assert offs.SAME_NS < HOUR_NS
