"""Runs of the clock in processes of their own: killed, and two at once. `python -m server.due_runs WHAT…` in a folder
whose registry LICET_DATA and LICET_DATABASE name.

`seed` makes a registry in which everything that the clock does is due; `once` runs the clock; `killed` runs it again
and again, and kills the process at its first look at the database or the disk, then a few later, and so on, until a
run comes to its end; `together` runs two at once; `facts` prints what the registry is then.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

DAY = timedelta(days=1)
LOOKS_MAX = 5_000
STEP = 3  # every third look is enough: a run begins where the last one got to
RUNS_AT_ONCE = 2


def set_up() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "licet.server.settings"
    import django

    django.setup()
    from django.conf import settings

    from licet.server import worker
    from server.world import OK

    settings.LICET_DOCUMENTATION_ADDRESSES = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Nobody is at the addresses of a test.
    worker.network_checker = lambda **_: lambda challenge: OK  # type: ignore[assignment]


def seed() -> None:
    from django.conf import settings
    from django.core.management import call_command

    from licet.app.log_key import new_log_key
    from licet.server.clock import utc_now
    from licet.server.registry.models import Endpoint, Registry
    from server.world import make_world

    new_log_key("localhost:8000/log", str(settings.DEPLOYMENT.log_key_path))
    call_command("migrate", interactive=False, verbosity=0)
    now = utc_now()
    world = make_world(at=now - 400 * DAY)
    for days in (310, 340, 360, 370):  # near its end, nearer, and past it
        world.registration(at=now - days * DAY)
    for state, days in (("in_review", 10), ("proving", 40), ("info_needed", 40), ("draft", 100)):
        world.application(state, at=now - days * DAY)
    world.registration("pendingDelete", at=now - 300 * DAY)
    Endpoint.objects.filter(state="valid").update(recheck_asked_at=now, checked_at=None)
    Registry.objects.update(clock_ran_at=now - timedelta(minutes=1))


def once() -> None:
    from licet.server.worker import run_once

    run_once()


def killed() -> None:
    looks = 0
    while status_of(lambda at=looks: _run_until(at)) == -signal.SIGKILL:
        looks += STEP
        assert looks < LOOKS_MAX
    print(json.dumps(looks // STEP))


def _run_until(looks: int) -> None:
    """Run the clock, and end this process at once at its look number `looks`, before it is done."""
    from django.db.backends.utils import CursorWrapper

    left = looks

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def or_die(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return call(*args, **kwargs)

        return or_die

    CursorWrapper.execute = counted(CursorWrapper.execute)  # type: ignore[method-assign]
    for name in ("fsync", "replace", "rename", "link"):
        setattr(os, name, counted(getattr(os, name)))
    once()


def together() -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(RUNS_AT_ONCE)

    def run() -> None:
        ready.wait(60)
        once()

    processes = [context.Process(target=run) for _ in range(RUNS_AT_ONCE)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0


def status_of(run: Callable[[], None]) -> int:
    """The exit status of a child that runs this."""
    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def facts() -> None:
    from django.conf import settings

    from licet.server.registry.models import Application, Endpoint, Notice, Outbox, Registration, Snapshot

    states = {
        model.__name__: sorted(Counter(model.objects.values_list("state", flat=True)).items())
        for model in (Application, Registration, Endpoint)
    }
    last: dict[str, Outbox] = {}
    for entry in Outbox.objects.order_by("subject", "sequence"):
        before = last.get(entry.subject)
        assert entry.sequence == (1 if before is None else before.sequence + 1)
        assert entry.prev_subject_leaf == ("" if before is None else before.body_digest)
        last[entry.subject] = entry
    mail = settings.DEPLOYMENT.data / "mail"
    checkpoint = settings.DEPLOYMENT.log_path / "checkpoint"
    logged = int(checkpoint.read_text().splitlines()[1]) if checkpoint.exists() else 0
    print(json.dumps({
        # Two clocks may publish between what the one and the other did: numbers of snapshots are counted apart.
        "states": states, "entries": Outbox.objects.exclude(type="snapshot").count(),
        "notices": sorted(Counter(Notice.objects.values_list("kind", flat=True)).items()),
        "unsent": Notice.objects.filter(sent_at=None).count(),
        "checked": Endpoint.objects.exclude(checked_at=None).count(),
        "records": list(Snapshot.objects.order_by("-serial").values_list("records", flat=True)[:1]),
        "unlogged": Outbox.objects.count() - logged,
        "mails": sum(file.read_text().count("Message-ID:") for file in mail.glob("*")) if mail.exists() else 0,
    }))


if __name__ == "__main__":
    set_up()
    for what in sys.argv[1:]:
        {"seed": seed, "once": once, "killed": killed, "together": together, "facts": facts}[what]()
        # A process that is forked next must not share a connection.
        from django.db import connections

        connections.close_all()
