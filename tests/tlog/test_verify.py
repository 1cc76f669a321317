"""Verifying a whole log: it holds, and every way to change it is found and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from licet.app.log import make_trust, read_checkpoint_of, verified_json, verify_log
from licet.errors import BadInput, LogBroken
from licet.model.canonical import sha256_digest
from licet.tlog.checkpoint import read_checkpoint
from licet.tlog.entry import leaf_of
from licet.tlog.note import Note, NoteSignature
from licet.tlog.store import FolderStore
from licet.tlog.tile import read_bundle, write_bundle
from licet.tlog.tree import Tree
from licet.tlog.writer import Writer, body_path
from tlog.logs import KEY, OTHER_KEY, STORY, body, fill, leaves

TRUST = make_trust(str(KEY.verifier))
SIZE, LARGE = 3_000, 66_100  # the large one has a full tile on level 1, and one on level 2
SALT = "abcdefghijklmnopqrstuvwx"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that the tests below copy and harm, and an earlier checkpoint of it."""
    folder = tmp_path_factory.mktemp("kept")
    fill(folder / "log", 2_000)
    shutil.copy(folder / "log/checkpoint", folder / "earlier")
    fill(folder / "log", SIZE)
    return folder


@pytest.fixture
def log(kept: Path, tmp_path: Path) -> Path:
    shutil.copytree(kept / "log", tmp_path / "log", copy_function=_link)
    shutil.copy(kept / "earlier", tmp_path / "earlier")
    return tmp_path / "log"


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def rewrite(path: Path, raw: bytes) -> None:
    """Replace a file that may be linked elsewhere."""
    path.unlink()
    path.write_bytes(raw)


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    rewrite(path, bytes(raw))


def swap(path: Path, first: int, second: int) -> None:
    told = read_bundle(path.read_bytes(), 256)
    told[first], told[second] = told[second], told[first]
    rewrite(path, write_bundle(told))


def change(path: Path) -> None:
    """One entry says something else, of the same length."""
    rewrite(path, path.read_bytes().replace(b'"reason":"control_not_proven"', b'"reason":"false_statement000"', 1))


def fork(log: Path) -> None:
    """The key signs another history of the same length."""
    shutil.rmtree(log)
    store = FolderStore(log)
    with store.hold():
        writer = Writer(store, KEY)
        told = list(leaves(SIZE))
        last = read_last_story(told)
        writer.append([*last])
        writer.publish()


def read_last_story(told: list[bytes]) -> list[bytes]:
    """The same log with other handles."""
    found, previous = [], ""
    for number in range(len(told)):
        application, step = divmod(number, len(STORY))
        raw = body(step, f"APP-X{application:07d}", previous if step else "", number % (28 * 86_400))
        previous = sha256_digest(raw)
        found.append(raw)
    return found


def another_entry_everywhere(log: Path) -> None:
    """An entry is changed with all the tiles above it; only the key to sign it is not there."""
    published = (log / "checkpoint").read_bytes()
    shutil.rmtree(log)
    store = FolderStore(log)
    with store.hold():
        writer = Writer(store, OTHER_KEY)
        writer.append(read_last_story(list(leaves(SIZE))))
        writer.publish()
    (log / "checkpoint").write_bytes(published)


def forge(path: Path) -> None:
    """A signature by somebody else, under the name and the id of the log's key."""
    theirs = read_checkpoint(OTHER_KEY.checkpoint(SIZE, read_checkpoint(path.read_bytes()).root)).note
    line = NoteSignature(KEY.origin, KEY.verifier.key_id, theirs.signatures[0].payload)
    rewrite(path, str(Note(theirs.text, (line,))).encode())


# What was done, the code it is found by, and what the sentence names.
CORRUPTIONS: tuple[tuple[str, Callable[[Path], None], str, str], ...] = (
    ("bit flip in a tile", lambda log: flip(log / "tile/0/007", 40), "tile_changed", "tile/0/007"),
    ("bit flip in the last tile", lambda log: flip(log / "tile/0/011.p/184", 40), "tile_changed", "tile/0/011.p/184"),
    ("bit flip on level 1", lambda log: flip(log / "tile/1/000.p/11", 300), "tile_changed", "tile/1/000.p/11"),
    ("bit flip in a bundle", lambda log: flip(log / "tile/entries/007", 30), "entry_changed", "entry 1,792"),
    ("bit flip in the last bundle", lambda log: flip(log / "tile/entries/011.p/184", 30), "entry_changed",
     "entry 2,816"),
    ("dropped tile", lambda log: (log / "tile/0/010").unlink(), "tile_missing", "tile/0/010"),
    ("dropped tile of level 1", lambda log: (log / "tile/1/000.p/11").unlink(), "tile_missing", "tile/1/000"),
    ("dropped bundle", lambda log: (log / "tile/entries/010").unlink(), "bundle_missing", "tile/entries/010"),
    ("swapped leaves", lambda log: swap(log / "tile/entries/003", 5, 9), "leaves_swapped", "entry 773"),
    ("changed entry", lambda log: change(log / "tile/entries/002"), "entry_changed", "entry 51"),
    ("truncated tile", lambda log: rewrite(log / "tile/0/009", (log / "tile/0/009").read_bytes()[:-1]),
     "tile_truncated", "tile/0/009"),
    ("truncated bundle", lambda log: rewrite(log / "tile/entries/009", (log / "tile/entries/009").read_bytes()[:-5]),
     "bundle_truncated", "tile/entries/009"),
    ("tile with more in it", lambda log: rewrite(log / "tile/0/009", (log / "tile/0/009").read_bytes() + b"x"),
     "tile_damaged", "tile/0/009"),
    ("dropped checkpoint", lambda log: (log / "checkpoint").unlink(), "checkpoint_missing", "checkpoint"),
    ("truncated checkpoint", lambda log: rewrite(log / "checkpoint", (log / "checkpoint").read_bytes()[:60]),
     "checkpoint_damaged", "checkpoint"),
    ("forged signature", lambda log: forge(log / "checkpoint"), "signature_forged", "checkpoint"),
    ("another key", lambda log: rewrite(log / "checkpoint", OTHER_KEY.checkpoint(SIZE, bytes(32))), "not_signed",
     "checkpoint"),
    ("wrong origin", lambda log: rewrite(log / "checkpoint", (log / "checkpoint").read_bytes().replace(
        b"registry.example.net", b"registry.example.org")), "wrong_origin", "registry.example.org"),
    ("old checkpoint", lambda log: rewrite(
        log / "checkpoint", KEY.checkpoint(300, Tree(FolderStore(log), SIZE).root(300))),
     "rolled_back", "300"),
    ("forked tree", fork, "forked", "2,000"),
    ("another log under the old checkpoint", another_entry_everywhere, "root_differs", "checkpoint"),
)  # fmt: skip


def test_a_log_holds_and_continues_its_earlier_checkpoint(log: Path) -> None:
    found = verify_log(str(log), TRUST, [str(log.parent / "earlier")])
    assert found.checkpoint.size == SIZE == read_checkpoint_of(str(log), TRUST).size
    told = verified_json(found)
    assert told["subjects"] == {"application": {"in_review": 1, "refused": SIZE // 7}}  # 3,000 is 428 stories, and 4
    assert sum(one["entries"] for one in told["entries_by"]) == SIZE  # type: ignore[attr-defined]
    json.dumps(told)


@pytest.mark.parametrize(("harm", "code", "named"), [one[1:] for one in CORRUPTIONS],
                         ids=[one[0] for one in CORRUPTIONS])
def test_what_was_done_to_a_log_is_found_and_named(log: Path, harm: Callable[[Path], None], code: str,
                                                   named: str) -> None:
    harm(log)
    with pytest.raises(LogBroken) as caught:
        verify_log(str(log), TRUST, [str(log.parent / "earlier")])
    assert caught.value.code == code
    assert named in str(caught.value)
    assert caught.value.exit_status == 4


def test_a_bit_flip_is_found_on_every_level(tmp_path: Path) -> None:
    fill(tmp_path, LARGE, batch=35_000)
    assert verify_log(str(tmp_path), TRUST).checkpoint.size == LARGE
    for path in ("tile/2/000.p/1", "tile/1/001.p/2", "tile/1/000"):
        flip(tmp_path / path, 3)
        with pytest.raises(LogBroken, match=f"{path}.*tile_changed"):
            verify_log(str(tmp_path), TRUST)
        flip(tmp_path / path, 3)


def test_an_earlier_checkpoint_must_be_of_this_log(log: Path) -> None:
    (log.parent / "forged").write_bytes(OTHER_KEY.checkpoint(1, bytes(32)))
    with pytest.raises(LogBroken, match="not_signed"):
        verify_log(str(log), TRUST, [str(log.parent / "forged")])


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 2_816, 3_000])
def test_every_earlier_size_is_compared(log: Path, size: int) -> None:
    earlier = log.parent / "at"
    earlier.write_bytes(KEY.checkpoint(size, Tree(FolderStore(log), SIZE).root(size)))
    assert verify_log(str(log), TRUST, [str(earlier)]).checkpoint.size == SIZE
    if size:
        earlier.write_bytes(KEY.checkpoint(size, bytes(32)))
        with pytest.raises(LogBroken, match="forked"):
            verify_log(str(log), TRUST, [str(earlier)])


def small(folder: Path, *raws: bytes) -> Path:
    """A log with these entries, and their bodies where they are kept apart."""
    store = FolderStore(folder)
    with store.hold():
        writer = Writer(store, KEY)
        for raw in raws:
            leaf, apart = leaf_of(raw)
            writer.append([leaf], {sha256_digest(apart): apart} if apart else None)
        writer.publish()
    return folder


def test_bodies_are_there_or_were_taken_back_with_a_reason(tmp_path: Path) -> None:
    apart = body(0, "APP-7F3K", "", details={"endpoint": "192.0.2.10:51820/udp wireguard"}, salt=SALT)
    digest = sha256_digest(apart)
    log = small(tmp_path / "log", apart)
    assert verify_log(str(log), TRUST).bodies == 1
    (log / body_path(digest)).write_bytes(apart.replace(b"192.0.2.10", b"192.0.2.11"))
    with pytest.raises(LogBroken, match="body_changed"):
        verify_log(str(log), TRUST)
    (log / body_path(digest)).unlink()
    with pytest.raises(LogBroken, match="redaction without a reason"):
        verify_log(str(log), TRUST)
    redaction = body(0, "RED-7F3K", "", type="redaction", event="redact", to="redacted", role="officer",
                     redactions=[{"digest": digest, "reason": "court_order"}])
    small(log, redaction)
    found = verify_log(str(log), TRUST)
    assert (found.bodies, found.redacted) == (0, 1)
    small(log, body(0, "RED-8F3K", "", type="redaction", event="redact", to="redacted", role="officer",
                    redactions=[{"digest": digest, "reason": ""}]))
    with pytest.raises(LogBroken, match="redaction_without_reason"):
        verify_log(str(log), TRUST)


@pytest.mark.parametrize(("raw", "code"), [
    (b"no entry", "entry_malformed"), (body(1, "APP-7F3K", ""), "transition_illegal"),
    (body(0, "APP-7F3K", "sha256:" + "0" * 64), "chain_broken"),
])  # fmt: skip
def test_a_registry_that_logs_what_may_not_be_is_found(tmp_path: Path, raw: bytes, code: str) -> None:
    store = FolderStore(tmp_path)
    with store.hold():
        writer = Writer(store, KEY)
        writer.append([*leaves(300), raw])
        writer.publish()
    with pytest.raises(LogBroken) as caught:
        verify_log(str(tmp_path), TRUST)
    assert caught.value.code == code
    assert "300" in str(caught.value)


def test_keys_are_taken_as_text_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "log.key").write_text(f"{KEY.verifier}\n")
    assert make_trust(str(tmp_path / "log.key")) == TRUST
    for wrong in ("nothing", str(tmp_path), str(KEY.verifier)[:-1], KEY.text()):
        with pytest.raises(BadInput):
            make_trust(wrong)
    with pytest.raises(BadInput, match="cannot be had"):
        make_trust(str(KEY.verifier), quorum=1)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 2_000, 2_999, 3_000])
def test_a_few_tiles_show_that_an_earlier_checkpoint_is_continued(log: Path, size: int) -> None:
    earlier = log.parent / "at"
    earlier.write_bytes(KEY.checkpoint(size, Tree(FolderStore(log), SIZE).root(size)))
    shutil.rmtree(log / "tile/entries")
    assert read_checkpoint_of(str(log), TRUST, [str(earlier), str(log.parent / "earlier")]).size == SIZE
    if size:
        earlier.write_bytes(KEY.checkpoint(size, bytes(32)))
        with pytest.raises(LogBroken, match="forked"):
            read_checkpoint_of(str(log), TRUST, [str(earlier)])


def test_a_checkpoint_that_is_older_than_the_one_that_was_kept_is_refused(log: Path) -> None:
    (log.parent / "newer").write_bytes(KEY.checkpoint(SIZE + 1, bytes(32)))
    with pytest.raises(LogBroken, match="rolled_back"):
        read_checkpoint_of(str(log), TRUST, [str(log.parent / "newer")])
    (log.parent / "newer").write_bytes(OTHER_KEY.checkpoint(1, bytes(32)))
    with pytest.raises(LogBroken, match="not_signed"):
        read_checkpoint_of(str(log), TRUST, [str(log.parent / "newer")])
    fork(log)
    with pytest.raises(LogBroken, match="forked"):
        read_checkpoint_of(str(log), TRUST, [str(log.parent / "earlier")])
