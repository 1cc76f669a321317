"""Which database: SQLite in the data folder, or PostgreSQL where licet.toml names one.

SQLite writes ahead (WAL), so that readers never wait, and every transaction takes the write lock at its start: two that
both read first and then write cannot deadlock, the second one waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from licet.errors import BadInput, Unavailable
from licet.server.deployment import Deployment, read_secret

SQLITE_WAIT_S = 30
CONNECTION_AGE_S = 60

_SQLITE_START = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
_POSTGRES_OPTIONS = frozenset({"host", "port", "sslmode", "sslrootcert", "connect_timeout", "application_name"})


def database_settings(deployment: Deployment) -> dict[str, Any]:
    """Django's settings for the one database. Raises BadInput for a URL that cannot be used."""
    if not deployment.table.database:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(deployment.database_path),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": SQLITE_WAIT_S, "init_command": _SQLITE_START},
        }
    return {"ENGINE": "django.db.backends.postgresql", **_postgres(deployment)}


@contextmanager
def usable_database(deployment: Deployment) -> Iterator[None]:
    """Turn what a database says that is not there, or is none, into Unavailable. Django must be set up."""
    from django.db import DatabaseError, InterfaceError, OperationalError

    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if type(error) not in (DatabaseError, InterfaceError, OperationalError):
            raise  # The others are mistakes of the service's own.
        what = deployment.table.database or deployment.database_path
        said = str(error).strip().split("\n")[0] or type(error).__name__
        raise Unavailable(f"the database {what} cannot be used: {said}") from None


def _postgres(deployment: Deployment) -> dict[str, Any]:
    try:
        url = urlsplit(deployment.table.database)
        options = {name: values[-1] for name, values in parse_qs(url.query, strict_parsing=bool(url.query)).items()}
        port = url.port
    except ValueError as error:
        raise BadInput(f"the database's URL cannot be read: {error}") from None
    unknown = sorted(options.keys() - _POSTGRES_OPTIONS)
    if url.password is not None:
        raise BadInput("the database's URL holds a password; put it into a file and name that in "
                       "database_password_file")
    if unknown:
        raise BadInput(f"the database's URL has the unknown option {unknown[0]}; known are "
                       f"{', '.join(sorted(_POSTGRES_OPTIONS))}")
    host = unquote(options.pop("host", "") or url.hostname or "")
    password_file = deployment.table.database_password_file
    return {
        "NAME": unquote(url.path.strip("/")) or "licet",
        "USER": unquote(url.username or ""),
        "PASSWORD": read_secret(password_file) if password_file else "",
        "HOST": host,
        "PORT": options.pop("port", "") or str(port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": CONNECTION_AGE_S,
        "CONN_HEALTH_CHECKS": True,
    }
