"""Checks that a registrant or somebody who appeals asked for, in threads of their own: a page waits some seconds and
never longer.

A check that takes its time is written down when it ends, and the page says that it is under way. How many run at once
is bounded, and how soon a proof may be checked again. An order that a proof turned off is off in the log at once, too.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Lock

from django.db import close_old_connections, connection
from django.utils.translation import gettext as _

from licet.errors import LicetError, Refused
from licet.server import diagnostics
from licet.server.clock import utc_now
from licet.server.log_writing import write_log
from licet.server.orders.models import AppealProof
from licet.server.orders.service_layer.appeals import check_proof
from licet.server.registry.models import DomainProof, Proof
from licet.server.registry.proving import look_up, network_checker
from licet.server.registry.service_layer.actors import Actor, registry
from licet.server.registry.service_layer.checking import check_domain_now, check_now

WAIT_S = 6.0
LOOK_UP_WAIT_S = 4.0
AT_ONCE_MAX = 4
WAITING_MAX = 32
AGAIN_S = 10.0  # between two checks of one proof: enough to read what was seen
UNDER_WAY = timedelta(seconds=60)  # for so long a page that did not wait for a check says that it is under way
RELOAD_S = 3

Checked = Proof | DomainProof | AppealProof

_pool = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="licet-check")
_running: dict[tuple[str, int], Future[None]] = {}
_lock = Lock()


def check_soon(actor: Actor, proof: Checked, wait_s: float = WAIT_S) -> bool:
    """Have a proof checked; True where it was done in time. One that is being checked already is waited for. Raises
    Refused where too much is asked at once."""
    key = _key(proof)
    with _lock:
        future = _running.get(key)
        if future is None:
            _refuse_too_much(proof)
            future = _pool.submit(_check, actor, proof)
            _running[key] = future
            future.add_done_callback(lambda _done: _forget(key))
    done, _waiting = wait((future,), wait_s)
    if not done:
        return False
    future.result()
    return True


def is_under_way(proof: Checked, asked: str) -> bool:
    """True where a page said a while ago, in its address, that it asked for a check, and there is no answer yet. Which
    process checks does not matter."""
    if not asked.isascii() or not asked.isdigit() or len(asked) >= 12:
        return False
    since, now, tried = int(asked), utc_now().timestamp(), _tried_at(proof)
    is_answered = tried is not None and tried.timestamp() >= since
    return not is_answered and 0 <= now - since < UNDER_WAY.total_seconds()


def is_running(proof: Checked) -> bool:
    """True while this process checks a proof."""
    return _key(proof) in _running


def _key(proof: Checked) -> tuple[str, int]:
    return type(proof).__name__, proof.pk


def _tried_at(proof: Checked) -> datetime | None:
    return proof.checked_at if isinstance(proof, DomainProof) else proof.tried_at


def _refuse_too_much(proof: Checked) -> None:
    if len(_running) >= WAITING_MAX:
        raise Refused("busy", _("Many checks are under way. Wait a minute, and try again."))
    tried = _tried_at(proof)
    if tried is not None and (utc_now() - tried).total_seconds() < AGAIN_S:
        raise Refused("too_soon", _("This was checked a moment ago. Read what was seen, and try again in 10 seconds."))


def _check(actor: Actor, proof: Checked) -> None:
    close_old_connections()
    try:
        checker = network_checker(is_owned=registry().is_owned)
        if isinstance(proof, AppealProof):
            if check_proof(proof, checker, at=utc_now()).validated is not None:
                log_now()
        elif isinstance(proof, Proof):
            check_now(actor, proof, checker, utc_now)
        else:
            check_domain_now(actor, proof, checker, utc_now)
    except Refused:
        raise
    except Exception as error:
        diagnostics.get(__name__).error("check_failed", kind=_key(proof)[0], error=type(error).__name__, exc_info=True)
        raise
    finally:
        connection.close()


def log_soon() -> None:
    """Have what waits written into the log, without waiting for it."""
    _pool.submit(log_now)


def log_now() -> None:
    """Write what waits into the log: an order that is off stays off no sooner than enforcers read it there."""
    close_old_connections()
    try:
        write_log()
    except LicetError as error:
        diagnostics.get(__name__).error("log_not_written", error=str(error))  # the clock tries again within a minute
    finally:
        connection.close()


def _forget(key: tuple[str, int]) -> None:
    # Called in the thread that checked, or at once in the one that asks, which holds the lock.
    _running.pop(key, None)


def look_up_soon(name: str, wait_s: float = LOOK_UP_WAIT_S) -> tuple[str, ...]:
    """The addresses that a name has now; empty where there are none, or none were found in time."""
    future = _pool.submit(look_up, name)
    done, _waiting = wait((future,), wait_s)
    return future.result() if done else ()
