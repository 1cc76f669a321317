"""The enforcer as a service: compute and apply, again and again, until told to end.

Whatever goes wrong takes rules away or leaves them to their own end; nothing that goes wrong adds one. Rules stay when
the service ends, until what is known is a day old, so that it can be started anew without a gap; `licet enforce off`
takes them away. What it is told to tell of each computation comes after it, and cannot end or change it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from licet.app.config import Config, load_config
from licet.app.enforce.cycle import CarriedOut, carry_out, compute, held_now, switch_off_device
from licet.app.enforce.state import Folder, folder_of
from licet.errors import LicetError

Say = Callable[[str], None]
Tell = Callable[[CarriedOut], None]


def now_ns() -> int:
    """The clock of this machine."""
    return time.time_ns()


def run_service(config_path: str, say: Say, tell: Tell) -> int:
    """Until SIGTERM or SIGINT; SIGHUP computes at once. licet.toml is read again each time. tell: called with what was
    done, after it; it must return at once. Returns 0."""
    wake, end = threading.Event(), threading.Event()

    def told(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGHUP:
            end.set()
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, told)
    config, before = load_config(config_path), ""
    folder = folder_of(config.enforce.state)
    while not end.is_set():
        wake.clear()
        try:
            config = load_config(config_path)
            folder = folder_of(config.enforce.state)
            done = one_cycle(config, folder)
            said = in_words(done)
        except LicetError as error:
            done, said = None, f"nothing is enforced: {error}; {_give_up(folder)}"
        if said != before:
            say(said)
        before = said
        if done is not None:
            _tell(tell, done, say)
        wake.wait(config.enforce.every_s)
    return 0


def one_cycle(config: Config, folder: Folder) -> CarriedOut:
    """Compute and apply once. Raises LicetError."""
    computed, held = compute(config, folder, now_ns()), held_now(config, folder)
    return CarriedOut(computed, held, carry_out(computed, folder, held))


def in_words(done: CarriedOut) -> str:
    """What is to be said of a computation."""
    computed = done.computed
    doubts = "; ".join(f"{one.sentence} ({one.code})" for one in computed.decision.doubts)
    if doubts:
        return f"nothing is enforced: {doubts}"
    if computed.is_off:
        return "switched off: nothing is applied until `licet enforce apply`"
    if not computed.acts:
        return f"observing: {len(computed.rules)} rules would be in force"
    return f"{done.in_force} rules in force"


def _tell(tell: Tell, done: CarriedOut, say: Say) -> None:
    try:
        tell(done)
    except Exception as error:  # whatever is wrong with telling, enforcing goes on
        say(f"the registry is not told: {type(error).__name__}: {error}"[:300])


def _give_up(folder: Folder) -> str:
    try:
        if folder.object("applied.json"):
            switch_off_device(folder)
        return "what was applied is taken away"
    except LicetError as error:
        return f"what was applied could not be taken away and ends by itself: {error}"
