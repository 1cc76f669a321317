r"""The record lines of a snapshot in bulk: a million in a few seconds, refused exactly as `record_line` refuses them.

One regular expression takes a canonical line apart, and cheap checks prove its values right. A line that does not pass
is not wrong yet: it is read with care, which accepts it or says what is wrong with it. A test holds both readers
against each other on good, rare and damaged lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache

from licet.errors import BadFile, Malformed
from licet.model.canonical import parse_time
from licet.model.endpoint import TRANSPORTS
from licet.model.family import PROTOCOL_WORDS
from licet.model.registration import STATUSES, Record
from licet.snapshot.entry import NAME_LENGTH_MAX
from licet.snapshot.place import NO_PLACE, place_of, quick_place
from licet.snapshot.record_line import LINE_BYTES_MAX, TIMES_KEPT, read_record

RECORDS_MAX = 2_000_000
CHUNK_BYTES = 1024 * 1024

# The texts of one line, None for null: address, from, mac1_key, name, port, protocol, service, status, transport and
# until.
Fields = tuple[str | None, str, str | None, str | None, str | None, str, str, str, str | None, str]

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
_LINE = re.compile(
    rf'\{{"address":(?:null|"([0-9a-f.:/]+)"),"from":"({_TIME})","mac1_key":(?:null|"([0-9a-f]{{64}})"),'
    r'"name":(?:null|"([a-z0-9_.-]+)"),"port":(?:null|([1-9][0-9]{0,4})),"protocol":"([a-z0-9-]+)",'
    r'"service":"([A-Z]{2,5}-[0-9A-Z]{2,12})","status":"([A-Za-z]+)","transport":(?:null|"([a-z0-9]+)"),'
    rf'"until":"({_TIME})"\}}\n'
)
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
# One object for each word, however many records hold it.
_WORDS = {word: word for word in (*PROTOCOL_WORDS, *STATUSES, *TRANSPORTS)}
_PROTOCOLS = frozenset(PROTOCOL_WORDS)
_FIRST_YEAR = 1970


def read_lines(path: str, chunks: Iterable[bytes]) -> Iterator[tuple[int, Fields, int]]:
    """Read the record lines of a snapshot: place, texts, and bytes with the line feed, of each.

    path: for messages; chunks: whole lines, as `whole_lines` makes them. Raises BadFile, with the line counted from the
    header, for a line that is not canonical, out of order or there twice, and for more than RECORDS_MAX.
    """
    number = 1
    last: tuple[int, Fields] | None = None
    for chunk in chunks:
        # One character a byte, so that places in the text are places in the file: what is not ASCII cannot match.
        text = chunk.decode("ascii", "replace")
        at = 0
        while at < len(text):
            number += 1
            if number > RECORDS_MAX + 1:
                raise BadFile(path, f"holds more than {RECORDS_MAX} records, the most that are read")
            match = _LINE.match(text, at)
            try:
                if match is None:
                    raise _problem_of(chunk, at)
                fields: Fields = match.groups()  # type: ignore[assignment]
                place = _checked_place(fields)
                if place is None:
                    place = _careful_place(read_record(chunk[at:match.end() - 1]))
                if last is not None and place <= last[0]:
                    _refuse_disorder(last, (place, fields))
            except Malformed as error:
                raise BadFile(path, str(error), number) from None
            last = place, fields
            yield place, fields, match.end() - at
            at = match.end()


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut blocks of a file after their last line feed and carry the rest over. Only the last piece may lack its line
    feed; a line that does not end within a block ends the reading there, since it is longer than any line may be."""
    rest = b""
    for block in blocks:
        head, feed, tail = block.rpartition(b"\n")
        if not feed:
            rest += block
            if len(rest) > CHUNK_BYTES:
                break
            continue
        yield rest + head + feed
        rest = tail
    if rest:
        yield rest


def slices(raw: bytes, start: int = 0) -> Iterator[bytes]:
    """A file that is in memory, as blocks."""
    return (raw[at : at + CHUNK_BYTES] for at in range(start, len(raw), CHUNK_BYTES))


def record_of(fields: Fields) -> Record:
    """The record of a line that `read_lines` passed."""
    address, since, mac1_key, name, port, protocol, service, status, transport, until = fields
    return Record(
        address, None if transport is None else _WORDS[transport], None if port is None else int(port),
        _WORDS[protocol], mac1_key, name, service, _WORDS[status], _time_ns(since), _time_ns(until),
    )


def read_one(line: bytes) -> Record:
    """Read one line with its line feed, quickly where that is possible. Raises Malformed as `read_record` does."""
    match = _LINE.fullmatch(line.decode("ascii", "replace"))
    if match is not None:
        fields: Fields = match.groups()  # type: ignore[assignment]
        if _checked_place(fields) is not None:
            return record_of(fields)
    return read_record(line.removesuffix(b"\n"))


def _checked_place(fields: Fields) -> int | None:
    """The place of a line whose values are all right; None where that is not certain."""
    address, since, mac1_key, name, port, protocol, _, status, transport, until = fields
    if protocol not in _PROTOCOLS or status not in STATUSES or since >= until:
        return None
    if not (_is_day(since[:10]) and _is_day(until[:10])):
        return None
    if name is not None and (len(name) > NAME_LENGTH_MAX or _NAME.fullmatch(name) is None):
        return None
    if port is not None and (transport not in ("udp", "tcp") or int(port) > 65535):
        return None
    if address is None:
        is_key = mac1_key is not None and transport is None and port is None and protocol == "wireguard"
        return NO_PLACE if is_key else None
    if mac1_key is not None or (transport is not None and transport not in TRANSPORTS):
        return None
    return quick_place(address)


def _careful_place(record: Record) -> int:
    return NO_PLACE if record.address is None else place_of(record.address)


def _problem_of(chunk: bytes, at: int) -> Malformed:
    """What is wrong with the line that begins there and has not the form of a canonical one."""
    end = chunk.find(b"\n", at)
    if end < 0 and len(chunk) - at <= LINE_BYTES_MAX:
        return Malformed("does not end in a line feed: the file was cut short")
    try:
        read_record(chunk[at:] if end < 0 else chunk[at:end])
    except Malformed as error:
        return error
    return Malformed("is not in canonical form")


def _refuse_disorder(last: tuple[int, Fields], this: tuple[int, Fields]) -> None:
    """Raise Malformed unless this line, at a place not behind the last one's, belongs after it."""
    before, after = (last[0], *_rest(last[1])), (this[0], *_rest(this[1]))
    if after == before:
        raise Malformed("is the record before it again")
    if after < before:
        raise Malformed("belongs before the line above: records are sorted")


def _rest(fields: Fields) -> tuple[str, int, str, str, str]:
    """What sorts records of one place: transport, port, protocol, key, service."""
    _, _, mac1_key, _, port, protocol, service, _, transport, _ = fields
    return transport or "", int(port or 0), protocol, mac1_key or "", service


@lru_cache(TIMES_KEPT)
def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).year >= _FIRST_YEAR
    except ValueError:
        return False


@lru_cache(TIMES_KEPT)
def _time_ns(text: str) -> int:
    return parse_time(text)
