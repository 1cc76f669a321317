"""An independent implementation (tlog-scales, Apache-2.0) reads our folder, our checkpoint, our proofs, and we its."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from licet.tlog.checkpoint import open_checkpoint
from licet.tlog.cosignature import cosigners
from licet.tlog.merkle import is_consistent, is_included, leaf_hash
from licet.tlog.note import read_verifier_key
from licet.tlog.proof_file import read_proof, write_proof
from licet.tlog.store import FolderReader
from licet.tlog.tree import Tree
from licet.tlog.verify import verified_leaves
from tlog.logs import KEY, ORIGIN, fill, leaves
from tlog.test_notes import WITNESS, cosignature

backend = pytest.importorskip("tlog_scales.backend", reason="tlog-scales is in the dev group")
reader = pytest.importorskip("tlog_scales.reader")
signing = pytest.importorskip("tlog_scales.signing")
theirs = pytest.importorskip("tlog_scales.tlog")


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1_000, 66_000])
def test_it_reads_our_log_and_computes_the_same_proofs(tmp_path: Path, size: int) -> None:
    store = fill(tmp_path, size, batch=20_000)
    raw = store.read("checkpoint", 10_000)
    assert raw is not None
    read = reader.TilesReader(backend.LocalBackend(tmp_path))
    found = read.get_checkpoint()
    found.verify(signing.Vkey.from_string(str(KEY.verifier)))
    assert (found.origin, found.size) == (ORIGIN, size)
    assert read.calculate_root_hash() == found.root_hash
    tree, told = Tree(store, size), list(leaves(size))
    for index in {0, size // 3, size // 2, size - 1}:
        assert read.get_entry(index) == told[index]
        path = read_proof(write_proof(index, tree.inclusion(index), told[index], raw)).path
        theirs.InclusionProof(index, size, list(path)).check(leaf_hash(told[index]), found.root_hash)
        assert is_included(leaf_hash(told[index]), index, size, read.get_inclusion_proof(index, size).node_hashes,
                           found.root_hash)
    for old in {1, size // 3 or 1, size // 2 or 1, size}:
        theirs.ConsistencyProof(old, size, tree.consistency(old)).check(tree.root(old), found.root_hash)
        assert is_consistent(old, tree.root(old), size, found.root_hash,
                             read.get_consistency_proof(old, size).node_hashes)


def test_it_verifies_our_cosignatures_and_we_its_checkpoints() -> None:
    seed = hashlib.sha256(b"theirs").digest()
    signer = signing.PlainEd25519Signer("theirs.example.org", seed)
    text = theirs.Checkpoint.make_signed("theirs.example.org", 1, leaf_hash(b""), [signer]).serialize()
    checkpoint = open_checkpoint(text.encode(), read_verifier_key(signer.vkey.serialize()))
    assert (checkpoint.size, checkpoint.root) == (1, leaf_hash(b""))
    with_line = text + str(cosignature(checkpoint.note.text))
    found = theirs.Checkpoint.from_text(with_line)
    keys = signing.VkeySet(signing.Vkey.from_string(str(WITNESS)), signer.vkey)
    assert len(keys.verify(found.signatures, found)) == 2
    opened = open_checkpoint(with_line.encode(), read_verifier_key(signer.vkey.serialize()))
    assert cosigners(opened, (WITNESS,)) == {WITNESS.name: 1_700_000_000}


def test_we_verify_the_log_that_it_writes(tmp_path: Path) -> None:
    writer = pytest.importorskip("tlog_scales.writer")
    signer = signing.PlainEd25519Signer(ORIGIN, hashlib.sha256(b"theirs").digest())
    told = list(leaves(600))
    log = writer.TilesWriter.create(tmp_path / "log", ORIGIN)
    for block in (told[:200], told[200:]):
        for leaf in block:
            log.add_leaf(leaf)
        log.commit([signer])
    folder = tmp_path / "log"
    checkpoint = open_checkpoint((folder / "checkpoint").read_bytes(), read_verifier_key(signer.vkey.serialize()))
    found = [leaf for _, block in verified_leaves(FolderReader(folder), checkpoint) for leaf in block]
    assert found == told
