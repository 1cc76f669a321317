"""Windows as Parquet files in a folder: `eth0-20260301T120000Z.parquet`, each whole or not there.

What cannot be written is counted and said; a watch goes on without it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from licet.app.report.parquet import OBSERVATION_COLUMNS, check_parquet, write_rows
from licet.errors import BadFile, LicetError
from licet.model.canonical import Json, time_text


class Spool:
    """folder: made if it is not there, for `owner` (user, group; None: as we are). lost: windows that were not written;
    problem: why the last one was not, or None. Raises BadInput where nothing can be written there."""

    def __init__(self, folder: str, owner: tuple[int, int] | None) -> None:
        check_parquet()
        self._folder = folder
        self.lost = 0
        self.problem: str | None = None
        try:
            if not os.path.isdir(folder):
                os.makedirs(folder, mode=0o750)
                if owner is not None:
                    os.chown(folder, *owner)
        except OSError as error:
            raise BadFile(folder, f"cannot be made: {error.strerror}") from None

    def check_writable(self) -> None:
        """After the rights were given up. Raises BadFile."""
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise BadFile(self._folder, f"user {os.geteuid()} may not write here; make the folder theirs, or choose "
                                        "another with --user")

    def write(self, interface: str, start_ns: int, rows: Iterable[dict[str, Json]]) -> None:
        """Write the rows of one window of one interface."""
        moment = re.sub("[-:]", "", time_text(start_ns, 3)).replace(".000", "")
        # No two interfaces share a file: what is no part of a plain name is written as its number.
        name = re.sub(r"[^A-Za-z0-9_.-]", lambda match: f"%{ord(match[0]):02X}", interface)
        try:
            write_rows(os.path.join(self._folder, f"{name}-{moment}.parquet"), rows, OBSERVATION_COLUMNS)
            self.problem = None
        except LicetError as error:
            self.lost += 1
            self.problem = str(error)
