"""The canonical form of a snapshot: a header line and one sorted line a record (design §4, "Snapshot").

Every line is RFC 8785 JSON and ends in a line feed; the digest is SHA-256 of the whole file. One registry has exactly
one form: a reader refuses anything that the writer would not have written, so equal digests mean equal registries and
a delta of lines is a delta of records. `docs/formats.md` describes each member. Published files come from elsewhere:
reading is bounded and raises nothing but BadFile.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from licet.errors import BadFile, Malformed
from licet.model.canonical import SAFE_INTEGER_MAX, Json, canonical_json, time_text
from licet.model.registration import Record
from licet.snapshot.lines import RECORDS_MAX, read_lines, record_of, slices, whole_lines
from licet.snapshot.record_line import (
    is_integer,
    read_members,
    read_time,
    record_line,
    refuse_other_spelling,
    sort_key,
)
from licet.snapshot.toml_table import TEXT_LENGTH_MAX, text_problem

SCHEMA = "licet.snapshot/1"

_HEADER_MEMBERS = {"schema", "serial", "registry", "published", "records"}


@dataclass(frozen=True, slots=True)
class Header:
    """serial: from one, None for a registry that was never numbered; registry: what it calls itself; published_ns:
    when, where the publisher says so."""

    serial: int | None = None
    registry: str | None = None
    published_ns: int | None = None


def write_form(header: Header, records: Sequence[Record]) -> bytes:
    """Write a snapshot, sorting its records. Raises ValueError where two share a sort key."""
    keys = [sort_key(record) for record in records]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    for before, after in itertools.pairwise(order):
        if keys[before] == keys[after]:
            twin = records[after]
            raise ValueError(f"{twin.service} has two records for {twin.address} {twin.protocol}")
    lines = [_header_line(header, len(order))]
    lines.extend(record_line(records[index]) for index in order)
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


def read_form(path: str, raw: bytes) -> tuple[Header, tuple[Record, ...]]:
    """Read a snapshot. path: for messages only. Raises BadFile, with the line, for anything but a canonical form."""
    end = raw.find(b"\n")
    if end < 0:
        raise BadFile(path, "does not end in a line feed: the file was cut short", 1)
    header, count = read_header(path, raw[:end])
    lines = read_lines(path, whole_lines(slices(raw, end + 1)))
    records = tuple(record_of(fields) for _, fields, _ in lines)
    check_count(path, count, len(records))
    return header, records


def read_header(path: str, line: bytes) -> tuple[Header, int]:
    """Read the first line, without its line feed: what it says, and how many records it announces. Raises BadFile."""
    try:
        return _read_header(line)
    except Malformed as error:
        raise BadFile(path, str(error), 1) from None


def check_count(path: str, announced: int, found: int) -> None:
    """Raises BadFile where a header announces another number of records than there are."""
    if found != announced:
        raise BadFile(path, f"announces {announced} records and holds {found}: lines were added or lost", 1)


def _read_header(line: bytes) -> tuple[Header, int]:
    members = read_members(line, _HEADER_MEMBERS)
    if members["schema"] != SCHEMA:
        raise Malformed(f"is not of the schema {SCHEMA}")
    serial, count = members["serial"], members["records"]
    if serial is not None and not is_integer(serial, 1, SAFE_INTEGER_MAX):
        raise Malformed("serial is neither null nor a number from 1")
    if not is_integer(count, 0, RECORDS_MAX):
        raise Malformed("records is not a number of records")
    registry = members["registry"]
    if registry is not None and (not isinstance(registry, str) or text_problem(registry, TEXT_LENGTH_MAX)):
        raise Malformed("registry is neither null nor a name")
    published_ns = None if members["published"] is None else read_time(members, "published")
    assert isinstance(count, int)
    header = Header(serial if isinstance(serial, int) else None, registry, published_ns)
    refuse_other_spelling(line, _header_line(header, count))
    return header, count
