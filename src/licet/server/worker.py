"""The service's own clock: every minute what is due is moved, published and mailed, in a thread of the main process.

`licet run-due` does the same from a timer. Both may run at once, and on several machines: everything they do is
idempotent and locked row by row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.db import close_old_connections, connection

from licet.errors import LogBroken
from licet.server import diagnostics
from licet.server.clock import utc_now
from licet.server.log_writing import write_log
from licet.server.notices import send_notices
from licet.server.orders.service_layer.due import run_due as run_orders_due
from licet.server.registry.proving import network_checker
from licet.server.registry.publish import publish
from licet.server.registry.quiet import keep_log
from licet.server.registry.service_layer.actors import registry
from licet.server.registry.service_layer.checking import check_due
from licet.server.registry.service_layer.due import run_due
from licet.server.snapshot_signing import highest_signed, publish_signed
from licet.server.turn import CHECKS, turn

EVERY_S = 60.0


def run_once() -> str:
    """Everything that is due now, and what was done in one sentence."""
    at = utc_now()
    report = run_due(at=at)
    orders = run_orders_due(at=at)
    with turn(CHECKS) as is_ours:
        checked = check_due(network_checker(is_owned=registry().is_owned), utc_now) if is_ours else 0
    snapshot = publish(at=at, after=highest_signed())
    keep_log(at=at)
    sent, failed = send_notices(at=at)
    Session.objects.filter(expire_date__lt=at).delete()
    mail = f"{sent} notices sent" + (f", {failed} could not be sent" if failed else "")
    published = f"snapshot {snapshot.serial} with {snapshot.records} records"
    signed = publish_signed(at=at)
    # Last, so that a log that stops for good reason stops nothing else.
    written = write_log()
    return (f"{report}; orders: {orders}; {checked} endpoints checked again; {published}; {signed}; {mail}; "
            f"{written}")


class Worker:
    """A thread that calls `run_once` again and again until it is told to stop."""

    def __init__(self, work: Callable[[], str] = run_once, every_s: float = EVERY_S) -> None:
        self._work, self._every_s = work, every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="licet-clock", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, wait_s: float = 5.0) -> None:
        """End after what is being done now."""
        self._stopped.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        told = diagnostics.get(__name__)
        while not self._stopped.is_set():
            close_old_connections()
            try:
                told.info("clock", did=self._work())
            except LogBroken as error:
                # Its sentence names files, entries and codes, never a person: whoever has to act should read it here.
                told.error("log_stopped", code=error.code, where=error.where, problem=error.problem)
            except Exception as error:
                # Whatever went wrong this minute must not end the clock; /readyz and the metrics show that it is late.
                told.error("clock_failed", exc_info=error)
            finally:
                connection.close()
            self._stopped.wait(self._every_s)
