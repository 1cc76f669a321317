"""Open a capture: a file, standard input or a folder of files; gzip and zstd by their magic bytes.

What comes out is a stream of blocks of bytes. Record layouts are `flow/records.py`'s business: here only the first
bytes are looked at, to tell a capture from another file.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, Protocol

from licet.errors import BadFile, Malformed, Truncated

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

BLOCK_BYTES = 1 << 18
ZSTD_WINDOW_BYTES_MAX = 1 << 27  # zstd's own default limit; a frame that wants more is refused, not obeyed.
STDIN = "-"

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
CAPTURE_MAGICS = frozenset(bytes.fromhex(magic) for magic in (
    "a1b2c3d4", "d4c3b2a1",  # pcap, microseconds
    "a1b23c4d", "4d3cb2a1",  # pcap, nanoseconds
    "a1b2cd34", "34cdb2a1",  # pcap with the longer record header of old Linux patches
    "0a0d0d0a",  # pcapng
))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class CaptureStream:
    """One open capture.

    path: as the user gave it; size_bytes: of the file as stored, None for standard input. `read` raises Truncated or
    Malformed where compressed data ends early or is damaged, and BadFile where the disk fails.
    """

    def __init__(self, path: str, raw: BinaryIO, size_bytes: int | None) -> None:
        self.path, self.size_bytes = path, size_bytes
        self._raw = raw
        self._kind = "gzip"
        self._pending = b""
        head = self._read_raw_head()
        self._plain_file = isinstance(raw, io.FileIO) and not head.startswith((_GZIP, _ZSTD))
        if self._plain_file:
            self._pending = head
            self._source: _Readable = raw
            return
        stored = io.BufferedReader(_Chain(head, raw), BLOCK_BYTES)
        self._source = stored
        if head.startswith(_GZIP):
            self._source = gzip.GzipFile(fileobj=stored, mode="rb")
        elif head.startswith(_ZSTD):
            import zstandard

            self._kind = "zstd"
            unpacker = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES_MAX)
            self._source = unpacker.stream_reader(stored, read_across_frames=True)

    def _read_raw_head(self) -> bytes:
        head = b""
        while len(head) < 4:
            more = self._raw.read(4 - len(head))
            if not more:
                break
            head += more
        return head

    def sniff(self) -> bool:
        """True if what comes is a capture. Nothing is lost: the bytes are read again later."""
        while len(self._pending) < 4:
            more = self._read_source(4 - len(self._pending))
            if not more:
                break
            self._pending += more
        return self._pending in CAPTURE_MAGICS

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end."""
        if self._pending:
            block, self._pending = self._pending[:size], self._pending[size:]
            return block
        return self._read_source(size)

    def readinto(self, space: memoryview) -> int:
        """Read into `space`, without a copy in between where the file is not compressed; 0 at the end."""
        if self._pending:
            block, self._pending = self._pending[: len(space)], self._pending[len(space) :]
            space[: len(block)] = block
            return len(block)
        if self._plain_file:
            try:
                return self._raw.readinto(space) or 0  # type: ignore[attr-defined]  # FileIO has it, BinaryIO has not
            except OSError as error:
                raise BadFile(self.path, f"reading failed: {error.strerror or error}") from None
        block = self._read_source(len(space))
        space[: len(block)] = block
        return len(block)

    def _read_source(self, size: int) -> bytes:
        try:
            return self._source.read(size)
        except EOFError:
            raise Truncated(f"the {self._kind} data ends early") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise Malformed(f"the gzip data is damaged ({error})") from None
        except OSError as error:
            raise BadFile(self.path, f"reading failed: {error.strerror or error}") from None
        except Exception as error:
            # zstandard.ZstdError, named by its text so that the library is imported only where it is needed.
            if type(error).__name__ != "ZstdError":
                raise
            raise Malformed(f"the zstd data is damaged ({error})") from None

    def bytes_done(self) -> int:
        """How far into the stored file reading has come, for a progress bar."""
        try:
            return self._raw.tell()
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        if self.path != STDIN:
            self._raw.close()

    def __enter__(self) -> CaptureStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Chain(io.RawIOBase):
    """The bytes already looked at, then the rest of the file; what a decompressor reads from."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer, /) -> int:
        view = memoryview(target)
        piece = self._head[: len(view)] or self._rest.read(len(view))
        self._head = self._head[len(piece) :]
        view[: len(piece)] = piece
        return len(piece)


def open_capture(path: str) -> CaptureStream:
    """Open one file or `-`. Raises BadFile in one sentence: missing, a folder, not allowed, a device."""
    if path == STDIN:
        return CaptureStream(path, sys.stdin.buffer, None)
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise BadFile(path, "is a folder")
        raw = open(path, "rb", buffering=0)  # noqa: SIM115 (closed by CaptureStream)
        return CaptureStream(path, raw, status.st_size if stat.S_ISREG(status.st_mode) else None)
    except OSError as error:
        raise BadFile(path, f"cannot be opened: {error.strerror or error}") from None


def check_readable(paths: Sequence[str]) -> None:
    """Raise BadFile for the first path that is missing or may not be read."""
    for path in paths:
        if path == STDIN:
            continue
        if not os.path.exists(path):
            raise BadFile(path, "there is no such file or folder")
        if not os.access(path, os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK):
            raise BadFile(path, "may not be read by this user")


def stored_bytes(paths: Sequence[str]) -> int | None:
    """How much there is to read, for a progress bar; None where standard input or a device is among it.

    Raises BadFile as `check_readable` does.
    """
    check_readable(paths)
    total = 0
    for path in paths:
        if path == STDIN:
            return None
        for file, _ in find_captures(path):
            status = os.stat(file)
            if not stat.S_ISREG(status.st_mode):
                return None
            total += status.st_size
    return total


def find_captures(path: str) -> Iterator[tuple[str, bool]]:
    """The files to read for one argument, each with whether the user named it: a file itself, or every file below a
    folder in a stable order. Links to folders are not followed. Raises BadFile on a folder that cannot be read."""
    if path == STDIN or not os.path.isdir(path):
        yield path, True
        return

    def refuse(error: OSError) -> None:
        raise BadFile(error.filename or path, f"cannot be read: {error.strerror or error}") from None

    for folder, folders, names in os.walk(path, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            if os.path.isfile(file):
                yield file, False
