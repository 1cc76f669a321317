"""The table `[server]` of licet.toml: where the registry service keeps its data, and how it is reached.

    [server]
    name = "Example registry"
    url = "https://registry.example.net"
    data = "licet-data"                                  # relative to this file
    database = "postgresql://licet@/licet?host=/run/postgresql"
    database_password_file = "secrets/database"
    mail = "smtp://licet@mail.example.net:587"
    mail_from = "registry@example.net"
    mail_password_file = "secrets/mail"
    security_contact = "security@example.net"            # or an https page; shown in /.well-known/security.txt
    proxy = "127.0.0.1"                                  # of the reverse proxy, whose X-Forwarded-For is believed
    language = "en"
    workers = 1

Every field may be left out. Secrets stand in files of their own, never here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from licet.snapshot.toml_table import Table

FIELDS = (
    "name", "url", "data", "database", "database_password_file", "mail", "mail_from", "mail_password_file",
    "security_contact", "language", "workers", "proxy",
)
URL_LENGTH_MAX = 300
WORKERS_MAX = 64

_URL = re.compile(r"https?://[^\s/?#@]+/?")
_DATABASE = re.compile(r"(?:postgresql|postgres)://\S+")
_MAIL = re.compile(r"smtps?://(?:[^\s:@/]+@)?[^\s:@/]+(?::\d{1,5})?")
_MAIL_FROM = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_CONTACT = re.compile(r"[^\s@<>:/]+@[^\s@<>:/]+|https://[^\s<>]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,8})?")

_ADDRESS = re.compile(r"[0-9a-fA-F:.]{2,45}")

_SHAPES = {
    "url": (_URL, "https://registry.example.net, without a path"),
    "database": (_DATABASE, "postgresql://licet@/licet?host=/run/postgresql"),
    "mail": (_MAIL, "smtp://licet@mail.example.net:587; its password stands in mail_password_file"),
    "mail_from": (_MAIL_FROM, "registry@example.net"),
    "security_contact": (_CONTACT, "security@example.net, or https://registry.example.net/security"),
    "language": (_LANGUAGE, "en"),
    "proxy": (_ADDRESS, "127.0.0.1: one address, of the reverse proxy"),
}
_PATHS = ("data", "database_password_file", "mail_password_file")


@dataclass(frozen=True, slots=True)
class ServerTable:
    """What the file says; "" where it says nothing. Paths are from the current folder; workers: None if not said."""

    name: str = ""
    url: str = ""
    data: str = ""
    database: str = ""
    database_password_file: str = ""
    mail: str = ""
    mail_from: str = ""
    mail_password_file: str = ""
    security_contact: str = ""
    language: str = ""
    workers: int | None = None
    proxy: str = ""


def read_server_table(table: Table, config_path: str) -> ServerTable:
    """Read `[server]`, noting every mistake in the table's list of faults."""
    table.refuse_unknown(FIELDS)
    texts = {field: table.text(field, length_max=URL_LENGTH_MAX) for field in FIELDS if field != "workers"}
    for field in _SHAPES:
        if texts[field] and (form := form_missed(field, texts[field])):
            table.fault(f"{field} is not of the form {form}", field)
    for field in _PATHS:
        if texts[field]:
            texts[field] = os.path.join(os.path.dirname(config_path), texts[field])
    return ServerTable(**texts, workers=_workers(table))


def form_missed(field: str, text: str) -> str | None:
    """The form that the text of a field does not have, as an example; None where it has it, or any would do."""
    if field not in _SHAPES:
        return None
    shape, example = _SHAPES[field]
    return None if shape.fullmatch(text) else example


def _workers(table: Table) -> int | None:
    value = table.values.get("workers")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= WORKERS_MAX:
        table.fault(f"workers is not a number from 1 to {WORKERS_MAX}", "workers")
        return None
    return value
