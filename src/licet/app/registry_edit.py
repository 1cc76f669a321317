"""Edit `registry.toml` in place: add a service, remove one, and say which command would add a tunnel's.

A person's file stays a person's file: what is not edited keeps its comments, order and layout byte for byte. The new
text is read like any other before it replaces the old one, so that no edit can leave a file that does not load; it is
replaced whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from licet.errors import BadFile, BadInput, Malformed
from licet.model.canonical import canonical_json, time_text
from licet.model.family import FAMILIES
from licet.model.tunnel import Tunnel
from licet.snapshot.entry import Entry, parse_entry, parse_key
from licet.snapshot.registry_file import RegistryFile, read_registry
from licet.snapshot.store import read_bytes, replace_file
from licet.snapshot.toml_table import parse_toml

DEFAULT_FILE = "registry.toml"
PLACEHOLDER_OPERATOR = "WHO ANSWERS FOR IT"
HANDLE_CHARACTERS = 4

# Crockford's base 32: no letter that is taken for a digit when a handle is read out.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_NEW_FILE = "# The VPN services that are registered here. Read by `licet scan --registry`.\n"


@dataclass(frozen=True, slots=True)
class NewService:
    """A service to be added. endpoints, keys: as in registry.toml; valid_from, valid_until: a date or an RFC 3339 time
    as text; handle: made from the rest where it is None; purpose, contact, note: "" leaves the field out."""

    title: str
    operator: str
    endpoints: tuple[str, ...]
    valid_from: str
    valid_until: str
    keys: tuple[str, ...] = ()
    purpose: str = ""
    contact: str = ""
    note: str = ""
    handle: str | None = None


def add_service(path: str, new: NewService) -> str:
    """Add a service to a registry file, which is made where it is missing, and return its handle.

    Raises Malformed for a wrong endpoint or key, BadFile for a file that is wrong already, and BadInput where the file
    would be wrong afterwards; in each case nothing is changed.
    """
    return add_services(path, (new,))[0]


def add_services(path: str, news: tuple[NewService, ...]) -> list[str]:
    """Add several services at once, or none. Returns their handles; raises as `add_service` does."""
    text = _text_of(path) if os.path.exists(path) else _NEW_FILE
    registry = read_registry(path, text.encode())
    handles = [service.handle for service in registry.services]
    added: list[str] = []
    for new in news:
        for endpoint in new.endpoints:
            parse_entry(endpoint)
        for key in new.keys:
            parse_key(key)
        handle = new.handle or make_handle(new, (*handles, *added))
        added.append(handle)
        text = _append(text, _block(replace(new, handle=handle)))
    _replace(path, text, registry, (*handles, *added))
    return added


def remove_service(path: str, handle: str) -> None:
    """Remove a service and the comment directly above it. Raises BadInput where there is none with this handle."""
    text = _text_of(path)
    registry = read_registry(path, text.encode())
    handles = [service.handle for service in registry.services]
    if handle not in handles:
        raise BadInput(f"{path} has no service {handle}; `licet registry list` shows those that it has")
    index = handles.index(handle)
    first, last = _block_lines(path, text, index, len(handles))
    lines = text.split("\n")
    kept = "\n".join(lines[:first] + lines[last:])
    _replace(path, kept, registry, tuple(other for other in handles if other != handle))


def read_services(path: str) -> RegistryFile:
    """What a registry file holds. Raises BadFile."""
    return read_registry(path, read_bytes(path))


def make_handle(new: NewService, taken: Collection[str]) -> str:
    """`SVC-` and four characters of a hash of the service: the same service always gets the same handle, and no clock
    or chance is needed. Where it is taken, the next hash is."""
    for attempt in range(len(taken) + 1):
        content = canonical_json([new.title, new.operator, list(new.endpoints), list(new.keys), attempt])
        digest = hashlib.sha256(content).digest()
        handle = "SVC-" + "".join(_ALPHABET[byte % 32] for byte in digest[:HANDLE_CHARACTERS])
        if handle not in taken:
            return handle
    # A file that holds every handle of a chain has thousands of services: such an office numbers its own.
    raise BadInput("no short handle is free; give one with --handle")


def entry_of(tunnel: Tunnel) -> Entry:
    """The endpoint that covers exactly this tunnel, and for IKE the ESP and AH beside it. Raises ValueError where the
    tunnel has no server end."""
    if tunnel.server is None:
        raise ValueError("a tunnel without a server end cannot be registered by endpoint")
    family = FAMILIES.get(tunnel.family)
    # The last word is the widest: `ipsec` for IKE, because IKE without its ESP is no tunnel.
    word = tunnel.family if family is None else family.registered_as[-1]
    server = tunnel.server
    entry = Entry(server.address, server.transport, server.port, word)
    try:
        return parse_entry(str(entry))
    except Malformed:
        # Seen on a transport that registrations do not know of for this protocol: the address as a whole.
        return Entry(server.address, None, None, word)


def add_command(tunnel: Tunnel, file: str = DEFAULT_FILE) -> str:
    """The command that would register a tunnel, quoted for a shell; name and operator are there to be edited.

    It begins on the day the tunnel was first seen, so that the same capture then shows it as registered. Raises
    ValueError where the tunnel has no server end.
    """
    entry = entry_of(tunnel)
    family = FAMILIES.get(tunnel.family)
    title = f"{tunnel.family if family is None else family.title} at {entry.address}"
    words = ["licet", "registry", "add", str(entry), "--name", title, "--operator", PLACEHOLDER_OPERATOR,
             "--from", first_day(tunnel)]
    if file != DEFAULT_FILE:
        words += ["--file", file]
    return shlex.join(words)


def first_day(tunnel: Tunnel) -> str:
    """The UTC date on which a tunnel was first seen: `2026-03-01`."""
    return time_text(min(tunnel.first_seen_ns, tunnel.last_seen_ns), 0)[:10]


def today() -> date:
    """The UTC date of the clock."""
    return datetime.now(UTC).date()


def a_year_after(day: date) -> date:
    """The same day next year; the 28th of February for its 29th. The calendar ends with the year 9999."""
    next_year = min(day.year + 1, 9999)
    try:
        return day.replace(year=next_year)
    except ValueError:
        return day.replace(year=next_year, day=28)


def _text_of(path: str) -> str:
    return parse_toml(path, read_bytes(path)).text


def _append(text: str, block: str) -> str:
    """A block after a blank line, with the line ends that the file has."""
    above = text.rstrip("\r\n")
    whole = f"{above}\n\n{block}" if above else block
    return whole.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else whole


def _block(new: NewService) -> str:
    """A `[[service]]` table as text; tomlkit knows how each value is quoted."""
    import tomlkit

    table = tomlkit.table()
    table["handle"] = new.handle
    table["name"] = new.title
    table["operator"] = new.operator
    for field in ("purpose", "contact", "note"):
        if getattr(new, field):
            table[field] = getattr(new, field)
    table["from"], table["until"] = _time_item(new.valid_from), _time_item(new.valid_until)
    if new.endpoints:
        table["endpoints"] = _list_item(new.endpoints)
    if new.keys:
        table["keys"] = _list_item(new.keys)
    return "[[service]]\n" + tomlkit.dumps(table).rstrip("\n") + "\n"


def _list_item(texts: tuple[str, ...]) -> object:
    """A list on one line, or of one line an entry where there are several: each can then be commented on."""
    import tomlkit

    array = tomlkit.array()
    array.extend(texts)
    return array.multiline(len(texts) > 1)


def _time_item(text: str) -> object:
    """A date stands as a TOML date; anything else as it was written, for the reader to accept or refuse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _block_lines(path: str, text: str, index: int, count: int) -> tuple[int, int]:
    """The lines of a service, as a slice: from the comment directly above its header to the comment above the next.

    A comment with a blank line below it, or at the top of the file, belongs to no service and stays.
    """
    headers = parse_toml(path, text.encode()).lines
    lines = text.split("\n")
    first = _with_comment(lines, headers[("service", index)] - 1)
    last = len(lines)
    if index + 1 < count:
        last = _with_comment(lines, headers[("service", index + 1)] - 1)
    else:
        while first and not lines[first - 1].strip():
            first -= 1  # The blank lines between it and what is now the end of the file.
        last -= 1 if lines[-1] == "" else 0
    return first, last


def _with_comment(lines: list[str], header: int) -> int:
    """The first line of the comment that stands directly above a header, or the header's own."""
    first = header
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return header if first == 0 else first


def _replace(path: str, text: str, before: RegistryFile, handles: tuple[str, ...]) -> None:
    """Write the new text if it loads, holds exactly the services that it should, and changed no other."""
    try:
        after = read_registry(path, text.encode())
    except BadFile as error:
        raise BadInput(f"{path} was not changed, because it would be wrong: {error.problem}") from None
    old = {service.handle: service for service in before.services}
    unchanged = all(old.get(service.handle, service) == service for service in after.services)
    if tuple(service.handle for service in after.services) != handles or not unchanged:
        raise BadInput(f"{path} was not changed: its services are written in a way that only a person can edit")
    replace_file(path, text.encode())
