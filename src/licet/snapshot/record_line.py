"""One record as one line of a snapshot: written, and read back with every mistake named (docs/formats.md).

A line is RFC 8785 JSON and ends in a line feed. What is read is checked member by member and then printed again: a line
that its own record would not print is refused. `lines` reads the same lines in bulk, and asks here whenever in doubt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from licet.errors import Malformed
from licet.model.canonical import Json, canonical_json, time_text
from licet.model.endpoint import TRANSPORTS
from licet.model.family import PROTOCOL_WORDS
from licet.model.registration import STATUSES, Record
from licet.snapshot.entry import parse_name, parse_prefix, parse_server_address
from licet.snapshot.place import NO_PLACE, place_of
from licet.snapshot.registry_file import HANDLE
from licet.snapshot.toml_table import time_ns_of

LINE_BYTES_MAX = 2_048
TIMES_KEPT = 65_536  # texts of times; a registry repeats few dates many times

SortKey = tuple[int, str, int, str, str, str]

_MEMBERS = {
    "address", "transport", "port", "protocol", "mac1_key", "name", "service", "status", "from", "until",
}
_NEEDS_ESCAPE = frozenset('"\\')


def sort_key(record: Record) -> SortKey:
    """The order of records: no address first, then IPv4 before IPv6 by number, the wider prefix first; then transport,
    port, protocol, key and service, each with nothing before something. No two records of a snapshot share it."""
    place = NO_PLACE if record.address is None else place_of(record.address)
    return place, record.transport or "", record.port or 0, record.protocol, record.mac1_key or "", record.service


def record_line(record: Record) -> bytes:
    """The line of a record, with its line feed."""
    texts = (record.address, record.mac1_key, record.name, record.protocol, record.service, record.status,
             record.transport)
    if any(text is not None and not _is_plain(text) for text in texts):
        return _careful_line(record)
    address, mac1_key, name, protocol, service, status, transport = (
        "null" if text is None else f'"{text}"' for text in texts)
    port = "null" if record.port is None else record.port
    return (f'{{"address":{address},"from":"{_time(record.valid_from_ns)}","mac1_key":{mac1_key},"name":{name},'
            f'"port":{port},"protocol":{protocol},"service":{service},"status":{status},"transport":{transport},'
            f'"until":"{_time(record.valid_until_ns)}"}}\n').encode()


def _is_plain(text: str) -> bool:
    """True for text that JSON writes as it is: all that a registry file can hold, but a program can make others."""
    return text.isascii() and text.isprintable() and _NEEDS_ESCAPE.isdisjoint(text)


@lru_cache(TIMES_KEPT)
def _time(time_ns: int) -> str:
    return time_text(time_ns, 0)


def _careful_line(record: Record) -> bytes:
    members: dict[str, Json] = {
        "address": record.address,
        "transport": record.transport,
        "port": record.port,
        "protocol": record.protocol,
        "mac1_key": record.mac1_key,
        "name": record.name,
        "service": record.service,
        "status": record.status,
        "from": time_text(record.valid_from_ns, 0),
        "until": time_text(record.valid_until_ns, 0),
    }
    return canonical_json(members) + b"\n"


def read_record(line: bytes) -> Record:
    """Read one line, without its line feed. Raises Malformed for anything but the canonical line of a record."""
    members = read_members(line, _MEMBERS)
    record = Record(
        address=_read_address(members["address"]),
        transport=_one_of(members, "transport", TRANSPORTS) if members["transport"] is not None else None,
        port=_read_port(members["port"]),
        protocol=_one_of(members, "protocol", PROTOCOL_WORDS),
        mac1_key=_read_key(members["mac1_key"]),
        name=_read_name(members["name"]),
        service=_read_service(members["service"]),
        status=_one_of(members, "status", tuple(STATUSES)),
        valid_from_ns=read_time(members, "from"),
        valid_until_ns=read_time(members, "until"),
    )
    _check_shape(record)
    refuse_other_spelling(line, _careful_line(record))
    return record


def read_members(line: bytes, known: set[str]) -> dict[str, object]:
    """The members of one JSON object, exactly the known ones. Raises Malformed."""
    if len(line) > LINE_BYTES_MAX:
        raise Malformed(f"has {len(line)} bytes; a line has at most {LINE_BYTES_MAX}")
    try:
        members = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise Malformed("is not JSON in UTF-8") from None
    if not isinstance(members, dict):
        raise Malformed("is not a JSON object")
    if members.keys() != known:
        wrong = sorted(members.keys() ^ known)[0]
        state = "lacks" if wrong in known else "has the unknown"
        raise Malformed(f"{state} member {json.dumps(wrong[:40])}")
    return members


def refuse_other_spelling(line: bytes, canonical: bytes) -> None:
    """Raise Malformed for other spacing, order, escapes, doubled members, addresses or times: all that was read, but
    not as written."""
    if line + b"\n" != canonical:
        raise Malformed("is not in canonical form (RFC 8785, addresses as in RFC 5952, times in UTC)")


def is_integer(value: object, lowest: int, highest: int) -> bool:
    """True for a whole number within bounds, both included; JSON's true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def read_time(members: dict[str, object], member: str) -> int:
    """A time in nanoseconds since the epoch. Raises Malformed."""
    value = members[member]
    try:
        return time_ns_of(value)
    except (ValueError, OverflowError):
        raise Malformed(f"{member} is not a time such as 2026-01-01T00:00:00Z") from None


def _check_shape(record: Record) -> None:
    """What must hold between the members of a record. Raises Malformed."""
    if record.valid_from_ns >= record.valid_until_ns:
        raise Malformed("until is not later than from")
    if (record.address is None) == (record.mac1_key is None):
        raise Malformed("has neither an address nor a key, or both: a key stands alone")
    if record.mac1_key is not None and (record.transport, record.port, record.protocol) != (None, None, "wireguard"):
        raise Malformed("is a key with a transport, a port or a protocol other than wireguard")
    if record.port is not None and record.transport not in ("udp", "tcp"):
        raise Malformed("has a port without the transport udp or tcp")


def _one_of(members: dict[str, object], member: str, words: Sequence[str]) -> str:
    value = members[member]
    if not isinstance(value, str) or value not in words:
        raise Malformed(f"{member} is not one of {', '.join(sorted(words))}")
    return value


def _read_address(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Malformed("address is neither null nor text")
    if value != (parse_prefix(value) if "/" in value else parse_server_address(value)):
        raise Malformed("address is not spelt as RFC 5952 says")
    return value


def _read_port(value: object) -> int | None:
    if value is None:
        return None
    if not is_integer(value, 1, 65535):
        raise Malformed("port is not a number from 1 to 65535")
    assert isinstance(value, int)
    return value


def _read_key(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) != 64 or value.strip("0123456789abcdef"):
        raise Malformed("mac1_key is not 64 hex digits in lower case")
    return value


def _read_name(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or parse_name(value) != value:
        raise Malformed("name is not a DNS name in lower case")
    return value


def _read_service(value: object) -> str:
    if not isinstance(value, str) or not HANDLE.fullmatch(value):
        raise Malformed("service is not a handle such as SVC-7F3K")
    return value
