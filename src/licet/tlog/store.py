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
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from licet.disk import Disk, take_lock
from licet.errors import BadFile, LogBroken, Unavailable

HEAD = ".writer/head"
LOCK = ".writer/lock"
TEMPORARY = ".new"


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
            for folder in self._disk.make_folders(self.folder / ".writer"):
                self._disk.sync_folder(folder)  # or a power cut could take the log away from under its head
            lock = take_lock(self.folder / LOCK)
        except BlockingIOError:
            raise Unavailable(f"another process writes the log in {self.folder}; try again") from None
        except OSError as error:
            raise BadFile(str(self.folder), f"cannot be written: {error.strerror or error}") from None
        try:
            yield
        finally:
            os.close(lock)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files by path, each whole. All are on the disk when this returns. Raises BadFile."""
        try:
            folders: dict[Path, None] = {}
            for path in files:
                folder = (self.folder / path).parent
                folders.update(dict.fromkeys([*self._disk.make_folders(folder), folder]))
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
