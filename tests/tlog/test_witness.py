"""Witnesses: what they cosign is published, and a log that was split or wound back is not."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from licet.errors import BadInput, LogBroken, Malformed, Unavailable
from licet.tlog.checkpoint import open_checkpoint, read_checkpoint
from licet.tlog.cosignature import cosigners
from licet.tlog.fetch import Answer
from licet.tlog.store import FolderStore
from licet.tlog.tree import Tree
from licet.tlog.witness import Witness, Witnesses, add_checkpoint, request_body
from licet.tlog.writer import Writer
from support.witness import SmallWitness, serving
from tlog.logs import KEY, OTHER_KEY, fill, leaves
from tlog.test_notes import SOFA


class Direct:
    """A witness without a network."""

    def __init__(self, witness: SmallWitness) -> None:
        self.witness = witness

    def post(self, path: str, body: bytes) -> Answer:
        assert path == "add-checkpoint"
        return Answer(*self.witness.add_checkpoint(body))


def writer_with(store: FolderStore, *witnesses: SmallWitness, quorum: int) -> Writer:
    asked = Witnesses([Witness(one.url, one.key) for one in witnesses], quorum)
    return Writer(store, KEY, asked.cosign, asked.policy)


def test_the_request_is_that_of_the_specification() -> None:
    checkpoint = read_checkpoint(SOFA.encode())
    path = ["PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk="]
    body = request_body(20_852_014, [base64.b64decode(line) for line in path], checkpoint)
    assert body.decode() == "old 20852014\n" + "\n".join(path) + "\n\n" + SOFA


def test_a_log_is_cosigned_as_it_grows(tmp_path: Path) -> None:
    store = fill(tmp_path, 300)
    with serving(SmallWitness("w1.example.org", KEY.verifier)) as one, \
            serving(SmallWitness("w2.example.org", KEY.verifier)) as two:
        for size in (301, 600, 1_000):
            with store.hold():
                writer = writer_with(store, one, two, quorum=2)
                writer.append(list(leaves(size, writer.size)))
                writer.publish()
            published = open_checkpoint((tmp_path / "checkpoint").read_bytes(), KEY.verifier)
            assert published.size == size == one.size == two.size
            assert set(cosigners(published, (one.key, two.key))) == {"w1.example.org", "w2.example.org"}
        assert one.asked == 4  # once more at the start: it had seen nothing, and said so


def test_too_few_witnesses_publish_nothing(tmp_path: Path) -> None:
    store = fill(tmp_path, 300)
    before = (tmp_path / "checkpoint").read_bytes()
    gone = SmallWitness("gone.example.org", KEY.verifier)
    gone.url = "http://127.0.0.1:9"
    with serving(SmallWitness("w1.example.org", KEY.verifier)) as one:
        with store.hold():
            writer = writer_with(store, one, gone, quorum=2)
            writer.append([b"waits"])
            with pytest.raises(Unavailable, match="1 witnesses cosigned, 2 are needed"):
                writer.publish()
        assert (tmp_path / "checkpoint").read_bytes() == before
        with store.hold():
            assert writer_with(store, one, gone, quorum=1).publish().size == 301


def test_a_split_view_is_refused(tmp_path: Path) -> None:
    """The same key signs two logs: the witness has seen one of them, and the other is not published."""
    with serving(SmallWitness("w1.example.org", KEY.verifier)) as one:
        logs = [FolderStore(tmp_path / name) for name in ("a", "b", "c")]
        for store, more in zip(logs, (b"told to one", b"told to the other", b"longer"), strict=True):
            fill(store.folder, 300)
            (store.folder / "checkpoint").unlink()
            with store.hold():
                writer = writer_with(store, one, quorum=1)
                writer.append([more] * (1 if more != b"longer" else 9))
                if store is logs[0]:
                    writer.publish()
                    continue
                with pytest.raises(LogBroken) as caught:
                    writer.publish()
                assert caught.value.code == "split_view"
            assert not (store.folder / "checkpoint").exists()


def test_a_folder_that_was_wound_back_is_refused(tmp_path: Path) -> None:
    with serving(SmallWitness("w1.example.org", KEY.verifier)) as one:
        for name, size in (("new", 500), ("old", 400)):
            store = fill(tmp_path / name, size - 1)
            with store.hold():
                writer = writer_with(store, one, quorum=1)
                writer.append(list(leaves(size, size - 1)))
                if name == "new":
                    writer.publish()
                    continue
                with pytest.raises(LogBroken, match="rolled_back"):
                    writer.publish()


@pytest.mark.parametrize(("answer", "error"), [
    (Answer(200, "", b""), Malformed), (Answer(200, "", b"\xff\n"), Malformed),
    (Answer(200, "", b"hello\n"), Malformed),
    (Answer(200, "", "— w1.example.org AAAAAAAA\n".encode()), Malformed), (Answer(403, "", b""), Unavailable),
    (Answer(500, "", b"x" * 60_000), Unavailable), (Answer(409, "", b"many"), Unavailable),
    (Answer(409, "", b"0\n"), LogBroken), (Answer(422, "", b""), LogBroken), (Answer(409, "", b"999\n"), LogBroken),
])  # fmt: skip
def test_any_answer_of_a_witness_ends_in_a_sentence(tmp_path: Path, answer: Answer, error: type[Exception]) -> None:
    class Fixed:
        def post(self, path: str, body: bytes) -> Answer:
            return answer

    store = fill(tmp_path, 3)
    head = open_checkpoint((tmp_path / "checkpoint").read_bytes(), KEY.verifier)
    with pytest.raises(error):
        add_checkpoint(Fixed(), SmallWitness("w1.example.org", KEY.verifier).key, head, Tree(store, 3), 0)


def test_a_witness_that_never_agrees_on_a_size_is_given_up(tmp_path: Path) -> None:
    class Moving:
        size = 1

        def post(self, path: str, body: bytes) -> Answer:
            self.size = 3 - self.size
            return Answer(409, "text/x.tlog.size", str(self.size).encode())

    store = fill(tmp_path, 3)
    head = open_checkpoint((tmp_path / "checkpoint").read_bytes(), KEY.verifier)
    with pytest.raises(Unavailable, match="another size each time"):
        add_checkpoint(Moving(), SmallWitness("w1.example.org", KEY.verifier).key, head, Tree(store, 3), 0)


def test_the_witness_of_these_tests_knows_its_log_alone(tmp_path: Path) -> None:
    store = fill(tmp_path, 3, OTHER_KEY)
    head = open_checkpoint((tmp_path / "checkpoint").read_bytes(), OTHER_KEY.verifier)
    witness = SmallWitness("w1.example.org", KEY.verifier)
    with pytest.raises(Unavailable, match="403"):
        add_checkpoint(Direct(witness), witness.key, head, Tree(store, 3), 0)
    with pytest.raises(BadInput, match="no URL"):
        Witnesses([Witness("w1.example.org", witness.key)], 1)
