"""One process of a registry at a time, for what two at once would do twice: sending mail, and checking proofs again.

By an advisory lock of PostgreSQL, else by a file beside SQLite's. No row is locked meanwhile, and a process that is
killed gives its turn back.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from django.conf import settings
from django.db import connection

MAIL, CHECKS = "mail", "checks"
_NUMBERS = {MAIL: 0x6C6963657401, CHECKS: 0x6C6963657402}


@contextlib.contextmanager
def turn(name: str) -> Iterator[bool]:
    """Whether it is this process's turn, for as long as the block lasts."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_NUMBERS[name]])
            is_ours = bool(cursor.fetchone()[0])
            try:
                yield is_ours
            finally:
                if is_ours:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_NUMBERS[name]])
        return
    with open(settings.DEPLOYMENT.data / f"{name}.lock", "ab", opener=_for_us_alone) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
