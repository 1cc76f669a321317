"""The folder of a log: files that are written whole or not at all, and that any web server can serve as they are.

    checkpoint                 the newest that is published
    tile/0/000, tile/1/000.p/5 hashes
    tile/entries/000           entries
    body/SHA256                bodies that are kept apart from their leaves
    .writer/head, .writer/lock the writer's own: what it last signed. Not to be served, and not to be lost

What is said to be written is on the disk: the file first, then each folder that has a new name in it, then what refers
to it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from licet.errors import BadFile, LogBroken, Unavailable

HEAD = ".writer/head"
LOCK = ".writer/lock"
FILE_MODE, FOLDER_MODE = 0o644, 0o755
TEMPORARY = ".new"
SYNCS_AT_ONCE = 8


class FolderReader:
    """Reads the files of a log's folder. Raises BadFile where one cannot be read."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """See `verify.Reader`."""
        try:
            with open(self.folder / path, "rb") as file:
                return file.read(bytes_max + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise BadFile(str(self.folder / path), f"cannot be read: {error.strerror or error}") from None


class Disk:
    """What a store does to its disk, one operation at a time, so that a test can stop at each and lose what was not
    synced. Each raises OSError."""

    def create(self, path: Path, raw: bytes) -> None:
        """Write a file, new or over an old one. What it holds is safe when this returns, its name is not."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        try:
            with open(handle, "wb", closefd=False) as file:
                file.write(raw)
            os.fsync(handle)
        finally:
            os.close(handle)

    def create_all(self, files: Mapping[Path, bytes]) -> None:
        """The same for many files, side by side: a disk makes dozens of them safe in the time of one. Whoever has eight
        waiting is answered twenty times as fast as whoever asks one after another (bench/log.py --outbox)."""
        if len(files) <= 2:
            for path, raw in files.items():
                self.create(path, raw)
            return
        with ThreadPoolExecutor(min(SYNCS_AT_ONCE, len(files))) as pool:
            list(pool.map(self.create, files.keys(), files.values()))

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder safe."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file the name of another, at once."""
        os.replace(source, target)

    def make_folder(self, path: Path) -> None:
        """Make a folder where there is none."""
        path.mkdir(FOLDER_MODE, exist_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove a folder with the files in it; one that cannot be removed is left."""
        shutil.rmtree(path, ignore_errors=True)


class FolderStore(FolderReader):
    """Writes them. One writer at a time: everything that writes happens while `hold` holds."""

    def __init__(self, folder: str | os.PathLike[str], disk: Disk | None = None) -> None:
        super().__init__(folder)
        self._disk = disk or Disk()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other writer of this machine out. Raises Unavailable where there is one. A killed process holds
        nothing."""
        try:
            for folder in self._make_folder(self.folder / ".writer"):
                self._disk.sync_folder(folder)  # or a power cut could take the log away from under its head
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BadFile(str(self.folder), f"cannot be written: {error.strerror or error}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise Unavailable(f"another process writes the log in {self.folder}; try again") from None
        try:
            yield
        finally:
            os.close(handle)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files by path, each whole. All are on the disk when this returns. Raises BadFile."""
        try:
            folders: dict[Path, None] = {}
            for path in files:
                folder = (self.folder / path).parent
                folders.update(dict.fromkeys([*self._make_folder(folder), folder]))
            temporary = {path: self.folder / f"{path}{TEMPORARY}" for path in files}
            self._disk.create_all({temporary[path]: raw for path, raw in files.items()})
            for path in files:
                self._disk.rename(temporary[path], self.folder / path)
            for folder in folders:
                self._disk.sync_folder(folder)
        except OSError as error:
            raise BadFile(str(self.folder), f"cannot be written: {error.strerror or error}") from None

    def swap(self, path: str, old: bytes | None, new: bytes) -> None:
        """Replace a file that holds `old` (None: that is not there). Raises LogBroken where it holds anything else:
        somebody wrote it in between, and going on would fork the log."""
        found = self.read(path, max(len(old or b""), len(new)) + 1)
        if found != old:
            raise LogBroken("fork_refused", str(self.folder / path), "it is not what this writer left there: something "
                            "else wrote this log. Nothing was changed")
        self.write({path: new})

    def drop(self, folder: str) -> None:
        """Remove a folder of partial tiles whose full tile is there. One that cannot be removed is left."""
        self._disk.remove_folder(self.folder / folder)

    def _make_folder(self, folder: Path) -> list[Path]:
        """Make a folder with those above it, and return the folders in which one was made."""
        made: list[Path] = []
        while not folder.is_dir():
            made.append(folder)
            folder = folder.parent
        for one in reversed(made):
            self._disk.make_folder(one)
        return [one.parent for one in made]
