"""The canonical form of a snapshot: a header line and one sorted line a record (design §4, "Snapshot").

Every line is RFC 8785 JSON and ends in a line feed; the digest is SHA-256 of the whole file. One registry has exactly
one form: a reader refuses anything that the writer would not have written, so equal digests mean equal registries and
a delta of lines is a delta of records. `docs/formats.md` describes each member. Published files come from elsewhere:
reading is bounded and raises nothing but BadFile.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass

from licet.errors import BadFile, Malformed
from licet.model.canonical import SAFE_INTEGER_MAX, Json, canonical_json, time_text
from licet.model.endpoint import TRANSPORTS
from licet.model.family import PROTOCOL_WORDS
from licet.model.registration import STATUSES, Record
from licet.snapshot.entry import address_number, parse_name, parse_prefix, parse_server_address
from licet.snapshot.registry_file import HANDLE
from licet.snapshot.toml_table import TEXT_LENGTH_MAX, text_problem, time_ns_of

SCHEMA = "licet.snapshot/1"
RECORDS_MAX = 2_000_000
LINE_BYTES_MAX = 2_048

_HEADER_MEMBERS = {"schema", "serial", "registry", "published", "records"}
_RECORD_MEMBERS = {
    "address", "transport", "port", "protocol", "mac1_key", "name", "service", "status", "from", "until",
}


@dataclass(frozen=True, slots=True)
class Header:
    """serial: from one, None for a registry that was never numbered; registry: what it calls itself; published_ns:
    when, where the publisher says so."""

    serial: int | None = None
    registry: str | None = None
    published_ns: int | None = None


def sort_key(record: Record) -> tuple[int, int, int, str, int, str, str, str]:
    """The order of records: no address first, then IPv4 before IPv6 by number, the wider prefix first; then transport,
    port, protocol, key and service, each with nothing before something. No two records of a snapshot share it."""
    version, number, length = (0, 0, 0) if record.address is None else address_number(record.address)
    return (version, number, length, record.transport or "", record.port or 0, record.protocol,
            record.mac1_key or "", record.service)


def write_form(header: Header, records: Sequence[Record]) -> bytes:
    """Write a snapshot, sorting its records. Raises ValueError where two share a sort key."""
    ordered = sorted(records, key=sort_key)
    for before, after in itertools.pairwise(ordered):
        if sort_key(before) == sort_key(after):
            raise ValueError(f"{after.service} has two records for {after.address} {after.protocol}")
    lines = [_header_line(header, len(ordered))]
    lines.extend(_record_line(record) for record in ordered)
    return b"".join(lines)


def _header_line(header: Header, count: int) -> bytes:
    members: dict[str, Json] = {
        "schema": SCHEMA,
        "serial": header.serial,
        "registry": header.registry,
        "published": None if header.published_ns is None else time_text(header.published_ns, 0),
        "records": count,
    }
    return canonical_json(members) + b"\n"


def _record_line(record: Record) -> bytes:
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


def read_form(path: str, raw: bytes) -> tuple[Header, tuple[Record, ...]]:
    """Read a snapshot. path: for messages only. Raises BadFile, with the line, for anything but a canonical form."""
    lines = raw.split(b"\n", RECORDS_MAX + 2)
    if lines[-1] != b"":
        if len(lines) > RECORDS_MAX + 2:
            raise BadFile(path, f"holds more than {RECORDS_MAX} records, the most that are read")
        raise BadFile(path, "does not end in a line feed: the file was cut short", len(lines))
    try:
        header, count = _read_header(lines[0])
    except Malformed as error:
        raise BadFile(path, str(error), 1) from None
    records = _read_records(path, lines[1:-1])
    if len(records) != count:
        raise BadFile(path, f"announces {count} records and holds {len(records)}: lines were added or lost", 1)
    return header, records


def _read_records(path: str, lines: list[bytes]) -> tuple[Record, ...]:
    records: list[Record] = []
    last: tuple[int, int, int, str, int, str, str, str] | None = None
    for number, line in enumerate(lines, start=2):
        try:
            record = _read_record(line)
            key = sort_key(record)
            if last is not None and key <= last:
                raise Malformed("is the record before it again" if key == last else
                                "belongs before the line above: records are sorted")
        except Malformed as error:
            raise BadFile(path, str(error), number) from None
        records.append(record)
        last = key
    return tuple(records)


def _members(line: bytes, known: set[str]) -> dict[str, object]:
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


def _read_header(line: bytes) -> tuple[Header, int]:
    members = _members(line, _HEADER_MEMBERS)
    if members["schema"] != SCHEMA:
        raise Malformed(f"is not of the schema {SCHEMA}")
    serial, count = members["serial"], members["records"]
    if serial is not None and not _is_integer(serial, 1, SAFE_INTEGER_MAX):
        raise Malformed("serial is neither null nor a number from 1")
    if not _is_integer(count, 0, RECORDS_MAX):
        raise Malformed("records is not a number of records")
    registry = members["registry"]
    if registry is not None and (not isinstance(registry, str) or text_problem(registry, TEXT_LENGTH_MAX)):
        raise Malformed("registry is neither null nor a name")
    published_ns = None if members["published"] is None else _read_time(members, "published")
    assert isinstance(count, int)
    header = Header(serial if isinstance(serial, int) else None, registry, published_ns)
    _refuse_other_spelling(line, _header_line(header, count))
    return header, count


def _read_record(line: bytes) -> Record:
    members = _members(line, _RECORD_MEMBERS)
    record = Record(
        address=_read_address(members["address"]),
        transport=_one_of(members, "transport", TRANSPORTS) if members["transport"] is not None else None,
        port=_read_port(members["port"]),
        protocol=_one_of(members, "protocol", PROTOCOL_WORDS),
        mac1_key=_read_key(members["mac1_key"]),
        name=_read_name(members["name"]),
        service=_read_service(members["service"]),
        status=_one_of(members, "status", tuple(STATUSES)),
        valid_from_ns=_read_time(members, "from"),
        valid_until_ns=_read_time(members, "until"),
    )
    _check_shape(record)
    _refuse_other_spelling(line, _record_line(record))
    return record


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


def _refuse_other_spelling(line: bytes, canonical: bytes) -> None:
    """Other spacing, order, escapes, doubled members, addresses or times: all that was read, but not as written."""
    if line + b"\n" != canonical:
        raise Malformed("is not in canonical form (RFC 8785, addresses as in RFC 5952, times in UTC)")


def _is_integer(value: object, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _one_of(members: dict[str, object], member: str, words: Sequence[str]) -> str:
    value = members[member]
    if not isinstance(value, str) or value not in words:
        raise Malformed(f"{member} is not one of {', '.join(sorted(words))}")
    return value


def _read_time(members: dict[str, object], member: str) -> int:
    value = members[member]
    try:
        return time_ns_of(value)
    except (ValueError, OverflowError):
        raise Malformed(f"{member} is not a time such as 2026-01-01T00:00:00Z") from None


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
    if not _is_integer(value, 1, 65535):
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
