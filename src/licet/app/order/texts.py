"""What a person writes about a draft beforehand: a TOML file with the order's words.

    legal_ground = "Tunnel policy of Example Logistics"
    legal_text_quoted = '''Tunnels to servers that are not on the register may be closed.'''
    …
    [endpoint."198.51.100.66:51820/udp"]      # or [endpoint.""] for all
    class = "datacentre"
    class_source = "RDAP, 2026-03-02"
    contact = "abuse@example.org"
"""

from __future__ import annotations

from collections.abc import Sequence

from licet.app.order.draft import OF_EACH_ENDPOINT, TEXTS
from licet.errors import BadFile, BadInput
from licet.snapshot.store import read_bytes
from licet.snapshot.toml_table import parse_toml

TEXTS_BYTES_MAX = 1024 * 1024


def read_texts(path: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The words of a draft, and what is said of endpoints. Raises BadFile."""
    data = dict(parse_toml(path, read_bytes(path, TEXTS_BYTES_MAX)).data)
    ends = data.pop("endpoint", {})
    if not isinstance(ends, dict):
        raise BadFile(path, "write [endpoint.\"ADDRESS:PORT/udp\"] with class, class_source and contact below it")
    found = {str(end): _words(path, said, OF_EACH_ENDPOINT) for end, said in ends.items()}
    return _words(path, data, TEXTS), found


def _words(path: str, table: object, known: Sequence[str]) -> dict[str, str]:
    if not isinstance(table, dict):
        raise BadFile(path, f"write {', '.join(known)} as texts")
    for name, value in table.items():
        if name not in known:
            raise BadFile(path, f"“{str(name)[:40]}” is not known; known are {', '.join(known)}")
        if not isinstance(value, str):
            raise BadFile(path, f"{name} is a text, in quotes")
    return dict(table)


def read_settings(settings: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """`name=value` of the command line: the words of a draft, and what is said of all its endpoints.

    Raises BadInput."""
    texts: dict[str, str] = {}
    of_all: dict[str, str] = {}
    for one in settings:
        name, equals, value = one.partition("=")
        if not equals or name not in (*TEXTS, *OF_EACH_ENDPOINT):
            raise BadInput(f"“{name[:40]}” is not known; write NAME=TEXT, and for NAME one of "
                           f"{', '.join((*TEXTS, *OF_EACH_ENDPOINT))}")
        (of_all if name in OF_EACH_ENDPOINT else texts)[name] = value
    return texts, of_all
