"""The folder of the published set: each file is written whole, and the one that changes is swapped last.

What is said to be written is on the disk: the file first, then each folder that has a new name in it. A process that is
ended at any instruction leaves the old set or the new one, and perhaps files that nothing refers to.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from licet.errors import BadFile, Unavailable

OWN = ".publisher"
FILE_MODE, FOLDER_MODE = 0o644, 0o755
TEMPORARY = ".new"


class PublishedFolder:
    """The folder. Paths are relative to it, with slashes."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other publisher of this machine out. Raises Unavailable where there is one, BadFile where the
        folder cannot be written. A killed process holds nothing."""
        try:
            (self.folder / OWN).mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            handle = os.open(self.folder / OWN / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._problem(error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise Unavailable(f"another process publishes in {self.folder}; try again") from None
        try:
            yield
        finally:
            os.close(handle)

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
                _sync_folder(folder)
        except OSError as error:
            raise self._problem(error) from None

    def move(self, old: str, new: str) -> None:
        """Give a file another place. Raises BadFile."""
        try:
            target = self.folder / new
            folders = [*self._make_folder(target.parent), target.parent, (self.folder / old).parent]
            os.replace(self.folder / old, target)
            for folder in folders:
                _sync_folder(folder)
        except OSError as error:
            raise self._problem(error) from None

    def remove(self, path: str) -> None:
        """Remove a file. One that cannot be removed is left."""
        with contextlib.suppress(OSError):
            os.unlink(self.folder / path)

    def _write(self, target: Path, raw: bytes) -> list[Path]:
        """Write a file and return the folders that have a new name in them."""
        folders = [*self._make_folder(target.parent), target.parent]
        temporary = target.with_name(target.name + TEMPORARY)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        try:
            with open(handle, "wb", closefd=False) as file:
                file.write(raw)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, target)
        return folders

    def _make_folder(self, folder: Path) -> list[Path]:
        """Make a folder with those above it, and return the folders in which one was made."""
        made: list[Path] = []
        while not folder.is_dir():
            made.append(folder)
            folder = folder.parent
        for one in reversed(made):
            one.mkdir(FOLDER_MODE, exist_ok=True)
        return [one.parent for one in made]

    def _problem(self, error: OSError) -> BadFile:
        return BadFile(str(self.folder), f"cannot be written: {error.strerror or error}")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
