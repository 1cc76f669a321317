"""The folder of the published set: each file is written whole, and the one that changes is swapped last.

What is said to be written is on the disk: the file first, then each folder that has a new name in it. A process that is
ended at any instruction leaves the old set or the new one, and perhaps files that nothing refers to.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from licet.disk import Disk, take_lock
from licet.errors import BadFile, Unavailable

OWN = ".publisher"
TEMPORARY = ".new"


class PublishedFolder:
    """The folder. Paths are relative to it, with slashes."""

    def __init__(self, folder: str | os.PathLike[str], disk: Disk | None = None) -> None:
        self.folder, self._disk = Path(folder), disk or Disk()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other publisher of this machine out. Raises Unavailable where there is one, BadFile where the
        folder cannot be written. A killed process holds nothing."""
        try:
            for folder in self._disk.make_folders(self.folder / OWN):
                self._disk.sync_folder(folder)  # or a power cut could take the set away that was said to be published
            lock = take_lock(self.folder / OWN / "lock")
        except BlockingIOError:
            raise Unavailable(f"another process publishes in {self.folder}; try again") from None
        except OSError as error:
            raise self._problem(error) from None
        try:
            yield
        finally:
            os.close(lock)

    def read(self, path: str, bytes_max: int) -> bytes | None:
        """A file, None where it is not there. Raises BadFile, also where it is larger."""
        try:
            with open(self.folder / path, "rb") as file:
                raw = file.read(bytes_max + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise BadFile(str(self.folder / path), f"cannot be read: {error.strerror or error}") from None
        if len(raw) > bytes_max:
            raise BadFile(str(self.folder / path), f"has more than {bytes_max:,} bytes, the most that are read")
        return raw

    def size(self, path: str) -> int | None:
        """The bytes of a file; None where it is not there."""
        try:
            return (self.folder / path).stat().st_size
        except OSError:
            return None

    def files(self) -> frozenset[str]:
        """Every file of the set, and what was left unfinished; without the publisher's own."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        names = (path.relative_to(self.folder).as_posix() for path in found)
        return frozenset(name for name in names if not name.startswith(f"{OWN}/"))

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each whole. All are on the disk when this returns. Raises BadFile."""
        try:
            folders: dict[Path, None] = {}
            for path, raw in files.items():
                folders.update(dict.fromkeys(self._write(self.folder / path, raw)))
            for folder in folders:
                self._disk.sync_folder(folder)
        except OSError as error:
            raise self._problem(error) from None

    def move(self, old: str, new: str) -> None:
        """Give a file another place. Raises BadFile."""
        try:
            target = self.folder / new
            folders = [*self._disk.make_folders(target.parent), target.parent, (self.folder / old).parent]
            self._disk.rename(self.folder / old, target)
            for folder in folders:
                self._disk.sync_folder(folder)
        except OSError as error:
            raise self._problem(error) from None

    def remove(self, path: str) -> None:
        """Remove a file. One that cannot be removed is left."""
        with contextlib.suppress(OSError):
            os.unlink(self.folder / path)

    def _write(self, target: Path, raw: bytes) -> list[Path]:
        """Write a file and return the folders that have a new name in them."""
        folders = [*self._disk.make_folders(target.parent), target.parent]
        temporary = target.with_name(target.name + TEMPORARY)
        self._disk.create(temporary, raw)
        self._disk.rename(temporary, target)
        return folders

    def _problem(self, error: OSError) -> BadFile:
        return BadFile(str(self.folder), f"cannot be written: {error.strerror or error}")
