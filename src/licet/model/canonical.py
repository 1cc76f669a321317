"""Canonical JSON (RFC 8785) and UTC times (RFC 3339), as every digest and every output of licet uses them.

Our objects hold text, whole numbers, booleans, null, lists and objects with ASCII names; for these the standard
library's sorted output is RFC 8785's byte for byte (a test compares it with an independent implementation). Numbers
with a fraction are refused: their canonical form is the part of RFC 8785 that we do not implement.
"""

from __future__ import annotations

import functools
import hashlib
import json
from datetime import UTC, date, datetime, timedelta

Json = None | bool | int | str | list["Json"] | tuple["Json", ...] | dict[str, "Json"]

SAFE_INTEGER_MAX = 2**53 - 1  # RFC 8785 §3.2.2.3: beyond this, readers that use doubles would change the number.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def canonical_json(value: Json) -> bytes:
    """RFC 8785 bytes of a value. Raises ValueError on a float, an unsafe integer or a name outside ASCII."""
    _check(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _check(value: Json) -> None:
    if isinstance(value, float):
        raise ValueError(f"{value} is a fraction; canonical JSON here holds whole numbers")
    if isinstance(value, int) and abs(value) > SAFE_INTEGER_MAX:
        raise ValueError(f"{value} is beyond 2^53-1")
    if isinstance(value, dict):
        for name, item in value.items():
            if not name.isascii():
                raise ValueError(f"the name “{name}” is not ASCII")
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)


def sha256_digest(data: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def time_text(time_ns: int, digits: int = 6) -> str:
    """RFC 3339 in UTC with the given digits of a second, cut, not rounded: `2026-03-01T12:00:00.000000Z`."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return f"{_second_text(seconds)}.{nanoseconds:09d}"[: 20 + digits].rstrip(".") + "Z"


@functools.lru_cache(maxsize=4_096)
def _second_text(seconds: int) -> str:
    """Date and time of a second since the epoch. A capture has few of them, and three times a tunnel."""
    # Year 9999 is the last that RFC 3339 can print; a damaged capture can claim more.
    return (_EPOCH + timedelta(seconds=min(seconds, 253_402_300_799))).isoformat()[:19]


def parse_time(text: str) -> int:
    """Read an RFC 3339 time, or a date (its first moment, UTC), as nanoseconds since the epoch. Raises ValueError.

    A time without an offset is refused: it would mean something else on another machine.
    """
    text = text.strip()
    if len(text) == 10:
        return day_ns(date.fromisoformat(text))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs Z or an offset, such as 2026-03-01T12:00:00Z")
    return moment_ns(moment)


def day_ns(day: date) -> int:
    """The first moment of a day in UTC, in nanoseconds since the epoch."""
    return (day - date(1970, 1, 1)).days * 86_400 * 1_000_000_000


def moment_ns(moment: datetime) -> int:
    """An aware datetime in nanoseconds since the epoch, exactly."""
    since = moment.astimezone(UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
