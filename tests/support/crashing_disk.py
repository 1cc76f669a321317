"""A disk of which every state is remembered that a loss of power could meet, and what it may leave (POSIX fsync).

What a file holds is safe once it was synced, a name once its folder was. Everything else may be there, or not, or half;
a name may be there without what the file held.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from licet.disk import Disk

ALL, SAFE, NAMES, SOME = "all of it", "what was synced", "names without contents", "some of it"
LOSSES = (ALL, SAFE, NAMES, SOME)


@dataclass(eq=False)
class File:
    """One file, whatever it is called. held: what the system reads; safe: what is on the disk."""

    held: bytes
    safe: bytes = b""


@dataclass(frozen=True)
class State:
    """Names in a moment, each with (held, safe) of a file or None for a folder. told: how many entries the writer had
    said are in the log; now: as the system sees it; safe: as it is on the disk."""

    told: int
    now: dict[Path, tuple[bytes, bytes] | None]
    safe: dict[Path, tuple[bytes, bytes] | None]

    def left(self, loss: str, seed: int) -> Iterator[tuple[Path, bytes | None]]:
        """What is there when the power is back: bytes of files, None for folders. What lost its folder is lost."""
        chance, found = random.Random(f"{loss} {seed}"), {Path(".")}
        sides = {ALL: [self.now], NAMES: [self.now], SAFE: [self.safe], SOME: [self.now, self.safe]}[loss]
        for path in sorted({*self.now, *self.safe}):
            side = chance.choice(sides)
            if path not in side or path.parent not in found:
                continue
            found.add(path)
            entry = side[path]
            contents = {ALL: [0], SOME: [0, 1]}.get(loss, [1])
            yield path, None if entry is None else entry[chance.choice(contents)]


@dataclass
class CrashingDisk(Disk):
    """A disk below a folder. told: set by whoever writes; states: before each operation and within it."""

    root: Path
    told: int = 0
    states: list[State] = field(default_factory=list)
    now: dict[Path, File | None] = field(default_factory=dict)
    safe: dict[Path, File | None] = field(default_factory=dict)

    def create(self, path: Path, raw: bytes) -> None:
        self.remember()
        made = self.now[self._name(path)] = File(raw[: len(raw) // 2])
        self.remember()
        made.held = raw
        self.remember()
        made.safe = raw
        path.write_bytes(raw)

    def create_all(self, files: Mapping[Path, bytes]) -> None:
        for path, raw in files.items():
            self.create(path, raw)

    def sync_folder(self, path: Path) -> None:
        self.remember()
        folder = self._name(path)
        for name in [one for one in self.safe if one.parent == folder and one not in self.now]:
            del self.safe[name]
        self.safe.update({name: held for name, held in self.now.items() if name.parent == folder})

    def rename(self, source: Path, target: Path) -> None:
        self.remember()
        self.now[self._name(target)] = self.now.pop(self._name(source))
        source.replace(target)

    def make_folder(self, path: Path) -> None:
        self.remember()
        self.now[self._name(path)] = None
        path.mkdir(exist_ok=True)

    def remove_folder(self, path: Path) -> None:
        for name in sorted((one for one in self.now if self._name(path) in (one, *one.parents)), reverse=True):
            self.remember()
            if self.now.pop(name) is None:
                (self.root / name).rmdir()
            else:
                (self.root / name).unlink()

    def remember(self) -> None:
        """Remember what a loss of power would meet now."""
        self.states.append(State(self.told, _copy(self.now), _copy(self.safe)))

    def _name(self, path: Path) -> Path:
        return path.relative_to(self.root)


def _copy(names: dict[Path, File | None]) -> dict[Path, tuple[bytes, bytes] | None]:
    return {name: None if one is None else (one.held, one.safe) for name, one in names.items()}


class QuickDisk(Disk):
    """A disk that never waits: for what follows a loss, where nobody takes the power away again."""

    def create_all(self, files: Mapping[Path, bytes]) -> None:
        for path, raw in files.items():
            path.write_bytes(raw)

    def create(self, path: Path, raw: bytes) -> None:
        path.write_bytes(raw)

    def sync_folder(self, path: Path) -> None:
        pass
