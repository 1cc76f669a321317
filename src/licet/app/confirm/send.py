"""Signing reports and sending them, beside the work: in a thread, the newest only, with bounds of time.

Nothing that the registry answers is acted on: an answer is taken or not, and a sentence of it is shown. A registry that
is away, slow or hostile changes nothing of what is enforced.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from licet.app.confirm.compose import compose
from licet.app.confirm.counts import added, read_counts, write_counts
from licet.app.confirm.signature import SAID_LENGTH_MAX, printable, signed
from licet.app.enforce.cycle import CarriedOut
from licet.app.enforce.offs import noted_offs
from licet.app.enforce.state import TOLD, Folder, folder_of
from licet.errors import LicetError, Unavailable
from licet.model.canonical import time_text
from licet.model.enforcer_report import TAKEN, EnforcerReport
from licet.tlog.fetch import Site

PATH = "api/enforcer-reports"
EVERY_NS = 10 * 1_000_000_000  # what is the same as before is said again no sooner

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A report, and where it goes. key_path: the private key; folder: where it is noted what became of it."""

    report: EnforcerReport
    report_to: str
    key_path: str
    folder: Folder


def prepared(done: CarriedOut) -> Outgoing | None:
    """Count what was met, and make the report; None where nobody is to be told. Raises BadFile."""
    table = done.computed.config.enforce
    folder = folder_of(table.state)
    counts = added(read_counts(folder, done.computed.at_ns), done)
    write_counts(folder, counts)
    if not table.report_to:
        return None
    return Outgoing(compose(done, counts, noted_offs(folder)), table.report_to, table.report_key, folder)


def deliver(one: Outgoing) -> None:
    """Sign a report and send it. Raises BadInput, Unavailable, VerificationFailed, Malformed."""
    body = signed(one.report, one.key_path)
    site = Site(one.report_to)
    try:
        answer = site.post(PATH, body)
    finally:
        site.close()
    if answer.status != 200 or _member(answer.body, "schema") != TAKEN:
        said = printable(_member(answer.body, "title").encode())
        raise Unavailable(f"{one.report_to} did not take the report (HTTP status {answer.status}): {said}")


def _member(body: bytes, name: str) -> str:
    """A text of the registry's answer, to be compared or shown and nothing else; "" where there is none."""
    try:
        return str(json.loads(body)[name])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


class Reporter:
    """Sends what it is told in a thread of its own. Of what waits only the newest is kept; a problem is said once, and
    that it is over."""

    def __init__(self, say: Say, send: Callable[[Outgoing], None] = deliver) -> None:
        self._say, self._send = say, send
        self._waiting: queue.Queue[Outgoing | None] = queue.Queue(maxsize=1)
        self._thread: threading.Thread | None = None
        self._problem = ""
        self._last: EnforcerReport | None = None

    def tell(self, done: CarriedOut) -> None:
        """Count, and send what was done, unless the same was said lately. Returns at once."""
        try:
            one = prepared(done)
        except Exception as error:  # whatever it is, enforcing goes on
            self._note(f"what the rules met is not counted, and the registry is not told: {error}")
            return
        if one is not None and not self._was_said(one.report):
            self._last = one.report
            self._put(one)

    def finish(self, wait_s: float) -> None:
        """Wait until what was told is sent, so long at most."""
        if self._thread is not None and self._thread.is_alive():
            with suppress(queue.Full):
                self._waiting.put(None, timeout=wait_s)
            self._thread.join(wait_s)

    def _was_said(self, report: EnforcerReport) -> bool:
        last = self._last
        if last is None or not 0 <= report.computed_ns - last.computed_ns < EVERY_NS:
            return False
        return _without_times(report) == _without_times(last)

    def _put(self, one: Outgoing) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="licet-reports", daemon=True)
            self._thread.start()
        with suppress(queue.Empty):
            self._waiting.get_nowait()  # an older one that still waits
        self._waiting.put_nowait(one)

    def _run(self) -> None:
        while (one := self._waiting.get()) is not None:
            problem = ""
            try:
                self._send(one)
            except LicetError as error:
                problem = str(error)
            except Exception as error:  # whatever it is, the next report is tried
                problem = f"{type(error).__name__}: {error}"
            self._note(f"the registry is not told, and enforcing goes on: {problem}" if problem else "")
            _note_told(one, problem)

    def _note(self, problem: str) -> None:
        """Say what is new: a problem that was not there, or that there is none any more."""
        if problem and problem != self._problem:
            self._say(problem[: 2 * SAID_LENGTH_MAX])
        elif self._problem and not problem:
            self._say("the registry is told again")
        self._problem = problem


def _without_times(report: EnforcerReport) -> EnforcerReport:
    return replace(report, computed_ns=0, log_size=0, log_until_ns=0, registry_until_ns=0, hits=())


def _note_told(one: Outgoing, problem: str) -> None:
    """For `licet enforce status`."""
    with suppress(LicetError):
        one.folder.write_object(TOLD, {"to": one.report_to, "computed": time_text(one.report.computed_ns, 0),
                                       "problem": problem[:SAID_LENGTH_MAX]})
