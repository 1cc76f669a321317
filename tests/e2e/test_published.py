"""A registry as it runs, over HTTP: its pages are what its log says, and a row that was changed by hand is found by
anybody who has the key, and shown on the page of its service."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from support.running_service import Service, running_service

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TITLE = "What this page says is not what the record says"


def test_a_row_that_was_changed_by_hand_is_found_on_a_running_registry(tmp_path: Path) -> None:
    with running_service(tmp_path / "registry", "--demo") as service:
        found = re.search(r"its log verifies with (\S+)", service.output())
        assert found is not None
        key = found[1]
        wait_for_log(service)
        told = verify(service, key, "150")
        assert "all of it is what the log says" in told
        assert re.search(r"published: [12] snapshots, \d+ services in the newest, 8 of the directory", told)
        handle = change_by_hand(service)
        told = verify(service, key, "0", status=4)
        assert re.search(rf"^differs: {handle}: .*Something Else.*\(facts_differ\)$", told, re.MULTILINE)
        assert TITLE in page(service, handle)
        other = next(one for one in re.findall(r"/service/(SVC-\w+)/", page(service, "")) if one != handle)
        assert TITLE not in page(service, other)


def wait_for_log(service: Service) -> None:
    """The clock of the service writes the log for the first time when it has started."""
    for _ in range(600):
        with contextlib.suppress(urllib.error.HTTPError), _DIRECT.open(f"{service.url}/log/checkpoint", timeout=30):
            return
        time.sleep(0.2)
    raise AssertionError(service.output())


def verify(service: Service, key: str, patience: str, status: int = 0) -> str:
    """`licet log verify` against the address of the service."""
    return service.licet("log", "verify", f"{service.url}/log", "--key", key, "--published", service.url,
                         "--patience", patience, status=status)


def change_by_hand(service: Service) -> str:
    """Another name for a listed service, in the database alone."""
    path = next(service.folder.rglob("registry.sqlite3"))
    with closing(sqlite3.connect(path, timeout=30)) as database:
        [handle] = database.execute(
            "select handle from registry_service join registry_registration as r on service_id = registry_service.id "
            "where is_listed and r.state = 'ok' order by registry_service.id limit 1").fetchone()
        database.execute("update registry_service set name = 'Something Else' where handle = ?", [handle])
        database.commit()
    return str(handle)


def page(service: Service, handle: str) -> str:
    path = f"service/{handle}/" if handle else "directory/"
    with _DIRECT.open(f"{service.url}/{path}", timeout=30) as answer:
        return str(answer.read().decode())
