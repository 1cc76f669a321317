"""Opening captures: plain, compressed, standard input, folders; and what cannot be opened."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys
from pathlib import Path

import pytest
import zstandard

from licet.capture.open import CaptureStream, check_readable, find_captures, open_capture, stored_bytes
from licet.errors import BadFile, Malformed, Truncated
from support.packets import START_NS, pcap

DATA = pcap([(START_NS, bytes(200))] * 50)


def _read_all(stream: CaptureStream) -> bytes:
    out = b""
    while block := stream.read(100):
        out += block
    return out


@pytest.mark.parametrize(
    "stored",
    [
        DATA,
        gzip.compress(DATA),
        gzip.compress(DATA[:100]) + gzip.compress(DATA[100:]),
        zstandard.compress(DATA),
        zstandard.compress(DATA[:100]) + zstandard.compress(DATA[100:]),
    ],
    ids=["plain", "gzip", "two gzip members", "zstd", "two zstd frames"],
)
def test_what_was_stored_comes_out_whatever_the_name(tmp_path: Path, stored: bytes) -> None:
    file = tmp_path / "capture.bin"
    file.write_bytes(stored)
    with open_capture(str(file)) as stream:
        assert stream.sniff()
        assert _read_all(stream) == DATA
        assert stream.bytes_done() == len(stored)


def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress(DATA))

    monkeypatch.setattr(sys, "stdin", Stdin)
    with open_capture("-") as stream:
        assert _read_all(stream) == DATA
        assert stream.size_bytes is None


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        (gzip.compress(DATA)[:-20], Truncated),
        (gzip.compress(DATA)[:12] + b"\xff" * 30, Malformed),
        (gzip.compress(DATA)[:-8] + bytes(8), Malformed),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 30, Malformed),
    ],
    ids=["gzip cut", "gzip overwritten", "gzip with a wrong checksum", "zstd overwritten"],
)
def test_damaged_compression_is_malformed(tmp_path: Path, stored: bytes, error: type[Malformed]) -> None:
    file = tmp_path / "capture.gz"
    file.write_bytes(stored)
    with open_capture(str(file)) as stream, pytest.raises(error):
        _read_all(stream)


def test_a_short_zstd_file_does_not_pass_for_a_whole_one(tmp_path: Path) -> None:
    file = tmp_path / "capture.zst"
    file.write_bytes(zstandard.compress(DATA)[:-3])
    with open_capture(str(file)) as stream, contextlib.suppress(Malformed):
        assert _read_all(stream) != DATA


def test_other_files_are_told_from_captures(tmp_path: Path) -> None:
    for content in (b"", b"ab", b"GIF89a", gzip.compress(b"hello")):
        (tmp_path / "file").write_bytes(content)
        with open_capture(str(tmp_path / "file")) as stream:
            assert not stream.sniff()


def test_a_folder_gives_its_files_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2.pcap", "b/1.pcap", "a.pcap", "c/d/e.pcap"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(DATA)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    found = [os.path.relpath(path, tmp_path) for path, named in find_captures(str(tmp_path)) if not named]
    assert found == ["a.pcap", "b/1.pcap", "b/2.pcap", "c/d/e.pcap"]
    assert stored_bytes([str(tmp_path)]) == 4 * len(DATA)


def test_a_missing_file_is_one_sentence() -> None:
    with pytest.raises(BadFile, match=r"nowhere\.pcap: there is no such file or folder"):
        check_readable(["nowhere.pcap"])
    with pytest.raises(BadFile, match="cannot be opened"):
        open_capture("nowhere.pcap")


def test_a_folder_is_not_opened_as_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is a folder"):
        open_capture(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything; run as another user to see this test")
def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "secret.pcap"
    file.write_bytes(DATA)
    file.chmod(0)
    with pytest.raises(BadFile, match="may not be read"):
        check_readable([str(file)])
