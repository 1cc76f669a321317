"""Files that a loss of power leaves whole, and one writer at a time.

What is to last is written in this order: a file under a name of its own, that name in its folder, the folders above.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o644, 0o755
SYNCS_AT_ONCE = 8


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
        from concurrent.futures import ThreadPoolExecutor  # a scan reads this module, and never writes many files

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

    def make_folders(self, path: Path) -> list[Path]:
        """Make a folder with those above it. Returns the folders in which one was made: their names want a sync."""
        made: list[Path] = []
        while not path.is_dir():
            made.append(path)
            path = path.parent
        for one in reversed(made):
            self.make_folder(one)
        return [one.parent for one in made]


def replace(target: Path, raw: bytes, mode: int = FILE_MODE) -> None:
    """Write a file so that a reader, or a loss of power, sees the old content or the new one and nothing between. An
    old file keeps its permissions, a new one gets `mode`. Raises OSError."""
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else mode
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    Disk().sync_folder(target.parent)


def write_new(path: Path, raw: bytes, mode: int) -> None:
    """Write a file that must not be there yet. Raises FileExistsError, and OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    Disk().sync_folder(path.parent)


def take_lock(path: Path) -> int:
    """Keep every other process of this machine out until the handle is closed; a killed process holds nothing. Raises
    BlockingIOError where another is in, and OSError."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle
