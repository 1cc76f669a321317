"""Run one command and say what it cost, from a process so small that its own memory does not count.

    python -I -S bench/launch.py CORE|- FILE COMMAND…

The command's standard output goes to FILE. Prints status, CPU seconds, wall seconds and peak bytes. A program inherits
the peak of the process it was started from (Linux counts it across exec), so the harness itself, with its arrays, must
not start what it measures: this file imports next to nothing, and the peaks that it cannot see are below 10 MB.
"""

import os
import sys
import time

KIB = 1_024


def run(core: str, out: str, command: list[str]) -> str:
    """The four figures of one run. core: to pin to, or `-`."""
    if core != "-":
        os.sched_setaffinity(0, {int(core)})
    before = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(out, command)
    _, status, usage = os.wait4(child, 0)
    wall_s = time.monotonic() - before
    peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else KIB)
    return f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime} {wall_s} {peak_bytes}"


def _become(out: str, command: list[str]) -> None:
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(os.open(out, os.O_WRONLY), 1)
        os.dup2(nowhere, 2)
        os.execvp(command[0], command)
    finally:
        os._exit(127)


if __name__ == "__main__":
    print(run(sys.argv[1], sys.argv[2], sys.argv[3:]))
