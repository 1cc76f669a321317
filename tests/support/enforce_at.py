"""`python -m support.enforce_at TIME_NS WORDS…`: the command line, on a machine whose clock says that time."""

from __future__ import annotations

import sys
import time

import licet.app.enforce.service as service
import licet.app.enforce.switch as switch
from licet.cli.main import run

STARTED_NS = time.time_ns()


def main() -> None:
    """The clock goes on from the given time."""
    at_ns = int(sys.argv.pop(1))
    service.now_ns = switch.now_ns = lambda: at_ns + time.time_ns() - STARTED_NS
    run()


if __name__ == "__main__":
    main()
