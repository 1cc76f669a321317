"""The index file: built once, believed only where it belongs to the text, and never the reason for a wrong answer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licet.errors import BadFile
from licet.model.canonical import sha256_digest
from licet.model.registration import Record
from licet.snapshot import Snapshot, index_store, load
from licet.snapshot.column import BLOCK_BYTES, DamagedIndex
from licet.snapshot.form import Header, write_form
from licet.snapshot.index import Columns, Index, Tie, build_columns, pack_index
from licet.snapshot.join import halves
from licet.snapshot.lines import read_lines, slices, whole_lines
from licet.snapshot.record_line import sort_key
from snapshot.registries import UNTIL_NS, index_bytes, mac1_key_of, mapped, naive_at, record_lists

# Enough records for several blocks of every column.
RECORDS = [
    *(Record(None, None, None, "wireguard", mac1_key_of(number % 256)[:31].hex() + f"{number % 251:02x}", None,
             f"SVC-{number:04}", "ok", 0, UNTIL_NS) for number in range(300)),
    *(Record(f"192.0.{number >> 8}.{number & 255}", "udp", 51820, "wireguard", None, f"v{number}.example.net",
             f"SVC-{number:04}", "ok", 0, UNTIL_NS) for number in range(1, 1300)),
    *(Record(f"2001:db8::{number:x}", None, None, "ipsec", None, None, f"SVC-{number:04}", "ok", 0, UNTIL_NS)
      for number in range(1, 400)),
    Record("192.0.2.0/24", None, None, "ipsec", None, None, "SVC-NET", "ok", 0, UNTIL_NS),
]
FORM = write_form(Header(serial=7, registry="Example"), RECORDS)
ASKED = ("192.0.2.0", "192.0.2.77", "192.0.5.19", "192.0.5.20", "192.0.0.0", "2001:db8::1", "2001:db8::18f",
         "2001:db8::190", "255.255.255.255", "::")
LATER_NS = 10 * index_store.STAMP_SETTLES_NS


@pytest.fixture(autouse=True)
def _every_snapshot_is_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from licet.snapshot import store

    monkeypatch.setattr(store, "INDEXED_BYTES_MIN", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "feed"
    path.parent.mkdir()
    path.write_bytes(FORM)
    return path


def _index_of(path: Path) -> Path:
    (found,) = path.parent.glob(f"{path.name}.sha256-*.index")
    return found


def _settle(path: Path) -> None:
    """Make an index look as if it was written long after its text."""
    index = _index_of(path)
    later = path.stat().st_ctime_ns + LATER_NS
    os.utime(index, ns=(later, later))


@cache
def _at(address: str) -> list[Record]:
    return naive_at(RECORDS, address)


@cache
def _of(handle: str) -> list[Record]:
    return [record for record in sorted(RECORDS, key=sort_key) if record.service == handle]


def _check_answers(snapshot: Snapshot) -> None:
    for address, network in zip(ASKED, snapshot.join(*halves(ASKED)), strict=True):
        assert list(snapshot.at_address(address)) == _at(address)
        assert list(snapshot.at_network(int(network))) == _at(address)
    for handle in ("SVC-0001", "SVC-0299", "SVC-NET", "SVC-9999"):
        assert list(snapshot.by_service(handle)) == _of(handle)
    assert [record.service for record in snapshot.by_name("v77.example.net")] == ["SVC-0077"]
    assert [record.service for record in snapshot.by_mac1_key(RECORDS[7].mac1_key or "")] == ["SVC-0007"]
    assert len(snapshot.records) == len(RECORDS)
    assert snapshot.digest == sha256_digest(FORM)


def _parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows with each text that is parsed."""
    parsed: list[str] = []
    build = index_store.build_columns

    def counted(lines: object, first_line_at: int) -> object:
        parsed.append("text")
        return build(lines, first_line_at)  # type: ignore[arg-type]

    monkeypatch.setattr(index_store, "build_columns", counted)
    return parsed


def test_first_load_builds_the_index_and_the_next_one_uses_it(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = _parses(monkeypatch)
    first = load(feed)
    _check_answers(first)
    _settle(feed)
    read: list[int] = []
    monkeypatch.setattr(index_store.TextFile, "blocks", lambda *_: read.append(1) or iter(()))
    second = load(feed)
    _check_answers(second)
    assert (parsed, read) == (["text"], [])
    assert first == second == Snapshot(Header(7, "Example"), RECORDS)
    assert (second.serial, second.registry) == (7, "Example")


def test_index_stands_beside_its_text_under_its_digest(feed: Path) -> None:
    digest = load(feed).digest.removeprefix("sha256:")
    assert _index_of(feed).name == f"feed.sha256-{digest}.index"
    assert sorted(path.name for path in feed.parent.iterdir()) == ["feed", _index_of(feed).name]


def test_small_snapshot_has_no_index(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from licet.snapshot import store

    monkeypatch.setattr(store, "INDEXED_BYTES_MIN", len(FORM) + 1)
    _check_answers(load(feed))
    assert [path.name for path in feed.parent.iterdir()] == ["feed"]


def test_wrong_text_is_refused_with_its_line(feed: Path) -> None:
    lines = FORM.splitlines(keepends=True)
    feed.write_bytes(b"".join([*lines[:5], lines[4], *lines[5:]]))
    with pytest.raises(BadFile, match="line 6: is the record before it again"):
        load(feed)
    feed.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(BadFile, match=r"line 1: announces 1999 records and holds 1998"):
        load(feed)
    feed.write_bytes(FORM[:-1])
    with pytest.raises(BadFile, match="cut short"):
        load(feed)
    assert list(feed.parent.iterdir()) == [feed]


OTHER = FORM.replace(b'"v77.example.net","port":51820,"protocol":"wireguard","service":"SVC-0077"',
                     b'"v77.example.net","port":51820,"protocol":"wireguard","service":"SVC-9977"')


def _same_size_and_times(feed: Path) -> None:
    """Write other bytes into the file and give it its old times: only ctime tells."""
    before = feed.stat()
    feed.write_bytes(OTHER)
    os.utime(feed, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(feed: Path) -> None:
    new = feed.with_name("new")
    new.write_bytes(OTHER)
    new.replace(feed)


def _longer(feed: Path) -> None:
    feed.write_bytes(OTHER.replace(b"v1.example.net", b"v01.example.net"))


@pytest.mark.parametrize("change", [_same_size_and_times, _replaced, _longer])
@pytest.mark.parametrize("settled", [False, True])
def test_index_of_another_text_is_not_used(feed: Path, change: Callable[[Path], None], settled: bool) -> None:
    load(feed)
    change(feed)
    if settled:
        _settle(feed)
    snapshot = load(feed)
    assert [record.name for record in snapshot.by_service("SVC-9977")] == ["v77.example.net"]
    assert _index_of(feed).name == f"feed.{snapshot.digest.replace(':', '-')}.index", "the old one is gone"


def test_same_bytes_in_another_file_keep_their_index(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(feed)
    parsed = _parses(monkeypatch)
    copy = feed.with_name("copy")
    shutil.copy(feed, copy)
    copy.replace(feed)
    _check_answers(load(feed))
    assert parsed == []
    _settle(feed)
    monkeypatch.delattr(index_store.TextFile, "blocks")
    _check_answers(load(feed))


def test_index_as_young_as_its_text_is_not_believed_by_times(feed: Path) -> None:
    """A change right after the index was made can leave size and times as they were."""
    load(feed)
    feed.write_bytes(OTHER)
    _index_of(feed).write_bytes(_retied(feed))
    assert [record.name for record in load(feed).by_service("SVC-9977")] == ["v77.example.net"]


def test_index_that_somebody_else_could_write_is_not_used(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(feed)
    _settle(feed)
    _index_of(feed).chmod(0o666)
    parsed = _parses(monkeypatch)
    _check_answers(load(feed))
    assert parsed == ["text"]
    assert _index_of(feed).stat().st_mode & 0o022 == 0


def test_index_is_as_private_as_its_text(feed: Path) -> None:
    feed.chmod(0o600)
    load(feed)
    assert _index_of(feed).stat().st_mode & 0o777 == 0o600


def test_link_in_the_place_of_an_index_is_not_followed(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(feed)
    _settle(feed)
    index = _index_of(feed)
    index.rename(feed.with_name("elsewhere"))
    index.symlink_to("elsewhere")
    parsed = _parses(monkeypatch)
    _check_answers(load(feed))
    assert parsed == ["text"]
    assert not _index_of(feed).is_symlink()


def test_folder_that_is_read_only_has_its_index_in_the_cache(feed: Path, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_writing(monkeypatch, feed.parent)
    _check_answers(load(feed))
    assert list(feed.parent.iterdir()) == [feed]
    cached = tmp_path / "cache" / "licet"
    (index,) = cached.iterdir()
    later = feed.stat().st_ctime_ns + LATER_NS
    os.utime(index, ns=(later, later))
    parsed = _parses(monkeypatch)
    _check_answers(load(feed))
    assert parsed == []


def test_without_any_folder_to_write_to_the_index_stays_in_memory(feed: Path, tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_writing(monkeypatch, feed.parent, tmp_path / "cache" / "licet")
    _check_answers(load(feed))
    assert list(feed.parent.iterdir()) == [feed]


def _refuse_writing(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """Tests may run as root, who may write anywhere."""
    write = index_store._write

    def refused(path: Path, pieces: object, mode: int) -> None:
        if path.parent in folders:
            raise PermissionError
        write(path, pieces, mode)  # type: ignore[arg-type]

    monkeypatch.setattr(index_store, "_write", refused)


def test_cache_keeps_few_indexes_of_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / str(number) for number in range(index_store.CACHED_MAX + 2)]
    _refuse_writing(monkeypatch, *folders)
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "feed").write_bytes(write_form(Header(serial=number + 1), RECORDS[:5]))
        load(folder / "feed")
    assert len(list((tmp_path / "cache" / "licet").iterdir())) == index_store.CACHED_MAX


@pytest.mark.parametrize("name", ["feed.sha256-" + "0" * 63 + ".index", "feed.index", "feed.sha256-x", "feeder"])
def test_other_files_are_left_alone(feed: Path, name: str) -> None:
    other = feed.with_name(name)
    other.write_bytes(b"somebody's")
    load(feed)
    assert other.read_bytes() == b"somebody's"


def test_text_that_changes_while_it_is_used_is_refused(feed: Path) -> None:
    snapshot = load(feed)
    feed.write_bytes(FORM[:1000])
    with pytest.raises(BadFile, match="was changed while it was being used"):
        snapshot.at_address("192.0.2.10")


def test_text_that_is_replaced_while_it_is_used_stays_what_it_was(feed: Path) -> None:
    snapshot = load(feed)
    _replaced(feed)
    _check_answers(snapshot)


SOUND = index_bytes(FORM)


def _damaged(data: st.DataObject, raw: bytes) -> bytes:
    kind = data.draw(st.sampled_from(("byte", "cut", "longer", "block", "zeros", "foreign")))
    at = data.draw(st.integers(0, len(raw) - 1) | st.integers(0, 700))
    if kind == "cut":
        return raw[:at]
    if kind == "longer":
        return raw + data.draw(st.binary(min_size=1, max_size=BLOCK_BYTES))
    if kind == "foreign":
        return data.draw(st.binary(max_size=2_000))
    size = {"byte": 1, "block": BLOCK_BYTES, "zeros": data.draw(st.integers(1, 9_000))}[kind]
    new = bytes(size) if kind == "zeros" else data.draw(st.binary(min_size=1, max_size=1)) * size
    return (raw[:at] + new + raw[at + size:])[: len(raw)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damaged_index_changes_no_answer(feed: Path, data: st.DataObject) -> None:
    if not list(feed.parent.glob("*.index")):
        load(feed)
    _index_of(feed).write_bytes(_damaged(data, _retied(feed)))
    _settle(feed)
    _check_answers(load(feed))


def _retied(feed: Path) -> bytes:
    """The sound index, tied to the file as it stands: when it is damaged, nothing else gives that away."""
    sound, status = Index(memoryview(SOUND)), feed.stat()
    tie = index_store.Tie(sound.tie.digest, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return b"".join(sound.retied(tie))


@given(record_lists, st.data())
def test_index_with_right_checksums_and_wrong_numbers_invents_nothing(records: list[Record],
                                                                      data: st.DataObject) -> None:
    """An index that was made of another registry of the same length, say: it may be built again, and may not lie."""
    others = data.draw(record_lists)
    other = index_bytes(write_form(Header(serial=1), others))
    snapshot = mapped(records, lambda _: other)
    for address in ASKED:
        found = snapshot.at_address(address)
        assert set(found) <= set(naive_at(records, address))
    for handle in ("SVC-7F3K", "SVC-0001"):
        assert all(record.service == handle for record in snapshot.by_service(handle))


COLUMNS = [one.name for one in fields(Columns)]


@pytest.mark.parametrize("damage", [bytes, lambda size: b"\xff" * size], ids=["zeros", "ones"])
@pytest.mark.parametrize("column", COLUMNS)
def test_column_of_other_numbers_is_found_out(feed: Path, column: str, damage: Callable[[int], bytes]) -> None:
    """Zeros would make a search find nothing, which no look at the text could tell from the truth."""
    load(feed)
    raw, number = _retied(feed), COLUMNS.index(column)
    starts = Index(memoryview(raw))._places[::2]
    start, end = starts[number], [*starts, len(raw)][number + 1]
    _index_of(feed).write_bytes(raw[:start] + damage(end - start)[: end - start] + raw[end:])
    _settle(feed)
    _check_answers(load(feed))


@pytest.mark.parametrize("at", range(16, 80))
def test_head_that_was_changed_is_found_out(feed: Path, at: int) -> None:
    load(feed)
    raw = bytearray(_retied(feed))
    raw[at] ^= 1
    _index_of(feed).write_bytes(raw)
    _settle(feed)
    _check_answers(load(feed))


def test_networks_in_a_circle_come_to_an_end() -> None:
    form = write_form(Header(serial=1), RECORDS[-2:])
    start = form.index(b"\n") + 1
    columns = build_columns(read_lines("feed", whole_lines(slices(form, start))), start)
    columns.parents[0] = 1
    circle = b"".join(pack_index(columns, Tie(bytes(32), len(form), 0, 0, 0)))
    snapshot = mapped(RECORDS[-2:], lambda _: circle)
    assert list(snapshot.at_address("192.0.2.1")) == RECORDS[-1:]


@given(st.binary(max_size=3_000))
def test_nonsense_is_no_index(raw: bytes) -> None:
    for content in (raw, SOUND[: len(raw)], SOUND[:16] + raw):
        with pytest.raises(DamagedIndex):
            Index(memoryview(content))
