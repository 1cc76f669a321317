"""TOML files read with care: every wrong entry becomes one sentence with its line (TOML 1.0).

`registry.toml` and `licet.toml` are written by people, who deserve all mistakes at once: a `Table` collects them
and the caller raises the first or prints them all. What a getter returns after a mistake is a stand-in of the right
type and must not be used once `faults` is not empty.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property

from licet.errors import BadFile
from licet.model.canonical import day_ns, moment_ns, parse_time
from licet.snapshot.toml_lines import Path, toml_lines

TEXT_LENGTH_MAX = 200
NOTE_LENGTH_MAX = 2_000
TIME_NS_MIN = 0  # 1970: nothing was registered before
TIME_NS_MAX = 253_402_300_799 * 1_000_000_000  # the last second of year 9999, the last that RFC 3339 can print

# Joiners are invisible, yet Persian and Indic names are misspelt without them. Other invisible characters (direction
# marks, terminal escapes) could make one name look like another and are refused.
_JOINERS = str.maketrans("", "", "\u200c\u200d")


@dataclass(frozen=True)
class TomlFile:
    """path: as the user gave it; text: the source; data: its values."""

    path: str
    text: str
    data: Mapping[str, object]

    @cached_property
    def lines(self) -> dict[Path, int]:
        """Made only when a message needs a line: most files have no mistakes."""
        return toml_lines(self.text)

    def fault(self, problem: str, *where: str | int) -> BadFile:
        """The error for the value at a path, with its line, or that of the nearest table around it."""
        path: Path = where
        while path and path not in self.lines:
            path = path[:-1]
        return BadFile(self.path, problem, self.lines.get(path))


def parse_toml(path: str, raw: bytes) -> TomlFile:
    """Decode and parse a TOML file. Raises BadFile with the line for bad UTF-8 and for bad syntax.

    A byte order mark, as some editors leave it, is dropped.
    """
    try:
        text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadFile(path, "is not UTF-8 text here; save the file as UTF-8", line) from None
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _syntax_fault(path, text, str(error)) from None
    except (RecursionError, ValueError):
        # tomllib lets a ValueError through for a date such as 2026-02-30 in some versions.
        raise BadFile(path, "is not TOML that can be read: it nests too deep or holds an impossible value") from None


def _syntax_fault(path: str, text: str, message: str) -> BadFile:
    """tomllib puts the place into its sentence: `Invalid value (at line 3, column 7)`."""
    found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    if found is None:
        return BadFile(path, f"is not TOML: {message}")
    line = int(found[1]) if found[1] else text.rstrip("\n").count("\n") + 1
    return BadFile(path, f"is not TOML: {message[: found.start()]}", line)


def kind_of(value: object) -> str:
    """What a TOML value is, in a word that a person who wrote it would use."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"), (int, "a number"), (float, "a number"), (str, "text"), (datetime, "a date and time"),
        (date, "a date"), (time, "a time of day"), (list, "a list"), (dict, "a table"),
    )
    for python_type, word in kinds:
        if isinstance(value, python_type):
            return word
    return "something else"


def text_problem(text: str, length_max: int, lines_allowed: bool = False) -> str | None:
    """Why a text for people cannot be taken: empty, too long, or with invisible characters. None where it can."""
    if not text.strip():
        return "is empty; write a few words"
    if len(text) > length_max:
        return f"has {len(text)} characters; at most {length_max} are allowed"
    visible = text.translate(_JOINERS)
    if lines_allowed:
        visible = visible.replace("\n", "").replace("\t", "")
    if not visible.isprintable():
        return "holds invisible characters, such as control codes or direction marks; write plain text"
    return None


def time_ns_of(value: object) -> int:
    """A registration's time from a TOML date, a date-time with offset, or RFC 3339 text. Raises ValueError with the
    reason. Whole seconds only: registrations need no more, and one spelling makes one digest."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs Z or an offset, such as 2026-03-01T12:00:00Z")
        time_ns = moment_ns(value)
    elif isinstance(value, date):
        time_ns = day_ns(value)
    elif isinstance(value, str):
        time_ns = parse_time(value)
    else:
        raise ValueError(f"{kind_of(value)} is not a date; write one such as 2027-01-01")
    if not TIME_NS_MIN <= time_ns <= TIME_NS_MAX:
        raise ValueError("a time must lie between the years 1970 and 9999")
    if time_ns % 1_000_000_000:
        raise ValueError("a time here has whole seconds; drop the fraction")
    return time_ns


@dataclass(frozen=True)
class Table:
    """One table of a file, with the list into which its mistakes go (shared by all tables of the file)."""

    file: TomlFile
    where: Path
    values: Mapping[str, object]
    faults: list[BadFile]

    def fault(self, problem: str, *where: str | int) -> None:
        """Note a mistake at a path inside this table."""
        self.faults.append(self.file.fault(problem, *self.where, *where))

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        """Note every key that is not known: a misspelt one would be silently without effect."""
        for key in self.values:
            if key not in known:
                self.fault(f"“{key}” is not a field here; known are {', '.join(known)}", key)

    def text(self, key: str, required: bool = False, length_max: int = TEXT_LENGTH_MAX) -> str:
        """A text for people, stripped; "" where it is absent and need not be there."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.fault(f"has no {key}; write {key} = \"…\"")
            return ""
        if not isinstance(value, str):
            self.fault(f"{key} is {kind_of(value)}; write it as text in quotes", key)
            return ""
        problem = text_problem(value, length_max, lines_allowed=length_max == NOTE_LENGTH_MAX)
        if problem is not None:
            self.fault(f"{key} {problem}", key)
        return value.strip()

    def word(self, key: str, words: tuple[str, ...], default: str | None) -> str | None:
        """One of a few words, or the default where it is absent."""
        value = self.values.get(key, default)
        if value is None or (isinstance(value, str) and (value in words or key not in self.values)):
            return value
        shown = f"“{value}”" if isinstance(value, str) else kind_of(value)
        self.fault(f"{key} is {shown}; it is one of {', '.join(words)}", key)
        return default

    def texts(self, key: str, count_max: int) -> list[str]:
        """A list of texts, [] where absent; after a mistake, [] as well, so that indexes stay those of the file."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.fault(f"{key} is {kind_of(value)}; write a list of texts: {key} = [\"…\"]", key)
            return []
        if len(value) > count_max:
            self.fault(f"{key} has {len(value)} entries; at most {count_max} are allowed", key)
            return []
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.fault(f"{key} holds {kind_of(item)}; write each entry as text in quotes", key, index)
                return []
        return value

    def time_ns(self, key: str, required: bool = True) -> int | None:
        """A time in nanoseconds since the epoch; None where absent or wrong."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.fault(f"has no {key}; write {key} = 2027-01-01")
            return None
        try:
            return time_ns_of(value)
        except (ValueError, OverflowError) as error:
            self.fault(f"{key} cannot be read: {error}", key)
            return None

    def tables(self, key: str, count_max: int) -> list[Table]:
        """An array of tables, `[[key]]`; [] where absent or wrong."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(f"{key} is not a list of tables; begin each with a line [[{key}]]", key)
            return []
        if len(value) > count_max:
            self.fault(f"there are {len(value)} tables [[{key}]]; at most {count_max} are allowed", key)
            return []
        return [Table(self.file, (*self.where, key, index), item, self.faults) for index, item in enumerate(value)]

    def table(self, key: str) -> Table:
        """A table, `[key]`; an empty one where absent or wrong."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fault(f"{key} is {kind_of(value)}; write a table that begins with a line [{key}]", key)
            value = {}
        return Table(self.file, (*self.where, key), value, self.faults)
