"""The index of a snapshot file on the disk: found, trusted or not, built, written.

    FILE                          the text, as it was published
    FILE.sha256-HEX.index         its index, in the same folder; where that is not writable, in licet's cache folder

**What ties them.** Loading must not read the text, or it would take as long as the text is. The index therefore keeps
inode, size, mtime and ctime of the text that it was made from, beside its digest, and is taken as it is only where all
four are still the same (ctime cannot be set back, so a file that was changed and given its old times is seen). If they
are not, the text is read for its digest: the same bytes in another file keep their index, with a new tie. If the digest
differs too, the text is parsed. A change within STAMP_SETTLES_NS of the last one might leave the times as they were, so
an index that is hardly younger than its text is not believed by times alone either.

**Whom we believe.** An index says where in the text to look, so who can write one can hide a registration. One that
belongs to somebody else, or that others may write, is ignored; so is anything that is damaged. Published digests are
checked by `licet snapshot verify`, which reads the whole text and no index.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from licet.errors import BadFile
from licet.snapshot.column import DamagedIndex
from licet.snapshot.form import Header, check_count, read_header
from licet.snapshot.index import Index, Tie, build_columns, pack_index
from licet.snapshot.lines import CHUNK_BYTES, read_lines, whole_lines
from licet.snapshot.mapped import MappedLookup, MappedRecords, MappedSnapshot
from licet.snapshot.record_line import LINE_BYTES_MAX
from licet.snapshot.snapshot import Snapshot

INDEXED_BYTES_MIN = 1024 * 1024  # a shorter text, some 5,000 records, is parsed in less than 0.1 s
STAMP_SETTLES_NS = 2_000_000_000  # the coarsest time stamps in use are two seconds apart
CANDIDATES_MAX = 16  # indexes of one file name that are looked into, a folder
CACHED_MAX = 4  # indexes of one file name that are kept in the cache folder, for files of that name in other folders

_NAME_END = re.compile(r"\.sha256-[0-9a-f]{64}\.index")


class TextFile:
    """A snapshot's text, held open: a new file may take its name meanwhile, but this one must stay as it is."""

    def __init__(self, path: str) -> None:
        """path: as the user gave it. Raises BadFile."""
        self.path = path
        self.real_path = Path(os.path.realpath(path))
        try:
            self._file = open(self.real_path, "rb", buffering=0)  # noqa: SIM115 — held as long as the snapshot
            self._opened = os.fstat(self._file.fileno())
        except OSError as error:
            raise BadFile(path, f"cannot be read: {error.strerror or error}") from None

    def tie(self, digest: bytes) -> Tie:
        """What ties an index to this file, as it was when it was opened."""
        seen = self._opened
        return Tie(digest, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)

    @property
    def status(self) -> os.stat_result:
        return self._opened

    def read(self, start: int, end: int) -> bytes:
        """Bytes from one position up to another. Raises BadFile where the file changed since it was opened."""
        try:
            raw = os.pread(self._file.fileno(), end - start, start)
            now = os.fstat(self._file.fileno())
        except OSError as error:
            raise BadFile(self.path, f"cannot be read: {error.strerror or error}") from None
        if (now.st_size, now.st_mtime_ns) != (self._opened.st_size, self._opened.st_mtime_ns):
            raise BadFile(self.path, "was changed while it was being used; run licet again, and replace a snapshot "
                                     "with a new file instead of writing into it")
        return raw

    def blocks(self, digest: hashlib._Hash, start: int = 0) -> Iterator[bytes]:
        """The file from a position on, block by block, each added to a digest."""
        while block := self.read(start, start + CHUNK_BYTES):
            digest.update(block)
            start += len(block)
            yield block

    def header(self) -> tuple[Header, int, int]:
        """The header, how many records it announces, and where the first of them begins. Raises BadFile."""
        line, feed, _ = self.read(0, LINE_BYTES_MAX + 1).partition(b"\n")
        if not feed and len(line) <= LINE_BYTES_MAX:
            raise BadFile(self.path, "does not end in a line feed: the file was cut short", 1)
        header, count = read_header(self.path, line)
        return header, count, len(line) + 1


@dataclass(frozen=True, slots=True)
class _Found:
    """An index file that may be used. is_settled: it is so much younger than its text that times can be believed."""

    index: Index
    is_settled: bool


def load_indexed(path: str) -> Snapshot:
    """Load a snapshot through its index, building that first where there is none to be trusted. Raises BadFile."""
    text = TextFile(path)
    return _snapshot(text, _trusted_index(text) or _new_index(text))


def load_verified(path: str) -> Snapshot:
    """Read the whole text, check all of it, and load it through the index that this made. Raises BadFile."""
    text = TextFile(path)
    return _snapshot(text, _new_index(text))


def _snapshot(text: TextFile, index: Index) -> Snapshot:
    header, count, _ = text.header()
    check_count(text.path, count, index.records)
    digest = index.tie.digest

    def rebuild() -> Index:
        new = _new_index(text)
        if new.tie.digest != digest:
            raise BadFile(text.path, "was changed while it was being used; run licet again")
        return new

    mapped = MappedSnapshot(index, text.read, rebuild)
    return Snapshot.from_index(header, f"sha256:{digest.hex()}", MappedRecords(mapped), MappedLookup(mapped))


def _trusted_index(text: TextFile) -> Index | None:
    """An index that was made from these bytes."""
    found = list(_candidates(text))
    for one in found:
        if one.is_settled and one.index.tie == text.tie(one.index.tie.digest):
            return one.index
    if not found:
        return None
    digest = hashlib.sha256()
    for _ in text.blocks(digest):
        pass
    for one in found:
        if one.index.tie.digest == digest.digest():
            tie = text.tie(digest.digest())
            return _written(text, tie, one.index.retied(tie)) or one.index
    return None


def _new_index(text: TextFile) -> Index:
    """Parse the text, and write its index where that can be. Raises BadFile with the line of a mistake."""
    _, count, start = text.header()
    digest = hashlib.sha256(text.read(0, start))
    lines = read_lines(text.path, whole_lines(text.blocks(digest, start)))
    columns = build_columns(lines, start)
    check_count(text.path, count, len(columns.lines) - 1)
    tie = text.tie(digest.digest())
    written = _written(text, tie, pack_index(columns, tie))
    return written or Index(memoryview(b"".join(pack_index(columns, tie))))


def _candidates(text: TextFile) -> Iterator[_Found]:
    """Sound indexes of texts with this name and size."""
    for folder in _folders(text):
        for path in _index_files(folder, text.real_path.name)[:CANDIDATES_MAX]:
            try:
                found = _open(path, text.status)
            except (OSError, DamagedIndex):
                continue
            if found is not None and found.index.tie.size == text.status.st_size:
                yield found


def _open(path: Path, text: os.stat_result) -> _Found | None:
    """Map an index file, if it is one that we believe. Raises OSError and DamagedIndex."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        is_ours = status.st_uid in (os.geteuid(), 0, text.st_uid) and not status.st_mode & 0o022
        if not stat.S_ISREG(status.st_mode) or not is_ours or status.st_size == 0:
            return None
        index = Index(memoryview(mmap.mmap(handle, 0, access=mmap.ACCESS_READ)))
    finally:
        os.close(handle)
    _check_end(index)
    return _Found(index, status.st_mtime_ns - index.tie.ctime_ns >= STAMP_SETTLES_NS)


def _check_end(index: Index) -> None:
    """Raise DamagedIndex unless the last line ends where the text does."""
    if index.lines[index.records] != index.tie.size:
        raise DamagedIndex("does not cover its text")


def _index_files(folder: Path, name: str) -> list[Path]:
    """Index files of a text's name in a folder, the latest first."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in entries
                     if entry.name.startswith(name) and _NAME_END.fullmatch(entry.name, len(name))]
    except OSError:
        return []
    return [Path(path) for _, path in sorted(found, reverse=True)]


def _folders(text: TextFile) -> Iterator[Path]:
    """Where an index may be: beside its text, else in the cache folder (XDG Base Directory Specification)."""
    yield text.real_path.parent
    cache = os.environ.get("XDG_CACHE_HOME", "")
    home = os.path.expanduser("~")
    if os.path.isabs(cache):
        yield Path(cache) / "licet"
    elif os.path.isabs(home):
        yield Path(home) / ".cache" / "licet"


def _written(text: TextFile, tie: Tie, pieces: Iterable[bytes | memoryview]) -> Index | None:
    """Write an index to the first folder that takes it, and open it there; None where none does."""
    name = f"{text.real_path.name}.sha256-{tie.digest.hex()}.index"
    kept = list(pieces)
    for number, folder in enumerate(_folders(text)):
        try:
            if number > 0:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(folder / name, kept, stat.S_IMODE(text.status.st_mode) & 0o644)
            found = _open(folder / name, text.status)
        except (OSError, DamagedIndex):
            continue
        _remove_old(folder / name, text.real_path.name, CACHED_MAX if number > 0 else 1)
        if found is not None:
            return found.index
    return None


def _write(path: Path, pieces: Iterable[bytes | memoryview], mode: int) -> None:
    """Whole or not at all; not forced to the disk, since a loss of power costs no more than building it again."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode | stat.S_IRUSR)
            file.writelines(pieces)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _remove_old(new: Path, text_name: str, kept_max: int) -> None:
    """Remove all but the new index of a name and the latest others: the texts of the rest are no longer there."""
    others = [path for path in _index_files(new.parent, text_name) if path != new]
    for path in others[kept_max - 1:]:
        try:
            path.unlink()
        except OSError:
            return
