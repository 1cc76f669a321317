"""Settings for the whole run."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings

# No deadlines: a busy machine is no bug. On a server that checks changes the examples are the same each time, so that a
# change is judged by itself; everywhere else they are new ones.
settings.register_profile("licet", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("licet")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None,
                                 tmp_path_factory: pytest.TempPathFactory) -> None:
    """The database is a file, as it is in use: threads share it, and it waits for locks as it will. Said here, since
    the first test that asks for one makes it for all, and that can be one of tests/house/."""
    from django.conf import settings as django_settings

    database: dict[str, Any] = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
