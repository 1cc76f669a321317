"""The enforcer's folder: its memory, what it last heard, what it last applied, and the switch.

    memory.json     what no server may tell it otherwise (`licet.enforce.memory`)
    heard.json      the last state of a log that held, for when the log cannot be reached
    applied.json    which firewall it acted on, for `off`
    status.json     the last computation, for `licet enforce status`
    hits.jsonl      what the rules met, as observations
    counts.json     the same, added up; and told.json, whether the registry was told (`licet.app.confirm`)
    orders/         files of orders, as they came
    off             while it is there, nothing is applied
    offs.txt        when it was switched off (`licet.app.enforce.offs`)

Whatever cannot be read counts as not there, and that only takes rules away.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from licet.app.enforce.switch import MARK, default_folder
from licet.enforce.memory import BYTES_MAX, Memory, read_memory
from licet.errors import BadFile, LicetError
from licet.model.canonical import Json, canonical_json
from licet.snapshot.store import read_bytes, replace_file

TOLD = "told.json"
HITS_BYTES_MAX = 64 * 1024 * 1024
FOLDER_MODE = 0o750


@dataclass(frozen=True, slots=True)
class Folder:
    """path: of the folder; made by `prepare`; keeps: False for who only looks, and then nothing is written."""

    path: str
    keeps: bool = True

    def prepare(self) -> None:
        """Make the folder. Raises BadFile."""
        if not self.keeps:
            return
        try:
            os.makedirs(self.at("orders"), mode=FOLDER_MODE, exist_ok=True)
        except OSError as error:
            raise BadFile(self.path, f"cannot be made: {error.strerror or error}") from None

    def at(self, name: str) -> str:
        """The path of a file in it."""
        return os.path.join(self.path, name)

    def memory(self) -> tuple[Memory, str]:
        """The memory, and why it is an empty one, or ""."""
        try:
            return read_memory(read_bytes(self.at("memory.json"), BYTES_MAX)), ""
        except LicetError as error:
            is_new = not os.path.exists(self.at("memory.json"))
            return Memory(), "" if is_new else f"{error}; it begins anew, and notice is counted from now"

    def object(self, name: str) -> dict[str, Any]:
        """A file of this folder that holds one JSON object; {} where it cannot be read."""
        try:
            found = json.loads(read_bytes(self.at(name), BYTES_MAX))
        except (LicetError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, name: str, raw: bytes) -> None:
        """Replace a file whole. Raises BadFile."""
        if self.keeps:
            replace_file(self.at(name), raw)

    def write_object(self, name: str, members: dict[str, Json]) -> None:
        """Replace a file by one JSON object. Raises BadFile."""
        self.write(name, canonical_json(members) + b"\n")

    def add_hits(self, rows: list[dict[str, Json]]) -> None:
        """Add observations; a file that is full begins anew. Raises BadFile."""
        path = self.at("hits.jsonl")
        try:
            is_full = os.path.exists(path) and os.path.getsize(path) > HITS_BYTES_MAX
            if is_full:
                os.replace(path, path + ".1")
            with open(path, "ab") as file:
                file.write(b"".join(canonical_json(row) + b"\n" for row in rows))
        except OSError as error:
            raise BadFile(path, f"cannot be written: {error.strerror or error}") from None

    @property
    def is_off(self) -> bool:
        """True while somebody switched it off, here or for the whole machine."""
        return any(os.path.exists(mark) for mark in self.marks())

    def switch_on(self) -> None:
        """Take the switch back. Raises BadFile."""
        for mark in self.marks():
            try:
                os.unlink(mark)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise BadFile(mark, f"cannot be removed: {error.strerror or error}") from None

    def places(self) -> tuple[str, ...]:
        """Where the switch leaves its mark and its notes: here, and for the whole machine."""
        return tuple(dict.fromkeys((self.path, default_folder())))

    def marks(self) -> tuple[str, ...]:
        """The files of which each keeps it off."""
        return tuple(os.path.join(place, MARK) for place in self.places())


def folder_of(state: str, keeps: bool = True) -> Folder:
    """The folder that a configuration names, or the default one."""
    return Folder(state or default_folder(), keeps)
