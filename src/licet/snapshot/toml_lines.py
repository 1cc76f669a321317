"""On which line of a TOML document each value stands (TOML 1.0).

The standard library's reader gives values without their places, and a mistake without its line is hard to find. This
walk knows only strings, comments, brackets and line ends; it is for documents that `tomllib` has already accepted, so
it checks nothing. Values are not read: `tomllib` is the one reader, this is its index.
"""

from __future__ import annotations

import contextlib
import re
import tomllib

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""
      (?P<skip> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string> \"{3} (?: \\. | [^\\] )*? \"{3} \"{0,2}
                | '{3} .*? '{3} '{0,2}
                | " (?: \\. | [^"\\] )* "
                | ' [^']* ' )
    | (?P<mark> [\[\]{}=,.] )
    | (?P<bare> [^\s\[\]{}=,.\#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)


def toml_lines(text: str) -> dict[Path, int]:
    """Find the line, counted from one, of every table, key and array element of a valid TOML document.

    A path is made of keys and indexes from zero: ("service", 2, "endpoints", 0). A table that is only implied has the
    line on which that first happens. Returns what was found up to a surprise rather than raise: a message without a
    line is better than a crash while making one.
    """
    walk = _Walk(_tokens(text))
    with contextlib.suppress(IndexError, RecursionError, tomllib.TOMLDecodeError):
        walk.document()
    return walk.lines


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, text, line) of every token but spaces and comments; the last one is an end mark."""
    tokens, line = [], 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "skip"
        if kind != "skip":
            tokens.append((kind, match.group(), line))
        line += match.group().count("\n")
    tokens.append(("end", "", line))
    return tokens


class _Walk:
    """One pass over the tokens of a document, noting the line of each path."""

    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self.tokens, self.at = tokens, 0
        self.lines: dict[Path, int] = {}
        self.table: Path = ()
        self.array_lengths: dict[Path, int] = {}  # of arrays of tables, which grow header by header

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at]

    def take(self) -> tuple[str, str, int]:
        self.at += 1
        return self.tokens[self.at - 1]

    def take_mark(self, mark: str) -> bool:
        """Step over a mark if it is the next token."""
        kind, text, _ = self.peek()
        if kind == "mark" and text == mark:
            self.at += 1
            return True
        return False

    def skip_newlines(self) -> None:
        while self.peek()[0] == "newline":
            self.at += 1

    def document(self) -> None:
        while True:
            self.skip_newlines()
            if self.peek()[0] == "end":
                return
            if self.take_mark("["):
                self.header()
            else:
                self.pair(self.table)

    def header(self) -> None:
        """`[a.b]` or `[[a.b]]`; a name that is an array of tables stands for its last element."""
        is_array = self.take_mark("[")
        line = self.peek()[2]
        keys = self.keys()
        path: Path = ()
        for key in keys[:-1]:
            path = self.last_of((*path, key))
            self.lines.setdefault(path, line)
        path += (keys[-1],)
        if is_array:
            index = self.array_lengths.get(path, 0)
            self.array_lengths[path] = index + 1
            self.lines.setdefault(path, line)
            path += (index,)
        self.table = path
        self.lines[path] = line
        while self.take_mark("]"):
            pass

    def last_of(self, path: Path) -> Path:
        length = self.array_lengths.get(path)
        return path if length is None else (*path, length - 1)

    def pair(self, table: Path) -> None:
        """`key = value` or `a.b = value`."""
        line = self.peek()[2]
        path = table
        for key in self.keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.take_mark("=")
        self.value(path)

    def keys(self) -> list[str]:
        keys = [self.key()]
        while self.take_mark("."):
            keys.append(self.key())
        return keys

    def key(self) -> str:
        kind, text, _ = self.take()
        return str(tomllib.loads(f"k={text}")["k"]) if kind == "string" else text

    def value(self, path: Path) -> None:
        if self.take_mark("["):
            self.array(path)
        elif self.take_mark("{"):
            self.inline_table(path)
        else:
            self.scalar()

    def scalar(self) -> None:
        """A string, or all that stands before the end of a number, time or boolean (dots and spaces included).

        At least one token is taken: every step of the walk moves on, or what is no TOML would keep it for ever.
        """
        self.take()
        while True:
            kind, text, _ = self.peek()
            if kind in ("newline", "end") or (kind == "mark" and text in ",]}"):
                return
            self.at += 1

    def array(self, path: Path) -> None:
        index = 0
        while True:
            self.skip_newlines()
            if self.take_mark("]") or self.peek()[0] == "end":
                return
            self.lines[(*path, index)] = self.peek()[2]
            self.value((*path, index))
            index += 1
            self.skip_newlines()
            self.take_mark(",")

    def inline_table(self, path: Path) -> None:
        while True:
            self.skip_newlines()
            if self.take_mark("}") or self.peek()[0] == "end":
                return
            self.pair(path)
            self.take_mark(",")
