"""Kill the registry's writer again and again, with its real outbox, and look at what is left.

    PYTHONPATH=tests python -m bench.kill_writer FOLDER --kills 500 --entries 50000

Each life of the writer is a process of its own. It does what the service does: writes entries into the outbox in
transactions (SQLite, synced), brings them into the log, publishes, and notes receipts, until SIGKILL comes at a random
moment. FOLDER is a data folder as `licet serve` makes it. The same seed draws the same moments; where the machine is at
that moment is its own affair. After each kill: no signed state contradicts another, and no receipt is of an entry that
the log does not have. At the end every entry of the outbox is in the log once, in its order, and all of it verifies.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from licet.model.canonical import parse_time
from tlog.kills import look
from tlog.logs import STORY

LIFE_S = 0.9  # a life is killed at a moment drawn from 0 to this
BLOCK = 60  # at most so many entries in one transaction
AT_NS = parse_time("2026-03-02T09:00:00Z")
ENDPOINT = "192.0.2.10:51820/udp wireguard"  # makes an entry whose body is kept apart


def set_up(folder: Path) -> Any:
    """Django with its data in this folder, and the key of the log. Returns the key."""
    os.environ.update(DJANGO_SETTINGS_MODULE="licet.server.settings", LICET_DATA=str(folder),
                      LICET_URL="http://127.0.0.1:8000")
    import django

    from licet.app.log_key import new_log_key, parse_log_key
    from licet.server.deployment import make_folder, read_deployment, read_secret

    deployment = read_deployment(os.environ)
    make_folder(deployment)
    if not deployment.log_key_path.exists():
        new_log_key("registry.example.net/log", str(deployment.log_key_path))
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    return parse_log_key(read_secret(deployment.log_key_path))


def happen(count: int) -> None:
    """So many entries more in the outbox, in one transaction: applications that go through their story."""
    from django.db import transaction

    from licet.lifecycle.table import Transition
    from licet.server.registry.models import Outbox
    from licet.server.registry.service_layer import journal

    with transaction.atomic():
        begun = Outbox.objects.count()
        for number in range(begun, begun + count):
            application, step = divmod(number, len(STORY))
            event, before, after, role, reason = STORY[step]
            done = Transition("application", event, before, after, role, reason, AT_NS + number * 1_000_000)
            details: dict[str, Any] = {"service": "SVC-7F3K", "number": number}
            if step == 2:
                details["endpoint"] = ENDPOINT
            journal.write(done, f"APP-{application:08d}", details)


def live(entries: int, seed: int) -> None:
    """One life: entries happen and are written until there are so many, or until killed."""
    from licet.server.log_writing import write_log
    from licet.server.registry.models import Outbox

    chance = random.Random(seed)
    write_log()
    while (left := entries - Outbox.objects.count()) > 0:
        happen(min(left, chance.randint(1, BLOCK)))
        write_log()


def run(folder: Path, kills: int, entries: int, seed: int) -> dict[str, Any]:
    """Kill, look, go on; then end in peace and compare everything. Raises AssertionError for what went wrong."""
    key = set_up(folder)
    from django.db import connections

    from licet.tlog.store import FolderStore

    chance, seen, last = random.Random(seed), Counter[str](), None
    store, left = FolderStore(folder / "log"), set[tuple[Path, int]]()
    begun = time.monotonic()
    for number in range(kills):
        connections.close_all()  # a connection must not be there twice after the fork
        child = os.fork()
        if child == 0:
            live(entries * (number + 1) // kills + BLOCK, seed * 1_000_003 + number)
            time.sleep(60)
            os._exit(0)
        time.sleep(chance.uniform(0, LIFE_S))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        last = look(store, last, seen, left, key.verifier)
        _look_at_receipts(0 if last is None else last.size, seen)
    live(entries, seed)
    return {"kills": kills, **_compare(folder, key), **seen, "seconds": round(time.monotonic() - begun)}


def _look_at_receipts(size: int, seen: Counter[str]) -> None:
    from licet.server.registry.models import Outbox, Receipt
    from licet.server.registry.service_layer import receipts

    noted = receipts.next_index()
    assert noted == Receipt.objects.count(), "an index was left out"
    assert noted <= size, "a receipt is of an entry that the log does not have"
    assert size <= Outbox.objects.count(), "the log has what the outbox has not"
    seen["killed before receipts were noted"] += noted < size
    seen["killed with entries in the outbox alone"] += size < Outbox.objects.count()


def _compare(folder: Path, key: Any) -> dict[str, int]:
    from licet.app.log import make_trust, verify_log
    from licet.server.registry.models import Outbox, Receipt
    from licet.tlog.entry import leaf_of
    from licet.tlog.store import FolderStore
    from licet.tlog.writer import Writer

    verified = verify_log(str(folder / "log"), make_trust(str(key.verifier)))
    told: Sequence[bytes] = [leaf for _, leaf in Writer(FolderStore(folder / "log"), key).leaves_from(0)]
    rows = list(Outbox.objects.order_by("pk"))
    assert [leaf_of(bytes(row.body))[0] for row in rows] == told, "lost, doubled or reordered"
    noted = list(Receipt.objects.order_by("entry").values_list("entry", "leaf_index"))
    assert noted == [(row.pk, index) for index, row in enumerate(rows)], "a receipt says another place"
    return {"entries": verified.checkpoint.size, "bodies kept apart": verified.bodies}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(json.dumps(run(asked.folder.absolute(), asked.kills, asked.entries, asked.seed), indent=1))
