"""Ending a process without notice at each of the moments at which it changes the disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

# What changes the disk, each of which may be the last thing that a process does.
EVENTS = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"})


def ended_at(moment: int, work: Callable[[], object]) -> bool:
    """Run something in a process of its own that ends without notice before its n-th change of the disk. True where
    it came to its end."""
    child = os.fork()
    if child == 0:
        left = [moment]

        def watch(event: str, arguments: Any) -> None:
            if event in EVENTS or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)

        try:
            sys.addaudithook(watch)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), "the work failed by itself"
    return status == 0
