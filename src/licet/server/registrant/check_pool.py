"""Checks that a registrant asked for, in threads of their own: a page waits some seconds and never longer.

A check that takes its time is written down when it ends, and the page says that it is under way. How many run at once
is bounded, and how soon a proof may be checked again.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from threading import Lock

from django.db import close_old_connections, connection
from django.utils.translation import gettext as _

from licet.errors import Refused
from licet.server import diagnostics
from licet.server.clock import utc_now
from licet.server.registry.models import DomainProof, Proof
from licet.server.registry.proving import look_up, network_checker
from licet.server.registry.service_layer.actors import Actor, registry
from licet.server.registry.service_layer.checking import check_domain_now, check_now

WAIT_S = 6.0
LOOK_UP_WAIT_S = 4.0
AT_ONCE_MAX = 4
WAITING_MAX = 32
AGAIN_S = 10.0  # between two checks of one proof: enough to read what was seen

_pool = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="licet-check")
_running: dict[tuple[str, int], Future[None]] = {}
_lock = Lock()


def check_soon(actor: Actor, proof: Proof | DomainProof, wait_s: float = WAIT_S) -> bool:
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


def is_running(proof: Proof | DomainProof) -> bool:
    """True while this process checks a proof."""
    return _key(proof) in _running


def _key(proof: Proof | DomainProof) -> tuple[str, int]:
    return type(proof).__name__, proof.pk


def _tried_at(proof: Proof | DomainProof) -> datetime | None:
    return proof.tried_at if isinstance(proof, Proof) else proof.checked_at


def _refuse_too_much(proof: Proof | DomainProof) -> None:
    if len(_running) >= WAITING_MAX:
        raise Refused("busy", _("Many checks are under way. Wait a minute, and try again."))
    tried = _tried_at(proof)
    if tried is not None and (utc_now() - tried).total_seconds() < AGAIN_S:
        raise Refused("too_soon", _("This was checked a moment ago. Read what was seen, and try again in 10 seconds."))


def _check(actor: Actor, proof: Proof | DomainProof) -> None:
    close_old_connections()
    try:
        checker = network_checker(is_owned=registry().is_owned)
        if isinstance(proof, Proof):
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


def _forget(key: tuple[str, int]) -> None:
    # Called in the thread that checked, or at once in the one that asks, which holds the lock.
    _running.pop(key, None)


def look_up_soon(name: str, wait_s: float = LOOK_UP_WAIT_S) -> tuple[str, ...]:
    """The addresses that a name has now; empty where there are none, or none were found in time."""
    future = _pool.submit(look_up, name)
    done, _waiting = wait((future,), wait_s)
    return future.result() if done else ()
