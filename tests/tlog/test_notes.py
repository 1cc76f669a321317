"""Signed notes, checkpoints, cosignatures and proof files, against the examples of their specifications."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import BadInput, LogBroken, Malformed
from licet.tlog.checkpoint import open_checkpoint, read_checkpoint
from licet.tlog.cosignature import WitnessPolicy, cosigned_at, cosigned_message, cosigners, require_cosigned
from licet.tlog.merkle import EMPTY_ROOT, leaf_hash
from licet.tlog.note import COSIGNATURE, NoteSignature, VerifierKey, read_note, read_verifier_key
from licet.tlog.proof_file import read_proof, verify_proof, write_proof
from licet.tlog.signer import LogKey, read_log_key
from tlog.logs import KEY, ORIGIN, OTHER_KEY

# golang.org/x/mod/sumdb/note: the key and the note of its documentation and tests.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NOTE = ("If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n")
# The examples of C2SP signed-note, tlog-checkpoint with tlog-cosignature.
POEM = ("Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
        "— quasimodo.example/salvatore "
        "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n")
SOFA = ("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 "
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n")

WITNESS_SEED = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a witness").digest())
WITNESS = VerifierKey("witness.example.org", COSIGNATURE, WITNESS_SEED.public_key().public_bytes_raw())


def cosignature(text: str, time_s: int = 1_700_000_000, key: VerifierKey = WITNESS) -> NoteSignature:
    """What a witness answers."""
    signed = WITNESS_SEED.sign(cosigned_message(text, time_s))
    return NoteSignature(key.name, key.key_id, time_s.to_bytes(8, "big") + signed)


def test_the_example_of_go_verifies_and_reads_both_ways() -> None:
    key, note = read_verifier_key(VKEY), read_note(NOTE.encode())
    assert str(key) == VKEY
    assert str(note) == NOTE
    assert note.signatures[0].is_by(key)
    assert key.holds(note.signatures[0].payload, note.text.encode())
    assert not key.holds(note.signatures[0].payload, note.text.encode() + b" ")
    private = read_log_key(SKEY)
    assert private.text() == SKEY
    assert private.verifier == key


def test_the_examples_of_c2sp_read_both_ways() -> None:
    poem, sofa = read_note(POEM.encode()), read_checkpoint(SOFA.encode())
    assert str(poem) == POEM
    assert poem.text.endswith(":\n\ned è subito sera.\n")
    assert poem.signatures[0].key_id.hex() == "367ba04b"
    assert str(sofa.note) == SOFA
    assert (sofa.origin, sofa.size, sofa.root.hex()[:8]) == ("example.com/behind-the-sofa", 20_852_163, "0ac5186a")
    assert [len(one.payload) for one in sofa.note.signatures] == [64, 72]
    time_s = int.from_bytes(sofa.note.signatures[1].payload[:8], "big")
    assert cosigned_message(sofa.note.text, time_s) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")


@pytest.mark.parametrize("broken", [
    NOTE.replace("\n\n", "\n"), NOTE.removesuffix("\n"), NOTE.replace("— ", "- "), NOTE.replace("— ", "—  "),
    NOTE.replace("you think", "you\tthink"), NOTE.replace("PeterNeumann ", "Peter+N "),
    NOTE[:-10] + "!" * 9 + "\n",
    NOTE + "\n", "", "\n\n", NOTE.replace("x08go/ZJ", "x08=go/ZJ"), NOTE + "— a AAAAAA==\n",
])  # fmt: skip
def test_what_is_no_note_is_malformed(broken: str) -> None:
    with pytest.raises(Malformed):
        read_note(broken.encode())


def test_bounds_of_notes() -> None:
    line = NOTE.splitlines(keepends=True)[-1]
    assert len(read_note((NOTE + line * 15).encode()).signatures) == 16
    with pytest.raises(Malformed, match="64 signatures"):
        read_note((NOTE + line * 64).encode())
    with pytest.raises(Malformed, match="bytes"):
        read_note(b"x" * 300_000)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_note_or_malformed(raw: bytes) -> None:
    for read in (read_note, read_checkpoint, read_proof):
        with pytest.raises(Malformed):
            read(raw)


@given(st.text(alphabet="+-aAbB0/=\n —1", max_size=120))
def test_a_mangled_key_is_refused(mangled: str) -> None:
    for text in (mangled, VKEY + mangled.strip() + "x", VKEY.replace("c74f20a3", "c74f20a4"), VKEY[:-1] + "Q"):
        with pytest.raises(BadInput):
            read_verifier_key(text)
    with pytest.raises(BadInput):
        read_log_key(mangled)


def test_a_log_key_refuses_what_is_none_and_does_not_repeat_it() -> None:
    with pytest.raises(BadInput) as caught:
        read_log_key(SKEY.replace("c74f20a3", "c74f20a4"))
    assert "AYEKFALV" not in str(caught.value)
    with pytest.raises(BadInput, match="no name of a log"):
        LogKey("two words", bytes(32))


def test_a_checkpoint_opens_with_its_key_alone() -> None:
    raw = KEY.checkpoint(3, leaf_hash(b""))
    found = open_checkpoint(raw, KEY.verifier)
    assert (found.origin, found.size, found.root) == (ORIGIN, 3, leaf_hash(b""))
    unknown = raw + b"\xe2\x80\x94 someone.example AAAAAAAA\n"
    assert open_checkpoint(unknown, KEY.verifier).size == 3
    for broken, code in (
        (raw.replace(b"\n3\n", b"\n4\n"), "signature_forged"), (raw.replace(b"\n3\n", b"\n03\n"), "checkpoint_damaged"),
        (raw[:-40] + b"AAAA" + raw[-36:], "signature_forged"), (raw[:50], "checkpoint_damaged"),
        (raw.replace(ORIGIN.encode(), b"another.example.net/log"), "wrong_origin"),
        (OTHER_KEY.checkpoint(3, leaf_hash(b"")), "not_signed"),
    ):  # fmt: skip
        with pytest.raises(LogBroken) as caught:
            open_checkpoint(broken, KEY.verifier)
        assert caught.value.code == code


def test_a_checkpoint_has_one_form() -> None:
    raw = KEY.checkpoint(0, EMPTY_ROOT)
    assert read_checkpoint(raw).size == 0
    for broken in (raw.replace(b"\n0\n", b"\n-1\n"), raw.replace(b"\n0\n", b"\n1e3\n"), raw.replace(b"47DEQ", b"57DEQ"),
                   raw.replace(b"SuFU=", b"SuFV="), raw.replace(b"\n0\n", b"\n99999999999999999999\n")):
        with pytest.raises(Malformed):
            read_checkpoint(broken)


def test_cosignatures_are_counted_by_their_keys() -> None:
    raw = KEY.checkpoint(3, leaf_hash(b""))
    text = read_checkpoint(raw).note.text
    line = cosignature(text)
    assert cosigned_at(line, WITNESS, text) == 1_700_000_000
    assert cosigned_at(line, WITNESS, text + "x\n") is None
    assert cosigned_at(NoteSignature(line.name, line.key_id, line.payload[:-1]), WITNESS, text) is None
    earlier = (1_699_999_999).to_bytes(8, "big") + line.payload[8:]
    assert cosigned_at(NoteSignature(line.name, line.key_id, earlier), WITNESS, text) is None
    with_line = open_checkpoint(raw + str(line).encode() * 2, KEY.verifier)
    assert cosigners(with_line, (WITNESS,)) == {WITNESS.name: 1_700_000_000}
    assert require_cosigned(with_line, WitnessPolicy((WITNESS,), 1))
    with pytest.raises(LogBroken, match="not_witnessed"):
        require_cosigned(open_checkpoint(raw, KEY.verifier), WitnessPolicy((WITNESS,), 1))


def test_a_policy_must_be_one_that_can_be_met() -> None:
    for keys, quorum in (((), 1), ((WITNESS,), 2), ((WITNESS, WITNESS), 2), ((KEY.verifier,), 1), ((), -1)):
        with pytest.raises(ValueError):
            WitnessPolicy(keys, quorum)


def test_the_example_of_a_proof_file_reads() -> None:
    """tlog-proof's example, whose signatures are cut there: here they are those of a checkpoint above."""
    text = ("c2sp.org/tlog-proof@v1\nindex 73894\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
            "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\nEKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"
            "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\nAHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n\n")
    found = read_proof((text + SOFA).encode())
    assert (found.index, len(found.path), found.leaf, found.checkpoint) == (73_894, 5, None, SOFA.encode())
    assert base64.b64encode(found.path[0]).decode().startswith("gSKyXoYZ")


def test_a_proof_of_the_only_entry() -> None:
    raw = write_proof(0, [], b"leaf", KEY.checkpoint(1, leaf_hash(b"leaf")))
    checkpoint, index, leaf = verify_proof(raw, KEY.verifier)
    assert (checkpoint.size, index, leaf) == (1, 0, b"leaf")
    without = raw.replace(b"extra bGVhZg==\n", b"")
    assert verify_proof(without, KEY.verifier, leaf=b"leaf")[2] == b"leaf"
    for broken, code in (
        (raw.replace(b"bGVhZg==", b"bGVhZh=="), "proof_damaged"),
        (raw.replace(b"bGVhZg==", b"bGVhZw=="), "not_included"), (raw.replace(b"index 0", b"index 1"), "not_included"),
        (without, "proof_damaged"), (raw.replace(b"proof@v1", b"proof@v2"), "proof_damaged"),
        (raw[:40], "proof_damaged"),
        (raw.replace(b"index 0", b"index 00"), "proof_damaged"),
        (raw.replace(b"index 0\n", b"index 0\n" + base64.b64encode(bytes(32)) + b"\n"), "not_included"),
    ):  # fmt: skip
        with pytest.raises(LogBroken) as caught:
            verify_proof(broken, KEY.verifier)
        assert caught.value.code == code, broken
    with pytest.raises(LogBroken, match="not_signed"):
        verify_proof(raw, OTHER_KEY.verifier)
    with pytest.raises(LogBroken, match="not_witnessed"):
        verify_proof(raw, KEY.verifier, WitnessPolicy((WITNESS,), 1))
